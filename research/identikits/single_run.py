"""One run, from its start image to its end; the driver makes it many.

A run is one (network, digit, restart). It ends at the highest target confidence, or after `patience`
generations without gain, or when its evaluations are spent; from then on it no longer changes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, UInt

from research.identikits.objectives import Objective, View
from research.identikits.types import Evaluate, Method, State


@dataclass(frozen=True)
class Question:
    """All that is the same for every run; hashable, so that equal questions share one compiled program."""

    predict: Callable[..., Any]  # (params, image [h w]) -> logits [k], or (logits, activations)
    objective: Objective
    method: Method
    targets: tuple[float, ...]  # confidences to note on the way; the highest ends a run
    patience: int  # generations without gain that end a run
    generations: int  # generations that end a run in any case
    history: tuple[int, ...]  # the generations to remember, ascending
    frames: tuple[int, ...]  # the generations whose image to remember, ascending
    key_impl: str = "threefry2x32"


class History(NamedTuple):
    """What a run remembers of the generations in `Question.history` and `.frames`; NaN where not reached."""

    confidence: Float[Array, " g"]
    distance: Float[Array, " g"]  # Euclidean, from the start image to the best so far
    path: Float[Array, " g"]  # summed length of the steps
    frames: Float[Array, "f h w"]  # the best image so far


class Run(NamedTuple):
    """One run; the driver stacks them along a leading axis."""

    network: Int[Array, ""]  # which of the stacked parameters
    digit: Int[Array, ""]  # the class that it is after
    key: UInt[Array, " words"]  # its own key, as data
    start: Float[Array, "h w"]
    state: State  # with the key as data
    idle: Int[Array, ""]  # generations since the last gain
    path: Float[Array, ""]
    reached: Int[Array, " targets"]  # generation at which each target was first met, −1 before
    history: History
    done: Bool[Array, ""]
    broken: Bool[Array, ""]  # the network answered NaN


def first(question: Question, seed: tuple[Array, ...], params: Any) -> Run:
    """The run at generation 0: its start image scored, and done if that is already enough."""
    network, digit, key, start = seed
    stepper = question.method.stepper(evaluator(question, params, digit))
    state = stepper.init(start, jax.random.wrap_key_data(key, impl=question.key_impl))
    empty = jnp.full(len(question.history), jnp.nan)
    run = Run(
        network=network,
        digit=digit,
        key=key,
        start=start,
        state=state,
        idle=jnp.zeros((), jnp.int32),
        path=jnp.zeros(()),
        reached=jnp.full(len(question.targets), -1, jnp.int32),
        history=History(empty, empty, empty, jnp.full((len(question.frames), *start.shape), jnp.nan)),
        done=jnp.zeros((), bool),
        broken=jnp.isnan(state.score) | jnp.isnan(state.confidence),
    )
    return _noted(question, run)._replace(state=state._replace(key=key))


def advance(question: Question, run: Run, params: Any, chunk: Int[Array, ""]) -> Run:
    """Up to `chunk` generations of one run, none if it is done."""
    stepper = question.method.stepper(evaluator(question, params, run.digit))

    def going(carry: tuple[Array, Run]) -> Bool[Array, ""]:
        return (carry[0] < chunk) & ~carry[1].done

    def step(carry: tuple[Array, Run]) -> tuple[Array, Run]:
        count, run = carry
        key = jax.random.wrap_key_data(run.key, impl=question.key_impl)
        state, info = stepper.step(run.state._replace(key=key))
        after = run._replace(
            state=state._replace(key=run.key),
            idle=jnp.where(info.improved, 0, run.idle + 1),
            path=run.path + info.moved,
            broken=run.broken | info.broken,
        )
        return count + 1, _noted(question, after)

    return jax.lax.while_loop(going, step, (jnp.zeros((), jnp.int32), run))[1]


def _noted(question: Question, run: Run) -> Run:
    """The run with this generation written into its history, and done if it has come to its end."""
    state, g = run.state, run.state.generation
    old = run.history

    def remember(column: Array, moments: tuple[int, ...], value: Array) -> Array:
        if not moments:
            return column
        at = jnp.searchsorted(jnp.array(moments), g)
        return column.at[at].set(jnp.where(jnp.array(moments)[at] == g, value, column[at]))

    history = History(
        confidence=remember(old.confidence, question.history, state.confidence),
        distance=remember(old.distance, question.history, jnp.linalg.norm(state.image - run.start)),
        path=remember(old.path, question.history, run.path),
        frames=remember(old.frames, question.frames, state.image),
    )
    targets = jnp.array(question.targets, jnp.float32)
    reached = jnp.where((run.reached < 0) & (state.confidence >= targets), g, run.reached)
    sure = (reached >= 0).all() if question.targets else False
    spent = (run.idle >= question.patience) | (g >= question.generations)
    return run._replace(history=history, reached=reached, done=sure | spent | run.broken)


def moments(last: int, slots: int) -> tuple[int, ...]:
    """At most `slots` generations of 0 ... last: all of them if they fit, else ever sparser ones."""
    if last < slots:
        return tuple(range(last + 1))
    dense = slots // 2
    sparse = np.geomspace(last, max(dense, 1), slots - dense).round().astype(int)
    return tuple(np.unique(np.concatenate([np.arange(dense), sparse])).tolist())


def evaluator(question: Question, params: Any, digit: Int[Array, ""]) -> Evaluate:
    """image -> (score, confidence) for one network and one digit."""

    def evaluate(image):
        answer = question.predict(params, image)
        logits, activations = answer if isinstance(answer, tuple) else (answer, {})
        score = question.objective(View(image, logits, activations, digit))
        return score, jax.nn.softmax(logits)[digit]

    return evaluate

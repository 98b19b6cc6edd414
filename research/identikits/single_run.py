"""One run from its start image to its end; `runner` maps these functions over many runs.

A run is one (network, class, restart). It ends at the highest target confidence, after `patience` generations without a
gain, or when its budget is spent; from then on it no longer changes.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, UInt

from research.callables.checks import outputs
from research.identikits.objectives import View
from research.identikits.types import Evaluate, Method, State, nan_source


@dataclass(frozen=True)
class RunConfig:
    """Settings that all runs share; hashable, so that equal settings share one compiled program."""

    predict: Callable[..., Any]  # (params, image [h w *c]) -> logits [k], or (logits, activations)
    objective: Callable[[View], Any]
    method: Method
    targets: tuple[float, ...]  # confidences to record, rising; the highest ends a run
    patience: int  # generations without gain that end a run
    generations: int  # generations that end a run in any case
    history: tuple[int, ...]  # generations to record, rising
    frames: tuple[int, ...]  # generations whose image to record, rising
    key_impl: str = "threefry2x32"


class History(NamedTuple):
    """What is recorded at the generations `RunConfig.history` and `.frames`; NaN where not reached."""

    confidence: Float[Array, " g"]
    distance: Float[Array, " g"]  # Euclidean, from the start image to the best so far
    path: Float[Array, " g"]  # summed length of the steps
    frames: Float[Array, "f h w *c"]  # the best image so far


class Run(NamedTuple):
    """State of one run; `runner` stacks them along a leading axis."""

    network: Int[Array, ""]  # which of the stacked parameters
    digit: Int[Array, ""]  # its class
    key: UInt[Array, " words"]  # its own key, as key data
    start: Float[Array, "h w *c"]
    state: State  # its key as key data
    idle: Int[Array, ""]  # generations since the last gain
    path: Float[Array, ""]
    reached: Int[Array, " targets"]  # generation at which each target was first met, −1 before
    history: History
    done: Bool[Array, ""]
    broken: Int[Array, ""]  # what was NaN: a name's index in BROKEN


def init(config: RunConfig, seed: tuple[Array, ...], params: Any) -> Run:
    """A run at generation 0: its start image is scored; done if it already reaches the target.

    seed: network, class, key data and start image. params: those of the run's network.
    """
    network, digit, key, start = seed
    stepper = config.method.stepper(make_evaluate(config, params, digit))
    state = stepper.init(start, jax.random.wrap_key_data(key, impl=config.key_impl))
    empty = jnp.full(len(config.history), jnp.nan)
    run = Run(
        network=network,
        digit=digit,
        key=key,
        start=start,
        state=state,
        idle=jnp.zeros((), jnp.int32),
        path=jnp.zeros(()),
        reached=jnp.full(len(config.targets), -1, jnp.int32),
        history=History(empty, empty, empty, jnp.full((len(config.frames), *start.shape), jnp.nan)),
        done=jnp.zeros((), bool),
        broken=nan_source(state.score, state.confidence),
    )
    return _record(config, run)._replace(state=state._replace(key=key))


def advance(config: RunConfig, run: Run, params: Any, chunk: Int[Array, ""]) -> Run:
    """Advance one run by up to `chunk` generations, by none if it is done."""
    stepper = config.method.stepper(make_evaluate(config, params, run.digit))

    def going(carry: tuple[Array, Run]) -> Bool[Array, ""]:
        return (carry[0] < chunk) & ~carry[1].done

    def step(carry: tuple[Array, Run]) -> tuple[Array, Run]:
        count, run = carry
        key = jax.random.wrap_key_data(run.key, impl=config.key_impl)
        state, info = stepper.step(run.state._replace(key=key))
        after = run._replace(
            state=state._replace(key=run.key),
            idle=jnp.where(info.improved, 0, run.idle + 1),
            path=run.path + info.moved,
            broken=jnp.maximum(run.broken, info.broken),
        )
        return count + 1, _record(config, after)

    return jax.lax.while_loop(going, step, (jnp.zeros((), jnp.int32), run))[1]


def _record(config: RunConfig, run: Run) -> Run:
    """The run with this generation in its history, and `done` if it ends here."""
    state, g = run.state, run.state.generation
    old = run.history

    def write(column: Array, generations: tuple[int, ...], value: Array) -> Array:
        if not generations:
            return column
        slot = jnp.searchsorted(jnp.array(generations), g)
        return column.at[slot].set(jnp.where(jnp.array(generations)[slot] == g, value, column[slot]))

    history = History(
        confidence=write(old.confidence, config.history, state.confidence),
        distance=write(old.distance, config.history, jnp.linalg.norm(state.image - run.start)),
        path=write(old.path, config.history, run.path),
        frames=write(old.frames, config.frames, state.image),
    )
    targets = jnp.array(config.targets, jnp.float32)
    reached = jnp.where((run.reached < 0) & (state.confidence >= targets), g, run.reached)
    sure = (reached >= 0).all() if config.targets else False
    spent = (run.idle >= config.patience) | (g >= config.generations)
    return run._replace(history=history, reached=reached, done=sure | spent | (run.broken > 0))


def recorded_generations(last: int, slots: int) -> tuple[int, ...]:
    """At most `slots` generations of 0..last, both included: all if they fit, else spaced geometrically.

    (One slot gives two generations, the first and the last.)
    """
    if last < slots:
        return tuple(range(last + 1))
    dense = slots // 2
    sparse = np.geomspace(last, max(dense, 1), slots - dense).round().astype(int)
    return tuple(np.unique(np.concatenate([np.arange(dense), sparse])).tolist())


def make_evaluate(config: RunConfig, params: Any, digit: Int[Array, ""]) -> Evaluate:
    """The function image -> (score, confidence) for one network and one class."""

    def evaluate(image):
        logits, activations = outputs(functools.partial(config.predict, params), image)
        score = jnp.asarray(config.objective(View(image, logits, activations, digit)))
        return score.astype(jnp.promote_types(score.dtype, jnp.float32)), jax.nn.softmax(logits)[digit]

    return evaluate

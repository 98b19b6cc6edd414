"""The interface of methods: state, step and cost.

A method (`RandomSearch`, `GradientAscent`) turns `evaluate: image -> (score, confidence)` of one run into a `Stepper`.
Its costs are in evaluations, where a forward pass is 1 and a gradient 3 (a backward pass takes about two forward
passes), so that different methods can be given the same budget.
"""

import difflib
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

Evaluate = Callable[[Any], tuple[Any, Any]]

BROKEN = ("nothing", "predict", "objective", "gradient")  # sources of NaN
FORWARD = 1
GRADIENT = 3


class State(NamedTuple):
    """What a run carries from step to step; `image` is the best so far, not the last."""

    image: Float[Array, "h w *c"]  # the best image so far
    score: Float[Array, ""]  # its objective
    confidence: Float[Array, ""]  # its softmax probability of the run's class
    generation: Int[Array, ""]  # steps taken
    key: Key[Array, ""]  # the run's own key; draw n uses fold_in(key, n)
    inner: Any  # state of the method: () for a search, a Position for an ascent


class Info(NamedTuple):
    """Result of one step."""

    improved: Bool[Array, ""]  # whether the score rose
    moved: Float[Array, ""]  # Euclidean length of the step
    broken: Int[Array, ""]  # what was NaN: a name's index in BROKEN


class Stepper(NamedTuple):
    """A method's two functions for one run."""

    init: Callable[[Any, Any], State]  # (start [h w], key) -> State
    step: Callable[[State], tuple[State, Info]]


@runtime_checkable
class Method(Protocol):
    """Settings of a method as a hashable value, with its costs and its steps."""

    @property
    def start_cost(self) -> int: ...  # evaluations before the first step

    @property
    def step_cost(self) -> int: ...  # evaluations a step

    @property
    def batch(self) -> int: ...  # images that the network evaluates in one step

    def stepper(self, evaluate: Evaluate) -> Stepper: ...


def build(
    kind: str,
    known: Mapping[str, Callable[..., Any]],
    name: str,
    others: Iterable[str] = (),
    /,
    **options: Any,
) -> Any:
    """Call `known[name](**options)`.

    Raises: ValueError for an unknown name or option, with the known ones; a suggestion may also be one of `others`.
    """
    if name not in known:
        raise ValueError(
            f"unknown {kind} {name!r}; known: {', '.join(sorted(known))}{suggestion(name, known)}"
        )
    parameters = inspect.signature(known[name]).parameters
    if unknown := sorted(set(options) - set(parameters)):
        raise ValueError(
            f"{kind} {name!r} has no option {unknown[0]!r}; it has: {', '.join(parameters) or 'none'}"
            + suggestion(unknown[0], (*parameters, *others))
        )
    return known[name](**options)


def suggestion(name: str, known: Iterable[str]) -> str:
    """The known name that is most like an unknown one, as the end of an error; no text where none is."""
    close = difflib.get_close_matches(name, list(known), 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def nan_source(scores: Float[Array, "*n"], confidences: Float[Array, "*n"]) -> Int[Array, ""]:
    """Index in BROKEN: `predict` if a confidence is NaN, else the objective if a score is."""
    source = jnp.where(jnp.isnan(scores).any(), jnp.int32(BROKEN.index("objective")), jnp.int32(0))
    return jnp.where(jnp.isnan(confidences).any(), jnp.int32(BROKEN.index("predict")), source)

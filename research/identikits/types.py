"""What every way of asking has in common: one state, one step, one ledger.

A method (`RandomSearch`, `GradientAscent`) turns `evaluate: image -> (score, confidence)` of one run into a `Stepper`.
It says what it costs in evaluations, where a forward pass is 1 and a gradient 3 (one forward pass and
about two more backward), so that different methods can be given the same budget.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

from jaxtyping import Array, Bool, Float, Int, Key

Score = Float[Array, ""]
Image = Float[Array, "h w"]
Evaluate = Callable[[Any], tuple[Any, Any]]

FORWARD = 1
GRADIENT = 3


class State(NamedTuple):
    """Where one run stands; `image` is the best seen so far, not merely the last."""

    image: Float[Array, "h w"]  # the best image so far
    score: Float[Array, ""]  # its objective
    confidence: Float[Array, ""]  # its softmax probability of the run's digit
    generation: Int[Array, ""]  # steps taken
    key: Key[Array, ""]  # the run's own key; what it draws is numbered, by fold_in(key, number)
    inner: Any  # what the method carries on: () for a search, a Position for an ascent


class Info(NamedTuple):
    """What one step did."""

    improved: Bool[Array, ""]  # whether the score rose
    moved: Float[Array, ""]  # Euclidean length of the step
    broken: Bool[Array, ""]  # whether the network answered NaN


class Stepper(NamedTuple):
    """A method bound to one run."""

    init: Callable[[Any, Any], State]  # (start [h w], key) -> State
    step: Callable[[State], tuple[State, Info]]


@runtime_checkable
class Method(Protocol):
    """A way of asking: settings as a hashable value, its price, and how it steps."""

    @property
    def start_cost(self) -> int: ...  # evaluations before the first step

    @property
    def step_cost(self) -> int: ...  # evaluations a step

    @property
    def batch(self) -> int: ...  # images that one step shows to the network at once

    def stepper(self, evaluate: Evaluate) -> Stepper: ...


def build(kind: str, known: Mapping[str, Callable[..., Any]], name: str, /, **options: Any) -> Any:
    """`known[name](**options)`, where an unknown name or option is answered with the list of known ones."""
    if name not in known:
        raise ValueError(f"unknown {kind} {name!r}; known: {', '.join(sorted(known))}")
    parameters = inspect.signature(known[name]).parameters
    if unknown := sorted(set(options) - set(parameters)):
        raise ValueError(
            f"{kind} {name!r} has no option {unknown[0]!r}; it has: {', '.join(parameters) or 'none'}"
        )
    return known[name](**options)

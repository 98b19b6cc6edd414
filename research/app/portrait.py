"""Identikits, generation by generation: from the drawing, or from nothing, to what a network takes for a digit.

"Keep close" subtracts a multiple of the squared distance to the drawing; an identikit from nothing has no drawing to
keep close to, and is what `identikits` finds with the same settings. The drawing and the multiple go in as data, beside
the parameters, so that every wish of a network and method shares one compiled program.
"""

import functools
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from research.app.model import Model
from research.app.wire import Ask, Field
from research.identikits import api as asking
from research.identikits.gradient_ascent import GradientAscent
from research.identikits.objectives import LogProbability, Neuron
from research.identikits.random_search import RandomSearch
from research.identikits.types import Method

LAYOUT = [
    Field("image", "float32", (28, 28)),
    Field("confidence", "float32", ()),
    Field("distance", "float32", ()),
    Field("generation", "int32", ()),
    Field("evaluations", "int32", ()),
    Field("state", "int32", ()),  # 0 goes on, 1 reached the target, 2 no more gain or budget spent, 3 stopped
]
GOING, REACHED, ENDED, STOPPED = range(4)
TARGET = 0.99
GENERATIONS, PATIENCE = 400, 60
PACE = 0.03  # seconds a generation at least: for the eye, and for everybody else's drawings
METHODS: dict[str, Method] = {
    "search": RandomSearch(num_candidates=500),
    "ascent": GradientAscent(learning_rate=0.05),
}
OBJECTIVE = LogProbability() - Neuron("far", ())

Show = Callable[[Mapping[str, Any]], None]


class Stopped(Exception):
    """Whoever asked does not want to know any more."""


def draw(model: Model, wish: Ask, show: Show, stop: threading.Event) -> None:
    """Runs until sure, stalled or stopped; `show` gets `LAYOUT` after every generation."""
    method = METHODS[wish.method]
    seen: dict[str, Any] = {}
    last = 0.0
    drawing = wish.image
    start = drawing if wish.start == "drawing" else np.zeros_like(drawing)
    closeness = wish.closeness if wish.start == "drawing" else 0.0

    def tell(image: np.ndarray, confidence: float, generation: int, state: int) -> None:
        seen.update(
            image=image,
            confidence=confidence,
            distance=np.linalg.norm(image - start),
            generation=generation,
            evaluations=method.start_cost + generation * method.step_cost,
            state=state,
        )
        show(dict(seen))

    def note(runs: Any) -> None:
        nonlocal last
        state = runs.state
        tell(state.image[0], float(state.confidence[0]), int(state.generation[0]), GOING)
        if stop.wait(max(0.0, PACE - (time.monotonic() - last))):
            raise Stopped
        last = time.monotonic()

    try:
        found = asking.identikits(
            network(model),
            [wish.digit],
            jax.random.key(wish.seed),
            method,
            params=_stacked(model, drawing, closeness),
            start=start,
            objective=OBJECTIVE,
            target=TARGET,
            patience=PATIENCE,
            budget=method.start_cost + GENERATIONS * method.step_cost,
            history=1,
            runs="map",
            chunk=1,
            devices=jax.local_devices()[-1:],
            checkpoint=note,
        )
    except Stopped:
        seen["state"] = STOPPED
        show(dict(seen))
        return
    one = found.isel(network=0, digit=0, restart=0)
    end = REACHED if float(one.confidence) >= TARGET else ENDED
    tell(one.image.values, float(one.confidence), int(one.generations), end)


@functools.lru_cache(maxsize=32)
def network(model: Model) -> Callable[..., Any]:
    """The network with its distance to the drawing among its activations; the same function at every call."""
    apply = model.population.apply

    def predict(params, image):
        weights, drawing, closeness = params
        logits, activations = apply(weights, image)
        return logits, activations | {"far": closeness * ((image - drawing) ** 2).sum()}

    return predict


def _stacked(model: Model, drawing: np.ndarray, closeness: float) -> Any:
    """Parameters, drawing and weight, with the leading axis of one network."""
    return jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], (model.params, drawing, jnp.float32(closeness)))

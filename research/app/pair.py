"""A plain and a robust network side by side: their alphabets, their pixel maps, and who is fooled.

Both are dense teachers of the study "reconstruction", which differ in their training alone.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt8

from research.app.model import Model
from research.app.wire import SIDE, Field
from research.studies.reconstruction import asking
from research.studies.reconstruction.study import READINGS
from research.training.adversary import Adversary, worst_image

STEPS = 20  # of the adversary, as where the study measures robust accuracy
FARTHEST = 5.0  # radius that may be asked for
READING = "low_frequency"  # of the study's readings: ascent from soft blobs
LAYOUT = [
    Field("maps", "float32", (2, 10, SIDE, SIDE)),  # of the plain network, of the robust one
    Field(
        "moved", "float32", (2, SIDE, SIDE)
    ),  # the drawing, moved to fool the plain network, the robust one
    Field("said", "float32", (2, 3, 10)),  # probabilities by network, for the drawing and the two moved ones
]
Pair = tuple[Model, Model]


def beside(pair: Pair, image: Float[np.ndarray, "28 28"], eps: float) -> dict[str, np.ndarray]:
    """What `LAYOUT` names, for a drawing that an adversary may move by `eps` (Euclidean, pixels in [0, 1])."""
    return jax.device_get(_beside(pair[0].population.apply, _stacked(pair), image, eps))


def alphabets(pair: Pair) -> UInt8[np.ndarray, "2 10 28 28"]:
    """What each of the two takes for every digit: ten identikits by the study's ascent from soft blobs."""
    apply, key = pair[0].population.apply, jax.random.key(0)
    return np.asarray(asking.ask_all(apply, _stacked(pair), 10, 10, key, READINGS[READING])[0])


@functools.partial(jax.jit, static_argnums=0)
def _beside(
    apply: Callable[..., Any], params: Any, image: Float[Array, "h w"], eps: Float[Array, ""] | float
) -> dict[str, Array]:
    adversary = Adversary(steps=STEPS)
    adversary.eps = eps  # type: ignore[assignment]  # traced: one program for every radius

    def of(mine: Any) -> tuple[Array, Array]:
        predict = lambda x: apply(mine, x)[0]  # noqa: E731
        label = jnp.argmax(predict(image))
        loss = lambda x: -jax.nn.log_softmax(predict(x))[label]  # noqa: E731
        return jax.jacrev(predict)(image), worst_image(loss, image, adversary)

    maps, moved = jax.vmap(of)(params)
    shown = jnp.concatenate([image[None], moved])
    said = jax.vmap(lambda mine: jax.vmap(lambda x: jax.nn.softmax(apply(mine, x)[0]))(shown))(params)
    return {"maps": maps, "moved": moved, "said": said}


def _stacked(pair: Pair) -> Any:
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *(model.params for model in pair))

"""Start images of runs: each kind draws one image from a key."""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from research.callables.checks import float_image
from research.identikits.perturbations import LowFrequency
from research.identikits.types import build


@runtime_checkable
class Start(Protocol):
    """Draws one start image from a key; a hashable value."""

    def __call__(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Float[Array, "h w *c"]: ...


@dataclass(frozen=True)
class Blank:
    """Every pixel has the same value; 0 is the document's base image."""

    value: float = 0.0

    def __call__(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Float[Array, "h w *c"]:
        return jnp.full(shape, self.value, jnp.float32)


@dataclass(frozen=True)
class UniformNoise:
    """Pixels from U(low, high)."""

    low: float = 0.0
    high: float = 1.0

    def __call__(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Float[Array, "h w *c"]:
        return jax.random.uniform(key, shape, minval=self.low, maxval=self.high)


@dataclass(frozen=True)
class GaussianNoise:
    """Pixels from N(mean, sd²), clipped to [0, 1]."""

    mean: float = 0.5
    sd: float = 0.1

    def __call__(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Float[Array, "h w *c"]:
        return jnp.clip(self.mean + self.sd * jax.random.normal(key, shape), 0.0, 1.0)


@dataclass(frozen=True)
class LowFrequencyNoise:
    """Soft blobs: a grid × grid field of N(0, amplitude²), enlarged bicubically and clipped to [0, 1]."""

    grid: int = 7
    amplitude: float = 0.3

    def __call__(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Float[Array, "h w *c"]:
        return jnp.clip(LowFrequency(self.grid, self.amplitude)(key, shape), 0.0, 1.0)


STARTS: dict[str, Callable[..., Start]] = {
    "blank": Blank,
    "low_noise": functools.partial(UniformNoise, high=0.05),  # almost blank, but ReLUs pass a gradient
    "uniform_noise": UniformNoise,
    "gaussian_noise": GaussianNoise,
    "low_frequency": LowFrequencyNoise,
}


@functools.partial(jax.jit, static_argnums=(0, 1))
def _draw(start, shape, keys):
    return jax.vmap(lambda key: start(key, shape))(keys)


def start_images(
    start: Any, keys: Key[Array, " runs"] | None, layout: tuple[int, int, int], shape: tuple[int, ...]
) -> Float[np.ndarray, "runs h w *c"]:
    """The start image of every run.

    Args:
        start: a name in `STARTS`, a `Start`, or images, floats in [0, 1] or bytes (uint8), that broadcast to
            [*layout, h, w], or to [*layout, h, w, c] where `shape` has channels.
        keys: one key a run; unused for given images.
        layout: number of networks, classes and restarts, whose product is the number of runs.
        shape: (h, w) or (h, w, c) of drawn images.

    Raises:
        ValueError: for an unknown name, images that do not broadcast, or a pixel outside [0, 1].
    """
    if isinstance(start, str):
        start = build("start", STARTS, start)
    if callable(start):
        chosen = np.asarray(_draw(start, tuple(shape), keys), np.float32)
        if chosen.shape[1:] != tuple(shape):
            raise ValueError(
                f"start must draw images of shape {list(shape)}, it draws {list(chosen.shape[1:])}"
            )
    else:
        given = np.asarray(float_image(start, "start"), np.float32)
        one = given.shape[-len(shape) :]
        try:
            if given.ndim < len(shape):
                raise ValueError
            chosen = np.broadcast_to(given, (*layout, *one)).reshape(math.prod(layout), *one)
        except ValueError:
            kind = "h, w, channels" if len(shape) == 3 else "h, w"
            raise ValueError(
                f"start images must be [{kind}] or broadcast to [networks, classes, restarts, {kind}], "
                f"networks, classes and restarts being {list(layout)}; theirs are {list(given.shape)}"
            ) from None
    if not ((chosen >= 0) & (chosen <= 1)).all():
        raise ValueError(
            f"start images must lie in [0, 1], they reach from {chosen.min():g} to {chosen.max():g}"
        )
    return chosen

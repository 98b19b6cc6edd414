"""Random perturbations that a search adds to its base image.

The document generates "500 random masks where pixels were randomly perturbed" and does not give their distribution. The
result depends strongly on it, so it is a parameter here. Each kind draws one perturbation [h, w] or [h, w, c] from a key.

Sources: 003_baed48e6daa2b749.txt; for the single pixel the sequel of 000_6109da2722b68c6a.txt.
"""

import functools
import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

SIGNS = {"both": (-1.0, 1.0), "positive": (1.0, 1.0), "negative": (-1.0, -1.0)}


@runtime_checkable
class Perturbation(Protocol):
    """Draws one perturbation from a key; a hashable value."""

    def __call__(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Float[Array, "h w *c"]: ...


@dataclass(frozen=True)
class DenseGaussian:
    """Every pixel moves by N(0, sigma²)."""

    sigma: float = 0.1

    def __call__(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Float[Array, "h w *c"]:
        return self.sigma * jax.random.normal(key, shape)


@dataclass(frozen=True)
class DenseUniform:
    """Every pixel moves by U(−amplitude, amplitude)."""

    amplitude: float = 0.1

    def __call__(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Float[Array, "h w *c"]:
        return jax.random.uniform(key, shape, minval=-self.amplitude, maxval=self.amplitude)


@dataclass(frozen=True)
class Sparse:
    """Each pixel moves with probability `share`, by the amplitude with a random or a fixed sign."""

    share: float = 0.01
    amplitude: float = 1.0
    sign: str = "both"

    def __post_init__(self):
        if not 0 < self.share <= 1:
            raise ValueError(f"share must lie in (0, 1], it is {self.share}")
        _check_sign(self.sign)

    def __call__(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Float[Array, "h w *c"]:
        low, high = SIGNS[self.sign]
        u = jax.random.uniform(key, shape)
        signs = jnp.where(u < self.share / 2, low, jnp.where(u < self.share, high, 0.0))
        return self.amplitude * signs


@dataclass(frozen=True)
class Patch:
    """One square of side × side pixels, anywhere inside the image, moves by the amplitude."""

    side: int = 4
    amplitude: float = 1.0
    sign: str = "both"

    def __post_init__(self):
        _check_sign(self.sign)

    def __call__(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Float[Array, "h w *c"]:
        if not 1 <= self.side <= min(shape[:2]):
            raise ValueError(f"a patch of side {self.side} does not fit into an image of shape {shape}")
        key_place, key_sign = jax.random.split(key)
        room = jnp.array([shape[0] - self.side + 1, shape[1] - self.side + 1])
        top, left = jax.random.randint(key_place, (2,), 0, room)
        rows, columns = jnp.arange(shape[0]) - top, jnp.arange(shape[1]) - left
        inside = jnp.outer((rows >= 0) & (rows < self.side), (columns >= 0) & (columns < self.side))
        inside = inside.reshape(*inside.shape, *(1 for _ in shape[2:]))
        return jnp.broadcast_to(_signed(key_sign, self.sign, self.amplitude) * inside, shape)


@dataclass(frozen=True)
class LowFrequency:
    """A grid × grid field of N(0, 1), enlarged bicubically to the image, times the amplitude: U G Uᵀ."""

    grid: int = 7
    amplitude: float = 0.1

    def __post_init__(self):
        if self.grid < 1:
            raise ValueError(f"the grid needs at least one point a side, it has {self.grid}")

    def __call__(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Float[Array, "h w *c"]:
        coarse = jax.random.normal(key, (*shape[2:], self.grid, self.grid))
        rows, columns = (jnp.asarray(_bicubic(self.grid, n)) for n in shape[:2])
        if shape[2:]:
            return self.amplitude * jnp.einsum("ya,cab,xb->yxc", rows, coarse, columns)
        return self.amplitude * (rows @ coarse @ columns.T)


@dataclass(frozen=True)
class SinglePixel:
    """One pixel (of one channel) anywhere moves by ±amplitude; with one candidate a generation this is the hill climb."""

    amplitude: float = 0.1

    def __call__(self, key: Key[Array, ""], shape: tuple[int, ...]) -> Float[Array, "h w *c"]:
        key_place, key_sign = jax.random.split(key)
        pixels = math.prod(shape)
        place = jnp.arange(pixels) == jax.random.randint(key_place, (), 0, pixels)
        return (_signed(key_sign, "both", self.amplitude) * place).reshape(shape)


PERTURBATIONS: dict[str, type] = {
    "dense_gaussian": DenseGaussian,
    "dense_uniform": DenseUniform,
    "sparse": Sparse,
    "patch": Patch,
    "low_frequency": LowFrequency,
    "single_pixel": SinglePixel,
}


def _check_sign(sign: str) -> None:
    if sign not in SIGNS:
        raise ValueError(f"unknown sign {sign!r}; known: {', '.join(SIGNS)}")


def _signed(key: Key[Array, ""], sign: str, amplitude: float) -> Float[Array, ""]:
    low, high = SIGNS[sign]
    return amplitude * jnp.where(jax.random.bernoulli(key), high, low)


@functools.lru_cache
def _bicubic(small: int, large: int) -> np.ndarray:
    """[large, small] matrix of cubic interpolation (Keys 1981, a = −1/2), half-pixel centres."""
    centres = (np.arange(large) + 0.5) * small / large - 0.5
    d = np.abs(centres[:, None] - np.arange(small)[None, :])
    near, far = (1.5 * d - 2.5) * d * d + 1, ((-0.5 * d + 2.5) * d - 4) * d + 2
    weights = np.where(d <= 1, near, np.where(d < 2, far, 0.0))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)

"""Noise on one image in [0, 1]: pure functions of a key, an image and a strength, clipped to [0, 1].

`jax.vmap` them over keys and images for many. Strength 0 leaves the image as it is; what strength means is
said in each function, and it may be a traced value, so that a strength can be searched for.

Document 002 (002_eb807d842c45b5c6.txt) tests its denoiser on noisy digits without saying which noise.
"""

from collections.abc import Callable
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

Strength: TypeAlias = float | Float[Array, ""]
Noise: TypeAlias = Callable[[Key[Array, ""], Float[Array, "h w"], Strength], Float[Array, "h w"]]


def gaussian(key: Key[Array, ""], image: Float[Array, "h w"], strength: Strength) -> Float[Array, "h w"]:
    """clip(x + s z, 0, 1) with z ~ N(0, 1) per pixel; the strength s >= 0 is the standard deviation."""
    return jnp.clip(image + strength * jax.random.normal(key, image.shape, image.dtype), 0, 1)


def uniform(key: Key[Array, ""], image: Float[Array, "h w"], strength: Strength) -> Float[Array, "h w"]:
    """clip(x + s u, 0, 1) with u ~ U(-1, 1) per pixel; the strength s >= 0 is the largest change."""
    return jnp.clip(image + strength * jax.random.uniform(key, image.shape, image.dtype, -1, 1), 0, 1)


def salt_and_pepper(
    key: Key[Array, ""], image: Float[Array, "h w"], strength: Strength
) -> Float[Array, "h w"]:
    """Each pixel becomes 0 or 1, either with probability s / 2; the strength s in [0, 1] is their share."""
    u = jax.random.uniform(key, image.shape, image.dtype)
    return jnp.where(u < strength, jnp.where(u < strength / 2, 0.0, 1.0), jnp.clip(image, 0, 1))


def log_uniform(
    key: Key[Array, ""], image: Float[Array, "h w"], strength: Strength = 1.0
) -> Float[Array, "h w"]:
    """clip(x + s 10^u, 0, 1) with u ~ U(-4, 0) per pixel: most pixels barely change, a few are whitened.

    The strength s >= 0 scales the noise (it shifts u by log10 s). s = 1 is the noise of the course material
    by the author of document 002; its mean is (1 - 10^-4) / (4 ln 10) = 0.109 on a black pixel.
    """
    u = jax.random.uniform(key, image.shape, image.dtype, -4, 0)
    return jnp.clip(image + strength * 10.0**u, 0, 1)


NOISES: dict[str, Noise] = {
    "gaussian": gaussian,
    "uniform": uniform,
    "salt_and_pepper": salt_and_pepper,
    "log_uniform": log_uniform,
}
STRONGEST = {"none": 0.0, "salt_and_pepper": 1.0}  # strengths above these mean nothing


def noise(name: str) -> Noise:
    """The noise family of that name; ValueError with the list of known names if there is none."""
    if name not in NOISES:
        raise ValueError(f"unknown noise {name!r}; known: {', '.join(NOISES)}")
    return NOISES[name]

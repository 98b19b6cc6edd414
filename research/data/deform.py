"""Deformations of one image in [0, 1]: pure functions of an image and a strength.

`jax.vmap` them over images or strengths for many; the strength may be a traced value. What it means, and which
strength leaves the image as it is, is said in each function. What moves out of the frame is lost; what comes in is 0.

Document 001 (001_dd9c668295ae0936.txt) draws one "funky 7", "far wider and pressed further out towards the edges".
"""

from collections.abc import Callable
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Strength: TypeAlias = float | Float[Array, ""]
Deformation: TypeAlias = Callable[[Float[Array, "h w"], Strength], Float[Array, "h w"]]
THICKEST = 4  # pixels


def width(image: Float[Array, "h w"], strength: Strength) -> Float[Array, "h w"]:
    """Stretched sideways about the middle of the frame by the factor s > 0; 1 leaves the image as it is."""
    rows, columns = _from_middle(image)
    return _read(image, rows, columns / strength)


def slant(image: Float[Array, "h w"], strength: Strength) -> Float[Array, "h w"]:
    """Leaning by s columns to the right a row upwards (s is the tangent of the angle); 0 leaves it upright."""
    rows, columns = _from_middle(image)
    return _read(image, rows, columns + strength * rows)


def shift(image: Float[Array, "h w"], strength: Strength) -> Float[Array, "h w"]:
    """Moved s pixels to the right, for s < 0 to the left."""
    rows, columns = _from_middle(image)
    return _read(image, rows, columns - strength)


def thickness(image: Float[Array, "h w"], strength: Strength) -> Float[Array, "h w"]:
    """Every stroke grown by s pixels on each side, 0 <= s <= 3; 0 leaves the image as it is.

    y(p) = max_o x(p + o) · clip(s + 1 − |o|, 0, 1): a grey dilation by a disc whose rim fades over one pixel.
    """
    h, w = image.shape
    reach = jnp.arange(-THICKEST, THICKEST + 1)
    padded = jnp.pad(image, THICKEST)

    def row(grown, dy):
        for dx in range(-THICKEST, THICKEST + 1):
            weight = jnp.clip(strength + 1 - jnp.hypot(dy * 1.0, dx * 1.0), 0, 1)
            shifted = jax.lax.dynamic_slice(padded, (THICKEST + dy, THICKEST + dx), (h, w))
            grown = jnp.maximum(grown, weight * shifted)
        return grown, None

    return jax.lax.scan(row, jnp.zeros_like(image), reach)[0]


DEFORMATIONS: dict[str, Deformation] = {
    "width": width,
    "slant": slant,
    "shift": shift,
    "thickness": thickness,
}


def deformation(name: str) -> Deformation:
    """The deformation of that name; ValueError with the list of known names if there is none."""
    if name not in DEFORMATIONS:
        raise ValueError(f"unknown deformation {name!r}; known: {', '.join(DEFORMATIONS)}")
    return DEFORMATIONS[name]


def _from_middle(image: Float[Array, "h w"]) -> tuple[Float[Array, "h w"], Float[Array, "h w"]]:
    """Each pixel's row and column, counted from the middle of the frame."""
    h, w = image.shape
    rows, columns = jnp.meshgrid(jnp.arange(h) - (h - 1) / 2, jnp.arange(w) - (w - 1) / 2, indexing="ij")
    return rows, columns


def _read(image, rows, columns) -> Float[Array, "h w"]:
    """The image between its pixels, bilinearly, at places counted from the middle of the frame."""
    h, w = image.shape
    places = [rows + (h - 1) / 2, columns + (w - 1) / 2]
    return jax.scipy.ndimage.map_coordinates(image, places, order=1, mode="constant")

"""ReLU and the maximum of 2×2 cells, with gradients that remember the winner in one byte."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from research.models.cpu_conv.batching import before_channels, beside_channels


@jax.custom_vjp
def largest(cells: Float[Array, "h w four_c"]) -> Float[Array, "h w c"]:
    """ReLU of the maximum of each pixel's four values, which are c channels apart.

    The gradient goes to the first value that attains the maximum. This rule, and that of `pooled`, keeps the index of
    that value (one byte a pixel) instead of all values.
    """
    return _largest(cells)


@before_channels
def _largest(cells):
    return jnp.maximum(functools.reduce(jnp.maximum, _beside(cells)), 0.0)


def _beside(cells):
    return jnp.split(cells, 4, -1)


@before_channels
def _which_beside(cells):
    places = _beside(cells)
    return jnp.where(functools.reduce(jnp.maximum, places) > 0, _first(places), jnp.uint8(4))


@before_channels
def _to_beside(which, slope):
    *pixels, c = slope.shape
    place = lax.broadcasted_iota(jnp.uint8, (*pixels, 4, c), len(pixels))
    chosen = jnp.where(which[..., None, :] == place, slope[..., None, :], 0.0)
    return chosen.reshape(*pixels, 4 * c)


largest.defvjp(
    lambda cells: (_largest(cells), _which_beside(cells)),
    lambda which, slope: (beside_channels(_to_beside(which, slope)),),
)


def _corners(x):
    return [x[::2, ::2], x[::2, 1::2], x[1::2, ::2], x[1::2, 1::2]]


@before_channels
def _to_corners(which, slope):
    h, w, *rest = slope.shape
    place = np.tile(np.arange(4, dtype=np.uint8).reshape(2, 2), (h, w)).reshape(
        2 * h, 2 * w, *(1 for _ in rest)
    )

    def spread(x):
        return jnp.broadcast_to(x[:, None, :, None], (h, 2, w, 2, *rest)).reshape(2 * h, 2 * w, *rest)

    return jnp.where(spread(which) == place, spread(slope), 0.0)


@jax.custom_vjp
def pooled(x: Float[Array, "h w c"], bias: Float[Array, " c"]) -> Float[Array, "h2 w2 c"]:
    """relu(max-pool(x) + bias) over cells of 2×2; h and w even.

    The gradient goes to the first place of a cell that attains its maximum, if that is above 0 with the bias.
    """
    return _pooled(x, bias)


@before_channels
def _pooled(x, bias):
    return jnp.maximum(_top(x, bias), 0.0)


@before_channels
def _which_pooled(x, bias):
    return jnp.where(_top(x, bias) > 0, _first(_corners(x)), jnp.uint8(4))


def _top(x, bias):
    top = functools.reduce(jnp.maximum, _corners(x))
    return top + jnp.broadcast_to(bias, top.shape)


pooled.defvjp(
    lambda x, bias: (_pooled(x, bias), _which_pooled(x, bias)),
    lambda which, slope: (
        beside_channels(_to_corners(which, slope)),
        jnp.where(which < 4, slope, 0.0).sum((0, 1)),
    ),
)


def _first(values):
    """The number of the first of four that is the largest."""
    top = functools.reduce(jnp.maximum, values)
    first, second, third, _ = (value == top for value in values)
    return jnp.where(first, 0, jnp.where(second, 1, jnp.where(third, 2, 3))).astype(jnp.uint8)

"""Convolutions as matrix products: the form for CPUs, where XLA's own weight gradients crawl inside a loop.

Written for one image, [h w channel], and batched by `jax.vmap`. What decides the speed is where the batch
stands: between the pixels and the channels a matrix product reads and writes it in place, forwards and
backwards, and nothing is ever transposed. `beside_channels` and `add_bias` keep it there.
"""

import functools
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

Padding = Literal["SAME", "VALID"]


def beside_channels(x: Float[Array, "*pixels c"]) -> Float[Array, "*pixels c"]:
    """x itself; under vmap the batch moves to stand before the last axis."""
    return _batch_after(x, x.ndim - 1)


def _batch_after(x: Float[Array, "*shape"], axes: int) -> Float[Array, "*shape"]:
    """x itself; under vmap the batch moves to stand after the first `axes` axes.

    An elementwise product with ones, written as a dot_general that shares these axes: the one operation whose
    batching rule puts the batch behind them. XLA removes the product and keeps the order.
    """
    shared = tuple(range(axes))
    return lax.dot_general(x, jnp.ones(x.shape[:axes], x.dtype), (((), ()), (shared, shared)))


def add_bias(x: Float[Array, "*pixels c"], bias: Float[Array, " c"]) -> Float[Array, "*pixels c"]:
    """x + bias.

    The sum of a batched and an unbatched array would move the batch to the front. The bias therefore takes
    x's batch first, by a choice between the two that is always the bias (and that XLA removes).
    """
    everywhere = jnp.broadcast_to(bias, x.shape)
    return x + beside_channels(lax.select(False, lax.stop_gradient(x), everywhere))


@jax.custom_vjp
def largest(x: Float[Array, "h w 4 c"]) -> Float[Array, "h w c"]:
    """The largest of each pixel's four places; the gradient goes to the first that attains it.

    Its rule, and that of `max_pool`, remember which place it was, one byte a pixel, instead of all values.
    """
    return functools.reduce(jnp.maximum, [x[:, :, place] for place in range(4)])


def _largest_forward(x):
    top = largest(x)
    return top, _first([x[:, :, place] for place in range(4)], top)


def _largest_backward(which, slope):
    place = jnp.arange(4, dtype=jnp.uint8)[None, None, :, None]
    return (beside_channels(jnp.where(which[:, :, None] == place, slope[:, :, None], 0.0)),)


largest.defvjp(_largest_forward, _largest_backward)


@jax.custom_vjp
def max_pool(x: Float[Array, "h w c"]) -> Float[Array, "h2 w2 c"]:
    """The maximum of every 2×2 cell; h and w even. The gradient goes to the first place that attains it."""
    return functools.reduce(jnp.maximum, _places(x))


def _max_pool_forward(x):
    top = max_pool(x)
    return top, _first(_places(x), top)


def _max_pool_backward(which, slope):
    h, w, c = slope.shape
    place = jnp.asarray(np.tile(np.arange(4, dtype=np.uint8).reshape(2, 2), (h, w)))[:, :, None]

    def spread(x):
        return jnp.broadcast_to(x[:, None, :, None], (h, 2, w, 2, c)).reshape(2 * h, 2 * w, c)

    return (beside_channels(jnp.where(spread(which) == place, spread(slope), 0.0)),)


max_pool.defvjp(_max_pool_forward, _max_pool_backward)


def _places(x):
    return [x[::2, ::2], x[::2, 1::2], x[1::2, ::2], x[1::2, 1::2]]


def _first(values, top):
    """The number of the first of four that equals `top`."""
    first, second, third, _ = (value == top for value in values)
    return jnp.where(first, 0, jnp.where(second, 1, jnp.where(third, 2, 3))).astype(jnp.uint8)


def plain(
    x: Float[Array, "h w c"], kernel: Float[Array, "kh kw c d"], padding: Padding
) -> Float[Array, "h_out w_out d"]:
    """y[i, j] = Σ x[i + s, j + t]·kernel[s, t], by XLA's convolution: the form for accelerators."""
    order = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x[None], kernel, (1, 1), padding, dimension_numbers=order)[0]


def of_image(
    image: Float[Array, "h w"], kernel: Float[Array, "k k 1 d"], padding: Padding
) -> Float[Array, "h_out w_out d"]:
    """The convolution of an image by a k×k kernel, as windows times weights."""
    side = kernel.shape[0]
    windows = _windows(_padded(image, side, padding), side, stride=1)
    return _products(windows, kernel.reshape(side * side, -1))


def of_image_in_cells(
    image: Float[Array, "h w"], kernel: Float[Array, "k k 1 d"], padding: Padding
) -> Float[Array, "h2 w2 4 d"]:
    """The convolution of an image at the four places of every 2×2 cell: one product for convolution and pool.

    A cell sees a window of (k + 1)×(k + 1) pixels; four shifted copies of the kernel in it give its four
    places, in the order (0, 0), (0, 1), (1, 0), (1, 1).
    """
    side = kernel.shape[0]
    windows = _windows(_padded(image, side, padding), side + 1, stride=2)
    places = [
        jnp.pad(kernel[:, :, 0], ((i, 1 - i), (j, 1 - j), (0, 0)))
        for i, j in ((0, 0), (0, 1), (1, 0), (1, 1))
    ]
    y = _products(windows, jnp.concatenate(places, -1).reshape((side + 1) ** 2, -1))
    return y.reshape(*y.shape[:2], 4, -1)


def from_cells(cells: Float[Array, "h2 w2 4 d"]) -> Float[Array, "h w d"]:
    """The four places of every 2×2 cell, put side by side again."""
    h, w, _, d = cells.shape
    return cells.reshape(h, w, 2, 2, d).transpose(0, 2, 1, 3, 4).reshape(2 * h, 2 * w, d)


def _padded(image: Float[Array, "h w"], side: int, padding: Padding) -> Float[Array, "h_in w_in"]:
    before, after = ((side - 1) // 2, side // 2) if padding == "SAME" else (0, 0)
    padded = _batch_after(jnp.pad(image, (before, after)), 2)
    return lax.optimization_barrier(padded)  # the images are turned once, not once in every window


def _windows(image: Float[Array, "h w"], side: int, stride: int) -> Float[Array, "taps h_out w_out"]:
    """Pixel (i, j) of all windows, for every i and j: first the columns taken apart, then the rows."""
    h, w = (length - side + 1 for length in image.shape)
    columns = _batch_after(jnp.stack([image[:, j : j + w : stride] for j in range(side)]), 3)
    rows = jnp.stack([columns[:, i : i + h : stride] for i in range(side)])
    return _batch_after(rows.reshape(side * side, *rows.shape[2:]), 3)


@jax.custom_jvp
def _products(windows: Float[Array, "taps h w"], weights: Float[Array, "taps d"]) -> Float[Array, "h w d"]:
    """y[i, j] = Σ_t windows[t, i, j]·weights[t]."""
    return beside_channels(lax.dot_general(windows, weights, (((0,), (0,)), ((), ()))))


@_products.defjvp
def _products_jvp(values, tangents):
    """The product rule; the weights' part is written pixel by pixel.

    Its transpose, the weight gradient, then is a sum over the batch at each pixel, which needs no transposed
    copy of the output's gradient, and the sum of these over pixels.
    """
    windows, weights = values
    turned, changed = tangents
    everywhere = jnp.broadcast_to(changed, (*windows.shape[1:], *changed.shape))
    by_weights = lax.dot_general(windows, everywhere, (((0,), (2,)), ((1, 2), (0, 1))))
    return _products(windows, weights), _products(turned, weights) + beside_channels(by_weights)

"""Convolutions as one product of windows and weights."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from research.models.cpu_conv.batching import batch_after, beside_channels

Padding = tuple[tuple[int, int], tuple[int, int]]  # zeros (before, after) of rows and of columns
Pair = tuple[int, int]  # of rows and of columns


def of_image(
    image: Float[Array, "h w"], kernel: Float[Array, "kh kw 1 d"], padding: Padding
) -> Float[Array, "h_out w_out d"]:
    """Convolve an image of one channel at stride 1."""
    kh, kw, _, d = kernel.shape
    windows = _windows(_padded(image, padding), (kh, kw), stride=1)
    return _products(windows, kernel.reshape(kh * kw, d))


def of_channels(
    x: Float[Array, "h w c"],
    kernel: Float[Array, "kh kw c_in_group d"],
    strides: Pair,
    padding: Padding,
    dilations: Pair,
    groups: int,
) -> Float[Array, "h_out w_out d"]:
    """Convolve any channels at any stride and dilation, in groups: y_g = Σ over taps and the channels of group g."""
    kh, kw, c, d = kernel.shape
    planes = batch_after(jnp.pad(jnp.moveaxis(x, -1, 0), ((0, 0), *padding)), 3)
    planes = lax.optimization_barrier(planes)  # transposed once, not once in every window
    h, w = (
        (side - dilation * (k - 1) - 1) // stride + 1
        for side, dilation, k, stride in zip(planes.shape[1:], dilations, (kh, kw), strides)
    )

    def tap(i, j):
        rows = slice(i * dilations[0], i * dilations[0] + (h - 1) * strides[0] + 1, strides[0])
        columns = slice(j * dilations[1], j * dilations[1] + (w - 1) * strides[1] + 1, strides[1])
        return planes[:, rows, columns]

    windows = jnp.stack([tap(i, j) for i in range(kh) for j in range(kw)], 1).reshape(groups, -1, h, w)
    weights = kernel.reshape(kh * kw, c, groups, d // groups).transpose(2, 1, 0, 3)
    products = lax.dot_general(
        windows, weights.reshape(groups, -1, d // groups), (((1,), (1,)), ((0,), (0,)))
    )  # [groups h w d/groups]
    return beside_channels(jnp.moveaxis(products, 0, -2).reshape(h, w, d))


def of_image_in_cells(
    image: Float[Array, "h w"], kernel: Float[Array, "kh kw 1 d"], bias: Float[Array, " d"], padding: Padding
) -> Float[Array, "h2 w2 four_d"]:
    """Convolve an image, bias included, at the four pixels of every 2×2 cell by one product; even output sides.

    A cell sees a window of (kh + 1)×(kw + 1) pixels; four shifted copies of the kernel in it give its four pixels, in
    the order (0, 0), (0, 1), (1, 0), (1, 1). The bias is the weight of one more input, which is 1.
    """
    kh, kw = kernel.shape[:2]
    windows = _windows(_padded(image, padding), (kh + 1, kw + 1), stride=2)
    places = [
        jnp.pad(kernel[:, :, 0], ((i, 1 - i), (j, 1 - j), (0, 0)))
        for i, j in ((0, 0), (0, 1), (1, 0), (1, 1))
    ]
    weights = jnp.concatenate(places, -1).reshape((kh + 1) * (kw + 1), -1)
    ones = jnp.ones_like(windows[:1])
    return _products(
        batch_after(jnp.concatenate([windows, ones]), 3),
        jnp.concatenate([weights, jnp.tile(bias, 4)[None]]),
    )


def from_cells(cells: Float[Array, "h2 w2 four_d"]) -> Float[Array, "h w d"]:
    """Put the pixels of all 2×2 cells back in their places."""
    h, w, _ = cells.shape
    return cells.reshape(h, w, 2, 2, -1).transpose(0, 2, 1, 3, 4).reshape(2 * h, 2 * w, -1)


def _padded(image: Float[Array, "h w"], padding: Padding) -> Float[Array, "h_in w_in"]:
    padded = batch_after(jnp.pad(image, padding), 2)
    return lax.optimization_barrier(padded)  # transposed once, not once in every window


def _windows(image: Float[Array, "h w"], sides: Pair, stride: int) -> Float[Array, "taps h_out w_out"]:
    """Pixel (i, j) of all windows, for every i and j: first by columns, then by rows."""
    h, w = (length - side + 1 for length, side in zip(image.shape, sides))
    columns = batch_after(jnp.stack([image[:, j : j + w : stride] for j in range(sides[1])]), 3)
    rows = jnp.stack([columns[:, i : i + h : stride] for i in range(sides[0])])
    return batch_after(rows.reshape(sides[0] * sides[1], *rows.shape[2:]), 3)


@jax.custom_jvp
def _products(windows: Float[Array, "taps h w"], weights: Float[Array, "taps d"]) -> Float[Array, "h w d"]:
    """y[i, j] = Σ_t windows[t, i, j]·weights[t]."""
    return beside_channels(lax.dot_general(windows, weights, (((0,), (0,)), ((), ()))))


@_products.defjvp
def _products_jvp(values, tangents):
    """The product rule, with the weights' part written pixel by pixel.

    Its transpose, the weight gradient, is then a sum over the batch at each pixel, which needs no transposed copy of
    the output's gradient, followed by a sum over pixels.
    """
    windows, weights = values
    turned, changed = tangents
    everywhere = jnp.broadcast_to(changed, (*windows.shape[1:], *changed.shape))
    by_weights = lax.dot_general(windows, everywhere, (((0,), (2,)), ((1, 2), (0, 1))))
    return _products(windows, weights), _products(turned, weights) + beside_channels(by_weights)

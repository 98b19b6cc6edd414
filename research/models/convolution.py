"""Convolutions as matrix products: the form for CPUs, where XLA's own weight gradients crawl inside a loop.

Written for one image, [h w channel], and batched by `jax.vmap`. What decides the speed is where the batch
stands: between the pixels and the channels a matrix product reads and writes it in place, forwards and
backwards, and nothing is ever transposed. `beside_channels` and `add_bias` keep it there.
"""

import functools
from collections.abc import Callable
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


def _apart(f: Callable[..., Array]) -> Callable[..., Array]:
    """f as a program of its own inside XLA's, with which nothing is fused.

    A reshape that is fused into f would have XLA:CPU find every element's place by divisions, one element at a time:
    7 ms instead of 0.8 for the slope of a max-pool of 128 images. The condition always holds; XLA does not know that.
    """

    def alone(*arrays):
        shape = jax.eval_shape(f, *arrays)
        never = lambda *_: jnp.zeros(shape.shape, shape.dtype)  # noqa: E731
        return lax.cond(lax.optimization_barrier(jnp.bool_(True)), f, never, *arrays)

    return alone


def before_channels(f: Callable[..., Array]) -> Callable[..., Array]:
    """f, to which `jax.vmap` gives its batches before the channels: arrays [h w *batches c] -> [h w *batches c].

    On CPUs only: vmapped as it stands, f would be computed with the batch in front, and XLA would fuse the turning
    into it, which takes several times as long.
    """
    call = jax.custom_batching.custom_vmap(_apart(f))

    @call.def_vmap
    def _(size, batched, *arrays):
        every = [x if own else jnp.broadcast_to(x, (size, *x.shape)) for x, own in zip(arrays, batched)]
        return jnp.moveaxis(call(*(jnp.moveaxis(x, 0, -2) for x in every)), -2, 0), True

    return lambda *arrays: (call if jax.default_backend() == "cpu" else f)(*arrays)


@jax.custom_vjp
def to_front(x: Float[Array, "h w c"]) -> Float[Array, "h w c"]:
    """x itself; under vmap, on CPUs, the batch moves from before the channels to the front, ready to be flattened.

    A turn by itself: fused with the flattening after it, it would take six times as long.
    """
    return _to_front(x)


def _turned(source: int, destination: int) -> Callable[[Array], Array]:
    """The identity, which under vmap copies a batch that stands at `source` to `destination`."""
    call = jax.custom_batching.custom_vmap(lambda x: x)
    turn = _apart(lambda x: jnp.moveaxis(x, source, destination))

    @call.def_vmap
    def _(size, batched, x):
        return jnp.moveaxis(turn(jnp.moveaxis(x, 0, source)), destination, 0), True

    return lambda x: (call if jax.default_backend() == "cpu" else lambda x: x)(x)


_to_front, _from_front = _turned(-2, 0), _turned(0, -2)
to_front.defvjp(lambda x: (_to_front(x), None), lambda _, slope: (_from_front(slope),))


@jax.custom_vjp
def largest(cells: Float[Array, "h w four_c"]) -> Float[Array, "h w c"]:
    """The largest of each pixel's four places, which stand side by side, or 0 if all are below: relu after max-pool.

    The gradient goes to the first place that attains it. The rule, and that of `pooled`, remembers which place it was,
    one byte a pixel, instead of all values.
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
    image: Float[Array, "h w"], kernel: Float[Array, "k k 1 d"], bias: Float[Array, " d"], padding: Padding
) -> Float[Array, "h2 w2 four_d"]:
    """The convolution of an image, with its bias, at the four places of every 2×2 cell: one product for all.

    A cell sees a window of (k + 1)×(k + 1) pixels; four shifted copies of the kernel in it give its four
    places, in the order (0, 0), (0, 1), (1, 0), (1, 1). The bias is the weight of one more pixel, which is 1.
    """
    side = kernel.shape[0]
    windows = _windows(_padded(image, side, padding), side + 1, stride=2)
    places = [
        jnp.pad(kernel[:, :, 0], ((i, 1 - i), (j, 1 - j), (0, 0)))
        for i, j in ((0, 0), (0, 1), (1, 0), (1, 1))
    ]
    weights = jnp.concatenate(places, -1).reshape((side + 1) ** 2, -1)
    ones = jnp.ones_like(windows[:1])
    return _products(
        _batch_after(jnp.concatenate([windows, ones]), 3),
        jnp.concatenate([weights, jnp.tile(bias, 4)[None]]),
    )


def from_cells(cells: Float[Array, "h2 w2 four_d"]) -> Float[Array, "h w d"]:
    """The pixels of all 2×2 cells in their places again."""
    h, w, _ = cells.shape
    return cells.reshape(h, w, 2, 2, -1).transpose(0, 2, 1, 3, 4).reshape(2 * h, 2 * w, -1)


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

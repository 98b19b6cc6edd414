"""Convolutions as matrix products: the form for CPUs, where XLA's own weight gradients crawl inside a loop.

Everything is written for one image, as [y x channel] arrays, and batched by `jax.vmap`. `beside_channels` keeps
the batch next to the channels: a matrix product then reads and writes it in place, and nothing is transposed.

- `conv_pool`: 5×5 (SAME) and 2×2 max-pool in one product: 6×6 windows at stride 2 times a matrix that holds
  the kernel at the four places of a pool cell; then the largest of the four.
- `conv_spectral`: 5×5 (SAME) on 14×14 as a real two-dimensional Fourier transform of size 16, itself matrix
  products: odd frequencies p + ½ (p = 0..7) in rows and all q = 0..15 in columns make 128 complex pairs, none its
  own conjugate, and circular equals SAME because a tap would have to wrap over 14 places. Per frequency one
  complex product over channels: 11.7 MFLOP instead of 20.1.
- `conv_taps`: any size (VALID), the shifted images side by side times the kernel as one matrix.
"""

import functools
import itertools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

SIZE = 16  # of the Fourier transform
SIDE = 14  # of the images it serves


def beside_channels(x: Array, axes: int | None = None) -> Array:
    """x unchanged; under vmap its batch moves to stand before the last axis (or after the first `axes` axes).

    A product with ones over all other axes: XLA drops the product and keeps the order.
    """
    batch = tuple(range(x.ndim - 1 if axes is None else axes))
    return lax.dot_general(x, jnp.ones([x.shape[a] for a in batch], x.dtype), (((), ()), (batch, batch)))


@jax.custom_jvp
def largest(
    a: Float[Array, "*shape"], b: Float[Array, "*shape"], c: Float[Array, "*shape"], d: Float[Array, "*shape"]
) -> Float[Array, "*shape"]:
    """The largest of four; its gradient goes to the first that attains it."""
    return jnp.maximum(jnp.maximum(a, b), jnp.maximum(c, d))


@largest.defjvp
def _largest_jvp(primals, tangents):
    top = largest(*primals)
    slope, open_ = jnp.zeros_like(top), jnp.ones(top.shape, bool)
    for value, tangent in zip(primals, tangents):
        slope = slope + jnp.where(open_ & (value == top), tangent, 0.0)
        open_ = open_ & (value != top)
    return top, slope


def max_pool(x: Float[Array, "h w c"]) -> Float[Array, "h/2 w/2 c"]:
    """2×2 max-pool of even sides."""
    return largest(x[::2, ::2], x[::2, 1::2], x[1::2, ::2], x[1::2, 1::2])


def conv_pool(image: Float[Array, "h w"], kernel: Float[Array, "5 5 1 c"]) -> Float[Array, "h/2 w/2 c"]:
    """max_pool(conv(image, kernel, SAME)) of an image with even sides."""
    h, w = image.shape
    padded = lax.optimization_barrier(beside_channels(jnp.pad(image, 2), 2))
    columns = beside_channels(jnp.stack([padded[:, j : j + w - 1 : 2] for j in range(6)]), 3)
    windows = jnp.stack([columns[:, i : i + h - 1 : 2] for i in range(6)]).reshape(36, h // 2, w // 2)
    placed = [
        jnp.pad(kernel[:, :, 0], ((i, 1 - i), (j, 1 - j), (0, 0)))
        for i, j in itertools.product((0, 1), (0, 1))
    ]
    weights = jnp.stack(placed).reshape(4, 36, -1)
    four = lax.dot_general(weights, beside_channels(windows, 3), (((1,), (0,)), ((), ())))  # [4 c h/2 w/2]
    return beside_channels(largest(*four).transpose(1, 2, 0))


def conv_taps(x: Float[Array, "h w c"], kernel: Float[Array, "kh kw c d"]) -> Float[Array, "h2 w2 d"]:
    """conv(x, kernel, VALID)."""
    kh, kw, _, d = kernel.shape
    h, w = x.shape[0] - kh + 1, x.shape[1] - kw + 1
    shifted = [x[i : i + h, j : j + w] for i, j in itertools.product(range(kh), range(kw))]
    return beside_channels(beside_channels(jnp.concatenate(shifted, -1)) @ kernel.reshape(-1, d))


def conv_spectral(x: Float[Array, "14 14 c"], kernel: Float[Array, "5 5 c d"]) -> Float[Array, "14 14 d"]:
    """conv(x, kernel, SAME)."""
    c, d = kernel.shape[2:]
    real, imaginary = jnp.einsum("sif,icd->sfcd", _kernel_basis(), kernel.reshape(25, c, d)).reshape(
        2, SIZE // 2, SIZE, c, d
    )
    (rows, rows_back), (columns, columns_back) = _transforms()
    spectrum = columns(rows(beside_channels(x)))  # [p q 2 batch c]
    times = lambda a, b: lax.dot_general(a, b, (((2,), (2,)), ((0, 1), (0, 1))))  # noqa: E731
    re, im = spectrum[:, :, 0], spectrum[:, :, 1]
    product = jnp.stack([times(re, real) - times(im, imaginary), times(re, imaginary) + times(im, real)], 2)
    return beside_channels(rows_back(columns_back(beside_channels(product))))


def _row_waves(places: np.ndarray) -> np.ndarray:
    """cos and −sin of 2π(p + ½)·place/16: [p 2 place]."""
    angle = 2 * np.pi * np.outer(np.arange(SIZE // 2) + 0.5, places) / SIZE
    return np.stack([np.cos(angle), -np.sin(angle)], 1)


def _column_waves(places: np.ndarray) -> np.ndarray:
    """The turn of (re, im) by −2πq·place/16: [q 2 2 place]."""
    angle = 2 * np.pi * np.outer(np.arange(SIZE), places) / SIZE
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([np.stack([c, s], 1), np.stack([-s, c], 1)], 1)


@functools.cache
def _transforms() -> tuple[tuple[Callable, Callable], tuple[Callable, Callable]]:
    """The transforms of rows [y ...] -> [p 2 ...] and of columns [p 2 x ...] -> [p q 2 ...], and their transposes."""
    columns = _column_waves(np.arange(SIDE))
    columns = np.broadcast_to(columns, (SIZE // 2, *columns.shape))
    return _linear(_row_waves(np.arange(SIDE)), 0, 2), _linear(columns, 1, 2)


@functools.cache
def _kernel_basis() -> np.ndarray:
    """The transform of the 25 taps, tap (i, j) at (2 − i, 2 − j), with the scale of the way back: [2 25 128]."""
    taps = 2 - np.arange(5)
    waves = np.einsum("pri,qsrj->sijpq", _row_waves(taps), _column_waves(taps))
    return (waves * 2 / SIZE**2).reshape(2, 25, SIZE * SIZE // 2).astype(np.float32)


def _linear(matrix: np.ndarray, shared: int, out: int) -> tuple[Callable, Callable]:
    """A constant linear map and its transpose, each the other's derivative, as products that move no axes.

    matrix: [shared.. out.. in..]; the map takes x [shared.. in.. rest..] to [shared.. out.. rest..].
    """
    values = matrix.astype(np.float32)
    inner = values.ndim - shared - out
    turned = np.moveaxis(values, range(shared, shared + out), range(-out, 0))
    both = tuple(range(shared))

    def product(values: np.ndarray, inner: int, x: Array) -> Array:
        summed = (tuple(range(values.ndim - inner, values.ndim)), tuple(range(shared, shared + inner)))
        return lax.dot_general(values, x, (summed, (both, both)))

    @jax.custom_vjp
    def forward(x):
        return product(values, inner, x)

    @jax.custom_vjp
    def back(y):
        return product(turned, out, y)

    forward.defvjp(lambda x: (forward(x), None), lambda _, g: (back(g),))
    back.defvjp(lambda y: (back(y), None), lambda _, g: (forward(g),))
    return forward, back


def bias(values: Float[Array, " c"], shape: tuple[int, int]) -> Float[Array, "h w c"]:
    """One bias a channel at every place; its gradient is a plain sum over places."""
    return jnp.broadcast_to(values, (*shape, *values.shape))

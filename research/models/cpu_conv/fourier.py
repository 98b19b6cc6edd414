"""Convolution of one image with many channels by a two-dimensional Fourier transform made of matrix products.

    y = F⁻¹(F(x) ⊙ F(kernel)),  channels mixed by one complex matrix per frequency

The transform has the smallest even size n at which no tap wraps round onto the image, so that circular and
plain convolution agree. Rows take the odd frequencies p + ½ (p = 0 … n/2 − 1), columns all q = 0 … n − 1; for a
real image these n²/2 complex numbers hold everything, and none is its own conjugate:

    F(x)[p, q] = Σ x[s, t]·exp(−2πi((p + ½)·s + q·t)/n)

For 5×5 kernels on 14×14 images (n = 16) this takes 4.1 MFLOP an image instead of 20.1, and the result agrees
with the direct sum to 1e-6. Reverse-mode differentiation only (`jax.grad`, `jax.vjp`, `jax.jacrev`).
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from research.models.cpu_conv.batching import before_channels, beside_channels
from research.models.cpu_conv.windows import Padding


def convolve(
    x: Float[Array, "h w c"], kernel: Float[Array, "kh kw c d"], padding: Padding
) -> Float[Array, "h_out w_out d"]:
    """Return y[i, j] = Σ x[i + s, j + t]·kernel[s, t] over the taps (s, t) and the channels c, x padded with zeros."""
    waves = _waves(x.shape[:2], kernel.shape[:2], padding)
    taps = kernel.reshape(-1, *kernel.shape[2:])
    real, imaginary = _transform(waves.taps, taps)
    spectrum = _transform(waves.columns, _transform(waves.rows, beside_channels(x)))  # [p q 2 c]
    a, b = spectrum[:, :, 0], spectrum[:, :, 1]
    mixed = _complex(_mix(a, real), _mix(b, imaginary), _mix(a, imaginary), _mix(b, real))
    return _transform(waves.rows_back, _transform(waves.columns_back, beside_channels(mixed)))


def _fused_complex(aa, bb, ab, ba):
    return jnp.stack([aa - bb, ab + ba], 2)


_apart_complex = before_channels(_fused_complex)


@jax.custom_jvp
def _complex(aa: Float[Array, "p q d"], bb, ab, ba) -> Float[Array, "p q 2 d"]:
    """The real and the imaginary part of a product from its four products.

    Without gradients a program of its own, which saves a tenth of a network's answer; with them XLA fuses it better.
    """
    return _apart_complex(aa, bb, ab, ba)


@_complex.defjvp
def _complex_jvp(values, tangents):
    return _fused_complex(*values), _fused_complex(*tangents)


def _mix(x: Float[Array, "p q c"], weights: Float[Array, "p q c d"]) -> Float[Array, "p q d"]:
    return lax.dot_general(x, weights, (((2,), (2,)), ((0, 1), (0, 1))))


class Linear:
    """A constant matrix [*shared, *outputs, *inputs], equal only to itself (a static argument of `_transform`)."""

    def __init__(self, values: np.ndarray, shared: int, outputs: int):
        self.values, self.shared, self.outputs = values.astype(np.float32), shared, outputs

    @functools.cached_property
    def transposed(self) -> "Linear":
        axes = list(range(self.values.ndim))
        last = self.shared + self.outputs
        order = axes[: self.shared] + axes[last:] + axes[self.shared : last]
        return Linear(self.values.transpose(order), self.shared, len(axes) - last)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _transform(matrix: Linear, x: Float[Array, "..."]) -> Float[Array, "..."]:
    """y[*shared, *outputs, *rest] = Σ over the inputs of matrix[*shared, *outputs, *inputs]·x[*shared, *inputs, *rest].

    Its own gradient rule says what autodiff would, as a product with the matrix on the left: the axes come out
    in the order in which the next product wants them.
    """
    shared = tuple(range(matrix.shared))
    contracted = tuple(range(matrix.shared + matrix.outputs, matrix.values.ndim))
    inputs = tuple(range(matrix.shared, matrix.shared + len(contracted)))
    return lax.dot_general(jnp.asarray(matrix.values), x, ((contracted, inputs), (shared, shared)))


def _transform_forward(matrix: Linear, x):
    return _transform(matrix, x), None


def _transform_backward(matrix: Linear, _, slope):
    return (_transform(matrix.transposed, slope),)


_transform.defvjp(_transform_forward, _transform_backward)


class Waves(NamedTuple):
    """The constant matrices of one size of convolution."""

    rows: Linear  # [p 2 h]: h -> p 2
    columns: Linear  # [p, q 2, 2 w]: 2 w -> q 2, the same for every p
    columns_back: Linear  # [p, 2 w_out, q 2]
    rows_back: Linear  # [h_out, p 2]
    taps: Linear  # [2 p q, kh*kw]: the kernel's transform, with the scale of the way back


@functools.cache
def _waves(shape: tuple[int, int], taps: tuple[int, int], padding: Padding) -> Waves:
    before = [pair[0] for pair in padding]
    out = [length + sum(pair) - k + 1 for length, k, pair in zip(shape, taps, padding)]
    n_rows, n_columns = (2 * -(-(length + max(*pair, 0)) // 2) for length, pair in zip(shape, padding))

    def rows(places: np.ndarray) -> np.ndarray:
        """exp(−2πi(p + ½)·place/n) as (re, im): [p 2 place]."""
        angle = 2 * np.pi * np.outer(np.arange(n_rows // 2) + 0.5, places) / n_rows
        return np.stack([np.cos(angle), -np.sin(angle)], 1)

    def columns(places: np.ndarray) -> np.ndarray:
        """The product of (re, im) with exp(−2πi·q·place/n): [q 2 2 place]."""
        angle = 2 * np.pi * np.outer(np.arange(n_columns), places) / n_columns
        c, s = np.cos(angle), np.sin(angle)
        return np.stack([np.stack([c, s], 1), np.stack([-s, c], 1)], 1)

    def all_rows(matrix: np.ndarray) -> np.ndarray:
        return np.broadcast_to(matrix, (n_rows // 2, *matrix.shape))

    taps_at = [lead - np.arange(k) for lead, k in zip(before, taps)]
    kernel = np.einsum("pri,qsrj->spqij", rows(taps_at[0]), columns(taps_at[1]))
    kernel = (kernel * 2 / (n_rows * n_columns)).reshape(2, n_rows // 2, n_columns, -1)
    return Waves(
        rows=Linear(rows(np.arange(shape[0])), 0, 2),
        columns=Linear(all_rows(columns(np.arange(shape[1]))), 1, 2),
        columns_back=Linear(all_rows(columns(np.arange(out[1]))), 1, 2).transposed,
        rows_back=Linear(rows(np.arange(out[0])), 0, 2).transposed,
        taps=Linear(kernel, 0, 3),
    )

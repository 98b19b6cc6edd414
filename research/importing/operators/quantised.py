"""Quantised operators as arithmetic of real numbers: rounded and clipped as the integers are, but differentiable.

A quantised tensor is held as float32 whose values are whole. Rounding passes gradients on as they are (a
straight-through estimator), since its own are zero everywhere.
"""

import jax.numpy as jnp
import numpy as np
from jax import lax

from research.importing.operators.arithmetic import matmul
from research.importing.operators.windows import conv


def _along(values, rank, axis):
    """A scale or a zero point ready to broadcast: one number, or one for each index of `axis`."""
    values = np.asarray(values)
    if values.size == 1:
        return values.reshape(())
    return values.reshape([-1 if i == axis % rank else 1 for i in range(rank)])


def quantize(x, scale, zero=None, *, axis=1, block_size=0, output_dtype=0, precision=0, saturate=1):
    if block_size:
        raise ValueError("scales of blocks are not supported")
    kind = np.asarray(zero).dtype if zero is not None else np.dtype(np.uint8)
    if kind.kind not in "iu":
        raise ValueError(f"only whole numbers are supported as the quantised type, got {kind}")
    bounds = np.iinfo(kind)
    offset = 0 if zero is None else _along(zero, x.ndim, axis).astype(np.float32)
    scaled = x / _along(scale, x.ndim, axis)
    rounded = scaled + lax.stop_gradient(jnp.round(scaled) - scaled)
    return jnp.clip(rounded + offset, bounds.min, bounds.max)


def dequantize(x, scale, zero=None, *, axis=1, block_size=0, output_dtype=0):
    if block_size:
        raise ValueError("scales of blocks are not supported")
    offset = 0 if zero is None else _along(zero, x.ndim, axis).astype(np.float32)
    return (jnp.asarray(x, jnp.float32) - offset) * _along(scale, x.ndim, axis)


def qlinear_conv(x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, b=None, **attributes):
    bias = (
        None if b is None else b.astype(np.float32) * (np.asarray(x_scale) * np.asarray(w_scale)).reshape(-1)
    )
    real = dequantize(x, x_scale, x_zero), dequantize(w, w_scale, w_zero, axis=0)
    return quantize(conv(*real, bias, **attributes), y_scale, y_zero)


def qlinear_matmul(a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero):
    real = dequantize(a, a_scale, a_zero, axis=-2), dequantize(b, b_scale, b_zero, axis=-1)
    return quantize(matmul(*real), y_scale, y_zero)

"""Operators that move numbers: shapes, slices, types, constants."""

import jax
import jax.numpy as jnp
import numpy as np

from research.importing.operators.common import library


def shape(x, *, start=0, end=None):
    """The lengths of the axes from start to end, known while JAX traces."""
    return np.asarray(np.shape(x)[slice(start, end)], np.int64)


def reshape(x, shape, *, allowzero=0):
    sizes = [int(size) for size in np.asarray(shape)]
    if not allowzero:
        sizes = [x.shape[axis] if size == 0 else size for axis, size in enumerate(sizes)]
    return x.reshape(sizes)


def squeeze(x, axes=None):
    return x.squeeze(None if axes is None else tuple(int(a) for a in axes))


def unsqueeze(x, axes):
    return library(x).expand_dims(x, tuple(int(a) for a in axes))


def pad(x, pads, value=None, axes=None, *, mode="constant"):
    axes = range(x.ndim) if axes is None else [int(a) % x.ndim for a in axes]
    widths = [(0, 0)] * x.ndim
    half = len(pads) // 2
    for axis, before, after in zip(axes, pads[:half], pads[half:], strict=True):
        widths[axis] = (int(before), int(after))
    if mode != "constant":
        return jnp.pad(x, widths, mode={"reflect": "reflect", "edge": "edge"}[mode])
    return jnp.pad(x, widths, constant_values=0.0 if value is None else np.asarray(value).item())


def strided_slice(x, starts, ends, axes=None, steps=None):
    axes = range(len(starts)) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    cuts = [slice(None)] * x.ndim
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        low_end = step < 0 and end < -x.shape[axis]  # counting down to the very first
        cuts[axis] = slice(int(start), None if low_end else int(end), int(step))
    return x[tuple(cuts)]


def cast(x, *, to, saturate=1, round_mode="up"):
    from onnx.helper import tensor_dtype_to_np_dtype

    dtype = np.dtype(tensor_dtype_to_np_dtype(to))
    if library(x) is np:
        return x.astype(dtype)
    return x.astype(jax.dtypes.canonicalize_dtype(dtype))


def constant(**attributes):
    ((name, value),) = attributes.items()
    if name not in ("value", "value_float", "value_floats", "value_int", "value_ints"):
        raise ValueError(f"a constant given as {name} is not supported")
    wide = np.asarray(value)
    return wide.astype(np.float32) if wide.dtype == np.float64 else wide


def constant_of_shape(shape, *, value=None):
    fill = np.zeros(1, np.float32) if value is None else np.asarray(value)
    return np.full([int(size) for size in np.asarray(shape)], fill.item(), fill.dtype)


def expand(x, shape):
    sizes = tuple(int(size) for size in np.asarray(shape))
    rank = max(x.ndim, len(sizes))
    x = x.reshape((1,) * (rank - x.ndim) + x.shape)
    return library(x).broadcast_to(x, np.broadcast_shapes(x.shape, sizes))

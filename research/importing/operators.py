"""ONNX operators as JAX functions: inputs by position, attributes by keyword, one output.

The definitions are those of the ONNX operator specification, for inference. Where all inputs are constants
NumPy computes, so that shapes worked out inside a graph stay known while JAX traces.
"""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax


def _library(*xs):
    return np if all(x is None or isinstance(x, np.ndarray | np.generic) for x in xs) else jnp


def _same_rank(*xs):
    """Leading axes of length one, as ONNX broadcasts."""
    rank = max(np.ndim(x) for x in xs)
    return [x.reshape((1,) * (rank - np.ndim(x)) + np.shape(x)) for x in xs]


def _elementwise(name):
    def operator(*xs):
        return getattr(_library(*xs), name)(*_same_rank(*xs))

    return operator


def _divide(x, y):
    x, y = _same_rank(x, y)
    both_whole = np.issubdtype(x.dtype, np.integer) and np.issubdtype(y.dtype, np.integer)
    return x // y if both_whole else x / y


def _matmul(x, y):
    return jnp.matmul(x, y, precision="highest")


def _gemm(a, b, c=None, *, alpha=1.0, beta=1.0, transA=0, transB=0):
    product = alpha * _matmul(a.T if transA else a, b.T if transB else b)
    return product if c is None else _elementwise("add")(product, beta * c)


def _conv(
    x, w, b=None, *, auto_pad="NOTSET", dilations=None, group=1, kernel_shape=None, pads=None, strides=None
):
    window = w.shape[2:]
    strides, dilations = _spatial(strides, window), _spatial(dilations, window)
    y = lax.conv_general_dilated(
        x,
        jnp.asarray(w),
        strides,
        _padding(x.shape[2:], window, strides, dilations, auto_pad, pads, ceil_mode=0),
        rhs_dilation=dilations,
        feature_group_count=group,
        precision="highest",
    )
    return y if b is None else y + b.reshape(1, -1, *(1 for _ in window))


def _max_pool(
    x,
    *,
    kernel_shape,
    auto_pad="NOTSET",
    ceil_mode=0,
    dilations=None,
    pads=None,
    storage_order=0,
    strides=None,
):
    strides, dilations = _spatial(strides, kernel_shape), _spatial(dilations, kernel_shape)
    padding = _padding(x.shape[2:], kernel_shape, strides, dilations, auto_pad, pads, ceil_mode)
    return _reduce_window(x, -jnp.inf, lax.max, kernel_shape, strides, dilations, padding)


def _average_pool(
    x,
    *,
    kernel_shape,
    auto_pad="NOTSET",
    ceil_mode=0,
    count_include_pad=0,
    dilations=None,
    pads=None,
    strides=None,
):
    if ceil_mode and count_include_pad:
        raise ValueError("ceil_mode together with count_include_pad is not supported")
    strides, dilations = _spatial(strides, kernel_shape), _spatial(dilations, kernel_shape)
    padding = _padding(x.shape[2:], kernel_shape, strides, dilations, auto_pad, pads, ceil_mode)
    total = _reduce_window(x, 0.0, lax.add, kernel_shape, strides, dilations, padding)
    if count_include_pad:
        return total / math.prod(kernel_shape)
    return total / _reduce_window(jnp.ones_like(x), 0.0, lax.add, kernel_shape, strides, dilations, padding)


def _reduce_window(x, start, reduce, window, strides, dilations, padding):
    return lax.reduce_window(
        x,
        start,
        reduce,
        (1, 1, *window),
        (1, 1, *strides),
        ((0, 0), (0, 0), *padding),
        window_dilation=(1, 1, *dilations),
    )


def _spatial(sizes, window):
    return (1,) * len(window) if sizes is None else tuple(sizes)


def _padding(sides, window, strides, dilations, auto_pad, pads, ceil_mode):
    """Padding (before, after) of each spatial axis."""
    spans = [dilation * (size - 1) + 1 for dilation, size in zip(dilations, window, strict=True)]
    if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        names = {"SAME_UPPER": "SAME", "SAME_LOWER": "SAME_LOWER"}
        return lax.padtype_to_pads(sides, spans, strides, names[auto_pad])
    rank = len(window)
    pads = (0,) * (2 * rank) if pads is None or auto_pad == "VALID" else pads
    padding = list(zip(pads[:rank], pads[rank:], strict=True))
    if not ceil_mode:
        return padding
    grown = []
    for side, span, stride, (before, after) in zip(sides, spans, strides, padding, strict=True):
        places = math.ceil((side + before + after - span) / stride) + 1
        if (places - 1) * stride >= side + before:  # a window must not lie in the padding alone
            places -= 1
        grown.append((before, max(after, (places - 1) * stride + span - side - before)))
    return grown


def _global_pool(reduce):
    return lambda x: reduce(x, axis=tuple(range(2, x.ndim)), keepdims=True)


def _batch_normalization(x, scale, bias, mean, variance, *, epsilon=1e-5, momentum=0.9, training_mode=0):
    if training_mode:
        raise ValueError("it is in training mode; export the network for inference (eval)")
    column = (1, -1, *(1 for _ in range(x.ndim - 2)))
    factor = (scale / jnp.sqrt(variance + epsilon)).reshape(column)
    return (x - mean.reshape(column)) * factor + bias.reshape(column)


def _softmax(function):
    def operator(x, *, axis=-1, flat=False):
        if not flat:
            return function(x, axis=axis)
        return function(x.reshape(math.prod(x.shape[:axis]), -1), axis=-1).reshape(x.shape)

    return operator


def _reduce(name):
    def operator(x, axes=None, *, keepdims=1, noop_with_empty_axes=0, **attributes):
        axes = attributes.pop("axes", axes)
        _no_more(attributes)
        if (axes is None or len(axes) == 0) and noop_with_empty_axes:
            return x
        axis = None if axes is None or len(axes) == 0 else tuple(int(a) for a in axes)
        return getattr(jnp, name)(x, axis=axis, keepdims=bool(keepdims))

    return operator


def _clip(x, low=None, high=None, **attributes):
    low, high = attributes.pop("min", low), attributes.pop("max", high)
    _no_more(attributes)
    x = x if low is None else _elementwise("maximum")(x, np.asarray(low, x.dtype))
    return x if high is None else _elementwise("minimum")(x, np.asarray(high, x.dtype))


def _flatten(x, *, axis=1):
    return x.reshape(math.prod(x.shape[:axis]), -1)


def _reshape(x, shape, *, allowzero=0):
    sizes = [int(size) for size in np.asarray(shape)]
    if not allowzero:
        sizes = [x.shape[axis] if size == 0 else size for axis, size in enumerate(sizes)]
    return x.reshape(sizes)


def _transpose(x, *, perm=None):
    return x.transpose(perm)


def _squeeze(x, axes=None, **attributes):
    axes = attributes.pop("axes", axes)
    _no_more(attributes)
    return x.squeeze(None if axes is None else tuple(int(a) for a in axes))


def _unsqueeze(x, axes=None, **attributes):
    axes = attributes.pop("axes", axes)
    _no_more(attributes)
    return _library(x).expand_dims(x, tuple(int(a) for a in axes))


def _pad(x, pads=None, value=None, axes=None, *, mode="constant", **attributes):
    pads, value = attributes.pop("pads", pads), attributes.pop("value", value)
    _no_more(attributes)
    axes = range(x.ndim) if axes is None else [int(a) % x.ndim for a in axes]
    widths = [(0, 0)] * x.ndim
    half = len(pads) // 2
    for axis, before, after in zip(axes, pads[:half], pads[half:], strict=True):
        widths[axis] = (int(before), int(after))
    if mode != "constant":
        return jnp.pad(x, widths, mode={"reflect": "reflect", "edge": "edge"}[mode])
    return jnp.pad(x, widths, constant_values=0.0 if value is None else np.asarray(value).item())


def _concat(*xs, axis):
    return _library(*xs).concatenate(xs, axis=axis)


def _gather(x, indices, *, axis=0):
    return _library(x, indices).take(x, indices, axis=axis)


def _slice(x, starts=None, ends=None, axes=None, steps=None, **attributes):
    starts, ends = attributes.pop("starts", starts), attributes.pop("ends", ends)
    axes = attributes.pop("axes", axes)
    _no_more(attributes)
    axes = range(len(starts)) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    cuts = [slice(None)] * x.ndim
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        low_end = step < 0 and end < -x.shape[axis]  # counting down to the very first
        cuts[axis] = slice(int(start), None if low_end else int(end), int(step))
    return x[tuple(cuts)]


def _cast(x, *, to, saturate=1):
    from onnx.helper import tensor_dtype_to_np_dtype

    dtype = np.dtype(tensor_dtype_to_np_dtype(to))
    if _library(x) is np:
        return x.astype(dtype)
    return x.astype(jax.dtypes.canonicalize_dtype(dtype))


def _constant(**attributes):
    ((name, value),) = attributes.items()
    if name not in ("value", "value_float", "value_floats", "value_int", "value_ints"):
        raise ValueError(f"a constant given as {name} is not supported")
    wide = np.asarray(value)
    return wide.astype(np.float32) if wide.dtype == np.float64 else wide


def _constant_of_shape(shape, *, value=None):
    fill = np.zeros(1, np.float32) if value is None else np.asarray(value)
    return np.full([int(size) for size in np.asarray(shape)], fill.item(), fill.dtype)


def _expand(x, shape):
    sizes = tuple(int(size) for size in np.asarray(shape))
    rank = max(x.ndim, len(sizes))
    x = x.reshape((1,) * (rank - x.ndim) + x.shape)
    return _library(x).broadcast_to(x, np.broadcast_shapes(x.shape, sizes))


def _prelu(x, slope):
    x, slope = _same_rank(x, slope)
    return jnp.where(x >= 0, x, slope * x)


def _gelu(x, *, approximate="none"):
    return jax.nn.gelu(x, approximate=approximate == "tanh")


def _no_more(attributes):
    if attributes:
        raise TypeError(f"unexpected attribute {', '.join(attributes)}")


OPERATORS: dict[str, Callable] = {
    "Abs": _elementwise("abs"),
    "Add": _elementwise("add"),
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_normalization,
    "Cast": _cast,
    "Clip": _clip,
    "Concat": _concat,
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "Conv": _conv,
    "Div": _divide,
    "Dropout": lambda x, ratio=None, training=None, **attributes: x,
    "Elu": lambda x, *, alpha=1.0: jax.nn.elu(x, alpha),
    "Erf": lambda x: lax.erf(x),
    "Exp": _elementwise("exp"),
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": _gather,
    "Gelu": _gelu,
    "Gemm": _gemm,
    "GlobalAveragePool": _global_pool(jnp.mean),
    "GlobalMaxPool": _global_pool(jnp.max),
    "HardSigmoid": lambda x, *, alpha=0.2, beta=0.5: jnp.clip(alpha * x + beta, 0, 1),
    "Identity": lambda x: x,
    "LeakyRelu": lambda x, *, alpha=0.01: jnp.where(x >= 0, x, alpha * x),
    "Log": _elementwise("log"),
    "LogSoftmax": _softmax(jax.nn.log_softmax),
    "MatMul": _matmul,
    "Max": lambda *xs: _elementwise("maximum")(*xs),
    "MaxPool": _max_pool,
    "Min": lambda *xs: _elementwise("minimum")(*xs),
    "Mul": _elementwise("multiply"),
    "Neg": _elementwise("negative"),
    "PRelu": _prelu,
    "Pad": _pad,
    "Pow": _elementwise("power"),
    "Reciprocal": lambda x: 1 / x,
    "ReduceMax": _reduce("max"),
    "ReduceMean": _reduce("mean"),
    "ReduceSum": _reduce("sum"),
    "Relu": jax.nn.relu,
    "Reshape": _reshape,
    "Selu": lambda x, *, alpha=1.6732632, gamma=1.0507010: gamma * jnp.where(x > 0, x, alpha * jnp.expm1(x)),
    "Shape": lambda x: np.asarray(np.shape(x)),
    "Sigmoid": jax.nn.sigmoid,
    "Slice": _slice,
    "Softmax": _softmax(jax.nn.softmax),
    "Softplus": jax.nn.softplus,
    "Sqrt": _elementwise("sqrt"),
    "Squeeze": _squeeze,
    "Sub": _elementwise("subtract"),
    "Tanh": _elementwise("tanh"),
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}

"""Convolution and pooling."""

import math

import jax
import jax.numpy as jnp
from jax import lax

from research.models.cpu_conv import convolve


def conv(
    x, w, b=None, *, auto_pad="NOTSET", dilations=None, group=1, kernel_shape=None, pads=None, strides=None
):
    window = w.shape[2:]
    strides, dilations = _spatial(strides, window), _spatial(dilations, window)
    padding = _padding(x.shape[2:], window, strides, dilations, auto_pad, pads, ceil_mode=0)
    if len(window) == 2 and jax.default_backend() == "cpu" and x.dtype == w.dtype == jnp.float32:
        y = _conv_on_cpu(x, jnp.asarray(w), strides, padding, dilations, group)
    else:
        y = lax.conv_general_dilated(
            x,
            jnp.asarray(w),
            strides,
            padding,
            rhs_dilation=dilations,
            feature_group_count=group,
            precision="highest",
        )
    return y if b is None else y + b.reshape(1, -1, *(1 for _ in window))


def _conv_on_cpu(x, w, strides, padding, dilations, group):
    """The same by matrix products: XLA's own convolution is up to 20 times slower inside a loop."""
    kernel = w.transpose(2, 3, 1, 0)

    def of_one(image):
        y = convolve(jnp.moveaxis(image, 0, -1), kernel, strides, padding, dilations, group)
        return jnp.moveaxis(y, -1, 0)

    return of_one(x[0])[None] if len(x) == 1 else jax.vmap(of_one)(x)


def max_pool(
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


def average_pool(
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
        return tuple(lax.padtype_to_pads(sides, spans, strides, names[auto_pad]))
    rank = len(window)
    pads = (0,) * (2 * rank) if pads is None or auto_pad == "VALID" else pads
    padding = tuple(zip(pads[:rank], pads[rank:], strict=True))
    if not ceil_mode:
        return padding
    grown = []
    for side, span, stride, (before, after) in zip(sides, spans, strides, padding, strict=True):
        places = math.ceil((side + before + after - span) / stride) + 1
        if (places - 1) * stride >= side + before:  # a window must not lie in the padding alone
            places -= 1
        grown.append((before, max(after, (places - 1) * stride + span - side - before)))
    return grown


def global_pool(reduce):
    return lambda x: reduce(x, axis=tuple(range(2, x.ndim)), keepdims=True)

"""Arithmetic: elementwise functions, products, reductions, normalisations."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np

from research.importing.operators.common import library, same_rank


def elementwise(name):
    """The function called `name` in NumPy and JAX of one or two inputs; two are broadcast."""

    def operator(*xs, axis=None, broadcast=0):
        return getattr(library(*xs), name)(*_aligned(xs, axis))

    return operator


def folded(name):
    """The same over any number of inputs, from the first on."""
    pair = elementwise(name)
    return lambda *xs: functools.reduce(pair, xs)


def _aligned(xs, axis):
    """Inputs of one rank: axes of length one in front or, before opset 7, behind where `axis` says so."""
    if axis is not None:
        x, y = xs
        xs = x, y.reshape(np.shape(y) + (1,) * (np.ndim(x) - axis % np.ndim(x) - np.ndim(y)))
    return same_rank(*xs)


def divide(x, y, *, axis=None, broadcast=0):
    x, y = _aligned((x, y), axis)
    both_whole = np.issubdtype(x.dtype, np.integer) and np.issubdtype(y.dtype, np.integer)
    return x // y if both_whole else x / y


def matmul(x, y):
    return jnp.matmul(x, y, precision="highest")


def gemm(a, b, c=None, *, alpha=1.0, beta=1.0, transA=0, transB=0, broadcast=0):
    product = alpha * matmul(a.T if transA else a, b.T if transB else b)
    return product if c is None else elementwise("add")(product, beta * c)


def batch_normalization(
    x, scale, bias, mean, variance, *, epsilon=1e-5, is_test=1, momentum=0.9, spatial=1, training_mode=0
):
    if training_mode or not spatial:
        raise ValueError("it is in training mode; export the network for inference (eval)")
    column = (1, -1, *(1 for _ in range(x.ndim - 2)))
    factor = (scale / jnp.sqrt(variance + epsilon)).reshape(column)
    return (x - mean.reshape(column)) * factor + bias.reshape(column)


def mean_variance_normalization(x, *, axes=(0, 2, 3)):
    centred = x - x.mean(axes, keepdims=True)
    return centred / (jnp.sqrt(jnp.mean(centred**2, axes, keepdims=True)) + 1e-9)


def softmax(function):
    def operator(x, *, axis=-1, flat=False):
        if not flat:
            return function(x, axis=axis)
        return function(x.reshape(math.prod(x.shape[:axis]), -1), axis=-1).reshape(x.shape)

    return operator


def reduce(name):
    def operator(x, axes=None, *, keepdims=1, noop_with_empty_axes=0):
        if (axes is None or len(axes) == 0) and noop_with_empty_axes:
            return x
        axis = None if axes is None or len(axes) == 0 else tuple(int(a) for a in axes)
        return getattr(jnp, name)(x, axis=axis, keepdims=bool(keepdims))

    return operator


def clip(x, min=None, max=None):
    x = x if min is None else elementwise("maximum")(x, np.asarray(min, x.dtype))
    return x if max is None else elementwise("minimum")(x, np.asarray(max, x.dtype))


def prelu(x, slope):
    x, slope = same_rank(x, slope)
    return jnp.where(x >= 0, x, slope * x)


def linear_classifier(
    x,
    *,
    coefficients,
    intercepts=None,
    classlabels_ints=None,
    classlabels_strings=None,
    multi_class=0,
    post_transform="NONE",
):
    """scikit-learn's linear models: (class, scores); one row of coefficients for two classes stands for the second."""
    labels = classlabels_ints or classlabels_strings
    features = x.shape[-1]
    kernel = np.asarray(coefficients, np.float32).reshape(-1, features).T
    scores = matmul(x.reshape(-1, features), kernel)
    scores = scores if intercepts is None else elementwise("add")(scores, np.asarray(intercepts, np.float32))
    transforms = {"NONE": lambda s: s, "SOFTMAX": jax.nn.softmax, "LOGISTIC": jax.nn.sigmoid}
    if post_transform not in transforms or (scores.shape[-1] == 1 and post_transform == "SOFTMAX"):
        raise ValueError(f"post_transform {post_transform} is not supported here")
    if scores.shape[-1] == 1 and len(labels) == 2:
        sign = 1 if post_transform == "LOGISTIC" else 0  # sigmoid(-s), sigmoid(s); as logits 0, s
        scores = jnp.concatenate([-sign * scores, scores], -1)
    return scores.argmax(-1), transforms[post_transform](scores)


def normalizer(x, *, norm="MAX"):
    """Each row divided by its largest number, by the sum of its absolute values, or by its length."""
    sizes = {
        "MAX": lambda x: x.max(-1, keepdims=True),
        "L1": lambda x: jnp.abs(x).sum(-1, keepdims=True),
        "L2": lambda x: jnp.sqrt(jnp.sum(x**2, -1, keepdims=True)),
    }
    size = sizes[norm](x)
    return x / jnp.where(size == 0, 1, size)

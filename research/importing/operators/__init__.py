"""ONNX operators as JAX functions: inputs by position, attributes by keyword, one output or a tuple of them.

The definitions are those of the ONNX operator specification, for inference. Where all inputs are constants
NumPy computes, so that shapes worked out inside a graph stay known while JAX traces. What some versions of ONNX give as
an attribute and others as an input is one argument of that name.
"""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from research.importing.operators import arithmetic, quantised, recurrent, shapes, windows
from research.importing.operators.common import library, same_rank

OPERATORS: dict[str, Callable] = {
    "Abs": arithmetic.elementwise("abs"),
    "Add": arithmetic.elementwise("add"),
    "AveragePool": windows.average_pool,
    "BatchNormalization": arithmetic.batch_normalization,
    "Cast": shapes.cast,
    "Clip": arithmetic.clip,
    "Concat": lambda *xs, axis: library(*xs).concatenate(xs, axis=axis),
    "Constant": shapes.constant,
    "ConstantOfShape": shapes.constant_of_shape,
    "Conv": windows.conv,
    "DequantizeLinear": quantised.dequantize,
    "Div": arithmetic.divide,
    "Dropout": lambda x, ratio=None, training=None, **attributes: x,
    "Elu": lambda x, *, alpha=1.0: jax.nn.elu(x, alpha),
    "Equal": arithmetic.elementwise("equal"),
    "Erf": lambda x: lax.erf(x),
    "Exp": arithmetic.elementwise("exp"),
    "Expand": shapes.expand,
    "Flatten": lambda x, *, axis=1: x.reshape(math.prod(x.shape[:axis]), -1),
    "Gather": lambda x, indices, *, axis=0: library(x, indices).take(x, indices, axis=axis),
    "Gelu": lambda x, *, approximate="none": jax.nn.gelu(x, approximate=approximate == "tanh"),
    "Gemm": arithmetic.gemm,
    "GlobalAveragePool": windows.global_pool(jnp.mean),
    "GlobalMaxPool": windows.global_pool(jnp.max),
    "HardSigmoid": lambda x, *, alpha=0.2, beta=0.5: jnp.clip(alpha * x + beta, 0, 1),
    "Identity": lambda x: x,
    "LSTM": recurrent.lstm,
    "LeakyRelu": lambda x, *, alpha=0.01: jnp.where(x >= 0, x, alpha * x),
    "Log": arithmetic.elementwise("log"),
    "LogSoftmax": arithmetic.softmax(jax.nn.log_softmax),
    "MatMul": arithmetic.matmul,
    "Max": arithmetic.folded("maximum"),
    "MaxPool": windows.max_pool,
    "MeanVarianceNormalization": arithmetic.mean_variance_normalization,
    "Min": arithmetic.folded("minimum"),
    "Mul": arithmetic.elementwise("multiply"),
    "Neg": arithmetic.elementwise("negative"),
    "PRelu": arithmetic.prelu,
    "Pad": shapes.pad,
    "Pow": arithmetic.elementwise("power"),
    "QLinearConv": quantised.qlinear_conv,
    "QLinearMatMul": quantised.qlinear_matmul,
    "QuantizeLinear": quantised.quantize,
    "Reciprocal": lambda x: 1 / x,
    "ReduceMax": arithmetic.reduce("max"),
    "ReduceMean": arithmetic.reduce("mean"),
    "ReduceSum": arithmetic.reduce("sum"),
    "Relu": jax.nn.relu,
    "Reshape": shapes.reshape,
    "Selu": lambda x, *, alpha=1.6732632, gamma=1.0507010: gamma * jnp.where(x > 0, x, alpha * jnp.expm1(x)),
    "Shape": shapes.shape,
    "Sigmoid": jax.nn.sigmoid,
    "Slice": shapes.strided_slice,
    "Softmax": arithmetic.softmax(jax.nn.softmax),
    "Softplus": jax.nn.softplus,
    "Sqrt": arithmetic.elementwise("sqrt"),
    "Squeeze": shapes.squeeze,
    "Sub": arithmetic.elementwise("subtract"),
    "Sum": arithmetic.folded("add"),
    "Tanh": arithmetic.elementwise("tanh"),
    "Tile": lambda x, repeats: library(x).tile(x, [int(count) for count in np.asarray(repeats)]),
    "Transpose": lambda x, *, perm=None: x.transpose(perm),
    "Unsqueeze": shapes.unsqueeze,
    "Where": lambda *xs: library(*xs).where(*same_rank(*xs)),
    "ai.onnx.ml.LinearClassifier": arithmetic.linear_classifier,
    "ai.onnx.ml.Normalizer": arithmetic.normalizer,
}

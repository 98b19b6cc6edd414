"""ONNX operators as JAX functions: inputs by position, attributes by keyword, one output or a tuple of them.

The definitions are those of the ONNX operator specification, for inference. Where all inputs are constants
NumPy computes, so that shapes worked out inside a graph stay known while JAX traces.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from research.importing.operators import arithmetic, quantised, recurrent, shapes, windows

OPERATORS: dict[str, Callable] = {
    "Abs": arithmetic.elementwise("abs"),
    "Add": arithmetic.elementwise("add"),
    "AveragePool": windows.average_pool,
    "BatchNormalization": arithmetic.batch_normalization,
    "Cast": shapes.cast,
    "Clip": arithmetic.clip,
    "Concat": shapes.concat,
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
    "Flatten": shapes.flatten,
    "Gather": shapes.gather,
    "Gelu": arithmetic.gelu,
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
    "Tile": shapes.tile,
    "Transpose": shapes.transpose,
    "Unsqueeze": shapes.unsqueeze,
    "Where": arithmetic.where,
    "ai.onnx.ml.LinearClassifier": arithmetic.linear_classifier,
    "ai.onnx.ml.Normalizer": arithmetic.normalizer,
}

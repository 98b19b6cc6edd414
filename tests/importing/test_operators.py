"""Each operator against onnxruntime, in a graph of one node."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.testing import assert_allclose
from onnx import TensorProto, helper, numpy_helper

from research.importing.operators import OPERATORS

OPSET = 20
RANDOM = np.random.default_rng(0)


def normal(*shape):
    return RANDOM.normal(size=shape).astype(np.float32)


def whole(*values):
    return np.array(values, np.int64)


IMAGES = normal(2, 4, 7, 9)
VECTORS = normal(3, 5)

ELEMENTWISE = {
    **dict.fromkeys(("Abs", "Elu", "Erf", "Exp", "HardSigmoid", "Identity", "LeakyRelu", "Neg"), (VECTORS,)),
    **dict.fromkeys(("Relu", "Selu", "Sigmoid", "Softplus", "Tanh", "Gelu", "Dropout"), (VECTORS,)),
    **{name: (np.abs(VECTORS),) for name in ("Log", "Sqrt", "Reciprocal")},
    **{name: (normal(2, 3, 5), normal(5)) for name in ("Add", "Div", "Max", "Min", "Mul", "Sub")},
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool"), (IMAGES,)),
    "Pow": (np.abs(VECTORS), normal(1)),
    "PRelu": (IMAGES, normal(4, 1, 1)),
    "MatMul": (normal(2, 3, 5), normal(5, 4)),
    "BatchNormalization": (IMAGES, normal(4), normal(4), normal(4), np.abs(normal(4))),
}

CASES = [
    *((name, inputs, {}) for name, inputs in ELEMENTWISE.items()),
    ("Add", (normal(2, 3), normal(4, 1, 1)), {}),
    ("BatchNormalization", (VECTORS, *(np.abs(normal(5)) for _ in range(4))), {"epsilon": 1e-2}),
    ("LeakyRelu", (VECTORS,), {"alpha": 0.3}),
    ("Elu", (VECTORS,), {"alpha": 0.3}),
    ("Gelu", (VECTORS,), {"approximate": "tanh"}),
    ("Gemm", (VECTORS, normal(5, 4)), {}),
    ("Gemm", (normal(5, 3), normal(4, 5), normal(4)), {"transA": 1, "transB": 1, "alpha": 0.5, "beta": 2.0}),
    ("Conv", (IMAGES, normal(6, 4, 3, 3)), {}),
    ("Conv", (IMAGES, normal(6, 4, 3, 2), normal(6)), {"pads": [1, 0, 2, 1], "strides": [2, 1]}),
    ("Conv", (IMAGES, normal(8, 2, 3, 3)), {"group": 2, "dilations": [2, 3], "kernel_shape": [3, 3]}),
    ("Conv", (IMAGES, normal(6, 4, 4, 4)), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    ("Conv", (IMAGES, normal(6, 4, 4, 4)), {"auto_pad": "SAME_LOWER", "strides": [2, 2]}),
    ("Conv", (IMAGES, normal(6, 4, 4, 4)), {"auto_pad": "VALID"}),
    ("MaxPool", (IMAGES,), {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ("MaxPool", (IMAGES,), {"kernel_shape": [3, 2], "pads": [1, 1, 1, 0]}),
    ("MaxPool", (IMAGES,), {"kernel_shape": [2, 2], "dilations": [2, 2], "strides": [1, 2]}),
    ("MaxPool", (IMAGES,), {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}),
    ("MaxPool", (normal(1, 1, 4, 7),), {"kernel_shape": [1, 1], "strides": [3, 3], "ceil_mode": 1}),
    ("AveragePool", (IMAGES,), {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ("AveragePool", (IMAGES,), {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}),
    ("AveragePool", (IMAGES,), {"kernel_shape": [2, 2], "strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    ("AveragePool", (IMAGES,), {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}),
    ("Softmax", (IMAGES,), {}),
    ("Softmax", (IMAGES,), {"axis": 1}),
    ("LogSoftmax", (VECTORS,), {"axis": 0}),
    ("ReduceMean", (IMAGES, whole(2, 3)), {"keepdims": 0}),
    ("ReduceMean", (IMAGES,), {}),
    ("ReduceSum", (IMAGES, whole(-1)), {}),
    ("ReduceMax", (IMAGES, whole(1)), {}),
    ("ReduceSum", (IMAGES,), {"noop_with_empty_axes": 1}),
    ("Clip", (VECTORS, np.float32(-0.5), np.float32(0.3)), {}),
    ("Clip", (VECTORS, None, np.float32(0.3)), {}),
    ("Flatten", (IMAGES,), {}),
    ("Flatten", (IMAGES,), {"axis": 3}),
    ("Reshape", (IMAGES, whole(0, -1, 9)), {}),
    ("Transpose", (IMAGES,), {}),
    ("Transpose", (IMAGES,), {"perm": [0, 2, 3, 1]}),
    ("Squeeze", (normal(1, 3, 1),), {}),
    ("Squeeze", (normal(1, 3, 1), whole(-1)), {}),
    ("Unsqueeze", (VECTORS, whole(0, 3)), {}),
    ("Pad", (VECTORS, whole(1, 0, 2, 3)), {}),
    ("Pad", (VECTORS, whole(2, 1), np.float32(7), whole(-1)), {}),
    ("Pad", (VECTORS, whole(1, 2, 0, 2)), {"mode": "reflect"}),
    ("Pad", (VECTORS, whole(1, 2, 0, 2)), {"mode": "edge"}),
    ("Concat", (VECTORS, normal(3, 2)), {"axis": 1}),
    ("Gather", (VECTORS, whole(4, -2, 0)), {"axis": 1}),
    ("Gather", (VECTORS, np.array(2)), {}),
    ("Slice", (IMAGES, whole(1, -3), whole(100, -1), whole(2, 3)), {}),
    ("Slice", (VECTORS, whole(-1), whole(-1000), whole(1), whole(-2)), {}),
    ("Expand", (normal(3, 1), whole(2, 1, 4)), {}),
    ("Shape", (IMAGES,), {}),
    ("ConstantOfShape", (whole(2, 3),), {}),
    ("Cast", (np.array([[-1.7, 2.3]], np.float32),), {"to": TensorProto.INT32}),
    ("Constant", (), {"value_floats": [1.5, 2.0]}),
    ("Shape", (IMAGES,), {"start": 1, "end": -1}),
    ("Max", (VECTORS, normal(5), normal(3, 1)), {}),
    ("Sum", (VECTORS, normal(5), normal(3, 1)), {}),
    ("Equal", (whole(1, 2, 3), whole(1, 0, 3)), {}),
    ("Where", (np.array([[True], [False], [True]]), VECTORS, normal(5)), {}),
    ("Tile", (VECTORS, whole(2, 3)), {}),
    ("MeanVarianceNormalization", (IMAGES,), {}),
    ("LSTM", (normal(4, 2, 5), normal(1, 12, 5), normal(1, 12, 3), normal(1, 24)), {"hidden_size": 3}),
    (
        "LSTM",
        (normal(4, 2, 5), normal(2, 12, 5), normal(2, 12, 3)),
        {"hidden_size": 3, "direction": "bidirectional"},
    ),
    ("QuantizeLinear", (VECTORS, np.float32(0.02), np.uint8(30)), {}),
    ("QuantizeLinear", (VECTORS, np.abs(normal(3)), np.zeros(3, np.int8)), {"axis": 0}),
    ("DequantizeLinear", (np.arange(6, dtype=np.uint8).reshape(2, 3), np.float32(0.1), np.uint8(2)), {}),
    (
        "QLinearConv",
        (
            RANDOM.integers(0, 255, (1, 2, 5, 5)).astype(np.uint8), np.float32(0.02), np.uint8(120),
            RANDOM.integers(-99, 99, (3, 2, 3, 3)).astype(np.int8), np.float32(0.01), np.int8(0),
            np.float32(0.1), np.uint8(100), RANDOM.integers(-500, 500, 3).astype(np.int32),
        ),
        {"pads": [1, 1, 1, 1]},
    ),
    (
        "QLinearMatMul",
        (
            RANDOM.integers(0, 255, (2, 5)).astype(np.uint8), np.float32(0.02), np.uint8(120),
            RANDOM.integers(-99, 99, (5, 3)).astype(np.int8), np.float32(0.01), np.int8(0),
            np.float32(0.05), np.uint8(100),
        ),
        {},
    ),
    ("ai.onnx.ml.Normalizer", (VECTORS,), {"norm": "L2"}),
    ("ai.onnx.ml.Normalizer", (np.abs(VECTORS),), {"norm": "L1"}),
    (
        "ai.onnx.ml.LinearClassifier",
        (VECTORS,),
        {
            "coefficients": normal(15).tolist(),
            "intercepts": [0.1, 0.2, 0.3],
            "classlabels_ints": [0, 1, 2],
            "post_transform": "SOFTMAX",
        },
    ),
    (
        "ai.onnx.ml.LinearClassifier",
        (VECTORS,),
        {
            "coefficients": normal(5).tolist(),
            "intercepts": [0.1],
            "classlabels_ints": [0, 1],
            "post_transform": "LOGISTIC",
        },
    ),
]  # fmt: skip


OTHER_TYPES = {
    "Shape": TensorProto.INT64, "Cast": TensorProto.INT32, "Equal": TensorProto.BOOL,
    "QLinearConv": TensorProto.UINT8, "QLinearMatMul": TensorProto.UINT8, "QuantizeLinear": TensorProto.UINT8,
}  # fmt: skip


def by_onnxruntime(operator, inputs, attributes, opset=OPSET):
    """The first output; of a classifier its scores."""
    domain, _, name = operator.rpartition(".")
    names = ["" if x is None else f"x{i}" for i, x in enumerate(inputs)]
    outputs = ["label", "y"] if name == "LinearClassifier" else ["y"]
    node = helper.make_node(name, names, outputs, domain=domain, **attributes)
    constants = [numpy_helper.from_array(np.asarray(x), n) for x, n in zip(inputs, names) if x is not None]
    kind = OTHER_TYPES.get(operator, TensorProto.FLOAT)
    if operator == "QuantizeLinear" and inputs[2].dtype == np.int8:
        kind = TensorProto.INT8
    given = []
    if domain:  # onnxruntime folds no classifier of constants
        given, constants = [helper.make_tensor_value_info("x0", TensorProto.FLOAT, inputs[0].shape)], []
    output = helper.make_tensor_value_info("y", kind, None)
    graph = helper.make_graph([node], "one", given, [output], constants)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return session.run(["y"], {"x0": inputs[0]} if domain else {})[0]


@pytest.mark.parametrize(
    ("operator", "inputs", "attributes"), CASES, ids=lambda x: x if type(x) is str else ""
)
def test_operator_is_onnxruntimes(operator, inputs, attributes):
    first, *others = [*inputs, None]
    traced = jnp.asarray(first) if isinstance(first, np.ndarray) and operator != "ConstantOfShape" else first
    ours = OPERATORS[operator](*[traced, *others][: len(inputs)], **attributes)
    if isinstance(ours, tuple):
        ours = ours[1 if operator.endswith("LinearClassifier") else 0]
    theirs = by_onnxruntime(operator, inputs, attributes)
    assert ours.shape == theirs.shape
    # sums of float32 in another order differ by a share of their largest terms, whatever is left of them
    assert_allclose(ours, theirs, rtol=1e-5, atol=2e-6 * max(1.0, np.abs(theirs).max()))


def test_every_operator_takes_the_attributes_of_every_opset():
    """Shape with `start` since opset 15 stopped whole graphs.

    Of opset 1 the reader leaves out `consumed_inputs`, and `paddings` is refused.
    """
    missing = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        name = f"{schema.domain}.{schema.name}".lstrip(".")
        if name not in OPERATORS:
            continue
        parameters = inspect.signature(OPERATORS[name]).parameters.values()
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            unknown = set(schema.attributes) - {p.name for p in parameters} - {"consumed_inputs", "paddings"}
            missing |= {(name, attribute): schema.since_version for attribute in unknown}
    assert not missing


def test_rounding_passes_gradients_on_and_saturation_does_not():
    slope = jax.grad(lambda x: OPERATORS["QuantizeLinear"](x, np.float32(0.5), np.uint8(0)).sum())
    assert_allclose(slope(jnp.array([0.3, 1000.0, -1.0])), [2.0, 0.0, 0.0])


def test_the_axis_of_broadcasts_before_opset_7():
    x, y = normal(2, 3, 4), normal(3)
    assert_allclose(OPERATORS["Add"](x, y, axis=1, broadcast=1), x + y[None, :, None])


def test_every_operator_is_tested():
    assert {operator for operator, _, _ in CASES} == set(OPERATORS)


def test_shapes_computed_inside_a_graph_stay_numpy():
    """As exporters write x.view(x.shape[0], -1): the new shape must be known while JAX traces."""
    shape = OPERATORS["Shape"](jnp.ones((2, 3, 4)))
    first = OPERATORS["Gather"](shape, np.array(0))
    wanted = OPERATORS["Concat"](OPERATORS["Unsqueeze"](first, whole(0)), whole(-1), axis=0)
    assert isinstance(wanted, np.ndarray)
    halved = OPERATORS["Div"](OPERATORS["Mul"](wanted, whole(2)), whole(2))
    assert OPERATORS["Reshape"](jnp.ones((2, 3, 4)), halved).shape == (2, 12)


def test_softmax_before_opset_13_runs_over_all_later_axes():
    y = OPERATORS["Softmax"](jnp.asarray(IMAGES), axis=1, flat=True)
    assert_allclose(y.sum((1, 2, 3)), 1, rtol=1e-5)


@pytest.mark.parametrize(
    ("operator", "attributes"),
    [("Clip", {"min": -0.5, "max": 0.3}), ("Squeeze", {"axes": [0]}), ("Unsqueeze", {"axes": [1]})],
)
def test_older_opsets_give_attributes_for_inputs(operator, attributes):
    x = normal(1, 3)
    inputs = [
        np.asarray(value, np.float32 if operator == "Clip" else np.int64) for value in attributes.values()
    ]
    assert_allclose(
        OPERATORS[operator](x, **attributes), by_onnxruntime(operator, (x, *inputs), {}), rtol=1e-6
    )


@pytest.mark.parametrize(
    ("operator", "inputs", "attributes", "error"),
    [
        ("BatchNormalization", (IMAGES, *(normal(4),) * 4), {"training_mode": 1}, ValueError),
        (
            "AveragePool",
            (IMAGES,),
            {"kernel_shape": [2, 2], "ceil_mode": 1, "count_include_pad": 1},
            ValueError,
        ),
        ("Relu", (IMAGES,), {"strange": 1}, TypeError),
        ("Clip", (IMAGES,), {"strange": 1}, TypeError),
    ],
)
def test_what_is_not_supported_is_refused(operator, inputs, attributes, error):
    with pytest.raises(error):
        OPERATORS[operator](*map(jnp.asarray, inputs), **attributes)

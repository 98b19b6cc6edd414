"""Graphs written node by node: shapes of input, choice of output, dense layers, and refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.testing import assert_allclose
from onnx import TensorProto, helper, numpy_helper

from research import importing
from research.importing import NetworkFileError, Settings

RANDOM = np.random.default_rng(2)
W1, W2 = (RANDOM.normal(size=shape).astype(np.float32) for shape in ((784, 6), (6, 10)))
B1, B2 = (RANDOM.normal(size=size).astype(np.float32) for size in (6, 10))
IMAGE = jax.random.uniform(jax.random.key(0), (28, 28))
HIDDEN = np.asarray(IMAGE).ravel() @ W1 + B1


def write(path, nodes, shape, outputs=("scores",), inputs=("image",), **constants):
    """A model of opset 17 whose nodes are (operator, inputs, output, attributes)."""
    made = [helper.make_node(op, i.split(), o.split(), **attributes) for op, i, o, attributes in nodes]
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in inputs]
    results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    for result in results:
        result.type.tensor_type.shape.SetInParent()
    arrays = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(made, "graph", given, results, arrays)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def dense_nodes(activation="Relu"):
    return [
        ("Flatten", "image", "flat", {}),
        ("MatMul", "flat W1", "m1", {}),
        ("Add", "b1 m1", "a1", {}),
        (activation, "a1", "h1", {}),
        ("Gemm", "h1 W2 b2", "scores", {}),
    ]


WEIGHTS = {"W1": W1, "b1": B1, "W2": W2, "b2": B2}


@pytest.mark.parametrize(
    "shape", [["n", 784], [1, 1, 28, 28], ["n", 28, 28], ["n", 28, 28, 1], [1, 784], [None, None, None, None]]
)
def test_images_enter_in_the_shape_that_the_graph_wants(shape, tmp_path):
    imported = importing.load(write(tmp_path / "net.onnx", dense_nodes(), shape, **WEIGHTS))
    assert_allclose(imported.predict(IMAGE), np.maximum(HIDDEN, 0) @ W2 + B2, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("activation", "name", "function"),
    [("Relu", "relu", jax.nn.relu), ("Sigmoid", "logistic", jax.nn.sigmoid), ("Tanh", "tanh", jnp.tanh)],
)
def test_dense_layers_are_found_in_a_graph_with_its_normalisation_folded_in(
    activation, name, function, tmp_path
):
    nodes = dense_nodes(activation)
    before = [("Sub", "image mean", "centred", {}), ("Div", "centred deviation", "z", {})]
    nodes[0] = ("Flatten", "z", "flat", {})
    scale = {"mean": np.float32(0.13), "deviation": np.float32(0.31)}
    imported = importing.load(
        write(tmp_path / "net.onnx", before + nodes, [1, 1, 28, 28], **WEIGHTS, **scale)
    )
    assert imported.activation == name
    assert [kernel.shape for kernel in imported.kernels] == [(784, 6), (6, 10)]
    assert_allclose(imported.kernels[0], W1 / 0.31, rtol=1e-5)
    x = function(IMAGE.ravel() @ imported.kernels[0] + imported.biases[0])
    assert_allclose(
        x @ imported.kernels[1] + imported.biases[1], imported.predict(IMAGE), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize(
    "change",
    [
        {3: ("Softplus", "a1", "h1", {})},
        {3: ("Mul", "a1 a1", "h1", {})},
        {3: ("Div", "b1 a1", "h1", {})},
        {2: ("Relu", "m1", "a1", {}), 3: ("Tanh", "a1", "h1", {})},
    ],
)
def test_graphs_that_are_no_dense_network_have_no_kernels(change, tmp_path):
    nodes = [change.get(index, node) for index, node in enumerate(dense_nodes())]
    path = write(tmp_path / "net.onnx", nodes, [1, 784], **WEIGHTS)
    imported = importing.load(path)
    assert imported.kernels is None
    image = np.asarray(IMAGE).reshape(1, 784)
    (theirs,) = onnxruntime.InferenceSession(path).run(None, {"image": image})
    assert_allclose(imported.predict(IMAGE), theirs[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("final", ["Softmax", "LogSoftmax", "Sigmoid"])
def test_a_final_softmax_or_sigmoid_is_left_out_and_said(final, tmp_path):
    nodes = [*dense_nodes(), (final, "scores", "p", {}), ("Identity", "p", "result", {})]
    imported = importing.load(write(tmp_path / "net.onnx", nodes, [1, 784], ["result"], **WEIGHTS))
    assert imported.description.endswith(f"logits read before the final {final}")
    assert_allclose(imported.predict(IMAGE), np.maximum(HIDDEN, 0) @ W2 + B2, rtol=1e-4, atol=1e-4)
    hidden = importing.load(tmp_path / "net.onnx", Settings(output="a1"))
    assert_allclose(hidden.predict(IMAGE), HIDDEN, rtol=1e-4, atol=1e-4)


def test_shapes_computed_inside_the_graph(tmp_path):
    nodes = [
        ("Shape", "image", "shape", {}),
        ("Gather", "shape zero", "n", {}),
        ("Unsqueeze", "n axis", "n1", {}),
        ("Concat", "n1 rest", "wanted", {"axis": 0}),
        ("Reshape", "image wanted", "flat", {}),
        *dense_nodes()[1:],
    ]
    whole = {"zero": np.int64(0), "axis": np.array([0]), "rest": np.array([-1])}
    imported = importing.load(write(tmp_path / "net.onnx", nodes, ["n", 1, 28, 28], **WEIGHTS, **whole))
    assert_allclose(imported.predict(IMAGE), np.maximum(HIDDEN, 0) @ W2 + B2, rtol=1e-4, atol=1e-4)


def refuse(path, message, settings=None):
    with pytest.raises(NetworkFileError, match=message) as refusal:
        importing.load(path, settings)
    assert "\n" not in str(refusal.value)


def test_an_operator_that_is_not_there_is_named(tmp_path):
    nodes = [("Det", "image", "d", {}), ("NonZero", "d", "x", {}), ("Cast", "x", "scores", {"to": 1})]
    refuse(write(tmp_path / "net.onnx", nodes, [1, 28, 28]), "net.onnx also needs Det, NonZero: export")


@pytest.mark.parametrize("shape", [[64, 784], [1, 3, 28, 28], ["n", 1, 32, 32], [1, 783]])
def test_an_input_that_is_no_image_is_refused(shape, tmp_path):
    path = write(tmp_path / "net.onnx", dense_nodes(), shape, **WEIGHTS)
    refuse(path, r"Expected an input of 28 x 28 pixels.*takes image \[.*set image_shape")


def test_a_graph_whose_weights_do_not_fit_is_refused(tmp_path):
    path = write(tmp_path / "net.onnx", dense_nodes(), [1, 784], **{**WEIGHTS, "W1": W1[:-1]})
    refuse(path, r"MatMul \(-> m1\) fails")


def test_outputs_must_be_one_or_named(tmp_path):
    path = write(tmp_path / "net.onnx", dense_nodes(), [1, 784], ["h1", "scores"], **WEIGHTS)
    refuse(path, "one output of floating-point numbers in net.onnx, whose outputs are h1, scores; set output")
    refuse(path, "a tensor 'logits' in net.onnx", Settings(output="logits"))
    logits = importing.load(path, Settings(output="scores")).predict(IMAGE)
    assert_allclose(logits, np.maximum(HIDDEN, 0) @ W2 + B2, rtol=1e-4, atol=1e-4)


def test_one_number_is_no_classifier_and_two_inputs_are_no_image(tmp_path):
    nodes = [("ReduceMean", "image", "scores", {"keepdims": 1})]
    refuse(write(tmp_path / "one.onnx", nodes, [1, 784]), "two or more classes from one.onnx, got 1 number")
    nodes = [("Add", "image other", "scores", {})]
    path = write(tmp_path / "two.onnx", nodes, [1, 784], inputs=("image", "other"))
    refuse(path, "one input, the image; two.onnx has image, other")

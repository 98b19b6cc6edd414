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


@pytest.mark.parametrize("final", ["Softmax", "LogSoftmax", "Sigmoid", "Relu"])
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


def test_a_batch_that_the_graph_computes_itself_is_constant_and_a_dense_graph_is_found(tmp_path):
    """As PyTorch's exporter writes a dynamic batch: Shape with start and end, and the batch size concatenated."""
    nodes = [
        ("Shape", "image", "n", {"start": 0, "end": 1}),
        ("Concat", "n rest", "wanted", {"axis": 0}),
        ("Reshape", "image wanted", "flat", {}),
        ("Transpose", "W1t", "W1", {}),
        *dense_nodes()[1:],
    ]
    whole = {"rest": np.array([784]), "W1t": W1.T, "b1": B1, "W2": W2, "b2": B2}
    imported = importing.load(write(tmp_path / "net.onnx", nodes, ["n", 1, 28, 28], **whole))
    assert [kernel.shape for kernel in imported.kernels] == [(784, 6), (6, 10)]
    assert_allclose(imported.kernels[0], W1, rtol=1e-6)
    assert imported.description.endswith("Reshape, MatMul, Add, Relu, Gemm")
    given = np.asarray(IMAGE).reshape(1, 1, 28, 28)
    assert_allclose(
        imported.predict(IMAGE), by_onnxruntime(tmp_path / "net.onnx", "scores", image=given)[0], rtol=1e-5
    )


def test_inputs_that_the_logits_do_not_need_are_pruned(tmp_path):
    """Labels for a loss, and the ratio of a dropout."""
    nodes = [
        *dense_nodes()[:-1],
        ("Dropout", "h1 keep_prob", "d1", {}),
        ("Gemm", "d1 W2 b2", "scores", {}),
        ("Sub", "scores labels", "loss", {}),
    ]
    path = write(tmp_path / "net.onnx", nodes, [1, 784], inputs=("image", "labels"), **WEIGHTS)
    model = onnx.load(path)
    model.graph.input.append(helper.make_tensor_value_info("keep_prob", TensorProto.FLOAT, []))
    onnx.save(model, path)
    assert_allclose(
        importing.load(path).predict(IMAGE), np.maximum(HIDDEN, 0) @ W2 + B2, rtol=1e-4, atol=1e-4
    )


def test_the_logarithm_of_a_softmax_gives_logits_and_no_infinity(tmp_path):
    weights = {**WEIGHTS, "W2": 1000 * W2}  # the softmax underflows
    nodes = [*dense_nodes(), ("Softmax", "scores", "p", {}), ("Log", "p", "result", {})]
    imported = importing.load(write(tmp_path / "net.onnx", nodes, [1, 784], ["result"], **weights))
    assert imported.description.endswith("logits read before the final Log of Softmax")
    assert_allclose(imported.predict(IMAGE), np.maximum(HIDDEN, 0) @ weights["W2"] + B2, rtol=1e-4)


def test_one_sigmoid_answers_for_two_classes(tmp_path):
    nodes = [("Gemm", "image w", "z", {}), ("Sigmoid", "z", "scores", {})]
    path = write(tmp_path / "net.onnx", nodes, [1, 784], w=W1[:, :1] / 10)
    probability = jax.nn.softmax(importing.load(path).predict(IMAGE))
    theirs = by_onnxruntime(path, "scores", image=np.asarray(IMAGE).reshape(1, 784))
    assert_allclose(probability, [1 - theirs[0, 0], theirs[0, 0]], atol=1e-5)


def test_what_runtimes_accept_and_the_checker_does_not_is_read(tmp_path):
    """Unsorted nodes, no name of the graph, an output that is listed twice."""
    model = onnx.load(write(tmp_path / "net.onnx", dense_nodes(), [1, 784], **WEIGHTS))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes[::-1])
    model.graph.output.append(model.graph.output[0])
    model.graph.name = ""
    onnx.save(model, tmp_path / "odd.onnx")
    imported = importing.load(tmp_path / "odd.onnx")
    assert_allclose(imported.predict(IMAGE), np.maximum(HIDDEN, 0) @ W2 + B2, rtol=1e-4, atol=1e-4)
    assert imported.kernels is not None


def test_scikit_learns_linear_model_as_skl2onnx_writes_it(tmp_path):
    """LinearClassifier, Normalizer and ZipMap: the scores before all of them are the logits."""
    attributes = {"coefficients": W1[:, :3].T.ravel().tolist(), "classlabels_ints": [0, 1, 2]}
    classifier = helper.make_node(
        "LinearClassifier",
        ["image"],
        ["label", "raw"],
        domain="ai.onnx.ml",
        post_transform="LOGISTIC",
        **attributes,
    )
    norm = helper.make_node("Normalizer", ["raw"], ["probabilities"], domain="ai.onnx.ml", norm="L1")
    zipped = helper.make_node(
        "ZipMap", ["probabilities"], ["map"], domain="ai.onnx.ml", classlabels_int64s=[0, 1, 2]
    )
    kind = helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
    outputs = [
        helper.make_tensor_value_info("label", TensorProto.INT64, [None]),
        helper.make_value_info("map", helper.make_sequence_type_proto(kind)),
    ]
    given = helper.make_tensor_value_info("image", TensorProto.FLOAT, [None, 784])
    graph = helper.make_graph([classifier, norm, zipped], "sklearn", [given], outputs)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), tmp_path / "net.onnx")
    imported = importing.load(tmp_path / "net.onnx")
    assert_allclose(imported.predict(IMAGE), np.asarray(IMAGE).ravel() @ W1[:, :3], rtol=1e-4)
    assert "before the final Normalizer of Logistic" in imported.description
    assert_allclose(imported.kernels[0], W1[:, :3], rtol=1e-5)


def refuse(path, message, settings=None):
    with pytest.raises(NetworkFileError, match=message) as refusal:
        importing.load(path, settings)
    assert "\n" not in str(refusal.value)


def test_an_operator_that_is_not_there_is_named(tmp_path):
    nodes = [("Det", "image", "d", {}), ("NonZero", "d", "x", {}), ("Cast", "x", "scores", {"to": 1})]
    refuse(write(tmp_path / "net.onnx", nodes, [1, 28, 28]), "net.onnx also needs Det, NonZero: export")


@pytest.mark.parametrize(
    ("shape", "remedy"),
    [
        ([1, 3, 28, 28], "set channels to 3"),
        (["n", 1, 32, 32], "set pad to 2 or resize to 32,32"),
        ([1, 196], "set resize to 14,14"),
        (["n", 32, 32, 3], "set channels to 3 and pad to 2 or resize to 32,32"),
        ([1, 783], "export it for images"),
    ],
)
def test_an_input_that_does_not_fit_is_refused_with_the_setting_that_would(shape, remedy, tmp_path):
    path = write(tmp_path / "net.onnx", dense_nodes(), shape, **WEIGHTS)
    refuse(path, rf"Expected an input of 28 x 28 pixels.*takes image \[.*: {remedy}\.$")


def halved(image):
    """Bilinear with antialiasing: each new pixel is a triangle over four old ones along each axis."""
    weights = np.maximum(0, 1 - np.abs(2 * np.arange(14)[:, None] + 0.5 - np.arange(28)) / 2)
    weights = (weights / weights.sum(1, keepdims=True)).astype(np.float32)
    return weights @ image @ weights.T


def by_onnxruntime(path, output, **given):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    model = onnx.load(path)
    if output not in {value.name for value in model.graph.output}:
        model.graph.output.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, None))
        model.graph.output[-1].type.tensor_type.shape.SetInParent()
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return session.run([output], given)[0]


@pytest.mark.parametrize(
    ("shape", "settings", "prepare"),
    [
        (["n", 784, 1], {}, lambda x: x.reshape(1, 784, 1)),
        ([1, 1, 784], {}, lambda x: x.reshape(1, 1, 784)),
        ([5, 1, 28, 28], {}, lambda x: np.stack([x.reshape(1, 28, 28)] * 5)),
        ([1, 32, 32, 1], {"pad": 2}, lambda x: np.pad(x, 2).reshape(1, 32, 32, 1)),
        (["n", 196], {"resize": (14, 14)}, lambda x: halved(x).reshape(1, 196)),
        (["n", 3, 28, 28], {"channels": 3}, lambda x: np.stack([x] * 3)[None]),
        (
            ["n", 28, 28, 3],
            {"channels": 3, "input_range": "-1..1", "pixel_order": "columns"},
            lambda x: np.stack([2 * x.T - 1] * 3, -1)[None],
        ),
    ],
)
def test_other_shapes_of_input_give_onnxruntimes_logits_and_dense_kernels(shape, settings, prepare, tmp_path):
    batch = shape[0] if isinstance(shape[0], int) else 1
    w1 = RANDOM.normal(size=(int(np.prod(shape[1:])), 6)).astype(np.float32) / 30
    path = write(tmp_path / "net.onnx", dense_nodes(), shape, **{**WEIGHTS, "W1": w1})
    imported = importing.load(path, Settings(**settings))
    image = np.asarray(IMAGE)
    theirs = by_onnxruntime(path, "scores", image=prepare(image))
    assert theirs.shape == (batch, 10)
    assert_allclose(imported.predict(image), theirs[0], atol=1e-5)
    hidden = np.maximum(image.ravel() @ imported.kernels[0] + imported.biases[0], 0)
    assert_allclose(hidden @ imported.kernels[1] + imported.biases[1], theirs[0], atol=1e-4)


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

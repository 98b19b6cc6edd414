"""Files from PyTorch, scikit-learn and NumPy, against onnxruntime, the frameworks' own accuracy, and refusals."""

import pickle
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.testing import assert_allclose
from onnx import TensorProto, helper

from research import data, importing
from research.attribution import causal_index
from research.importing import NetworkFileError, Settings

MATERIAL = Path(__file__).parents[1] / "material"


@pytest.fixture(scope="module")
def test_set():
    """The 10,000 test images in [0, 1] and their labels."""
    test = data.load("mnist", "test")
    return test.images.astype(np.float32) / 255, test.labels


def all_logits(predict, images):
    return np.asarray(jax.jit(partial(jax.lax.map, predict, batch_size=1000))(jnp.asarray(images)))


@pytest.mark.parametrize(
    ("name", "scores", "accuracy"),
    [
        ("torch_dense.onnx", "softmax", 0.9231),
        ("torch_cnn.onnx", None, 0.9820),
        ("sklearn_relu.onnx", "softmax", 0.9208),
    ],
)
def test_onnx_graphs_give_onnxruntimes_logits_on_the_whole_test_set(name, scores, accuracy, test_set):
    images, labels = test_set
    imported = importing.load(MATERIAL / name)
    model = onnx.load(MATERIAL / name)
    if scores == "softmax":  # ask onnxruntime, too, for what enters the final softmax
        entering = next(node.input[0] for node in model.graph.node if node.op_type == "Softmax")
        model.graph.output.append(helper.make_tensor_value_info(entering, TensorProto.FLOAT, ["batch", 10]))
        assert "before the final Softmax" in imported.description
    session = onnxruntime.InferenceSession(model.SerializeToString())
    given = session.get_inputs()[0]
    output = entering if scores == "softmax" else "scores"
    (theirs,) = session.run([output], {given.name: images.reshape(len(images), *given.shape[1:])})
    ours = all_logits(imported.predict, images)
    assert_allclose(ours, theirs, atol=1e-4)
    assert (ours.argmax(1) == labels).mean() == (theirs.argmax(1) == labels).mean() == accuracy


@pytest.mark.parametrize(
    ("name", "settings", "accuracy"),
    [
        ("torch_logistic.safetensors", Settings(activation="logistic", input_range="-1..1"), 0.9261),
        ("sklearn_tanh.npz", Settings(activation="tanh"), 0.9334),
    ],
)
def test_arrays_give_the_frameworks_accuracy(name, settings, accuracy, test_set):
    report = importing.check(importing.load(MATERIAL / name, settings), *test_set)
    assert (report.n, report.hint) == (10_000, None)
    assert report.accuracy == pytest.approx(accuracy, abs=1e-6)
    assert str(report) == f"test accuracy {100 * accuracy:.2f} % (n = 10000)"


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("torch_dense.onnx", Settings()),
        ("torch_dense.onnx", Settings(input_range="standardised", pixel_order="columns")),
        ("sklearn_relu.onnx", Settings(inverted=True)),
        ("sklearn_tanh.npz", Settings(activation="tanh", input_range="-1..1", pixel_order="columns")),
        ("torch_logistic.safetensors", Settings(activation="logistic", input_range="0..255", inverted=True)),
    ],
)
def test_kernels_and_biases_are_the_network_as_a_function_of_the_image(name, settings):
    imported = importing.load(MATERIAL / name, settings)
    activation = {"relu": jax.nn.relu, "tanh": jnp.tanh, "logistic": jax.nn.sigmoid}[imported.activation]
    image = jax.random.uniform(jax.random.key(0), (28, 28))
    x = image.ravel()
    for kernel, bias in zip(imported.kernels[:-1], imported.biases[:-1], strict=True):
        x = activation(x @ kernel + bias)
    logits = x @ imported.kernels[-1] + imported.biases[-1]
    assert_allclose(logits, imported.predict(image), rtol=1e-4, atol=1e-3)


def test_causal_index_of_an_imported_relu_network_is_its_jacobian_where_all_gates_count():
    imported = importing.load(MATERIAL / "torch_dense.onnx")
    image = jax.random.uniform(jax.random.key(1), (28, 28))
    paths = causal_index.gated_product(imported.kernels, imported.biases, image.ravel())
    mean = causal_index.mean_jacobian(imported.predict, image[None])
    assert_allclose(mean.reshape(10, 784), paths, atol=1e-4)
    assert importing.load(MATERIAL / "torch_cnn.onnx").kernels is None


@pytest.mark.parametrize(
    ("name", "right", "wrong", "hint"),
    [
        (
            "torch_logistic.safetensors",
            {"input_range": "-1..1"},
            {"input_range": "0..255"},
            "input_range=-1..1",
        ),
        ("sklearn_tanh.npz", {}, {"pixel_order": "columns"}, "pixel_order=rows"),
        ("sklearn_tanh.npz", {}, {"activation": "relu"}, "activation=tanh"),
        (
            "torch_cnn.onnx",
            {},
            {"pixel_order": "columns", "inverted": True},
            "pixel_order=rows, inverted=False",
        ),
    ],
)
def test_a_wrong_setting_shows_and_the_hint_names_the_right_one(name, right, wrong, hint, test_set):
    activation = {"torch_logistic.safetensors": "logistic", "sklearn_tanh.npz": "tanh"}.get(name)
    settings = replace(replace(Settings(activation=activation), **right), **wrong)
    images, labels = (x[:2000] for x in test_set)
    report = importing.check(importing.load(MATERIAL / name, settings), images, labels)
    assert report.accuracy < 0.8
    assert report.hint.startswith(f"{hint} would give 9")


def test_the_hint_speaks_above_90_percent_but_not_within_the_error():
    random = np.random.default_rng(0)
    arrays = {"w": random.normal(size=(784, 10)), "b": random.normal(size=10)}
    images = np.asarray(jax.random.uniform(jax.random.key(0), (1000, 28, 28)))
    right = importing.dense.from_arrays(arrays, Settings(input_range="0..255"), "right")
    truth = np.asarray(all_logits(right.predict, images)).argmax(1).astype(np.int32)
    wrong = importing.check(importing.dense.from_arrays(arrays, Settings(), "wrong"), images, truth)
    assert 0.9 < wrong.accuracy < 0.99
    assert wrong.hint == "input_range=0..255 would give 100.0 % (first 1000 images)"
    nearly = importing.dense.from_arrays(arrays | {"b": arrays["b"] / 100}, Settings(), "nearly")
    report = importing.check(nearly, images, truth)
    assert report.accuracy < 1
    assert report.hint is None


def test_a_network_that_no_setting_helps_gets_no_false_hope(test_set):
    arrays = {"w": np.random.default_rng(0).normal(size=(784, 10))}
    imported = importing.dense.from_arrays(arrays, Settings(), "noise")
    report = importing.check(imported, test_set[0][:1000], test_set[1][:1000])
    assert report.accuracy < 0.3
    assert report.hint.startswith("no other")


def test_uint8_images_are_checked_as_images_in_0_1(test_set):
    images, labels = test_set[0][:500], test_set[1][:500]
    imported = importing.load(MATERIAL / "torch_dense.onnx")
    whole = (images * 255).round().astype(np.uint8)
    assert importing.check(imported, whole, labels) == importing.check(imported, images, labels)


def test_images_of_another_size_are_refused(test_set):
    imported = importing.load(MATERIAL / "torch_dense.onnx")
    with pytest.raises(NetworkFileError, match=r"Expected images of \(28, 28\).*got \(8, 8\)"):
        importing.check(imported, np.zeros((3, 8, 8), np.float32), test_set[1][:3])


def write_pickle(path):
    path.write_bytes(pickle.dumps({"W1": 1}))


def write_torch_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"anything")


def write_object_array(path):
    np.savez(path, W1=np.array([{}], dtype=object))


def write_half_of(name):
    def write(path):
        content = (MATERIAL / name).read_bytes()
        path.write_bytes(content[: len(content) // 2])

    return write


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("net.pt", write_torch_zip, r"Expected \.npz, \.onnx, \.safetensors, but net.pt is a pickle"),
        ("net.PKL", write_pickle, "net.PKL is a pickle.*save the weights as .safetensors"),
        ("net.npz", write_pickle, "net.npz is a pickle"),
        ("net.onnx", write_pickle, "net.onnx is a pickle"),
        ("net.npz", write_torch_zip, "net.npz is a pickle"),
        ("net.npz", write_object_array, "Expected a whole .npz archive of plain arrays.*allow_pickle"),
        ("net.npz", write_half_of("sklearn_tanh.npz"), "net.npz cannot be read"),
        ("net.safetensors", write_half_of("torch_logistic.safetensors"), "net.safetensors cannot be read"),
        (
            "net.onnx",
            write_half_of("torch_cnn.onnx"),
            "Expected a whole ONNX graph, but net.onnx cannot be read",
        ),
        ("net.onnx", lambda path: path.write_bytes(b""), "net.onnx cannot be read"),
        ("net.npz", lambda path: path.write_bytes(b""), "net.npz cannot be read"),
        ("net.h5", lambda path: path.write_bytes(b"x"), "Expected .npz, .onnx, .safetensors, got net.h5"),
        ("net.onnx", lambda path: None, "there is none at .*net.onnx"),
    ],
)
def test_files_that_cannot_be_read_are_refused_in_one_line(name, write, message, tmp_path):
    write(tmp_path / name)
    with pytest.raises(NetworkFileError, match=message) as refusal:
        importing.load(tmp_path / name)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"input_range": "0-1"}, "unknown input_range '0-1'; known: -1..1, 0..1, 0..255, standardised"),
        ({"orientation": "T"}, "unknown orientation 'T'; known: auto, in_out, out_in"),
        ({"resize": (0, 14)}, "resize must be at least 1 each"),
        ({"max_memory": 0.0}, "max_memory must be positive"),
    ],
)
def test_settings_that_do_not_fit_say_which_do(setting, message):
    with pytest.raises(ValueError, match=message):
        Settings(**setting)

"""`launch.read`: accuracy first, then the reading, into a run folder; bad files are one line and exit code 2."""

import json
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import onnx
import pytest
import xarray as xr
from numpy.testing import assert_allclose
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

from research import data, importing
from research.attribution import causal_index
from research.importing import Settings, figures, read
from research.runs import folders
from research.runs.store import Run, as_dict

MATERIAL = Path(__file__).parents[1] / "material"
ROOT = Path(__file__).parents[2]


def said(config, folder):
    lines = []
    lines += read.read(config, folder, lines.append)
    return lines


def test_the_causal_index_of_a_dense_graph(tmp_path):
    path = MATERIAL / "torch_dense.onnx"
    description, accuracy, resemblance = said(read.Config(str(path)), tmp_path)
    assert description.startswith("torch_dense.onnx: graph")
    assert accuracy == "test accuracy 92.31 % (n = 10000)"
    assert resemblance.startswith("resemblance of map and digit")
    results = Run(tmp_path).results()
    expected = causal_index.weight_product(importing.load(path).kernels)
    assert_allclose(results["map"].values.reshape(10, 784), expected, atol=1e-6)
    r = [
        np.corrcoef(a.ravel(), b.ravel())[0, 1]
        for a, b in zip(results["map"].values, results.contrast.values)
    ]
    assert_allclose(results.resemblance, r, atol=1e-5)
    assert (results.attrs["reading"], results.attrs["accuracy_n"]) == ("causal_index", 10_000)
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["settings"]["input_range"] == "0..1"
    assert len(config["sha256"]) == 64
    names = {p.name for p in (tmp_path / "figures").iterdir()}
    assert names == {"maps.pdf", "maps.png", "maps.webp"}
    assert (tmp_path / "provenance.json").exists()


def test_the_mean_jacobian_of_a_cnn_at_training_images(tmp_path):
    path = MATERIAL / "torch_cnn.onnx"
    lines = said(read.Config(str(path), "mean_jacobian", images=30), tmp_path)
    assert lines[1] == "test accuracy 98.20 % (n = 10000)"
    results = Run(tmp_path).results()
    images = data.load("mnist", "train").images[::2000].astype(np.float32) / 255
    expected = causal_index.mean_jacobian(importing.load(path).predict, images)
    assert results.attrs["images"] == len(images) == 30
    assert_allclose(results["map"], expected, atol=1e-5)


OWN_READING = """
import jax

def gain(predict, images):
    return jax.vmap(jax.jacrev(predict))(images).mean(0)

def flat(predict, images):
    return images.reshape(len(images), -1)
"""


def test_a_reading_of_ones_own_by_its_path(tmp_path, monkeypatch):
    (tmp_path / "their_readings.py").write_text(OWN_READING)
    path = str(MATERIAL / "torch_dense.onnx")
    command = [
        sys.executable, "-m", "launch.read", f"--network={path}", "--images=20",
    ]  # fmt: skip
    env = os.environ | {"PYTHONPATH": f"{ROOT}:{tmp_path}"}

    def run(reading):
        whole = [*command, f"--reading={reading}", f"--workdir={tmp_path / reading.partition(':')[2]}"]
        return subprocess.run(whole, cwd=ROOT, env=env, capture_output=True, text=True, check=False)

    done = run("their_readings:gain")
    assert done.returncode == 0, done
    results = Run(tmp_path / "gain").results()
    images = data.load("mnist", "train").images[::3000].astype(np.float32) / 255
    expected = causal_index.mean_jacobian(importing.load(path).predict, images)
    assert_allclose(results["map"], expected, atol=1e-5)
    for reading, says in (
        ("their_readings:flat", "must give one map for each output, (10, 28, 28), got (20, 784)"),
        ("their_readings:gone", "their_readings has no function 'gone' (predict, images [n h w]) -> maps"),
        ("gone_with:it", "the plugin gone_with cannot be imported from here"),
    ):
        refused = run(reading)
        assert refused.returncode == 2, refused
        assert says in refused.stderr
        assert refused.stderr.count("\n") == 1, refused.stderr


def test_identikits_are_what_the_network_says_they_are(tmp_path):
    path = MATERIAL / "sklearn_tanh.npz"
    settings = Settings(activation="tanh")
    config = read.Config(str(path), "identikits", settings, restarts=1, method="ascent")
    *_, summary = said(config, tmp_path)
    results = Run(tmp_path).results()
    assert summary.startswith(f"{int(results.reached.sum())} of 10 identikits reach 0.99, after ")
    predict = importing.load(path, settings).predict
    images = results.image.values.reshape(10, 28, 28)
    probability = jax.vmap(lambda image: jax.nn.softmax(predict(image)))(images)
    assert_allclose(np.diagonal(probability), results.confidence.values.ravel(), atol=1e-3)
    assert (tmp_path / "figures" / "identikits.png").exists()


def test_a_wrong_setting_is_said_with_the_one_that_would_do_better(tmp_path):
    settings = Settings(activation="tanh", pixel_order="columns")
    _, accuracy, *_ = said(read.Config(str(MATERIAL / "sklearn_tanh.npz"), settings=settings), tmp_path)
    assert "pixel_order=rows would give 9" in accuracy
    assert "pixel_order=rows" in Run(tmp_path).results().attrs["hint"]


def graph(path, operator, inputs, classes=10):
    """A graph of one operator that takes images [inputs] to `classes` numbers."""
    weight = np.ones((int(np.prod(inputs)), classes), np.float32)
    nodes = [
        helper.make_node("Reshape", ["image", "shape"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weight"], ["mixed"]),
        helper.make_node(operator, ["mixed"], ["logits"]),
    ]
    made = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, *inputs])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, classes])],
        [
            onnx.numpy_helper.from_array(np.array([1, -1]), "shape"),
            onnx.numpy_helper.from_array(weight, "weight"),
        ],
    )
    onnx.save(helper.make_model(made), path)


def broken(tmp_path, name):
    path = tmp_path / name
    if name == "cut.onnx":
        path.write_bytes((MATERIAL / "torch_cnn.onnx").read_bytes()[:5000])
    elif name == "net.pt":
        path.write_bytes(pickle.dumps({"weight": 1}))
    elif name == "odd.onnx":
        graph(path, "Sinh", (28, 28))
    elif name == "small.onnx":
        graph(path, "Relu", (8, 8))
    return path


BROKEN = [
    ("none.npz", "there is none at"),
    ("cut.onnx", "cut.onnx cannot be read"),
    ("net.pt", "is a pickle"),
    ("odd.onnx", "also needs Sinh"),
    ("small.onnx", "Expected an input of 28 x 28 pixels"),
]


@pytest.mark.parametrize("name", ["net.npz", "net.safetensors", "net.onnx"])
def test_weights_of_nan_are_refused_and_the_tensor_is_named(name, tmp_path):
    bad = np.zeros((784, 10), np.float32)
    bad[3, 4] = np.nan
    if name == "net.onnx":
        model = onnx.load(MATERIAL / "torch_dense.onnx")
        tensor = next(t for t in model.graph.initializer if len(t.dims) == 2)
        tensor.CopyFrom(
            numpy_helper.from_array(numpy_helper.to_array(tensor) * np.float32(np.nan), tensor.name)
        )
        onnx.save(model, tmp_path / name)
        named = tensor.name
    else:
        save = {"net.npz": np.savez, "net.safetensors": lambda path, **arrays: save_file(arrays, path)}[name]
        save(tmp_path / name, W1=bad, b1=np.zeros(10, np.float32))
        named = "W1"
    with pytest.raises(ValueError, match=f"the weights of {name} hold NaN in tensor '{named}'"):
        said(read.Config(str(tmp_path / name)), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_network_that_answers_with_nan_is_refused(tmp_path):
    np.savez(
        tmp_path / "net.npz", W1=np.full((784, 10), 3e38, np.float32), b1=np.full(10, -np.inf, np.float32)
    )
    with pytest.raises(ValueError, match="it answers 10,000 of 10,000 images with NaN"):
        said(read.Config(str(tmp_path / "net.npz")), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_other_classes_than_the_data_has_are_read_without_accuracy_or_by_their_labels(tmp_path):
    graph(tmp_path / "three.onnx", "Identity", (28, 28), classes=3)
    config = read.Config(str(tmp_path / "three.onnx"))
    _, accuracy, resemblance = said(config, tmp_path / "run")
    assert accuracy.startswith("no accuracy: 3 outputs, but mnist has 10 classes; --labels=")
    assert resemblance.startswith("no resemblance")
    results = Run(tmp_path / "run").results()
    assert np.isnan(results.attrs["accuracy"])
    assert results.sizes["class"] == 3
    labelled = replace(config, settings=Settings(labels=(7, 2, -1)))
    _, accuracy, _ = said(labelled, tmp_path / "labelled")
    sevens = np.mean(
        data.load("mnist", "test").labels == 7
    )  # every logit is the same, so every answer is the first
    assert accuracy.startswith(f"test accuracy {100 * sevens:.2f} %")
    with pytest.raises(ValueError, match="one label for each of the 3 outputs, got 2"):
        said(replace(config, settings=Settings(labels=(7, 2))), tmp_path / "wrong")


def test_digits_from_elsewhere_are_scored_or_only_read(tmp_path):
    test = data.load("mnist", "test")
    np.savez(tmp_path / "some.npz", x=test.images[:300], y=test.labels[:300])
    np.savez(tmp_path / "bare.npz", x=test.images[:300])
    config = read.Config(str(MATERIAL / "torch_dense.onnx"), data=str(tmp_path / "some.npz"))
    _, accuracy, resemblance = said(config, tmp_path / "some")
    right = importing.check(importing.load(config.network), test.images[:300], test.labels[:300])
    assert accuracy == str(right)
    assert resemblance.startswith("resemblance of map and digit")
    lines = said(replace(config, data=str(tmp_path / "bare.npz")), tmp_path / "bare")
    assert lines[1].endswith("bare.npz have no labels")
    assert lines[2].startswith("no resemblance")


def test_a_folder_is_never_overwritten_by_another_reading_in_silence(tmp_path):
    config = read.Config(str(MATERIAL / "torch_dense.onnx"), raw_weights=True)
    with folders.claimed(tmp_path, read.HOLDS):
        Run(tmp_path).write(as_dict(config), xr.Dataset(), {})
    with pytest.raises(
        ValueError, match="another config .sha256 was .*; choose another --workdir, or --force"
    ):
        said(config, tmp_path)
    with (
        folders.claimed(tmp_path / "run", "recognisers"),
        pytest.raises(ValueError, match="holds recognisers"),
    ):
        said(config, tmp_path / "run")


def test_the_scale_of_the_input_is_said_and_can_be_left_out(tmp_path):
    path = str(MATERIAL / "torch_dense.onnx")
    scaled = Settings(input_range="0..255")
    *_, said_scale, _ = said(read.Config(path, settings=scaled), tmp_path / "scaled")
    assert said_scale.startswith("maps are for the image in [0, 1]: 255 times")
    said(read.Config(path, settings=scaled, raw_weights=True), tmp_path / "raw")
    maps = [Run(tmp_path / name).results()["map"].values for name in ("scaled", "raw")]
    assert_allclose(maps[0], 255 * maps[1], rtol=1e-5)


def test_restarts_of_the_ascent_differ_and_what_is_missed_has_its_reason(tmp_path):
    path = str(MATERIAL / "torch_dense.onnx")
    config = read.Config(
        path, "identikits", method="ascent", restarts=2, budget=12, target=0.999999, rate=0.001
    )
    *_, summary, why = said(config, tmp_path / "two")
    assert summary.startswith(
        "0 of 20 identikits reach 0.999999, after 12 evaluations in the median; confidence 0."
    )
    assert why.startswith(
        "those that do not: 20 end with their budget of 12 evaluations (--budget); no test image"
    )
    blank = replace(config, start="blank")
    *_, summary, _ = said(blank, tmp_path / "blank")
    assert summary.startswith("0 of 20 identikits (10 different images: give --start=low_noise) reach")


@pytest.mark.parametrize(("name", "says"), BROKEN)
def test_a_file_that_cannot_be_read_is_one_line(name, says, tmp_path):
    with pytest.raises(ValueError, match=says) as refusal:
        said(read.Config(str(broken(tmp_path, name))), tmp_path / "run")
    assert "\n" not in str(refusal.value)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (read.Config("net.onnx", rate=0.1), "rate is the step of --method=ascent"),
        (read.Config(str(MATERIAL / "torch_cnn.onnx")), "--reading=mean_jacobian asks the same"),
    ],
)
def test_a_reading_that_cannot_be_made_is_one_line(config, says, tmp_path):
    with pytest.raises(ValueError, match=says):
        said(config, tmp_path / "run")


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--network={tmp}/net.pt"], "is a pickle"),
        (["--network={tmp}/net.pt", "--input_range=0..2"], "unknown input_range '0..2'; known: -1..1, 0..1"),
        (["--reading=causal_index"], "network"),
    ],
)
def test_the_command_answers_bad_input_with_one_line_and_exit_code_2(flags, says, tmp_path):
    broken(tmp_path, "net.pt")
    outcome = subprocess.run(
        [sys.executable, "-m", "launch.read", *(flag.format(tmp=tmp_path) for flag in flags)],
        cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert outcome.returncode == 2, outcome
    assert says in outcome.stderr
    assert outcome.stderr.startswith("error: ")
    assert outcome.stderr.count("\n") == 1, outcome.stderr


def test_the_rows_of_maps_stand_below_each_other():
    random = np.random.default_rng(0)
    values = {name: (("class", "y", "x"), random.normal(size=(10, 28, 28))) for name in ("map", "contrast")}
    found = xr.Dataset(values | {"resemblance": ("class", np.zeros(10))}, {"class": np.arange(10)})
    drawing = figures.ten_maps(found)
    drawing.canvas.draw()
    edges = [ax.get_window_extent().intervalx for ax in drawing.axes[:3]]
    assert_allclose(edges, [edges[0]] * 3, atol=1)

"""Which array is what: names and orientations of different frameworks all give the same network."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from numpy.testing import assert_allclose

from research import importing
from research.importing import NetworkFileError, Settings
from research.importing.dense import from_arrays

RANDOM = np.random.default_rng(1)
SETTINGS = Settings(activation="tanh", image_shape=(4, 3))
W1, W2, W3 = (RANDOM.normal(size=shape).astype(np.float32) for shape in ((12, 5), (5, 5), (5, 3)))
B1, B2, B3 = (RANDOM.normal(size=size).astype(np.float32) for size in (5, 5, 3))
IMAGE = jax.random.uniform(jax.random.key(0), (4, 3))
LOGITS = np.tanh(np.tanh(IMAGE.ravel() @ W1 + B1) @ W2 + B2) @ W3 + B3

NAMES = {
    "numpy": ["W1", "b1", "W2", "b2", "W3", "b3"],
    "scikit-learn": ["coefs_0", "intercepts_0", "coefs_1", "intercepts_1", "coefs_2", "intercepts_2"],
    "flax": [f"Dense_{i}/{kind}" for i in range(3) for kind in ("kernel", "bias")],
    "keras": [f"dense_{i}/{kind}:0" for i in (8, 9, 10) for kind in ("kernel", "bias")],
    "positional": [f"arr_{i}" for i in range(6)],
    "words": ["hidden.w", "hidden.b", "middle.w", "middle.b", "output.w", "output.b"],
}


@pytest.mark.parametrize("framework", NAMES)
def test_names_of_many_frameworks_are_understood(framework):
    arrays = dict(zip(NAMES[framework], (W1, B1, W2, B2, W3, B3), strict=True))
    backwards = dict(reversed(arrays.items()))
    for given in (arrays, backwards):
        imported = from_arrays(given, SETTINGS, "file")
        assert_allclose(imported.predict(IMAGE), LOGITS, atol=1e-5)


def test_kernels_stored_as_out_in_are_recognised_square_ones_included():
    names = [f"layers.{i}.{kind}" for i in (0, 2, 4) for kind in ("weight", "bias")]
    arrays = dict(zip(names, (W1.T, B1, W2.T, B2, W3.T, B3), strict=True))
    assert_allclose(from_arrays(arrays, SETTINGS, "file").predict(IMAGE), LOGITS, atol=1e-5)


def test_an_order_that_names_do_not_tell_is_found_from_the_shapes():
    arrays = {"z": W1, "z_bias": B1, "a": W3, "a_bias": B3}
    imported = from_arrays(arrays, SETTINGS, "file")
    assert_allclose(imported.predict(IMAGE), np.tanh(IMAGE.ravel() @ W1 + B1) @ W3 + B3, atol=1e-5)


def test_names_in_the_settings_decide():
    arrays = {"p": W1, "q": W2, "r": W2.T, "s": W3, "u": B1, "v": B2, "w": B3, "spare": B1}
    settings = Settings(
        activation="tanh", image_shape=(4, 3), kernels=("p", "q", "s"), biases=("u", "v", "w")
    )
    assert_allclose(from_arrays(arrays, settings, "file").predict(IMAGE), LOGITS, atol=1e-5)


def test_an_orientation_in_the_settings_decides_square_kernels_and_the_check_finds_it():
    arrays = {"W1": W1, "b1": B1, "W2": W2.T, "b2": B2, "W3": W3, "b3": B3}
    told = Settings(activation="tanh", image_shape=(4, 3), orientation="out_in")
    assert_allclose(from_arrays(arrays, told, "file").predict(IMAGE), LOGITS, atol=1e-5)
    images = np.asarray(jax.random.uniform(jax.random.key(1), (400, 4, 3)))
    truth = np.asarray(jax.vmap(from_arrays(arrays, told, "file").predict)(images).argmax(1))
    report = importing.check(from_arrays(arrays, SETTINGS, "file"), images, truth)
    assert report.accuracy < 0.9
    assert report.hint.startswith("orientation=out_in would give 100.0 %")


def test_precision_columns_and_missing_biases():
    arrays = {"W1": W1.astype(np.float64), "W2": W3.astype(np.float16)}
    imported = from_arrays(arrays, SETTINGS, "file")
    expected = np.tanh(IMAGE.ravel() @ W1) @ W3.astype(np.float16).astype(np.float32)
    assert_allclose(imported.predict(IMAGE), expected, atol=1e-5)
    columns = from_arrays({"W1": W1, "b1": B1[:, None], "W2": W3, "b2": B3[None, :]}, SETTINGS, "file")
    assert_allclose(columns.predict(IMAGE), np.tanh(IMAGE.ravel() @ W1 + B1) @ W3 + B3, atol=1e-5)


def test_pixel_order_range_and_ink_prepare_the_image():
    settings = Settings(image_shape=(4, 3), pixel_order="columns", input_range="-1..1", inverted=True)
    imported = from_arrays({"w": RANDOM.normal(size=(12, 3)), "b": B3}, settings, "file")
    folded = {"w": np.asarray(imported.kernels[0]), "b": np.asarray(imported.biases[0])}
    plain = from_arrays(folded, Settings(image_shape=(4, 3)), "file")
    seen = settings.prepare(IMAGE)
    assert_allclose(seen.ravel(), (1 - 2 * np.asarray(IMAGE)).ravel(order="F"), atol=1e-6)
    assert_allclose(plain.predict(IMAGE), imported.predict(IMAGE), atol=1e-5)


def test_a_text_in_the_file_may_say_the_activation(tmp_path):
    np.savez(tmp_path / "net.npz", W1=W1, b1=B1, W2=W3, b2=B3, activation="tanh")
    imported = importing.load(tmp_path / "net.npz", Settings(image_shape=(4, 3)))
    assert imported.activation == "tanh"
    assert_allclose(imported.predict(IMAGE), np.tanh(IMAGE.ravel() @ W1 + B1) @ W3 + B3, atol=1e-5)
    assert from_arrays({"w": np.ones((12, 3))}, Settings(image_shape=(4, 3)), "file").activation is None


@pytest.mark.parametrize("turned", [False, True])
def test_biases_inside_the_kernels_are_taken_apart_and_the_check_knows_the_other_end(turned):
    first = [np.concatenate([b[None], w]) for w, b in ((W1, B1), (W2, B2), (W3, B3))]
    arrays = {f"theta{i}": w.T if turned else w for i, w in enumerate(first)}
    told = from_arrays(arrays, replace(SETTINGS, bias_row="first"), "file")
    assert_allclose(told.predict(IMAGE), LOGITS, atol=1e-5)
    last = {
        f"theta{i}": np.concatenate([w, b[None]]) for i, (w, b) in enumerate(((W1, B1), (W2, B2), (W3, B3)))
    }
    assert_allclose(from_arrays(last, SETTINGS, "file").predict(IMAGE), LOGITS, atol=1e-5)
    assert_allclose(
        from_arrays(arrays, SETTINGS, "file").alternatives["bias_row=first"](IMAGE), LOGITS, atol=1e-5
    )


def test_vectors_that_no_layer_can_have_are_spare():
    arrays = dict(zip(NAMES["numpy"], (W1, B1, W2, B2, W3, B3), strict=True))
    spare = {"losses": np.ones(7), "classes": np.arange(3)}
    assert_allclose(from_arrays(arrays | spare, SETTINGS, "file").predict(IMAGE), LOGITS, atol=1e-5)
    with pytest.raises(NetworkFileError, match="one bias for each"):
        from_arrays(arrays | {"scale": np.ones(5)}, SETTINGS, "file")


@pytest.mark.parametrize(
    ("arrays", "setting", "message"),
    [
        (
            {"W1": W1, "W2": W3},
            {"activation": None},
            "activation of the 1 hidden .* file does not say it; set",
        ),
        (
            {"W1": W1, "W2": W3},
            {"activation": "swish"},
            "got 'swish'; set activation to one of relu, logistic",
        ),
        ({"W": W1.T[:, :-1]}, {}, r"from 12 pixels .*W \(5, 11\) and no order fits.*image_shape"),
        ({}, {}, "file holds no matrix and no order fits"),
        ({"c": W1, "a": W2, "b": W2.T, "d": W3}, {}, "more than one order fits; name them"),
        (
            {"c": np.ones((3, 3, 1, 4))},
            {},
            r"c in file has shape \(3, 3, 1, 4\); name its model .* or export .* .onnx",
        ),
        ({"W1": W1, "W2": W3, "b1": B1}, {}, r"one bias for each of W1, W2, of sizes \[5, 3\].*b1 \(5,\)"),
        ({"W1": W1, "W2": W3, "b1": B3, "b2": B1}, {}, "of sizes"),
        (
            {"0.weight": W1, "0.bias": B1, "1.running_mean": B1, "2.weight": W3, "2.bias": B3},
            {},
            "1.running_mean .*export a network with other layers as .onnx",
        ),
        ({"W1": W1, "W2": W3}, {"kernels": ("W1", "W3")}, r"kernels W1, W3 .*holds W1 \(12, 5\), W2"),
        ({"W1": W1, "W2": W3}, {"kernels": ("W2", "W1")}, "check the names and their order"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_setting_to_use(arrays, setting, message):
    settings = Settings(**{"activation": "tanh", "image_shape": (4, 3), **setting})
    with pytest.raises(NetworkFileError, match=message) as refusal:
        from_arrays(arrays, settings, "file")
    assert "\n" not in str(refusal.value)

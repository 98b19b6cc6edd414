"""A visitor's own network is read, stands beside the others for its own page alone, and goes with it."""

import io
import json
import pickle
import time

import jax
import numpy as np
import pytest
from test_server import ask, good, open_socket
from test_wire import drawing

from research.app import own, wire

PAGE, OTHER = "a" * 32, "b" * 32


@pytest.fixture(scope="module")
def kernel(reader):
    """Of a linear network that reads digits."""
    return np.asarray(reader.pair[1].population.model(0).layers[0].kernel[...])


def file(**arrays):
    np.savez(content := io.BytesIO(), **arrays)
    return content.getvalue()


def titles(live, page):
    return [model["title"] for model in json.loads(ask(live, f"/api/setup?tab={page}")[2])["models"]]


@pytest.mark.parametrize("scale", [1, 255])
def test_a_file_is_read_under_the_input_range_that_reads_best(reader, kernel, scale):
    """A network of bytes has weights as if for 0 to 255; the file does not say so, its accuracy does."""
    tests = reader.base.test_images, reader.base.test_labels
    large = 1 if scale == 1 else 50
    bias = np.float32(20 * (np.arange(10) == 3) * (scale > 1))  # outweighs the rest unless inputs are bytes
    content = file(kernel=kernel * large / scale, bias=bias)
    model, accuracy = own.bring("mine.npz", content, *tests, PAGE)
    x = tests[0][: own.TRIED].astype(np.float32) / 255
    logits = x.reshape(len(x), -1) @ kernel * large + bias
    assert accuracy == pytest.approx((logits.argmax(1) == tests[1][: own.TRIED]).mean(), abs=0.005)
    np.testing.assert_allclose(model.look(model.params, x[:4]), jax.nn.softmax(logits[:4]), atol=1e-3)
    assert (model.title, model.owner) == ("Yours: mine", PAGE)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", b"x", "expected .onnx, .npz, .safetensors"),
        ("a.npz", b"x", "a.npz|network.npz"),
        ("a.npz", pickle.dumps([1]), "pickle"),
        ("a.npz", file(kernel=np.ones((784, 7), np.float32), bias=np.ones(7, np.float32)), "10 outputs"),
    ],
)
def test_what_is_no_network_for_digits_is_refused_in_one_line(reader, name, content, says):
    with pytest.raises(ValueError, match=says):
        own.bring(name, content, reader.base.test_images, reader.base.test_labels, PAGE)


def test_a_network_is_its_page_s_own_and_goes_with_it(live, reader, kernel):
    content, path = (
        file(kernel=kernel, bias=np.zeros(10, np.float32)),
        f"/api/network?name=mine.npz&tab={PAGE}",
    )
    assert ask(live, path, "POST", content)[0] == 409  # the page is not there
    with open_socket(live) as stranger:
        with open_socket_of(live, PAGE) as socket:
            good(socket)
            assert ask(live, path, "POST", b"no network")[0] == 422
            status, _, body = ask(live, path, "POST", content)
            told = json.loads(body)
            number = told["number"]
            assert (status, told["title"], told["accuracy"] > 0.5) == (200, "Yours: mine", True)
            assert titles(live, PAGE)[number] == "Yours: mine"
            assert titles(live, OTHER)[number] == titles(live, "")[number] == ""
            socket.send(drawing(a=2, b=number, c=0, d=0, e=number))
            parts = [socket.recv(timeout=60) for _ in range(2)]
            assert [part[0] for part in parts] == [wire.ANSWER, wire.JACOBIAN]
            slope = np.frombuffer(parts[1], "<f4", offset=8).reshape(10, 784)
            np.testing.assert_allclose(slope, kernel.T, atol=1e-4)
            assert ask(live, f"/api/causal/{number}?tab={PAGE}")[0] == 200
            assert ask(live, f"/api/causal/{number}?tab={OTHER}")[0] == 404
            assert ask(live, f"/api/unit/{number}/conv1/0?tab={PAGE}")[0] == 404
            stranger.send(drawing(a=0, b=number, c=0, d=0, e=0))
            assert "no model" in json.loads(stranger.recv(timeout=20))["error"]
        while PAGE in {visitor.tab for visitor in live.app.visitors}:
            time.sleep(0.01)
        time.sleep(0.1)
        assert titles(live, PAGE)[number] == ""
        good(stranger)
    del reader.models[number:]


def open_socket_of(live, page):
    from websockets.sync.client import connect

    return connect(f"ws://{live.host}/live?tab={page}", open_timeout=20)

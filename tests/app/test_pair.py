"""The plain and the robust network: what the page is told about them is what each says by itself."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_server import ask

from research.app import pair, wire


@pytest.fixture(scope="module")
def image(reader):
    return reader.base.test_images[0].astype(np.float32) / 255


def test_the_adversary_stays_in_its_ball_and_makes_its_own_network_less_sure(reader, image):
    found = pair.beside(reader.pair, image, 1.5)
    for n, model in enumerate(reader.pair):
        np.testing.assert_allclose(found["maps"][n], model.jacobian(image), atol=1e-4)
        label = found["said"][n, 0].argmax()
        assert np.linalg.norm(found["moved"][n] - image) <= 1.5 + 1e-4
        assert 0 <= found["moved"][n].min() <= found["moved"][n].max() <= 1
        assert found["said"][n, 1 + n, label] < found["said"][n, 0, label] - 0.05
        for i, shown in enumerate((image, *found["moved"])):
            expected = jax.nn.softmax(model.population.model(0)(jnp.asarray(shown))[0])
            np.testing.assert_allclose(found["said"][n, i], expected, atol=1e-4)
    np.testing.assert_array_equal(pair.beside(reader.pair, image, 0.0)["moved"][1], image)


def test_each_network_is_sure_of_its_own_alphabet(reader):
    found = pair.alphabets(reader.pair)
    assert found.shape == (2, 10, 28, 28)
    for own, model in zip(found, reader.pair):
        said = np.asarray(model.look(model.params, own.astype(np.float32) / 255))
        assert list(said.argmax(1)) == list(range(10))


def test_the_server_answers_about_both_and_refuses_what_is_no_image(live, image):
    body = image.astype("<f4").tobytes()
    status, _, content = ask(live, "/api/pair?eps=1.5", "POST", body)
    assert status == 200
    assert len(content) == wire.ANSWER_HEAD.size + sum(field.size for field in pair.LAYOUT)
    assert len(ask(live, "/api/alphabets")[2]) == 2 * 10 * 784
    for eps in ("nan", "-1", "99", "x"):
        assert ask(live, f"/api/pair?eps={eps}", "POST", body)[0] == 422
    for wrong in (b"", body[:-4], (2 * image).astype("<f4").tobytes()):
        assert ask(live, "/api/pair", "POST", wrong)[0] == 422
    assert ask(live, "/api/pair", "POST", 2 * body)[0] == 413
    said = json.loads(ask(live, "/api/read", "POST", body)[2])
    mine = [row for row in said if row]  # networks of other pages have none
    np.testing.assert_allclose(np.sum(mine, 1), 1, atol=1e-3)
    assert len(mine) >= 2


def test_while_the_robust_network_is_trained_the_page_is_told(live, monkeypatch):
    monkeypatch.setattr(live.app.reader, "pair", None)
    status, _, body = ask(live, "/api/alphabets")
    assert status == 503
    assert "not ready" in json.loads(body)["error"]


def test_neighbours_have_places_on_every_map(live, reader):
    numbers = [3, reader.settings.points + 5]
    places = np.array(json.loads(ask(live, "/api/places/3,405")[2]))
    for i, name in enumerate(("tsne", "pca", "plane")):
        np.testing.assert_allclose(places[0, i], reader.arrays[name][3], atol=1e-3)
    codes = reader.base.pca.transform(reader.base.images[numbers].reshape(2, -1) / np.float32(255))
    np.testing.assert_allclose(places[:, 1], codes[:, :2], atol=1e-3)
    for wrong in ("", "x", "2000", "1,", ",".join("1" * 40), "9" * 30):
        assert ask(live, f"/api/places/{wrong}")[0] == 404

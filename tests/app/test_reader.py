"""Answers agree with each model, map and reading asked by itself; company changes nothing."""

import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.app import fitted, portrait
from research.app.reader import MAPS
from research.app.wire import NOISE_NAMES, Ask, Draw
from research.data.noise import NOISES
from research.embedding import knn, tsne_place
from research.identikits.api import identikits
from research.training import populations


def draw(image, *, models=(0, 1), noise=0, strength=0.0, seed=0, about=0):
    return Draw(1, image, models, 0, about, noise, strength, seed)


@pytest.fixture(scope="module")
def images(reader):
    return reader.base.test_images[:8].astype(np.float32) / 255


def test_every_answer_is_what_its_reading_says(reader, images):
    base, (answer,) = reader.base, reader.answer([draw(images[0])])
    np.testing.assert_array_equal(answer["seen"], images[0])
    for slot, name in enumerate(["dense3", "cnn_small"]):
        model = base.models[name].model(0)
        expected = jax.nn.softmax(model(jnp.asarray(images[0]))[0])
        np.testing.assert_allclose(answer["probabilities"][slot], expected, atol=1e-5)
    flat = images[0].reshape(1, -1)
    training = base.images.reshape(len(base.images), -1).astype(np.float32) / 255
    _, near, distances = knn.classify(training, base.labels, flat, 5)
    np.testing.assert_array_equal(answer["labels"], base.labels[near[0]])
    np.testing.assert_array_equal(answer["neighbours"], base.images[near[0]])
    np.testing.assert_allclose(answer["distances"], distances[0], rtol=1e-5)
    assert answer["sure"] == 1
    votes = np.bincount(base.labels[near[0]], minlength=10) / 5
    np.testing.assert_allclose(answer["probabilities"][2], votes, atol=1e-6)
    codes = base.pca.transform(flat)
    np.testing.assert_allclose(answer["codes"], codes[0], atol=1e-4)
    places = dict(zip(MAPS, answer["places"]))
    np.testing.assert_allclose(places["tsne"], tsne_place.place(reader.ground.field, codes)[0], atol=1e-2)
    np.testing.assert_allclose(places["pca"], codes[0, :2], atol=1e-4)
    code = base.bottleneck.model(0)(jnp.asarray(images[0]))[1]["code"]
    np.testing.assert_allclose(places["plane"], code, atol=1e-4)
    cleaned = jnp.clip(base.cleaner.model(0)(jnp.asarray(images[0]))[0], 0, 1)
    np.testing.assert_allclose(answer["cleaned"].ravel(), cleaned, atol=1e-5)


def test_few_test_digits_are_strange(reader):
    train, test = (x.reshape(len(x), -1) / 255.0 for x in (reader.base.images, reader.base.test_images[:200]))
    squares = (test**2).sum(1)[:, None] + (train**2).sum(1)[None] - 2 * test @ train.T
    nearest = np.sqrt(squares.min(1))
    assert (nearest > reader.strange).sum() == 2


def test_a_training_digit_is_its_own_nearest_neighbour_at_its_own_places(reader):
    image = reader.base.images[3].astype(np.float32) / 255
    (answer,) = reader.answer([draw(image)])
    assert answer["distances"][0] < 1e-3
    np.testing.assert_array_equal(answer["neighbours"][0], reader.base.images[3])
    for i, name in enumerate(("pca", "plane"), start=1):
        np.testing.assert_allclose(answer["places"][i], reader.arrays[name][3], atol=1e-3)


@pytest.mark.parametrize("count", [2, 8, 11])
def test_drawings_answered_together_are_answered_as_alone(reader, images, count):
    several = [draw(np.roll(images[i % 8], i // 8, axis=0), models=(i % 2, 0)) for i in range(count)]
    for one, together in zip(several, reader.answer(several), strict=True):
        (alone,) = reader.answer([one])
        for name, value in alone.items():
            np.testing.assert_allclose(together[name], value, atol=2e-3, err_msg=name)


@pytest.mark.parametrize("name", NOISES)
def test_noise_is_that_of_the_library(reader, images, name):
    noisy = draw(images[1], noise=NOISE_NAMES.index(name), strength=0.3, seed=9)
    (answer,) = reader.answer([noisy])
    expected = NOISES[name](jax.random.key(9), jnp.asarray(images[1]), 0.3)
    np.testing.assert_allclose(answer["seen"], expected, atol=1e-6)
    assert np.abs(answer["seen"] - images[1]).max() > 0.1


def test_activations_are_the_networks_own(reader, images):
    model = reader.models[1]
    found = model.activations(images[2])
    for name, values in model.population.model(0)(jnp.asarray(images[2]))[1].items():
        restored = np.moveaxis(found[name] * found[f"{name}/max"] / 255, 0, -1)
        np.testing.assert_allclose(restored, np.maximum(values, 0), atol=float(values.max()) / 255)
    assert found["conv1"].shape == (4, 26, 26)


def test_the_jacobian_is_the_slope(reader, images):
    model = reader.models[0]
    slopes = model.jacobian(images[3])
    away = np.zeros((28, 28), np.float32)
    away[14, 12] = 1e-2
    network = model.population.model(0)
    after, before = (network(jnp.asarray(x))[0] for x in (images[3] + away, images[3] - away))
    np.testing.assert_allclose(slopes[:, 14, 12], (after - before) / 2e-2, atol=2e-2)


def test_the_causal_index_is_kept(reader, cache):
    population, shown = reader.base.models["dense3"], reader.base.test_images
    first = fitted.causal(population, shown)
    assert first.shape == (10, 28, 28)
    np.testing.assert_array_equal(fitted.causal(population, shown[::-1]), first)


def test_another_network_can_be_chosen_once_the_store_has_it(reader, images, cache):
    reader.add("softmax")
    assert [model["name"] for model in reader.titles()] == ["dense3", "cnn_small"]
    populations.train_or_load(reader.settings.others["softmax"], 1)
    reader.add("softmax")
    reader.add("softmax")
    assert [model["name"] for model in reader.titles()] == ["dense3", "cnn_small", "softmax"]
    (answer,) = reader.answer([draw(images[0], models=(2, 0))])
    expected = reader.answer([draw(images[0])])[0]["probabilities"][0]
    np.testing.assert_allclose(answer["probabilities"][1], expected, atol=1e-6)


def wish(image, digit=3, method="ascent", start="drawing", closeness=0.0):
    return Ask(1, image, 0, digit, method, start, closeness, 5)


@pytest.mark.parametrize("method", ["ascent", "search"])
def test_an_identikit_is_shown_generation_by_generation_until_it_is_sure(reader, images, method):
    seen = []
    portrait.draw(reader.models[0], wish(images[0], method=method), seen.append, threading.Event())
    generations = [frame["generation"] for frame in seen[:-1]]
    assert generations == list(range(1, len(generations) + 1))
    assert seen[-1]["state"] == portrait.REACHED
    image = jnp.asarray(seen[-1]["image"])
    sure = jax.nn.softmax(reader.models[0].population.model(0)(image)[0])[3]
    np.testing.assert_allclose(sure, seen[-1]["confidence"], atol=1e-4)
    assert sure >= portrait.TARGET
    cost = {"ascent": 3, "search": 500}[method]
    assert seen[-1]["evaluations"] - seen[-2]["evaluations"] in (0, cost)


def test_a_search_from_nothing_is_that_of_the_library(reader, images):
    """Same settings, same result, whatever is on the pad and however close it is to be kept."""
    model, seen = reader.models[0], []
    portrait.draw(model, wish(images[0], 3, "search", "blank", 2.0), seen.append, threading.Event())
    predict = jax.tree_util.Partial(model.population.predict, model.population.network(0))
    found = identikits(predict, [3], jax.random.key(5), "search", history=1)
    np.testing.assert_allclose(seen[-1]["image"], np.squeeze(found.image.values), atol=1e-5)


def test_keeping_close_keeps_close(reader, images):
    def distance(closeness):
        seen = []
        portrait.draw(reader.models[0], wish(images[0], closeness=closeness), seen.append, threading.Event())
        return seen[-1]["distance"]

    assert distance(0.3) < distance(0.0)
    assert distance(10.0) < 0.5


def test_an_identikit_can_be_stopped(reader, images):
    stop, seen = threading.Event(), []

    def show(frame):
        seen.append(frame)
        if frame["generation"] == 2:
            stop.set()

    portrait.draw(reader.models[0], wish(images[0], start="blank"), show, stop)
    assert [frame["state"] for frame in seen] == [portrait.GOING, portrait.GOING, portrait.STOPPED]

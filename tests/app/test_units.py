"""What is told about a unit is true of its network."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_server import ask

from research.app import units


@pytest.fixture(scope="module")
def image(reader):
    return reader.base.test_images[3].astype(np.float32) / 255


def test_the_kernel_of_a_map_makes_the_map(reader, image):
    layers = reader.models[1].population.model(0)(jnp.asarray(image))[1]
    for layer, before in (("conv1", ""), ("conv2", "conv1")):
        told = units.describe(reader, 1, layer, 2)
        assert told["reads"] == before
        x = (
            np.moveaxis(np.asarray(layers[before]), -1, 0)
            if before
            else (image - told["mean"])[None] / told["std"]
        )
        windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (1, 2))
        sums = np.einsum("cyxvu,cvu->yx", windows, told["kernel"]) + told["bias"]
        np.testing.assert_allclose(np.maximum(sums, 0), layers[layer][..., 2], atol=1e-4)


def test_the_digits_that_excite_a_unit_most_are_found(reader):
    told = units.describe(reader, 1, "conv2", 5)
    shown = jnp.asarray(reader.base.images[: reader.settings.points], jnp.float32) / 255
    every = jax.vmap(reader.models[1].population.model(0))(shown)[1]["conv2"][..., 5].max((1, 2))
    best = np.argsort(-np.asarray(every), kind="stable")[:10]
    np.testing.assert_allclose([strength for *_, strength in told["excited"]], every[best], atol=2e-3)
    assert told["excited"][0][0] == best[0]
    assert [label for _, label, _ in told["excited"]] == [reader.base.labels[i] for i, *_ in told["excited"]]


def test_what_a_unit_likes_excites_it_more_on_average_than_any_digit(reader):
    told = units.describe(reader, 1, "conv1", 1)
    network = reader.models[1].population.model(0)
    liked = np.array(told["liked"], np.float32).reshape(1, 28, 28)
    shown = np.concatenate([liked, reader.base.images[:100].astype(np.float32) / 255])
    means = np.asarray(jax.vmap(network)(jnp.asarray(shown))[1]["conv1"][..., 1].mean((1, 2)))
    assert means[0] > means[1:].max()


def test_a_neuron_of_the_last_layer_has_its_weights_to_the_digits(reader):
    told = units.describe(reader, 1, "dense1", 4)
    assert told["kernel"] is None
    np.testing.assert_array_equal(
        np.float32(told["weights"]), reader.models[1].population.model(0).dense2.kernel[...][4]
    )


def test_a_unit_that_is_not_there_is_404_and_says_what_is(live):
    status, _, body = ask(live, "/api/unit/1/conv9/0")
    assert status == 404
    assert "there are conv1, conv2, pool2, dense1" in json.loads(body)["error"]
    assert "units 0 to 3" in json.loads(ask(live, "/api/unit/1/conv1/4")[2])["error"]
    assert ask(live, "/api/unit/7/conv1/0")[0] == 404

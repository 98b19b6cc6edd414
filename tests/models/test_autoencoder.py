"""The autoencoder: its names, its equation, and what it can and cannot repeat."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from research.models.autoencoder import Autoencoder, AutoencoderConfig


def network(**fields):
    return Autoencoder(AutoencoderConfig(**fields), rngs=nnx.Rngs(0))


def image(seed=0):
    return jax.random.uniform(jax.random.key(seed), (28, 28))


def test_it_is_the_documents_network():
    model = network()
    output, activations = model(image())
    assert {name: len(a) for name, a in activations.items()} == {"hidden1": 256, "code": 128, "hidden2": 256}
    assert output.shape == (784,)
    assert (output >= 0).all()
    size = sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param)))
    assert size == 785 * 256 + 257 * 128 + 129 * 256 + 257 * 784


def test_the_layers_are_what_the_equation_says():
    model = network(encoder=(7, 6), code=3, decoder=(5,), activation="tanh", output="logistic")
    x, expected = np.asarray(image()).reshape(-1), []
    *inner, last = model.layers
    for layer in inner:
        x = np.tanh(x @ layer.kernel[...] + layer.bias[...])
        expected.append(x)
    output, activations = model(image())
    np.testing.assert_allclose(output, 1 / (1 + np.exp(-(x @ last.kernel[...] + last.bias[...]))), atol=1e-5)
    assert list(activations) == ["hidden1", "hidden2", "code", "hidden3"]
    for found, layer in zip(activations.values(), expected):
        np.testing.assert_allclose(found, layer, atol=1e-5)


def test_with_its_code_as_wide_as_the_image_it_can_repeat_anything():
    """The identity is one of its functions: ReLU passes pixels, which are not negative."""
    model = network(encoder=(), code=16, decoder=(), pixels=16)
    for layer in model.layers:
        layer.kernel[...], layer.bias[...] = jnp.eye(16), jnp.zeros(16)
    small = image()[:4, :4]
    np.testing.assert_array_equal(model(small)[0], small.reshape(-1))


@pytest.mark.parametrize(
    ("field", "says"), [("activation", "activation"), ("output", "activation"), ("init", "init")]
)
def test_unknown_names_list_the_known_ones(field, says):
    with pytest.raises(ValueError, match=rf"unknown {says}\w* 'relo'; known: "):
        network(**{field: "relo"})

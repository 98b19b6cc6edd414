"""The bottleneck: its names, its two halves, and what cannot get past two neurons."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from research.models.bottleneck import Bottleneck, BottleneckConfig


def network(**fields):
    return Bottleneck(BottleneckConfig(**fields), rngs=nnx.Rngs(0))


def image(seed=0):
    return jax.random.uniform(jax.random.key(seed), (28, 28))


def test_it_is_the_documents_network():
    model = network()
    logits, activations = model(image())
    assert {name: len(a) for name, a in activations.items()} == {
        "hidden1": 500, "hidden2": 100, "code": 2, "hidden3": 100,
    }  # fmt: skip
    assert logits.shape == (10,)
    size = sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param)))
    assert size == 785 * 500 + 501 * 100 + 101 * 2 + 3 * 100 + 101 * 10


def test_the_layers_are_what_the_equation_says():
    model = network(encoder=(6, 5), decoder=(4, 3), bottleneck_activation="tanh")
    x = np.asarray(image()).reshape(-1)
    named = {}
    *before, last = model.encoder
    for i, layer in enumerate(before, 1):
        x = named[f"hidden{i}"] = np.maximum(x @ layer.kernel[...] + layer.bias[...], 0)
    x = named["code"] = np.tanh(x @ last.kernel[...] + last.bias[...])
    *behind, last = model.decoder
    for i, layer in enumerate(behind, 3):
        x = named[f"hidden{i}"] = np.maximum(x @ layer.kernel[...] + layer.bias[...], 0)
    logits, activations = model(image())
    np.testing.assert_allclose(logits, x @ last.kernel[...] + last.bias[...], atol=1e-5)
    assert list(activations) == list(named)
    for name, expected in named.items():
        np.testing.assert_allclose(activations[name], expected, atol=1e-5)


def test_the_decoding_half_needs_only_the_code():
    model = network()
    logits, activations = model(image())
    np.testing.assert_array_equal(model.decode(activations["code"])[0], logits)


def test_no_more_than_the_width_gets_through():
    """The logits of a linear network of width 2 span a plane, whatever the images."""
    model = network(width=2, decoder=(), activation="linear")
    logits = jnp.stack([model(image(i))[0] for i in range(8)])
    spread = np.linalg.svd(logits - logits.mean(0)[None], compute_uv=False)
    assert spread[1] > 1e-3 > 1e2 * spread[2]


@pytest.mark.parametrize(
    ("field", "says"),
    [("activation", "activation"), ("bottleneck_activation", "activation"), ("init", "init")],
)
def test_unknown_names_list_the_known_ones(field, says):
    with pytest.raises(ValueError, match=rf"unknown {says}\w* 'relo'; known: "):
        network(**{field: "relo"})

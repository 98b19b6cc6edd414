"""A callable is compiled once, whatever its weights; nothing of it is kept when it is gone."""

import gc
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen, nnx

from research.attribution import causal_index
from research.callables import programs
from research.identikits import identikits

pytestmark = pytest.mark.usefixtures("quick_compiles")
IMAGES = np.random.default_rng(0).random((3, 4, 4)).astype(np.float32)


class Network:
    """A network whose method is its `predict`, as those that are imported."""

    def __init__(self, seed):
        self.kernel = jax.random.normal(jax.random.key(seed), (16, 3))

    def predict(self, image):
        return jax.nn.relu(image.reshape(-1) @ self.kernel)


@pytest.fixture
def compiled():
    """The names of the programs that XLA compiles."""
    from jax import monitoring

    seen = []

    def note(event, duration, **kwargs):
        if event == "/jax/core/compile/backend_compile_duration":
            seen.append(kwargs)

    monitoring.register_event_duration_secs_listener(note)
    yield seen
    monitoring.unregister_event_duration_listener(note)


def read(network):
    drawn = identikits(network.predict, [1], 0, shape=(4, 4), num_candidates=4, budget=9, target=None)
    return drawn.score.item(), causal_index.mean_jacobian(network.predict, IMAGES)


def test_the_same_callable_is_compiled_once_and_its_new_weights_count(compiled):
    network = Network(0)
    first = read(network)
    assert compiled
    opposite = -network.kernel
    compiled.clear()
    again = read(network)
    network.kernel = opposite
    other = read(network)
    assert not compiled
    assert first[0] == again[0] != other[0]
    np.testing.assert_array_equal(first[1], again[1])
    np.testing.assert_array_equal(
        other[1], causal_index.mean_jacobian(Network.predict.__get__(network), IMAGES)
    )
    assert np.abs(other[1] - first[1]).max() > 0.1


def test_a_jitted_function_inside_counts_with_its_arrays():
    """The text of a jaxpr does not show what an inner program closes over."""
    held = [jax.jit(lambda image: image.reshape(-1) @ Network(0).kernel)]
    predict = lambda image: held[-1](image)  # noqa: E731
    weights = []
    for seed in (1, 2):
        kernel = Network(seed).kernel
        held.append(jax.jit(lambda image, kernel=kernel: image.reshape(-1) @ kernel))
        weights.append(causal_index.mean_jacobian(predict, IMAGES).reshape(3, 16).T)
        np.testing.assert_allclose(weights[-1], kernel, atol=1e-6)


def test_nothing_is_kept_of_a_callable_that_is_gone():
    network = Network(3)
    causal_index.mean_jacobian(network.predict, IMAGES)
    program, arrays = programs.trace(network.predict, (4, 4))
    kept = [weakref.ref(thing) for thing in (network, program, network.kernel)]
    del network, program, arrays
    gc.collect()
    assert [ref() for ref in kept] == [None] * 3


class Small(nnx.Module):
    def __init__(self, seed):
        self.layer = nnx.Linear(16, 3, rngs=nnx.Rngs(seed))

    def __call__(self, image):
        return self.layer(image.reshape(-1)), {"image": image}


def test_an_nnx_module_goes_in_as_it_is_alone_or_as_an_ensemble():
    modules = [Small(seed) for seed in range(2)]
    settings = {"shape": (4, 4), "num_candidates": 4, "budget": 50, "target": None}
    alone = identikits(modules[0], [0, 2], 0, **settings)
    graph, _ = nnx.split(modules[0])
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(nnx.split(module)[1] for module in modules))
    both = identikits(
        lambda state, image: nnx.merge(graph, state)(image), [0, 2], 0, params=stacked, **settings
    )
    np.testing.assert_allclose(both.image[0], alone.image[0], atol=1e-5)
    assert np.abs(both.image[1] - both.image[0]).max() > 0.1
    maps = causal_index.mean_jacobian(modules[0], IMAGES)
    np.testing.assert_allclose(maps.reshape(3, 16).T, modules[0].layer.kernel[...], atol=1e-6)


def test_leaves_that_are_no_arrays_are_shared_by_an_ensemble():
    """Equinox modules hold activation functions as leaves."""
    params = {"act": jnp.tanh, "p": 0.5, "w": jax.random.normal(jax.random.key(1), (2, 16, 3))}

    def predict(params, image):
        return params["act"](image.reshape(-1) @ params["w"]) * params["p"]

    found = identikits(predict, [1], 0, params=params, shape=(4, 4), num_candidates=4, budget=9, target=None)
    for m in range(2):
        logits = 0.5 * jnp.tanh(found.image.values[m, 0, 0].reshape(-1) @ params["w"][m])
        np.testing.assert_allclose(found.score[m, 0, 0], jax.nn.log_softmax(logits)[1], rtol=1e-5)


def test_a_linen_layer_goes_in_as_it_is():
    layer = linen.Dense(3)
    params = layer.init(jax.random.key(0), jnp.ones(16))
    maps = causal_index.mean_jacobian(lambda image: layer.apply(params, image.reshape(-1)), IMAGES)
    np.testing.assert_allclose(maps.reshape(3, 16).T, params["params"]["kernel"], atol=1e-6)


def test_an_equinox_module_goes_in_as_it_is_alone_or_as_an_ensemble():
    equinox = pytest.importorskip("equinox")

    def make(key):
        layers = [
            equinox.nn.Lambda(jnp.ravel),
            equinox.nn.Linear(16, 3, key=key),
            equinox.nn.Lambda(jnp.tanh),
        ]
        return equinox.nn.Sequential(layers)

    keys = jax.random.split(jax.random.key(1))
    ensemble = equinox.filter_vmap(make)(keys)
    settings = {"shape": (4, 4), "num_candidates": 4, "budget": 9, "target": None}
    found = identikits(lambda network, image: network(image), [1], 0, params=ensemble, **settings)
    for m, key in enumerate(keys):
        logits = make(key)(found.image.values[m, 0, 0])
        np.testing.assert_allclose(found.score[m, 0, 0], jax.nn.log_softmax(logits)[1], rtol=1e-5)
    linear = make(keys[0])[:2]
    maps = causal_index.mean_jacobian(linear, IMAGES)
    np.testing.assert_allclose(maps.reshape(3, 16), linear.layers[1].weight, atol=1e-6)


def test_a_haiku_network_goes_in_as_it_is():
    haiku = pytest.importorskip("haiku")
    network = haiku.without_apply_rng(haiku.transform(lambda image: haiku.Linear(3)(image.reshape(-1))))
    params = network.init(jax.random.key(0), IMAGES[0])
    maps = causal_index.mean_jacobian(lambda image: network.apply(params, image), IMAGES)
    np.testing.assert_allclose(maps.reshape(3, 16).T, params["linear"]["w"], atol=1e-6)

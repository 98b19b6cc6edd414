"""Two forms, one network: shapes, equality, dropout, loops."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from research.models.cnn import CNN, CNNConfig, CNNSmall, CNNSmallConfig

NETWORKS = {"cnn": (CNN, CNNConfig), "cnn_small": (CNNSmall, CNNSmallConfig)}
SHAPES = {
    "cnn": {
        "conv1": (28, 28, 32),
        "pool1": (14, 14, 32),
        "conv2": (14, 14, 64),
        "pool2": (7, 7, 64),
        "dense1": (1024,),
    },
    "cnn_small": {"conv1": (26, 26, 32), "conv2": (24, 24, 64), "pool2": (12, 12, 64), "dense1": (128,)},
}
PARAMETERS = {"cnn": 3_274_634, "cnn_small": 1_199_882}
every_network = pytest.mark.parametrize("name", NETWORKS)


def functions(name, **fields):
    """(parameters, apply(parameters, image, key=None)) of a network in the given form."""
    module, config = NETWORKS[name]
    graph, params = nnx.split(module(config(**fields), rngs=nnx.Rngs(0)), nnx.Param)
    return params, lambda params, image, key=None: nnx.merge(graph, params)(image, key=key)


def images(n):
    return jax.random.uniform(jax.random.key(1), (n, 28, 28))


@every_network
def test_both_forms_are_one_function_of_the_same_parameters(name):
    params, matmul = functions(name, form="matmul")
    same, plain = functions(name, form="plain")
    jax.tree.map(np.testing.assert_array_equal, params, same)
    bumped = jax.tree.map(lambda p: p + 0.01, params)  # biases that are not zero

    def batch(apply):
        return jax.jit(jax.vmap(apply, in_axes=(None, 0)))(bumped, images(4))

    (got, got_inside), (wanted, wanted_inside) = batch(matmul), batch(plain)
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-5 * jnp.abs(wanted).max())
    assert {layer: value.shape[1:] for layer, value in got_inside.items()} == SHAPES[name]
    for layer, value in wanted_inside.items():
        np.testing.assert_allclose(got_inside[layer], value, rtol=0, atol=1e-5 * jnp.abs(value).max())
    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == PARAMETERS[name]


@every_network
def test_one_step_of_training_in_a_loop_is_the_same_in_both_forms(name):
    def losses(form):
        params, apply = functions(name, form=form, channels=(4, 8), dense=16, dropout=0.0)
        optimiser = optax.sgd(1e-3)
        labels = jnp.arange(6)

        def loss(params):
            logits, _ = jax.vmap(apply, in_axes=(None, 0))(params, images(6))
            return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

        def step(carry, _):
            params, moments = carry
            value, slope = jax.value_and_grad(loss)(params)
            updates, moments = optimiser.update(slope, moments)
            return (optax.apply_updates(params, updates), moments), value

        return jax.jit(lambda: jax.lax.scan(step, (params, optimiser.init(params)), length=3)[1])()

    got, wanted = losses("matmul"), losses("plain")
    assert got[2] < got[0]
    np.testing.assert_allclose(got, wanted, rtol=1e-4)


@every_network
def test_a_population_is_the_same_function_over_stacked_parameters(name):
    params, apply = functions(name, form="matmul", channels=(4, 8), dense=16)
    both = jax.tree.map(lambda p: jnp.stack([p, 2 * p]), params)
    image = images(1)[0]
    together = jax.vmap(apply, in_axes=(0, None))(both, image)[0]
    in_turn = jax.lax.map(lambda params: apply(params, image)[0], both)
    np.testing.assert_allclose(together, in_turn, rtol=1e-4)
    np.testing.assert_allclose(together[0], apply(params, image)[0], rtol=1e-4)


@every_network
def test_gradients_of_the_images_agree_but_for_near_ties_in_the_pool(name):
    def slopes(form):
        params, apply = functions(name, form=form, channels=(4, 8), dense=16)
        score = lambda image: jax.nn.log_softmax(apply(params, image)[0])[3]  # noqa: E731
        return jax.jit(jax.vmap(jax.grad(score)))(images(4))

    got, wanted = slopes("matmul"), slopes("plain")
    assert jnp.mean(jnp.abs(got - wanted) < 1e-5 * jnp.abs(wanted).max()) > 0.99


@every_network
def test_dropout_only_with_a_key_and_without_bias(name):
    params, apply = functions(name, form="matmul", channels=(4, 8), dense=256)
    flat = jax.tree.map(jnp.zeros_like, params)  # below: a logit is the mean of what is kept
    flat["conv2"]["bias"][...] += 1.0
    flat["dense1"]["kernel"][...] += 1 / flat["dense1"]["kernel"].shape[0]
    flat["dense2"]["kernel"][...] += 1 / 256
    image = images(1)[0]
    sure = apply(flat, image)[0][0]
    np.testing.assert_allclose(sure, 1.0, rtol=1e-4)
    keys = jax.random.split(jax.random.key(2), 400)
    kept = jax.jit(jax.vmap(lambda key: apply(flat, image, key)[0][0]))(keys)
    share, entries = {"cnn": (0.5, 256), "cnn_small": (0.2, 1152)}[name]
    spread = np.sqrt(share / (1 - share) / entries)
    assert abs(kept.mean() - 1) < 4 * spread / 20
    assert 0.8 * spread < kept.std() < 1.2 * spread


@pytest.mark.parametrize(
    ("fields", "message"), [({"form": "fft"}, "known: auto, matmul, plain"), ({"dropout": 1.0}, "share")]
)
def test_bad_settings_are_named(fields, message):
    with pytest.raises(ValueError, match=message):
        CNN(CNNConfig(**fields), rngs=nnx.Rngs(0))


def test_auto_is_matmul_on_a_cpu_and_plain_elsewhere(monkeypatch):
    def uses_convolution(backend):
        monkeypatch.setattr(jax, "default_backend", lambda: backend)
        params, apply = functions("cnn", form="auto")
        return "conv_general_dilated" in str(
            jax.make_jaxpr(lambda image: apply(params, image)[0])(images(1)[0])
        )

    assert not uses_convolution("cpu")
    assert uses_convolution("gpu")

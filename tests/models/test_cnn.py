"""The convolutional networks: the products equal the convolutions, in values and in every gradient."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from research.models import convolution as fast
from research.models.cnn import CNN, CNNConfig, CNNSmall, CNNSmallConfig, conv

SMALL = dict(channels=(3, 4), dense=16)


def close(a, b, tolerance=2e-6):
    scale = np.abs(np.asarray(b)).max()
    np.testing.assert_allclose(a, b, atol=tolerance * scale)


def pair(product, plain, *shapes):
    """Values and gradients of both forms, of every argument, over a batch of three."""
    args = [jax.random.normal(jax.random.fold_in(jax.random.key(0), i), s) for i, s in enumerate(shapes)]
    batch = jnp.stack([args[0], args[0][::-1], 2 * args[0]])
    weight = jax.random.normal(jax.random.key(9), jax.eval_shape(plain, *args).shape)

    def loss(form):
        return lambda x, k: jnp.sum(jax.vmap(lambda one: jnp.vdot(form(one, k), weight))(x))

    close(jax.vmap(product, (0, None))(batch, args[1]), jax.vmap(plain, (0, None))(batch, args[1]))
    for ours, theirs in zip(*(jax.grad(loss(f), (0, 1))(batch, args[1]) for f in (product, plain))):
        close(ours, theirs)


def test_spectral_convolution_equals_the_plain_one():
    pair(fast.conv_spectral, lambda x, k: conv(x, k, "SAME"), (14, 14, 3), (5, 5, 3, 4))


def test_taps_equal_the_plain_convolution():
    pair(fast.conv_taps, lambda x, k: conv(x, k, "VALID"), (9, 8, 3), (3, 3, 3, 4))


def test_convolution_with_pool_equals_both_in_turn():
    def plain(image, kernel):
        return nnx.max_pool(conv(image[..., None], kernel, "SAME"), (2, 2), (2, 2))

    pair(fast.conv_pool, plain, (28, 28), (5, 5, 1, 4))


def test_pooling_sends_the_gradient_to_one_of_equals():
    slope = jax.grad(lambda x: fast.max_pool(x).sum())(jnp.ones((4, 4, 1)))
    np.testing.assert_array_equal(slope.sum((0, 1)), [4.0])
    assert set(np.unique(slope)) == {0.0, 1.0}


@pytest.mark.parametrize(("kind", "config"), [(CNN, CNNConfig), (CNNSmall, CNNSmallConfig)])
def test_both_forms_are_the_same_network(kind, config):
    image = jax.random.uniform(jax.random.key(1), (28, 28))
    params = nnx.split(kind(config(**SMALL), rngs=nnx.Rngs(3)))[1]
    answers = []
    for form in ("plain", "matmul"):
        graph = nnx.split(kind(config(**SMALL, form=form), rngs=nnx.Rngs(0)))[0]
        answers.append(nnx.merge(graph, params)(image))
    close(answers[1][0], answers[0][0])
    assert answers[0][1].keys() == answers[1][1].keys()
    for name in answers[0][1]:
        close(answers[1][1][name], answers[0][1][name])


def test_shapes_are_the_documents():
    shapes = {name: a.shape for name, a in CNN(CNNConfig(), rngs=nnx.Rngs(0))(jnp.zeros((28, 28)))[1].items()}
    assert shapes == dict(
        conv1=(28, 28, 32), pool1=(14, 14, 32), conv2=(14, 14, 64), pool2=(7, 7, 64), dense1=(1024,)
    )
    small = CNNSmall(CNNSmallConfig(), rngs=nnx.Rngs(0))(jnp.zeros((28, 28)))[1]
    assert small["conv1"].shape == (26, 26, 32)
    assert small["conv2"].shape == (24, 24, 64)
    assert small["pool2"].shape == (12, 12, 64)


def test_dropout_only_with_a_key_and_the_mean_is_kept():
    model = CNN(CNNConfig(**SMALL), rngs=nnx.Rngs(0))
    image = jax.random.uniform(jax.random.key(1), (28, 28))
    logits = model(image)[0]
    np.testing.assert_array_equal(logits, model(image)[0])
    many = jax.vmap(lambda key: model(image, key=key)[0])(jax.random.split(jax.random.key(2), 4000))
    assert float(many.std(0).min()) > 0.01
    np.testing.assert_allclose(many.mean(0), logits, atol=5 * float((many.std(0) / 4000**0.5).max()))


def test_an_unknown_form_lists_the_known_ones():
    with pytest.raises(
        ValueError, match="unknown form 'winograd' of a convolution; known: auto, plain, matmul"
    ):
        CNN(CNNConfig(form="winograd"), rngs=nnx.Rngs(0))

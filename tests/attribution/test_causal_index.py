"""Identities that tie weights, paths and derivatives together."""

import itertools
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from research.attribution import causal_index


def normal(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def random_network(seed, sizes):
    """Kernels and biases of scale 1/sqrt(fan_in), so that values stay of order one."""
    shapes = list(itertools.pairwise(sizes))
    kernels = [normal((seed, layer), *shape) / np.sqrt(shape[0]) for layer, shape in enumerate(shapes)]
    biases = [0.3 * normal((seed, 100 + layer), fan_out) for layer, (_, fan_out) in enumerate(shapes)]
    return kernels, biases


def dense(activation, kernels, biases, image):
    x = image.ravel()
    for kernel, bias in zip(kernels[:-1], biases[:-1], strict=True):
        x = activation(x @ kernel + bias)
    return x @ kernels[-1] + biases[-1]


def small_cnn(image):
    """One 3x3 convolution, ReLU, a 2x2 max-pool, a dense layer: nothing of it is linear from end to end."""
    x = jax.lax.conv_general_dilated(image[None, None], normal(5, 4, 1, 3, 3), (1, 1), "SAME")
    x = jax.lax.reduce_window(jax.nn.relu(x), -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
    return x.ravel() @ normal(6, x.size, 3)


def test_weight_product_is_the_sum_over_paths():
    (inner, outer), _ = random_network(0, (6, 4, 3))
    inner, outer = np.asarray(inner), np.asarray(outer)
    expected = np.zeros((3, 6))
    for k in range(3):
        for i in range(6):
            for j in range(4):
                expected[k, i] += inner[i, j] * outer[j, k]
    assert_allclose(causal_index.weight_product([inner, outer]), expected, atol=1e-6)


@pytest.mark.parametrize("sizes", [(9, 3), (9, 5, 3), (9, 7, 5, 4, 3)])
def test_weight_product_is_the_jacobian_of_a_linear_network_of_any_depth(sizes):
    kernels, biases = random_network(1, sizes)
    linear = partial(dense, lambda x: x, kernels, biases)
    images = normal(2, 4, 3, 3)
    expected = causal_index.weight_product(kernels)
    assert_allclose(causal_index.mean_jacobian(linear, images).reshape(expected.shape), expected, atol=1e-6)
    if len(kernels) == 1:
        assert_allclose(expected, kernels[0].T, rtol=0)


def test_permuted_hidden_units_change_nothing():
    kernels, biases = random_network(3, (9, 6, 5, 3))
    order = np.array([3, 1, 5, 0, 4, 2])
    permuted = [kernels[0][:, order], kernels[1][order], kernels[2]]
    x = normal(4, 9)
    assert_allclose(causal_index.weight_product(permuted), causal_index.weight_product(kernels), atol=1e-6)
    assert_allclose(
        causal_index.gated_product(permuted, [biases[0][order], *biases[1:]], x),
        causal_index.gated_product(kernels, biases, x),
        atol=1e-6,
    )


@pytest.mark.parametrize("point", range(5))
def test_gated_product_is_the_jacobian_of_a_relu_network(point):
    kernels, biases = random_network(6, (16, 12, 8, 3))
    x = normal((7, point), 16)
    gated = jax.jit(causal_index.gated_product)(kernels, biases, x)
    assert_allclose(gated, jax.jit(jax.jacrev(partial(dense, jax.nn.relu, kernels, biases)))(x), atol=1e-6)
    assert np.abs(gated - causal_index.weight_product(kernels)).max() > 0.1


def test_gated_product_with_every_gate_open_is_the_weight_product():
    kernels, biases = random_network(8, (9, 6, 5, 3))
    wide_open = [bias + 100.0 * 10**layer for layer, bias in enumerate(biases)]
    x = normal(9, 9)
    assert_allclose(
        causal_index.gated_product(kernels, wide_open, x), causal_index.weight_product(kernels), atol=1e-6
    )


def test_mean_jacobian_is_the_mean_of_the_gated_products():
    kernels, biases = random_network(10, (16, 12, 3))
    images = normal(11, 7, 4, 4)
    gated = jax.jit(causal_index.gated_product)
    paths = np.mean([gated(kernels, biases, x.ravel()) for x in images], 0)
    mean = causal_index.mean_jacobian(partial(dense, jax.nn.relu, kernels, biases), images)
    assert_allclose(mean.reshape(3, 16), paths, atol=1e-6)


def test_mean_jacobian_of_a_cnn_does_not_depend_on_the_chunks():
    images = normal(12, 10, 6, 6)
    expected = jax.jit(jax.vmap(jax.jacrev(small_cnn)))(images).mean(0)
    mean = causal_index.mean_jacobian(small_cnn, images, batch_size=4)
    assert mean.shape == (3, 6, 6)
    assert_allclose(mean, expected, atol=1e-5)


def test_mean_jacobian_agrees_with_finite_differences():
    kernels, biases = random_network(13, (9, 6, 3))
    smooth = partial(dense, jnp.tanh, kernels, biases)
    images = normal(14, 5, 3, 3)
    step = 1e-2
    mean = causal_index.mean_jacobian(smooth, images)
    for y, x in itertools.product(range(3), range(3)):
        up, down = (jax.vmap(smooth)(images.at[:, y, x].add(sign * step)) for sign in (1, -1))
        assert_allclose(mean[:, y, x], ((up - down) / (2 * step)).mean(0), atol=1e-4)


def test_networks_of_one_shape_share_one_compilation():
    traces = []

    def predict(parameters, image):
        traces.append(image)
        return dense(jnp.tanh, *parameters, image)

    images = normal(17, 6, 3, 3)
    networks = [random_network(seed, (9, 4, 3)) for seed in (18, 19)]
    first, second = (
        causal_index.mean_jacobian(jax.tree_util.Partial(predict, network), images, batch_size=3)
        for network in networks
    )
    assert len(traces) == 1  # both halves of the data, both networks
    assert np.abs(first - second).max() > 0.1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: causal_index.weight_product([]), r"got shapes \[\]"),
        (lambda: causal_index.weight_product([jnp.ones((9, 5)), jnp.ones((3, 5))]), r"\(9, 5\), \(3, 5\)"),
        (
            lambda: causal_index.gated_product([jnp.ones((9, 3))], [], jnp.ones(9)),
            "one bias for each of the 1 kernels, got 0",
        ),
        (lambda: causal_index.mean_jacobian(small_cnn, jnp.ones((0, 6, 6))), "at least 1 image"),
        (lambda: causal_index.mean_jacobian(small_cnn, jnp.ones((2, 6, 6)), batch_size=0), "batch size"),
    ],
)
def test_errors_say_what_was_expected_and_what_came(call, message):
    with pytest.raises(ValueError, match=message):
        call()

"""The matrix-product convolutions against XLA's own, op by op, batched as they are used."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import correlate2d

from research.models import convolution, convolution_dft


def close(got, wanted, tolerance=1e-5):
    """Equal to a share of the largest entry, as rounding in a sum of many terms is."""
    np.testing.assert_allclose(got, wanted, rtol=0, atol=tolerance * float(jnp.abs(wanted).max()))


def random(name: int, *shape: int):
    return jax.random.normal(jax.random.key(name), shape)


def cells(image, kernel):
    return convolution.of_image_in_cells(image, kernel, kernel[0, 0, 0], "SAME")


def plain(image, kernel):
    return convolution.add_bias(convolution.plain(image[:, :, None], kernel, "SAME"), kernel[0, 0, 0])


def pooled_cells(image, kernel):
    return convolution.largest(cells(image, kernel))


def pooled_plain(image, kernel):
    return relu_of_largest(plain(image, kernel))


def relu_of_largest(x):
    """The maximum of every 2×2 cell, or 0, by autodiff's own rules; for numbers of which no two are equal."""
    h, w, c = x.shape
    return jax.nn.relu(x.reshape(h // 2, 2, w // 2, 2, c).max((1, 3)))


OPERATIONS = {
    "image SAME": (
        lambda x, k: convolution.of_image(x, k, "SAME"),
        lambda x, k: convolution.plain(x[:, :, None], k, "SAME"),
        (12, 10),
        (5, 5, 1, 3),
    ),
    "image VALID": (
        lambda x, k: convolution.of_image(x, k, "VALID"),
        lambda x, k: convolution.plain(x[:, :, None], k, "VALID"),
        (12, 10),
        (3, 3, 1, 4),
    ),
    "image in cells": (
        lambda x, k: convolution.from_cells(cells(x, k)),
        plain,
        (12, 10),
        (5, 5, 1, 3),
    ),
    "image, pooled": (pooled_cells, pooled_plain, (12, 10), (5, 5, 1, 3)),
    "pooled": (
        lambda x, k: convolution.pooled(x, k[0, 0, 0]),
        lambda x, k: relu_of_largest(convolution.add_bias(x, k[0, 0, 0])),
        (6, 8, 5),
        (1, 1, 1, 5),
    ),
    "DFT SAME": (
        lambda x, k: convolution_dft.convolve(x, k, "SAME"),
        lambda x, k: convolution.plain(x, k, "SAME"),
        (14, 14, 6),
        (5, 5, 6, 4),
    ),
    "DFT VALID": (
        lambda x, k: convolution_dft.convolve(x, k, "VALID"),
        lambda x, k: convolution.plain(x, k, "VALID"),
        (26, 26, 5),
        (3, 3, 5, 4),
    ),
    "DFT of odd sides, oblong, even kernel": (
        lambda x, k: convolution_dft.convolve(x, k, "SAME"),
        lambda x, k: convolution.plain(x, k, "SAME"),
        (9, 7, 2),
        (4, 3, 2, 3),
    ),
}
every_operation = pytest.mark.parametrize(
    ("fast", "plain", "image", "kernel"), OPERATIONS.values(), ids=OPERATIONS
)


def test_plain_is_a_sum_of_correlations():
    x, kernel = random(0, 8, 7, 2), random(1, 3, 3, 2, 2)
    wanted = [sum(correlate2d(x[..., c], kernel[..., c, d], mode="same") for c in range(2)) for d in range(2)]
    close(convolution.plain(x, kernel, "SAME"), np.stack(wanted, -1))


@every_operation
def test_one_image(fast, plain, image, kernel):
    x, weights = random(2, *image), random(3, *kernel)
    close(jax.jit(fast)(x, weights), plain(x, weights))


@every_operation
def test_batch_and_gradients_in_both_orders(fast, plain, image, kernel):
    x, weights = random(4, 3, *image), random(5, *kernel)
    mask = random(6, *jax.eval_shape(plain, x[0], weights).shape)

    def everything(operation):
        outputs = jax.vmap(operation, in_axes=(0, None))
        score = lambda x, weights: jnp.sum(operation(x, weights) * mask)  # noqa: E731
        total = lambda x, weights: jnp.sum(outputs(x, weights) * mask[None])  # noqa: E731
        return {
            "outputs": outputs(x, weights),
            "gradient of the images, one by one": jax.vmap(jax.grad(score), in_axes=(0, None))(x, weights),
            "gradient of the images, all": jax.grad(total)(x, weights),
            "gradient of the weights": jax.grad(total, argnums=1)(x, weights),
            "weights, too, are mapped": jax.vmap(operation)(x, jnp.stack([weights, 2 * weights, -weights])),
        }

    got, wanted = jax.jit(lambda: everything(fast))(), jax.jit(lambda: everything(plain))()
    for name in wanted:
        close(got[name], wanted[name])


def test_bias_and_batch_keep_every_value():
    x, bias = random(7, 3, 4, 5, 2), jnp.array([1.0, -2.0])
    np.testing.assert_array_equal(jax.vmap(convolution.beside_channels)(x), x)
    np.testing.assert_array_equal(
        jax.vmap(lambda x: convolution.add_bias(x, bias))(x), x + bias[None, None, None]
    )
    slope = jax.grad(lambda bias: jnp.sum(jax.vmap(lambda x: convolution.add_bias(x, bias))(x)))(bias)
    np.testing.assert_allclose(slope, [60.0, 60.0])


def test_pool_gives_its_gradient_to_the_first_of_equals():
    x = jnp.array([[0.0, 3.0, 1.0, 1.0], [3.0, 2.0, 1.0, 1.0]])[:, :, None]
    bias = jnp.array([-2.0])
    np.testing.assert_array_equal(convolution.pooled(x, bias)[0, :, 0], [1.0, 0.0])
    slope, of_bias = jax.grad(lambda x, bias: jnp.sum(convolution.pooled(x, bias)), (0, 1))(x, bias)
    np.testing.assert_array_equal(slope[:, :, 0], [[0.0, 1.0, 0.0, 0.0], [0.0] * 4])
    np.testing.assert_array_equal(of_bias, [1.0])
    cells = jnp.array([3.0, 1.0, 3.0, 2.0])[None, None]
    np.testing.assert_array_equal(convolution.largest(cells), [[[3.0]]])
    slope = jax.grad(lambda cells: jnp.sum(convolution.largest(cells)))(cells)
    np.testing.assert_array_equal(slope[0, 0], [1.0, 0.0, 0.0, 0.0])
    slope = jax.grad(lambda cells: jnp.sum(convolution.largest(cells)))(-cells)
    np.testing.assert_array_equal(slope[0, 0], [0.0, 0.0, 0.0, 0.0], "all are below 0")

"""The CPU convolutions: the layer against nnx.Conv, then op by op against XLA's own, batched as they are used."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import lax
from scipy.signal import correlate2d

from research.models.cpu_conv import Conv, convolve, fourier, windows
from research.models.cpu_conv.batching import add_bias, beside_channels
from research.models.cpu_conv.pooling import largest, pooled

NONE = ((0, 0), (0, 0))
LAYERS = {
    "image SAME": ((12, 10), (1, 3, (5, 5)), {}),
    "image VALID, oblong kernel": ((12, 10), (1, 4, (3, 2)), {"padding": "VALID"}),
    "image, padding of its own": ((9, 8), (1, 2, (3, 3)), {"padding": ((2, 0), (1, 3))}),
    "image, stride 2": ((12, 11), (1, 4, (3, 3), (2, 2)), {}),
    "SAME": ((14, 14), (6, 4, (5, 5)), {}),
    "VALID": ((10, 9), (5, 4, (3, 3)), {"padding": "VALID"}),
    "padding of its own": ((9, 8), (3, 4, (3, 3)), {"padding": ((2, 0), (1, 3))}),
    "1×1": ((4, 5), (3, 6, (1, 1)), {}),
    "stride": ((9, 12), (4, 6, (3, 2), (2, 3)), {}),
    "dilation": ((12, 12), (4, 6, (3, 3)), {"kernel_dilation": (2, 3)}),
    "groups": ((8, 8), (4, 6, (3, 3)), {"feature_group_count": 2}),
    "depthwise, stride, VALID": (
        (9, 9),
        (4, 8, (3, 3), (2, 2)),
        {"feature_group_count": 4, "padding": "VALID"},
    ),
}


def close(got, wanted, tolerance=1e-5):
    """Equal to a share of the largest entry, as rounding in a sum of many terms is."""
    np.testing.assert_allclose(got, wanted, rtol=0, atol=tolerance * float(jnp.abs(wanted).max()))


def random(name: int, *shape: int):
    return jax.random.normal(jax.random.key(name), shape)


def same(kernel):
    return tuple(((k - 1) // 2, k // 2) for k in kernel.shape[:2])


def plain(x, kernel, padding="SAME"):
    return lax.conv_general_dilated(
        x[None], kernel, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )[0]


def cells(image, kernel):
    return windows.of_image_in_cells(image, kernel, kernel[0, 0, 0], same(kernel))


def plain_with_bias(image, kernel):
    return add_bias(plain(image[:, :, None], kernel), kernel[0, 0, 0])


def relu_of_largest(x):
    """The maximum of every 2×2 cell, or 0, by autodiff's own rules; for numbers of which no two are equal."""
    h, w, c = x.shape
    return jax.nn.relu(x.reshape(h // 2, 2, w // 2, 2, c).max((1, 3)))


OPERATIONS = {
    "image in cells": (
        lambda x, k: windows.from_cells(cells(x, k)),
        plain_with_bias,
        (12, 10),
        (5, 5, 1, 3),
    ),
    "image, pooled": (
        lambda x, k: largest(cells(x, k)),
        lambda x, k: relu_of_largest(plain_with_bias(x, k)),
        (12, 10),
        (5, 5, 1, 3),
    ),
    "pooled": (
        lambda x, k: pooled(x, k[0, 0, 0]),
        lambda x, k: relu_of_largest(add_bias(x, k[0, 0, 0])),
        (6, 8, 5),
        (1, 1, 1, 5),
    ),
    "DFT SAME": (
        lambda x, k: fourier.convolve(x, k, same(k)),
        plain,
        (14, 14, 6),
        (5, 5, 6, 4),
    ),
    "DFT VALID": (
        lambda x, k: fourier.convolve(x, k, NONE),
        lambda x, k: plain(x, k, "VALID"),
        (26, 26, 5),
        (3, 3, 5, 4),
    ),
    "DFT of odd sides, oblong, even kernel": (
        lambda x, k: fourier.convolve(x, k, same(k)),
        plain,
        (9, 7, 2),
        (4, 3, 2, 3),
    ),
}
every_operation = pytest.mark.parametrize(
    ("fast", "plain", "image", "kernel"), OPERATIONS.values(), ids=OPERATIONS
)


@pytest.mark.parametrize(("image", "sizes", "options"), LAYERS.values(), ids=LAYERS)
def test_the_layer_is_nnx_conv_in_values_and_gradients(image, sizes, options):
    ours = Conv(*sizes, form="matmul", rngs=nnx.Rngs(0), **options)
    theirs = nnx.Conv(*sizes, rngs=nnx.Rngs(0), **options)
    x, bias = random(0, 3, *image, sizes[0]), random(1, sizes[1])
    params = {"kernel": ours.kernel[...], "bias": bias}
    mask = random(2, *jax.eval_shape(theirs, x).shape)

    def everything(layer):
        graph, _ = nnx.split(layer, nnx.Param)

        def score(params, x):
            y = nnx.merge(graph, nnx.State({name: nnx.Param(value) for name, value in params.items()}))(x)
            return jnp.sum(y * mask), y

        slopes, y = jax.grad(score, (0, 1), has_aux=True)(params, x)
        return {"y": y, "x": slopes[1], **slopes[0]}

    got, wanted = jax.jit(lambda: everything(ours))(), jax.jit(lambda: everything(theirs))()
    assert got.keys() == wanted.keys()
    for name in wanted:
        close(got[name], wanted[name])
    assert "conv_general_dilated" not in str(jax.make_jaxpr(ours)(x))


def test_relu_and_pool_are_those_of_nnx_also_where_a_row_is_left_over():
    for side, channels in ((8, 1), (7, 3)):
        x, kernel, bias = random(3, side, side, channels), random(4, 3, 3, channels, 4), random(5, 4)
        theirs = nnx.Conv(channels, 4, (3, 3), rngs=nnx.Rngs(0))
        theirs.kernel[...], theirs.bias[...] = kernel, bias
        wanted = nnx.relu(theirs(x))
        for form in ("matmul", "plain"):
            layer = Conv(channels, 4, (3, 3), form=form, rngs=nnx.Rngs(0))
            layer.kernel[...], layer.bias[...] = kernel, bias
            conv, pool = layer.relu_pool(x)
            close(conv, wanted)
            close(pool, nnx.max_pool(wanted, (2, 2), (2, 2)))


def test_the_bias_draws_no_key_and_other_numbers_than_float32_take_the_plain_form():
    rngs = nnx.Rngs(0)
    layer = Conv(1, 4, (3, 3), form="matmul", rngs=rngs)
    assert rngs.params.count[...] == 1
    half = jax.eval_shape(layer, jax.ShapeDtypeStruct((5, 5, 1), jnp.bfloat16))
    assert half.shape == (5, 5, 4)
    assert "conv_general_dilated" in str(jax.make_jaxpr(layer)(jnp.zeros((5, 5, 1), jnp.bfloat16)))


def test_convolution_is_a_sum_of_correlations():
    x, kernel = random(0, 8, 7, 2), random(1, 3, 3, 2, 2)
    wanted = [sum(correlate2d(x[..., c], kernel[..., c, d], mode="same") for c in range(2)) for d in range(2)]
    close(convolve(x, kernel, padding=same(kernel)), np.stack(wanted, -1))


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
    np.testing.assert_array_equal(jax.vmap(beside_channels)(x), x)
    np.testing.assert_array_equal(jax.vmap(lambda x: add_bias(x, bias))(x), x + bias[None, None, None])
    slope = jax.grad(lambda bias: jnp.sum(jax.vmap(lambda x: add_bias(x, bias))(x)))(bias)
    np.testing.assert_allclose(slope, [60.0, 60.0])


def test_pool_gives_its_gradient_to_the_first_of_equals():
    x = jnp.array([[0.0, 3.0, 1.0, 1.0], [3.0, 2.0, 1.0, 1.0]])[:, :, None]
    bias = jnp.array([-2.0])
    np.testing.assert_array_equal(pooled(x, bias)[0, :, 0], [1.0, 0.0])
    slope, of_bias = jax.grad(lambda x, bias: jnp.sum(pooled(x, bias)), (0, 1))(x, bias)
    np.testing.assert_array_equal(slope[:, :, 0], [[0.0, 1.0, 0.0, 0.0], [0.0] * 4])
    np.testing.assert_array_equal(of_bias, [1.0])
    cells = jnp.array([3.0, 1.0, 3.0, 2.0])[None, None]
    np.testing.assert_array_equal(largest(cells), [[[3.0]]])
    slope = jax.grad(lambda cells: jnp.sum(largest(cells)))(cells)
    np.testing.assert_array_equal(slope[0, 0], [1.0, 0.0, 0.0, 0.0])
    slope = jax.grad(lambda cells: jnp.sum(largest(cells)))(-cells)
    np.testing.assert_array_equal(slope[0, 0], [0.0, 0.0, 0.0, 0.0], "all are below 0")

"""Attribution maps against closed forms: linear networks, completeness, and patches counted by hand."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from research.attribution import saliency as attribution

RANDOM = np.random.default_rng(0)


def normal(*shape):
    return jnp.asarray(RANDOM.normal(size=shape), jnp.float32)


WEIGHTS = normal(3, 5, 6)
IMAGE = jnp.abs(normal(5, 6))
HIDDEN, THRESHOLDS = normal(8, 5, 6) / 3, normal(8)


def linear(image):
    return jnp.tensordot(WEIGHTS, image, 2) + 0.7


def two_layers(activation, image):
    drive = jnp.tensordot(HIDDEN, image, 2) + THRESHOLDS
    return WEIGHTS.reshape(3, 30)[:, :8] @ activation(drive)


METHODS = {
    "gradient": attribution.gradient,
    "gradient_times_input": attribution.gradient_times_input,
    "smoothgrad": partial(attribution.smoothgrad, key=jax.random.key(3), samples=8),
    "integrated_gradients": partial(attribution.integrated_gradients, steps=8),
    "occlusion": partial(attribution.occlusion, patch=2, stride=1),
}


def one_pixel_patches(predict, image, digit):
    return attribution.occlusion(predict, image, digit, patch=1, stride=1)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        *((METHODS[name], WEIGHTS) for name in ("gradient", "smoothgrad")),
        *(
            (METHODS[name], WEIGHTS * IMAGE[None])
            for name in ("gradient_times_input", "integrated_gradients")
        ),
        (one_pixel_patches, WEIGHTS * IMAGE[None]),
    ],
)
def test_on_a_linear_network_the_maps_are_its_weights(method, expected):
    map_of = jax.jit(partial(method, linear))
    for digit in (0, 2):
        assert_allclose(map_of(IMAGE, digit), expected[digit], atol=1e-5)


@pytest.mark.parametrize("baseline", [None, normal(5, 6)])
@pytest.mark.parametrize(("activation", "tolerance"), [(jnp.tanh, 1e-5), (jax.nn.relu, 1e-2)])
def test_integrated_gradients_are_complete(activation, tolerance, baseline):
    predict = partial(two_layers, activation)
    start = jnp.zeros_like(IMAGE) if baseline is None else baseline
    maps = jax.jit(
        jax.vmap(lambda k: attribution.integrated_gradients(predict, IMAGE, k, baseline=baseline, steps=256))
    )(jnp.arange(3))
    assert_allclose(maps.sum((1, 2)), predict(IMAGE) - predict(start), atol=tolerance)
    first_order = jax.vmap(lambda k: attribution.gradient_times_input(predict, IMAGE, k))(jnp.arange(3))
    assert np.abs(maps - first_order).max() > 0.05


def test_gradient_times_input_of_a_relu_network_leaves_the_open_biases_of_the_logit():
    predict = partial(two_layers, jax.nn.relu)
    maps = jax.vmap(lambda k: attribution.gradient_times_input(predict, IMAGE, k))(jnp.arange(3))
    is_open = jnp.tensordot(HIDDEN, IMAGE, 2) + THRESHOLDS > 0
    rest = WEIGHTS.reshape(3, 30)[:, :8] @ (THRESHOLDS * is_open)
    assert_allclose(maps.sum((1, 2)) + rest, predict(IMAGE), atol=1e-5)


def test_smoothgrad_tends_to_the_gradient_of_the_smoothed_network():
    """A quadratic logit: smoothing leaves its gradient alone, the noise averages out as 1/sqrt(samples)."""

    def quadratic(image):
        return jnp.stack([(image**2).sum(), image.sum()])

    def smoothed(samples):
        smooth = partial(attribution.smoothgrad, quadratic, samples=samples, noise=0.5)
        return jax.jit(smooth)(IMAGE, 0, jax.random.key(5))

    few, many = smoothed(16), smoothed(4096)
    error_few, error_many = (np.sqrt(np.mean((m - 2 * IMAGE) ** 2)) for m in (few, many))
    assert_allclose(error_many, 2 * 0.5 / np.sqrt(4096), rtol=0.4)
    assert error_few > 8 * error_many


def test_smoothgrad_is_a_function_of_its_key():
    predict = partial(two_layers, jnp.tanh)
    smooth = jax.jit(partial(attribution.smoothgrad, predict, samples=4))
    first, again, other = (smooth(IMAGE, 1, jax.random.key(seed)) for seed in (6, 6, 7))
    assert_allclose(first, again, rtol=0)
    assert np.abs(first - other).max() > 1e-3


@pytest.mark.parametrize(("patch", "stride"), [(2, 1), (3, 2), (4, 3), (5, 5)])
def test_occlusion_averages_over_the_patches_that_cover_a_pixel(patch, stride):
    predict = partial(two_layers, jnp.tanh)
    fill = 0.25
    logits = jax.jit(predict)
    falls, covers = np.zeros((5, 6)), np.zeros((5, 6))
    tops = sorted({*range(0, 5 - patch + 1, stride), 5 - patch})
    lefts = sorted({*range(0, 6 - patch + 1, stride), 6 - patch})
    for top in tops:
        for left in lefts:
            window = np.s_[top : top + patch, left : left + patch]
            painted = np.array(IMAGE)
            painted[window] = fill
            falls[window] += logits(IMAGE)[1] - logits(painted)[1]
            covers[window] += 1
    occlude = partial(attribution.occlusion, predict, patch=patch, stride=stride, fill=fill)
    occluded = jax.jit(occlude)(IMAGE, 1)
    assert covers.min() > 0
    assert_allclose(occluded, falls / covers, atol=1e-5)


@pytest.mark.parametrize("name", METHODS)
def test_methods_map_over_images_and_classes(name):
    predict = partial(two_layers, jnp.tanh)
    images = normal(4, 5, 6)
    digits = jnp.array([0, 2, 1, 2])
    maps = jax.jit(jax.vmap(lambda image, digit: METHODS[name](predict, image, digit)))(images, digits)
    alone = jax.jit(partial(METHODS[name], predict))(images[3], 2)
    assert maps.shape == images.shape
    assert_allclose(maps[3], alone, atol=1e-5)


@pytest.mark.parametrize(("patch", "stride"), [(6, 1), (2, 3), (2, 0)])
def test_patches_that_cannot_cover_the_image_are_refused(patch, stride):
    with pytest.raises(ValueError, match=f"got patch {patch} and stride {stride}"):
        attribution.occlusion(linear, IMAGE, 0, patch=patch, stride=stride)

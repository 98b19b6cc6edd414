"""Agreement measures against SciPy and plain NumPy, and curves with known answers."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage, stats

from research.attribution import comparison as agreement

RANDOM = np.random.default_rng(0)


def normal(*shape):
    return jnp.asarray(RANDOM.normal(size=shape), jnp.float32)


A = normal(20, 17)
B = 0.5 * A + normal(20, 17)


def test_cosine_sees_direction_and_sign_but_not_scale():
    assert_allclose(agreement.cosine(A, 3 * A), 1, rtol=1e-6)
    assert_allclose(agreement.cosine(A, -A), -1, rtol=1e-6)
    assert_allclose(agreement.cosine(jnp.array([1.0, 0.0]), jnp.array([1.0, 1.0])), np.sqrt(0.5), rtol=1e-6)
    assert np.isnan(agreement.cosine(A, jnp.zeros_like(A)))


def test_pearson_is_scipys():
    assert_allclose(agreement.pearson(A + 3, B), stats.pearsonr(A.ravel(), B.ravel())[0], atol=1e-6)


@pytest.mark.parametrize("levels", [None, 4, 2])
def test_spearman_is_scipys_ties_included(levels):
    a, b = (A, B) if levels is None else (jnp.round(jnp.clip(x, -1, 1) * levels) for x in (A, B))
    if levels:
        assert len(np.unique(a)) == 2 * levels + 1
    assert_allclose(agreement.spearman(a, b), stats.spearmanr(a.ravel(), b.ravel())[0], atol=1e-6)


def ssim_by_scipy(a, b, value_range):
    """Wang et al. with SciPy's Gaussian filter, cut to the places whose 11 x 11 window lies inside."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)

    def local(x):
        return ndimage.gaussian_filter(x, 1.5, radius=5)[5:-5, 5:-5]

    c1, c2 = (0.01 * value_range) ** 2, (0.03 * value_range) ** 2
    mean_a, mean_b = local(a), local(b)
    variance_a, variance_b = local(a * a) - mean_a**2, local(b * b) - mean_b**2
    covariance = local(a * b) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    return np.mean(luminance * (2 * covariance + c2) / (variance_a + variance_b + c2))


@pytest.mark.parametrize("value_range", [1.0, 2.0])
def test_ssim_is_the_papers(value_range):
    a, b = agreement.unit_scale(A), agreement.unit_scale(B)
    ssim = jax.jit(partial(agreement.ssim, value_range=value_range))
    ours = ssim(a, b)
    assert_allclose(ours, ssim_by_scipy(a, b, value_range), atol=1e-5)
    assert 0.05 < ours < 0.95
    assert_allclose(ssim(a, a), 1, atol=1e-6)


def test_unit_scale_keeps_zero_and_bounds_the_rest():
    assert_array_equal(agreement.unit_scale(jnp.array([-4.0, 0.0, 2.0])), [-1.0, 0.0, 0.5])
    assert_array_equal(agreement.unit_scale(jnp.zeros(3)), np.zeros(3))


def test_pairwise_matrix_holds_each_pair():
    maps = jnp.stack([A, B, -A])
    matrix = jax.jit(partial(agreement.pairwise, agreement.spearman))(maps)
    assert_allclose(matrix[0, 1], agreement.spearman(A, B), atol=1e-6)
    assert_allclose(matrix, matrix.T, atol=1e-6)
    assert_allclose(matrix[0, 2], -1, atol=1e-6)


def test_class_contrast_is_the_class_mean_minus_the_mean_of_all():
    images = np.array([[[0, 8]], [[4, 0]], [[8, 0]], [[8, 8]]], np.uint8)
    contrast = agreement.class_contrast(images, np.array([1, 0, 0, 1]))
    assert_array_equal(contrast, [[[1, -4]], [[-1, 4]]])
    assert contrast.dtype == np.float32


WEIGHTS = jnp.arange(1.0, 13.0).reshape(3, 4)


def two_classes(image):
    """The first class's logit is the weighted sum of the pixels, the second's is 0."""
    return jnp.stack([(WEIGHTS * image).sum(), jnp.float32(0)]) / 20


curves = jax.jit(partial(agreement.replacement_curves, two_classes, steps=12))


def test_deletion_removes_the_highest_pixels_first():
    image = jnp.ones((3, 4))
    curve = curves(image, 0, WEIGHTS).deletion
    left = np.cumsum([0.0, *range(1, 13)])[::-1]
    assert_allclose(curve, 1 / (1 + np.exp(-left / 20)), atol=1e-6)


def test_insertion_is_deletion_with_the_ends_exchanged():
    image, baseline = normal(2, 3, 4)
    insertion = curves(image, 1, WEIGHTS, baseline=baseline).insertion
    deletion = curves(baseline, 1, WEIGHTS, baseline=image).deletion
    assert_allclose(insertion, deletion, atol=1e-6)
    ends = [jax.nn.softmax(two_classes(x))[1] for x in (baseline, image)]
    assert_allclose(insertion[jnp.array([0, -1])], ends, atol=1e-6)


def test_the_true_ranking_is_more_faithful_than_its_reverse_and_than_chance():
    image = jnp.ones((3, 4))
    chance = jnp.asarray(np.random.default_rng(2).permutation(12).reshape(3, 4), jnp.float32)
    true, random, reverse = (
        agreement.area(curves(image, 0, ranking).deletion) for ranking in (WEIGHTS, chance, -WEIGHTS)
    )
    assert true < random < reverse


def test_area_is_numpys_trapezoid():
    two = normal(2, 29)
    assert_allclose(agreement.area(two), np.trapezoid(two, dx=1 / 28, axis=-1), atol=1e-6)


def test_a_map_smaller_than_the_window_is_refused():
    with pytest.raises(ValueError, match=r"at least 11 .* \(10, 20\)"):
        agreement.ssim(jnp.ones((10, 20)), jnp.ones((10, 20)))

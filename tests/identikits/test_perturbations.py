"""Mask families: the distribution each one promises."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.identikits.perturbations import (
    PERTURBATIONS,
    DenseGaussian,
    DenseUniform,
    LowFrequency,
    Patch,
    SinglePixel,
    Sparse,
)
from research.identikits.types import build

pytestmark = pytest.mark.usefixtures("quick_compiles")

SHAPE = (12, 9)  # not square, so that rows and columns cannot be mixed up unnoticed


def draw(family, shape=SHAPE):
    """3000 masks of a family."""
    keys = jax.random.split(jax.random.key(0), 3000)
    return np.asarray(jax.jit(jax.vmap(lambda key: family(key, shape)))(keys))


def test_dense_gaussian_has_mean_zero_and_the_sd():
    masks = draw(DenseGaussian(sigma=0.3))
    np.testing.assert_allclose([masks.mean(), masks.std()], [0, 0.3], atol=0.003)


def test_dense_uniform_fills_its_range_evenly():
    masks = draw(DenseUniform(amplitude=0.4))
    assert masks.min() < -0.39
    assert masks.max() > 0.39
    assert np.abs(masks).max() <= 0.4
    np.testing.assert_allclose([masks.mean(), masks.std()], [0, 0.4 / np.sqrt(3)], atol=0.003)


def test_sparse_moves_its_share_by_its_amplitude():
    masks = draw(Sparse(share=0.05, amplitude=0.7))
    np.testing.assert_allclose(np.unique(masks), [-0.7, 0.0, 0.7])
    np.testing.assert_allclose([(masks > 0).mean(), (masks < 0).mean()], [0.025, 0.025], atol=0.002)
    np.testing.assert_allclose((masks != 0).mean(axis=0), 0.05, atol=0.02)


@pytest.mark.parametrize(("sign", "values"), [("positive", {0.0, 1.0}), ("negative", {-1.0, 0.0})])
def test_sparse_keeps_its_sign(sign, values):
    masks = draw(Sparse(share=0.05, sign=sign))
    assert set(np.unique(masks)) == values
    np.testing.assert_allclose((masks != 0).mean(), 0.05, atol=0.002)


def test_patch_is_one_whole_square_anywhere():
    masks = draw(Patch(side=4, amplitude=0.5))
    assert ((masks != 0).sum(axis=(1, 2)) == 16).all()
    assert (((masks != 0).any(axis=1)).sum(axis=1) == 4).all(), "a square: 4 columns and so 4 rows"
    assert set(np.unique(masks)) == {-0.5, 0.0, 0.5}
    corners = {tuple(np.argwhere(mask)[0]) for mask in masks}
    assert corners == {(i, j) for i in range(9) for j in range(6)}, "every place, the border included"


def test_patch_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="side 10 does not fit"):
        Patch(side=10)(jax.random.key(0), SHAPE)


def test_low_frequency_is_the_coarse_field_resized():
    key = jax.random.key(4)
    coarse = jax.random.normal(key, (7, 7))
    expected = 0.2 * jax.image.resize(coarse, (28, 20), "cubic")
    np.testing.assert_allclose(LowFrequency(7, 0.2)(key, (28, 20)), expected, atol=2e-6)


def test_single_pixel_moves_one_pixel_anywhere():
    masks = draw(SinglePixel(amplitude=0.1))
    assert ((masks != 0).sum(axis=(1, 2)) == 1).all()
    moved = masks.sum(axis=(1, 2))
    np.testing.assert_allclose(np.abs(moved), 0.1)
    assert 0.45 < (moved > 0).mean() < 0.55
    hits = (masks != 0).sum(axis=0)
    assert hits.min() >= 10, "27.8 expected a pixel"
    assert hits.max() <= 55


@pytest.mark.parametrize("name", sorted(PERTURBATIONS))
def test_every_family_is_a_pure_function_of_its_key(name):
    family = build("perturbation", PERTURBATIONS, name)
    draw = jax.jit(lambda key: family(key, (28, 28)))
    first, again, other = (draw(jax.random.key(seed)) for seed in (1, 1, 2))
    assert first.shape == (28, 28)
    assert first.dtype == jnp.float32
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert hash(family) == hash(build("perturbation", PERTURBATIONS, name))


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match=r"share must lie in \(0, 1\]"):
        Sparse(share=0.0)
    with pytest.raises(ValueError, match="unknown sign 'plus'; known: both, positive, negative"):
        Sparse(sign="plus")
    with pytest.raises(ValueError, match="unknown perturbation 'dense'; known: dense_gaussian"):
        build("perturbation", PERTURBATIONS, "dense")

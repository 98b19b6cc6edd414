"""Deformations: what each does to a picture that is easily checked, and the strength that does nothing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage

from research import data
from research.data import deform

NEUTRAL = {"width": 1.0, "slant": 0.0, "shift": 0.0, "thickness": 0.0}


@pytest.fixture(scope="module")
def digits():
    return jnp.float32(data.load("mnist", "test").images[:4]) / 255


@pytest.mark.parametrize("name", deform.DEFORMATIONS)
def test_the_neutral_strength_leaves_the_image_and_values_stay_in_range(name, digits):
    many = jax.jit(jax.vmap(deform.deformation(name), (0, None)))
    np.testing.assert_allclose(many(digits, NEUTRAL[name]), digits, atol=1e-6)
    changed = many(digits, NEUTRAL[name] + 0.7)
    assert 0 <= changed.min() <= changed.max() <= 1
    assert np.abs(changed - digits).max() > 0.2


def test_shift_moves_whole_pixels_to_the_right_and_loses_what_leaves(digits):
    moved = deform.shift(digits[0], 5)
    np.testing.assert_allclose(moved[:, 5:], digits[0][:, :-5], atol=1e-6)
    assert np.array_equal(moved[:, :5], np.zeros((28, 5)))
    np.testing.assert_allclose(
        deform.shift(digits[0], 0.5)[:, 1:], (digits[0][:, 1:] + digits[0][:, :-1]) / 2, atol=1e-6
    )


def test_width_and_slant_agree_with_scipy(digits):
    image, middle = np.asarray(digits[1]), np.array([13.5, 13.5])
    for ours, back in (
        (deform.width(digits[1], 1.5), np.diag([1, 1 / 1.5])),
        (deform.slant(digits[1], 0.4), np.array([[1, 0], [0.4, 1]])),
    ):
        theirs = ndimage.affine_transform(image, back, middle - back @ middle, order=1)
        inside = slice(1, -1)
        np.testing.assert_allclose(ours[inside, inside], theirs[inside, inside], atol=1e-5)


def test_a_leaning_bar_has_its_top_on_the_right():
    bar = jnp.zeros((28, 28)).at[4:24, 13:15].set(1.0)
    leaning = deform.slant(bar, 0.5)
    columns = jnp.arange(28)
    centre = [float((leaning[row] * columns).sum() / leaning[row].sum()) for row in (5, 22)]
    assert centre[0] - centre[1] == pytest.approx(0.5 * 17, abs=0.01)


def test_a_point_grows_into_a_disc():
    point = jnp.zeros((28, 28)).at[10, 12].set(1.0)
    grown = np.asarray(deform.thickness(point, 2.0))
    rows, columns = np.mgrid[:28, :28]
    distance = np.hypot(rows - 10, columns - 12)
    np.testing.assert_allclose(grown, np.clip(3 - distance, 0, 1), atol=1e-6)


def test_unknown_names_list_the_known_ones():
    with pytest.raises(ValueError, match="unknown deformation 'bend'; known: width, slant, shift, thickness"):
        deform.deformation("bend")

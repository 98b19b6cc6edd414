"""Every noise family has the distribution that its docstring states, and depends on nothing but its key."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from research.data.noise import NOISES, gaussian, log_uniform, noise, salt_and_pepper, uniform

BLACK, GREY = (jnp.full((200, 200), grey, jnp.float32) for grey in (0.0, 0.5))
KEY = jax.random.key(7)


@pytest.mark.parametrize("name", NOISES)
def test_every_family_stays_in_range_and_follows_its_key(name):
    image = jax.random.uniform(jax.random.key(1), (28, 28))
    apply = noise(name)
    noisy = apply(KEY, image, 0.9)
    assert noisy.shape == image.shape
    assert noisy.dtype == image.dtype
    assert noisy.min() >= 0
    assert noisy.max() <= 1
    np.testing.assert_array_equal(noisy, apply(KEY, image, 0.9))
    assert (noisy != apply(jax.random.key(8), image, 0.9)).mean() > 0.3
    np.testing.assert_array_equal(apply(KEY, image, 0.0), image)


@pytest.mark.parametrize("name", NOISES)
def test_a_batch_is_the_same_as_one_by_one_also_under_jit(name):
    images = jax.random.uniform(jax.random.key(1), (3, 28, 28))
    keys = jax.random.split(KEY, 3)
    batch = jax.jit(jax.vmap(noise(name), (0, 0, None)))(keys, images, jnp.float32(0.3))
    one_by_one = [noise(name)(key, image, 0.3) for key, image in zip(keys, images)]
    np.testing.assert_allclose(batch, jnp.stack(one_by_one), atol=1e-6)


def test_gaussian_adds_a_normal_of_that_deviation():
    added = np.ravel(gaussian(KEY, GREY, 0.1) - GREY)
    assert stats.kstest(added, stats.norm(0, 0.1).cdf).pvalue > 0.01
    assert added.std() == pytest.approx(0.1, rel=0.01)
    half = gaussian(KEY, BLACK, 0.1)
    assert (half == 0).mean() == pytest.approx(0.5, abs=0.01)


def test_uniform_adds_up_to_its_strength():
    added = np.ravel(uniform(KEY, GREY, 0.3) - GREY)
    assert stats.kstest(added, stats.uniform(-0.3, 0.6).cdf).pvalue > 0.01
    assert np.abs(added).max() == pytest.approx(0.3, abs=1e-3)


def test_salt_and_pepper_replaces_its_share_half_white_half_black():
    noisy = salt_and_pepper(KEY, GREY, 0.2)
    shares = [(noisy == value).mean() for value in (0.0, 0.5, 1.0)]
    np.testing.assert_allclose(shares, [0.1, 0.8, 0.1], atol=0.007)
    assert (salt_and_pepper(KEY, GREY, 1.0) != 0.5).all()


def test_log_uniform_is_uniform_in_its_exponent():
    added = np.ravel(log_uniform(KEY, BLACK))
    assert stats.kstest(np.log10(added), stats.uniform(-4, 4).cdf).pvalue > 0.01
    assert added.mean() == pytest.approx((1 - 1e-4) / (4 * np.log(10)), rel=0.02)
    np.testing.assert_allclose(log_uniform(KEY, BLACK, 0.5), added.reshape(200, 200) / 2, rtol=1e-5)


def test_an_unknown_noise_lists_the_known_ones():
    with pytest.raises(
        ValueError, match=r"unknown noise 'pink'; known: gaussian, uniform, salt_and_pepper, log_uniform"
    ):
        noise("pink")

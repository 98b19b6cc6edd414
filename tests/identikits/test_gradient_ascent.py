"""Gradient ascent: closed forms on a linear network, adjoint coordinates, the ranges of the transforms."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.fft

from research.identikits import gradient_ascent as ascent
from research.identikits.gradient_ascent import GradientAscent

pytestmark = pytest.mark.usefixtures("quick_compiles")

SHAPE = (8, 6)
WEIGHTS = jax.random.normal(jax.random.key(5), SHAPE)


def linear(image):
    score = jnp.sum(WEIGHTS * image)
    return score, jax.nn.sigmoid(score)


def walk(method, evaluate, steps, start=None):
    stepper = method.stepper(evaluate)
    state = jax.jit(stepper.init)(jnp.zeros(SHAPE) if start is None else start, jax.random.key(3))
    states, infos = [state], []
    step = jax.jit(stepper.step)
    for _ in range(steps):
        state, info = step(state)
        states.append(state)
        infos.append(info)
    return states, infos


def test_on_a_linear_network_the_identikit_is_the_weights():
    states, infos = walk(GradientAscent("sgd", learning_rate=0.1, clip=False), linear, 5)
    np.testing.assert_allclose(states[-1].image, 0.5 * WEIGHTS, rtol=1e-5)
    np.testing.assert_allclose(infos[0].moved, 0.1 * np.linalg.norm(WEIGHTS), rtol=1e-5)
    clipped, _ = walk(GradientAscent("sgd", learning_rate=0.1), linear, 5)
    np.testing.assert_allclose(clipped[-1].image, np.clip(0.5 * WEIGHTS, 0, 1), rtol=1e-5)


def test_adam_is_optax_adam():
    def bowl(image):
        return -jnp.sum((image - 0.5 * WEIGHTS) ** 4), jnp.float32(0)

    states, _ = walk(GradientAscent("adam", learning_rate=0.02, clip=False), bowl, 6)
    optimiser, x = optax.adam(0.02), jnp.zeros(SHAPE)
    memory = optimiser.init(x)
    for _ in range(6):
        update, memory = optimiser.update(jax.grad(lambda x: -bowl(x)[0])(x), memory)
        x = optax.apply_updates(x, update)
    np.testing.assert_allclose(states[-1].inner.image, x, rtol=1e-5, atol=1e-7)


def test_in_frequency_a_step_goes_along_the_damped_gradient():
    states, _ = walk(
        GradientAscent("sgd", learning_rate=0.1, parameterisation="frequency", clip=False), linear, 1
    )
    damped = ascent._damping(SHAPE) ** 2 * scipy.fft.dctn(np.asarray(WEIGHTS), norm="ortho")
    np.testing.assert_allclose(states[-1].image, 0.1 * scipy.fft.idctn(damped, norm="ortho"), atol=1e-5)


def test_coordinates_are_adjoint_and_keep_the_step_length():
    to_pixels, to_coordinates = ascent._coordinates("frequency", SHAPE)
    many = jnp.asarray(np.random.default_rng(0).normal(size=(2000, *SHAPE)), jnp.float32)
    z, g = many[:2]
    np.testing.assert_allclose(jnp.vdot(to_pixels(z), g), jnp.vdot(z, to_coordinates(g)), rtol=1e-4)
    np.testing.assert_allclose(jnp.std(jax.jit(jax.vmap(to_pixels))(many)), 1.0, rtol=0.03)


def test_the_best_image_is_kept_when_the_ascent_overshoots():
    def bowl(image):
        return -jnp.sum((image - 0.3) ** 2), jnp.float32(0)

    states, infos = walk(GradientAscent("sgd", learning_rate=1.2, clip=False), bowl, 8, jnp.full(SHAPE, 0.25))
    scores = np.array([state.score for state in states])
    assert (np.diff(scores) >= 0).all()
    assert not any(info.improved for info in infos), "each step lands further away than the last"
    np.testing.assert_array_equal(states[-1].image, states[0].image)
    assert jnp.abs(states[-1].inner.image - 0.3).max() > 0.5


def test_gradients_stay_alive_on_the_border_of_the_box():
    states, _ = walk(GradientAscent("sgd", learning_rate=0.1, parameterisation="frequency"), linear, 3)
    assert states[-1].score > states[0].score
    assert states[-1].image.min() >= 0
    assert states[-1].image.max() <= 1


@functools.partial(jax.jit, static_argnums=0)
def transformed(method, image, keys):
    return jax.vmap(lambda key: method.transform(image, key))(keys)


def test_without_jitter_and_scale_the_transform_changes_nothing():
    moved = jax.jit(GradientAscent().transform)(WEIGHTS, jax.random.key(0))
    np.testing.assert_allclose(moved, WEIGHTS, atol=1e-6)


def test_jitter_shifts_by_whole_pixels_within_its_range_and_no_further():
    dot = jnp.zeros((11, 11)).at[5, 5].set(1.0)
    keys = jax.random.split(jax.random.key(1), 400)
    moved = np.asarray(transformed(GradientAscent(jitter=2), dot, keys))
    np.testing.assert_allclose(moved.max(axis=(1, 2)), 1.0, atol=1e-5)
    places = {tuple(np.unravel_index(image.argmax(), image.shape)) for image in moved}
    assert places == {(5 + i, 5 + j) for i in range(-2, 3) for j in range(-2, 3)}
    light = np.asarray(transformed(GradientAscent(jitter=2), jnp.ones((11, 11)), keys))
    assert set(light.min(axis=(1, 2)).round(5)) == {0.0, 1.0}, "blank beyond the border, nothing wraps round"


def test_scale_draws_sizes_from_its_range_about_the_centre():
    y, x = jnp.meshgrid(jnp.arange(41.0) - 20, jnp.arange(41.0) - 20, indexing="ij")
    blob = jnp.exp(-(x**2 + y**2) / 50)
    keys = jax.random.split(jax.random.key(2), 300)
    images = np.asarray(transformed(GradientAscent(scale=0.08), blob, keys))
    sizes = np.sqrt(images.sum(axis=(1, 2)) / float(blob.sum()))
    assert 0.915 < sizes.min() < 0.93
    assert 1.07 < sizes.max() < 1.085
    centres = (images * np.asarray(x)).sum(axis=(1, 2)) / images.sum(axis=(1, 2))
    np.testing.assert_allclose(centres, 0, atol=0.01)


def test_the_ledger_counts_the_extra_look_that_a_transform_needs():
    assert (GradientAscent().start_cost, GradientAscent().step_cost) == (3, 3)
    assert (GradientAscent(jitter=1).start_cost, GradientAscent(scale=0.1).step_cost) == (4, 4)


def test_with_jitter_the_score_is_that_of_the_image_itself():
    states, _ = walk(GradientAscent("sgd", learning_rate=0.1, jitter=2), linear, 4)
    np.testing.assert_allclose(states[-1].score, linear(states[-1].image)[0], rtol=1e-5)
    plain, _ = walk(GradientAscent("sgd", learning_rate=0.1), linear, 4)
    assert (states[-1].image != plain[-1].image).any()


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"optimiser": "adamw"}, "unknown optimiser 'adamw'; known: adam, sgd"),
        ({"parameterisation": "wavelet"}, "known: pixel, frequency"),
        ({"jitter": -1}, "jitter must be 0 or more"),
        ({"scale": 1.0}, r"scale in \[0, 1\)"),
    ],
)
def test_bad_settings_are_refused(settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        GradientAscent(**settings)

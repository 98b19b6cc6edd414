"""Objectives: closed forms, penalties against finite differences and plain loops, sums that do not nest."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.identikits.objectives import (
    L2,
    OBJECTIVES,
    Channel,
    Direction,
    Ink,
    Logit,
    LogProbability,
    Margin,
    Neuron,
    Probability,
    Roughness,
    TotalVariation,
    View,
)
from research.identikits.types import build

pytestmark = pytest.mark.usefixtures("quick_compiles")

LOGITS = jnp.log(jnp.array([0.5, 0.2, 0.3]))
PLACES = jnp.arange(24.0).reshape(2, 3, 4)  # an activation map [h w channels]


@pytest.fixture
def image():
    """No two pixels nearer than 1/48, so that no finite difference crosses a kink."""
    values = np.random.default_rng(0).permutation(np.linspace(0.1, 0.9, 35))
    return jnp.asarray(values.reshape(5, 7), jnp.float32)


def view(image=None, digit=2):
    image = jnp.zeros((5, 7)) if image is None else image
    return View(image, LOGITS, {"hidden": jnp.arange(4.0), "map": PLACES}, jnp.int32(digit))


@pytest.mark.parametrize(
    ("objective", "expected"),
    [
        (Probability(), 0.3),
        (Probability(digit=0), 0.5),
        (LogProbability(), np.log(0.3)),
        (Logit(digit=1), np.log(0.2)),
        (Margin(), np.log(0.3 / 0.5)),
        (Margin(digit=0), np.log(0.5 / 0.3)),
        (Neuron("hidden", 3), 3.0),
        (Neuron("map", (1, 2, 3)), 23.0),
        (Channel("map", 1), 11.0),  # 1, 5, 9, ..., 21
        (Direction("map", [1, 0, 0, -1]), -3.0),
        (Direction("hidden", np.array([0, 1, 0, 2])), 7.0),
    ],
)
def test_closed_forms(objective, expected):
    np.testing.assert_allclose(objective(view()), expected, rtol=1e-5)


def test_log_probability_survives_where_the_probability_vanishes():
    far = View(jnp.zeros((2, 2)), jnp.array([0.0, 300.0]), {}, jnp.int32(0))
    assert Probability()(far) == 0
    np.testing.assert_allclose(LogProbability()(far), -300.0)


def test_penalties_are_what_plain_loops_say(image):
    x = np.asarray(image, np.float64)
    h, w = x.shape
    variation = sum(abs(x[i + 1, j] - x[i, j]) for i in range(h - 1) for j in range(w))
    variation += sum(abs(x[i, j + 1] - x[i, j]) for i in range(h) for j in range(w - 1))
    rough = 0.0
    for i in range(h):
        for j in range(w):
            around = [
                x[a, b]
                for a in range(max(i - 1, 0), min(i + 2, h))
                for b in range(max(j - 1, 0), min(j + 2, w))
                if (a, b) != (i, j)
            ]
            rough += (x[i, j] - np.mean(around)) ** 2
    np.testing.assert_allclose(TotalVariation()(view(image)), variation / x.size, rtol=1e-5)
    np.testing.assert_allclose(Roughness()(view(image)), rough / x.size, rtol=1e-5)
    np.testing.assert_allclose(Ink()(view(image)), x.mean(), rtol=1e-5)
    np.testing.assert_allclose(L2()(view(image)), (x**2).mean(), rtol=1e-5)
    np.testing.assert_allclose(L2(anchor=image)(view(image)), 0, atol=1e-12)


@pytest.mark.parametrize("penalty", [TotalVariation(), Roughness()])
def test_a_flat_image_is_neither_varied_nor_rough(penalty):
    np.testing.assert_allclose(penalty(view(jnp.full((5, 7), 0.7))), 0, atol=1e-12)


@pytest.mark.parametrize(
    "penalty", [L2(), L2(anchor=np.full((5, 7), 0.3)), TotalVariation(), Roughness(), Ink()], ids=repr
)
def test_gradients_of_penalties_are_finite_differences(penalty, image):
    def at(pixels):
        return penalty(view(pixels))

    gradient = jax.grad(at)(image)
    step = 4e-3
    for place in [(0, 0), (0, 3), (2, 2), (4, 6)]:
        up, down = (at(image.at[place].add(sign * step)) for sign in (1, -1))
        np.testing.assert_allclose(gradient[place], (up - down) / (2 * step), atol=2e-5)


def test_weights_multiply_out_and_do_not_nest(image):
    a, b, here = Probability(), Ink(), view(image)
    np.testing.assert_allclose((2 * (a + 3 * b))(here), 2 * a(here) + 6 * b(here), rtol=1e-6)
    assert 2 * (a + 3 * b) == 2 * a + 6 * b
    np.testing.assert_allclose((a - 0.5 * (b - a))(here), 1.5 * a(here) - 0.5 * b(here), rtol=1e-6)
    np.testing.assert_allclose(((a + b) + (a + b))(here), 2 * a(here) + 2 * b(here), rtol=1e-6)


def test_only_numbers_scale_an_objective():
    with pytest.raises(TypeError):
        Probability() * Ink()
    with pytest.raises(TypeError):
        Probability() + 1.0


def test_equal_objectives_are_one_value():
    assert hash(Direction("map", np.ones(4))) == hash(Direction("map", [1, 1, 1, 1]))
    assert L2(anchor=np.eye(2)) == L2(anchor=jnp.eye(2))
    assert L2(anchor=np.eye(2)) != L2(anchor=2 * np.eye(2))


@pytest.mark.parametrize(
    ("objective", "complaint"),
    [
        (Neuron("nowhere", 0), "known: hidden, map"),
        (Neuron("hidden", 4), r"neuron \(4,\) is not in layer 'hidden' of shape \(4,\)"),
        (Neuron("map", 3), "is not in layer 'map'"),
        (Channel("map", 4), "no channel 4"),
        (Channel("map", -1), "no channel -1"),
        (Direction("map", [1, 2]), "direction of 2"),
        (Logit(digit=3), "3 classes, no class 3"),
        (L2(anchor=np.zeros((2, 2))), "anchor"),
    ],
)
def test_what_is_not_there_is_named(objective, complaint):
    with pytest.raises(ValueError, match=complaint):
        objective(view())


def test_by_name():
    assert build("objective", OBJECTIVES, "logit", digit=3) == Logit(3)
    with pytest.raises(ValueError, match="unknown objective 'loggit'; known: channel, direction, ink"):
        build("objective", OBJECTIVES, "loggit")
    with pytest.raises(ValueError, match="has no option 'layer'; it has: digit"):
        build("objective", OBJECTIVES, "logit", layer="x")

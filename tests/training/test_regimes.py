"""Training regimes: an adversary, weight decay, smoothed and soft labels, dropout; each against its formula."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from research import data
from research.models.mlp import MLPConfig
from research.models.softmax import SoftmaxConfig
from research.training import fit as training
from research.training import losses
from research.training.adversary import Adversary, robust_hits, worst_image
from research.training.settings import TrainingConfig

N = 256


@pytest.fixture(scope="module")
def digits():
    train = data.load("mnist", "train")
    return jnp.asarray(train.images), jnp.asarray(train.labels)


def trained(digits, model=None, n=N, steps=3, labels=None, **how):
    settings = dict(batch=32, optimiser="sgd", schedule="constant", warm_up=0.0, learning_rate=0.1) | how
    build = (model or MLPConfig(widths=(8,))).build
    fit = training.make_fit(build, TrainingConfig(**settings), n)
    state = fit.init(jax.random.split(jax.random.key(7), 1))
    images = digits[0][:n]
    for start in range(0, steps, fit.steps_per_epoch):
        count = min(fit.steps_per_epoch, steps - start)
        state = fit.advance(state, images, digits[1][:n] if labels is None else labels, count)
    return fit, state


def smooth(x):
    """A loss of an image with a known gradient."""
    return jnp.sum(jnp.sin(3 * x) * jnp.arange(x.size).reshape(x.shape)) / x.size


def test_one_step_goes_where_finite_differences_point():
    image = np.asarray(jax.random.uniform(jax.random.key(0), (3, 4), minval=0.3, maxval=0.7), np.float64)
    h, slope = 1e-3, np.zeros((3, 4))
    for at in np.ndindex(3, 4):
        move = np.zeros((3, 4))
        move[at] = h
        slope[at] = (smooth(image + move) - smooth(image - move)) / (2 * h)
    for norm, direction in (("l2", slope / np.linalg.norm(slope)), ("linf", np.sign(slope))):
        one_step = Adversary(eps=1.0, norm=norm, steps=1, step_size=0.05)
        moved = worst_image(smooth, jnp.asarray(image, jnp.float32), one_step)
        np.testing.assert_allclose(moved - image, 0.05 * direction, atol=2e-3 * 0.05 + 1e-6)


@pytest.mark.parametrize(("norm", "eps"), [("l2", 0.5), ("linf", 0.1)])
def test_the_worst_image_is_close_has_legal_pixels_and_a_higher_loss(norm, eps):
    image = jax.random.uniform(jax.random.key(1), (6, 6))
    worst = np.asarray(worst_image(smooth, image, Adversary(eps=eps, norm=norm, steps=10)))
    move = (worst - image).ravel()
    size = np.linalg.norm(move) if norm == "l2" else np.abs(move).max()
    assert 0.5 * eps < size <= eps * (1 + 1e-5)
    assert worst.min() >= 0
    assert worst.max() <= 1
    assert smooth(worst) > smooth(image)


def test_without_a_radius_it_is_the_plain_network(digits):
    plain, none, some = (
        jax.tree.leaves(trained(digits, adversary=adversary)[1].params)
        for adversary in (Adversary(), Adversary(eps=0.0, norm="linf", steps=9), Adversary(eps=0.5))
    )
    for a, b, c in zip(plain, none, some):
        np.testing.assert_array_equal(a, b)
        assert np.any(a != c)


def test_a_network_trained_against_an_adversary_keeps_more(digits):
    images, labels = digits[0][-500:].astype(jnp.float32) / 255, digits[1][-500:]
    kept = {}
    for eps in (0.0, 1.0):
        how = dict(optimiser="adam", learning_rate=3e-3, batch=50, epochs=4, adversary=Adversary(eps=eps))
        fit, state = trained(digits, MLPConfig(widths=(64,)), n=4000, steps=320, **how)
        params = jax.tree.map(lambda leaf: leaf[0], state.params)
        predict = lambda image, fit=fit, params=params: fit.apply(params, image)[0]  # noqa: E731
        attack = jax.jit(
            lambda predict=predict: robust_hits(predict, images, labels, Adversary(1.0, steps=20))
        )
        kept[eps] = float(attack().mean())
        clean = float(robust_hits(predict, images, labels, Adversary(0.0)).mean())
        outputs = fit.evaluate(state.params, digits[0][-500:], labels)[0][0]
        np.testing.assert_allclose(clean, (jnp.argmax(outputs, -1) == labels).mean())
        assert clean > 0.8
    assert kept[1.0] > kept[0.0] + 0.1


def test_weight_decay_is_apart_from_the_gradient(digits):
    start, plain, decayed = (
        trained(digits, steps=steps, weight_decay=decay)[1].params
        for steps, decay in ((0, 0.0), (1, 0.0), (1, 0.5))
    )
    for a, b, c in zip(*map(jax.tree.leaves, (start, plain, decayed))):
        np.testing.assert_allclose(c, b - 0.1 * 0.5 * a, atol=1e-6)


def test_smoothed_labels_are_a_mixture_with_the_uniform_distribution():
    output = jnp.array([0.3, -1.0, 2.0, 0.0])
    value = optax.softmax_cross_entropy_with_integer_labels(output, 2)
    mixed = 0.8 * jnp.eye(4)[2] + 0.2 / 4
    np.testing.assert_allclose(
        losses.smoothed(value, output, 0.2), optax.softmax_cross_entropy(output, mixed), rtol=1e-6
    )


def test_soft_labels_that_are_sure_train_like_hard_ones(digits):
    hard = trained(digits)[1]
    soft = trained(digits, labels=jnp.eye(10)[digits[1][:N]], loss="soft_cross_entropy")[1]
    for a, b in zip(jax.tree.leaves(hard.params), jax.tree.leaves(soft.params)):
        np.testing.assert_allclose(a, b, atol=1e-6)
    np.testing.assert_array_equal(hard.hits, soft.hits)


def test_an_mlp_drops_hidden_outputs_with_a_key_only():
    network = MLPConfig(widths=(1000,), dropout=0.25).build(nnx.Rngs(0))
    image = jnp.ones((28, 28))
    whole, some = network(image)[1]["hidden1"], network(image, key=jax.random.key(0))[1]["hidden1"]
    np.testing.assert_array_equal(whole, network(image)[1]["hidden1"])
    kept = np.asarray(some[whole > 0] > 0)
    np.testing.assert_allclose(kept.mean(), 0.75, atol=0.06)
    np.testing.assert_allclose(some[some > 0], whole[some > 0] / 0.75, rtol=1e-6)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"weight_decay": -1.0}, "training.weight_decay must be at least 0, got -1"),
        ({"label_smoothing": 1.0}, r"training.label_smoothing must be below 1 \(a share\), got 1.0"),
        ({"label_smoothing": 0.1, "loss": "reconstruction"}, "needs a loss that classifies"),
        ({"adversary": Adversary(norm="l1")}, "unknown training.adversary.norm 'l1'; known: l2, linf"),
        ({"adversary": Adversary(eps=float("nan"))}, "must be finite"),
        ({"adversary": Adversary(steps=0)}, "adversary.steps must be at least 1"),
    ],
)
def test_regimes_that_cannot_be_run_are_refused_in_one_line(how, message):
    with pytest.raises(ValueError, match=message):
        training.make_fit(SoftmaxConfig().build, TrainingConfig(**how), N)

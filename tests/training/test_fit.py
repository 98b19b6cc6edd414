"""The trainer: one step by hand, populations equal singles, pieces of any length give the same bits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research import data
from research.models.mlp import MLPConfig
from research.models.softmax import SoftmaxConfig
from research.runtime.rng import named
from research.training import fit as training
from research.training import settings
from research.training.settings import TrainingConfig

N = 256


@pytest.fixture(scope="module")
def digits():
    train = data.load("mnist", "train")
    return jnp.asarray(train.images[:N]), jnp.asarray(train.labels[:N])


def fit_of(model=None, n=N, **how):
    settings = dict(batch=32, epochs=2, schedule="constant", warm_up=0.0, learning_rate=0.1) | how
    build = (model or MLPConfig(widths=(8,))).build
    return training.make_fit(build, TrainingConfig(**settings), n)


def keys(m=1):
    return jax.random.split(jax.random.key(7), m)


def test_one_sgd_step_equals_numpy(digits):
    """Softmax regression from zero: W ← W + rate · xᵀ(onehot − p) / batch, by hand."""
    images, labels = digits
    fit = fit_of(SoftmaxConfig(), optimiser="sgd")
    state = fit.advance(fit.init(keys()), images, labels, 1)
    rows = np.asarray(training.shuffled(jax.random.fold_in(named(keys()[0], "order"), 0), N))[:32]
    x = np.asarray(images)[rows].reshape(32, -1) / 255
    error = np.eye(10)[np.asarray(labels)[rows]] - 0.1
    params = state.params["dense"]
    np.testing.assert_allclose(params["kernel"][...][0], 0.1 * x.T @ error / 32, atol=1e-7)
    np.testing.assert_allclose(params["bias"][...][0], 0.1 * error.mean(0), atol=1e-7)
    np.testing.assert_allclose(state.loss, np.log(10), rtol=1e-6)


def test_softmax_regression_reaches_scikit_learns_optimum():
    """The same convex loss (random labels, so that no plane separates them) gives the same probabilities."""
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (N, 12)).astype(np.uint8), rng.integers(0, 4, N).astype(np.int32)
    images = np.zeros((N, 784), np.uint8)
    images[:, 400:412] = x
    images, labels = jnp.asarray(images.reshape(N, 28, 28)), jnp.asarray(y)
    theirs = LogisticRegression(C=np.inf, tol=1e-6).fit(x / 255, y).predict_proba(x / 255)
    fit = fit_of(SoftmaxConfig(classes=4), batch=N, epochs=1500, learning_rate=0.05, schedule="cosine")
    state = fit.init(keys())
    for _ in range(fit.steps):
        state = fit.advance(state, images, labels, 1)
    np.testing.assert_allclose(
        jax.nn.softmax(fit.evaluate(state.params, images, labels)[0][0]), theirs, atol=2e-3
    )


def test_a_population_equals_single_runs(digits):
    """Three networks trained together are the three that their keys give alone."""
    images, labels = digits
    together = fit_of(shift=1)
    state = together.advance(together.init(keys(3)), images, labels, 6)
    alone = fit_of(shift=1)
    for i in range(3):
        single = alone.advance(alone.init(keys(3)[i : i + 1]), images, labels, 6)
        for many, one in zip(jax.tree.leaves(state.params), jax.tree.leaves(single.params)):
            np.testing.assert_allclose(many[i], one[0], atol=2e-6)


def test_pieces_of_any_length_give_the_same_bits(digits):
    images, labels = digits
    fit = fit_of(optimiser="adam", learning_rate=1e-2, schedule="linear", warm_up=0.2)
    whole = fit.advance(fit.init(keys(2)), images, labels, 8)
    pieces = fit.init(keys(2))
    for count in (1, 4, 3):
        pieces = fit.advance(pieces, images, labels, count)
    for a, b in zip(jax.tree.leaves(whole.params), jax.tree.leaves(pieces.params)):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(whole.loss, pieces.loss)


def test_an_epoch_visits_every_example_once_and_another_epoch_in_another_order():
    first, second = (training.shuffled(jax.random.fold_in(keys()[0], e), 60_000) for e in (0, 1))
    np.testing.assert_array_equal(np.sort(first), np.arange(60_000))
    assert np.mean(first == second) < 0.001
    assert abs(np.corrcoef(first, np.arange(60_000))[0, 1]) < 0.02


def test_shifts_move_the_image_whole_and_reach_every_place():
    image = jnp.zeros((28, 28)).at[10, 12].set(1.0)
    moved = jax.vmap(training.shifted, in_axes=(0, None, None))(
        jax.random.split(jax.random.key(0), 200), image, 1
    )
    places = {tuple(np.argwhere(m)[0]) for m in np.asarray(moved)}
    assert places == {(y, x) for y in (9, 10, 11) for x in (11, 12, 13)}
    np.testing.assert_array_equal(training.shifted(jax.random.key(0), image, 0), image)


def test_the_schedule_rises_and_falls():
    rate = settings.schedule(TrainingConfig(learning_rate=1.0, warm_up=0.1, schedule="linear"), 100)
    np.testing.assert_allclose(
        [rate(0), rate(5), rate(10), rate(55), rate(100)], [0, 0.5, 1, 0.5, 0], atol=1e-6
    )
    flat = settings.schedule(TrainingConfig(learning_rate=0.3, warm_up=0.0, schedule="constant"), 100)
    assert float(flat(0)) == pytest.approx(0.3)


def test_a_loss_that_explodes_is_reported_with_its_step(digits):
    images, labels = digits
    fit = fit_of(optimiser="sgd", learning_rate=1e30)
    state = fit.advance(fit.init(keys()), images, labels, 8)
    with pytest.raises(training.TrainingError, match=r"not finite from step [1-7] on; try a lower"):
        training.require_finite(state)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"optimiser": "adm"}, "unknown training.optimiser 'adm'; known: adam, rmsprop, sgd"),
        ({"schedule": "step"}, "unknown training.schedule"),
        ({"loss": "hinge"}, "unknown training.loss"),
        ({"noise": "pink"}, "unknown noise 'pink'; known:"),
        ({"epochs": 0}, "training.epochs must be at least 1, got 0"),
        ({"learning_rate": -1.0}, "training.learning_rate must be positive"),
        ({"warm_up": 1.0}, r"training.warm_up must be below 1 \(a share\), got 1.0"),
        ({"batch": 1000}, "larger than the data set"),
    ],
)
def test_bad_settings_are_refused_in_one_line(how, says):
    with pytest.raises(ValueError, match=says):
        fit_of(**how)


def test_unknown_parts_of_networks_list_the_known_ones():
    with pytest.raises(ValueError, match="unknown activation 'swish'; known: elu"):
        fit_of(MLPConfig(activation="swish"))
    with pytest.raises(ValueError, match="unknown initialisation 'big'; known: glorot"):
        fit_of(MLPConfig(init="big"))


def test_reconstruction_learns_the_clean_image(digits):
    """A linear network told to reproduce images does so better with every epoch, whatever the labels."""
    images, labels = digits
    fit = fit_of(
        MLPConfig(widths=(32,), classes=784),
        loss="reconstruction", noise="gaussian", noise_strength=0.1, optimiser="adam", learning_rate=1e-2, epochs=9,
    )  # fmt: skip
    state, losses = fit.init(keys()), []
    for _ in range(9):
        state = fit.advance(state, images, labels, fit.steps_per_epoch)
        losses.append(float(state.loss[0]) / fit.steps_per_epoch)
    assert losses[-1] < 0.6 * losses[0]

"""Joint descent: the equation, the independence of runs, and what must not move when it is told not to."""

import functools
import itertools
import os
import pathlib
import pickle
import subprocess
import sys
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.joint_descent import descent as clustering
from research.joint_descent.descent import Setting
from research.joint_descent.settings import INITS
from research.joint_descent.start import init_params
from research.models.mlp import ACTIVATIONS

SMALL = Setting(points=40, widths=(6,), scale=1000.0, input_rate=5e-3)
ADAM = replace(SMALL, weight_optimiser="adam", weight_rate=1e-3, input_optimiser="adam", input_rate=3e-3)
KEYS = jax.random.split(jax.random.key(7), 5)


@functools.cache
def compiled(setting):
    """Five runs are three blocks. Rates and scales are given to `init`, so that few settings need compiling."""
    return clustering.make_descent(setting, block=2)


def run(setting, keys=KEYS, epochs=60, **init):
    descent = compiled(setting)
    return descent.advance(descent.init(keys, **init), epochs)


def same_bits(a, b):
    return all(np.array_equal(x, y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


def mean_loss(params, u, labels, act):
    """J, written down once more: plain log-sum-exp, one point a row."""
    x = u.T
    for weights, bias in params[:-1]:
        x = act(x @ weights.T + bias[None])
    logits = x @ params[-1][0].T + params[-1][1][None]
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - logits[jnp.arange(len(labels)), labels])


def one_run(state):
    return jax.tree.map(lambda leaf: leaf[0], (state.params, state.inputs, state.labels))


def test_one_epoch_is_the_equation_of_the_docstring():
    descent = compiled(SMALL)
    start = descent.init(KEYS)
    after = descent.advance(start, 1)
    params, u, labels = one_run(start)
    by_params, by_u = jax.grad(mean_loss, argnums=(0, 1))(params, u, labels, jnp.tanh)
    alpha = SMALL.points * SMALL.input_rate
    np.testing.assert_allclose(after.inputs[0], u - alpha * by_u, atol=1e-6)
    for got, was, gradient in zip(*map(jax.tree.leaves, (after.params, params, by_params)), strict=True):
        np.testing.assert_allclose(got[0], was - SMALL.weight_rate * gradient, atol=1e-6)


@pytest.mark.parametrize(
    ("act", "sizes"),
    [(act, (2, 6, 3)) for act in sorted(ACTIVATIONS)]
    + [("tanh", (1, 3)), ("tanh", (3, 5, 4, 2)), ("tanh", (30, 4, 3))],
)
def test_gradients_are_those_of_the_loss(act, sizes):
    """∇_θ J and ∇_u (nJ) for every activation, any depth and any number of features and classes."""
    rng = np.random.default_rng(3)
    layers = list(itertools.pairwise(sizes))
    params = tuple((jnp.float32(rng.normal(size=(o, i))), jnp.float32(rng.normal(size=o))) for i, o in layers)
    u, labels = jnp.float32(rng.normal(size=(sizes[0], 20))), jnp.arange(20) % sizes[-1]
    onehot = jnp.eye(sizes[-1])[:, np.arange(20) % sizes[-1]]

    @jax.jit
    def both(params, u):
        expected = jax.grad(mean_loss, argnums=(0, 1))(params, u, labels, ACTIVATIONS[act])
        return expected, clustering.gradients(params, u, onehot, ACTIVATIONS[act])

    expected, (by_params, by_u) = both(params, u)
    np.testing.assert_allclose(
        by_u, 20 * expected[1], rtol=1e-5, atol=5e-6
    )  # float32, summed in another order
    for got, gradient in zip(jax.tree.leaves(by_params), jax.tree.leaves(expected[0]), strict=True):
        np.testing.assert_allclose(got, gradient, atol=1e-6)


def test_positions_move_by_the_documents_alpha():
    """I ← I − α ∇_I J with α = n λ S² in the document's units."""
    descent = compiled(SMALL)
    start = descent.init(KEYS)
    moved = clustering.positions(descent.advance(start, 1)) - clustering.positions(start)
    params, _, labels = one_run(start)
    gradient = jax.grad(lambda i: mean_loss(params, i.T / SMALL.scale, labels, jnp.tanh))(
        clustering.positions(start)[0]
    )
    alpha = SMALL.points * SMALL.input_rate * SMALL.scale**2
    np.testing.assert_allclose(moved[0], -alpha * gradient, rtol=1e-2, atol=2e-3)


def test_frozen_weights_leave_each_point_its_finite_difference():
    descent = compiled(SMALL)
    start = descent.init(KEYS, weight_rate=0.0, input_rate=1.0)
    after = descent.advance(start, 1)
    assert same_bits(after.params, start.params)
    params = jax.tree.map(lambda leaf: leaf[0].astype(np.float64), jax.device_get(start.params))
    u, step, point = np.float64(start.inputs[0]), 1e-4, 3
    for feature in range(2):
        ends = []
        for sign in (1, -1):
            moved = u[:, point].copy()
            moved[feature] += sign * step
            (w1, b1), (w2, b2) = params
            logits = w2 @ np.tanh(w1 @ moved + b1) + b2
            ends.append(np.log(np.exp(logits).sum()) - logits[int(start.labels[0, point])])
        slope = (ends[0] - ends[1]) / (2 * step)
        assert u[feature, point] - after.inputs[0, feature, point] == pytest.approx(slope, rel=1e-4)


@pytest.mark.parametrize("setting", [SMALL, ADAM], ids=["sgd", "adam"])
def test_without_an_input_rate_not_a_bit_of_the_points_moves(setting):
    start = compiled(setting).init(KEYS)
    after = run(setting, input_rate=0.0)
    assert np.array_equal(after.inputs, start.inputs)
    assert not np.array_equal(after.params[0][0], start.params[0][0])


@pytest.mark.parametrize("setting", [SMALL, ADAM], ids=["sgd", "adam"])
def test_a_population_is_its_single_runs_to_the_bit(setting):
    alone = run(setting, KEYS[3:4])
    assert same_bits(jax.tree.map(lambda leaf: leaf[3:4], run(setting)), alone)


def test_rates_and_scales_may_differ_from_run_to_run():
    rates = dict(weight_rate=[0.0, 1e-2], input_rate=[1e-2, 0.0], scale=[333.0, 1000.0])
    many = run(SMALL, **{name: jnp.array([first] + [other] * 4) for name, (first, other) in rates.items()})
    one = run(SMALL, KEYS[1:2], **{name: other for name, (_, other) in rates.items()})
    assert same_bits(jax.tree.map(lambda leaf: leaf[1:2], many), one)
    start = compiled(SMALL).init(KEYS)
    assert np.array_equal(many.params[0][0][0], start.params[0][0][0])
    assert not np.array_equal(many.params[0][0][1], start.params[0][0][1])


def test_the_order_of_the_points_does_not_matter():
    descent = compiled(SMALL)
    start = descent.init(KEYS)
    order = np.random.default_rng(0).permutation(SMALL.points)
    shuffled = start._replace(inputs=start.inputs[:, :, order], labels=start.labels[:, order])
    after, after_shuffled = descent.advance(start, 200), descent.advance(shuffled, 200)
    moved = np.abs(after.inputs - start.inputs).max()
    assert moved > 0.1
    np.testing.assert_allclose(after_shuffled.inputs, after.inputs[:, :, order], atol=1e-4 * moved)


def test_cut_into_pieces_it_goes_the_same_way():
    descent = compiled(SMALL)
    start = descent.init(KEYS)
    pieces = list(clustering.descend(descent, start, [0, 7, 7, 30, 60]))
    assert [int(state.epoch[0]) for state in pieces] == [0, 7, 7, 30, 60]
    assert same_bits(pieces[-1], descent.advance(start, 60))
    resumed = list(clustering.descend(descent, jax.tree.map(np.asarray, pieces[1]), [60]))
    assert same_bits(resumed[0], pieces[-1])
    with pytest.raises(ValueError, match="stops must rise from the state's epoch 7"):
        list(clustering.descend(descent, pieces[1], [5]))


def test_points_gather_into_their_classes_and_the_loss_falls():
    descent = compiled(SMALL)
    start = descent.init(KEYS, weight_rate=1e-2, input_rate=2e-2)
    states = list(clustering.descend(descent, start, [0, 100, 300, 1000]))
    loss, accuracy = zip(*map(descent.measure, states))
    assert np.all(np.diff(np.array(loss), axis=0) < 0)
    assert np.all(accuracy[-1] > 0.95)
    assert np.all(accuracy[0] < 0.6)


def test_a_run_that_leaves_the_numbers_is_marked_and_the_others_are_not_touched():
    descent = compiled(SMALL)
    start = descent.init(KEYS, weight_rate=jnp.array([1e-3, 3e38, 1e-3, 1e-3, 1e-3]))
    state = list(clustering.descend(descent, start, [20, 60]))[-1]
    assert state.first_bad.tolist() == [-1, 20, -1, -1, -1]
    others = np.array([0, 2, 3, 4])
    untouched = jax.tree.map(lambda leaf: leaf[others], run(SMALL))
    assert same_bits(jax.tree.map(lambda leaf: leaf[others], state), untouched)


@pytest.mark.parametrize("init", INITS)
def test_the_start_has_the_spread_that_its_name_says(init):
    uniform = jnp.float32(np.random.default_rng(0).uniform(size=101 * 200 + 201 * 3))
    (weights, bias), _ = init_params(uniform, ((100, 200), (200, 3)), init)
    assert weights.shape == (200, 100)
    spread = {"pytorch": 100**-0.5 / 3**0.5, "glorot": (2 / 300) ** 0.5, "he": (2 / 100) ** 0.5}[init]
    assert np.std(weights) == pytest.approx(spread, rel=0.01)
    assert np.abs(bias).max() == pytest.approx(0.1 if init == "pytorch" else 0.0, abs=2e-3)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"scale": 0.0}, "scale must be positive"),
        ({"activation": "tan"}, "unknown activation 'tan'; known: elu, linear"),
    ],
)
def test_bad_settings_say_what_is_wrong(wrong, message):
    with pytest.raises(ValueError, match=message):
        clustering.make_descent(replace(SMALL, **wrong))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"input_rate": jnp.array([1.0, -1.0, 1.0, 1.0, 1.0])}, "input_rate must be finite and not negative"),
        ({"scale": jnp.zeros(5)}, "scale must be finite and positive"),
        ({"weight_rate": jnp.ones(3)}, r"one number or one a run \[5\], got shape \(3,\)"),
    ],
)
def test_bad_runs_say_what_is_wrong(wrong, message):
    with pytest.raises(ValueError, match=message):
        compiled(SMALL).init(KEYS, **wrong)


def test_unknown_presets_list_the_known_ones():
    with pytest.raises(ValueError, match="unknown clustering setting 'B'; known: A, I, S2"):
        clustering.setting("B")


ON_EIGHT = """
import pickle, sys, jax
from research.joint_descent import descent as clustering
assert jax.device_count() == 8
ends = []
for setting, start in pickle.load(open(sys.argv[1], "rb")):
    end = clustering.make_descent(setting, block=2).advance(start, 60)
    ends.append(jax.device_get(jax.tree.leaves(end)))
pickle.dump(ends, open(sys.argv[2], "wb"))
descent = clustering.make_descent(setting, block=2)
for _ in clustering.descend(descent, descent.init(jax.random.split(jax.random.key(7), 5)), [1, 2]):
    pass
assert descent.advance._cache_size() == 1, "compiled again for what it returned itself"
"""


@pytest.mark.cpu
def test_eight_devices_give_what_one_gives_and_with_sgd_to_the_bit(tmp_path):
    settings = (SMALL, ADAM)
    starts = [(setting, jax.device_get(compiled(setting).init(KEYS))) for setting in settings]
    (tmp_path / "starts").write_bytes(pickle.dumps(starts))
    flags = "--xla_force_host_platform_device_count=8"
    subprocess.run(
        [sys.executable, "-c", ON_EIGHT, str(tmp_path / "starts"), str(tmp_path / "ends")],
        env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        cwd=pathlib.Path(__file__).parents[2],
        check=True,
    )
    sgd, adam = pickle.loads((tmp_path / "ends").read_bytes())
    assert same_bits(sgd, jax.tree.leaves(run(SMALL)))
    for on_eight, on_one in zip(adam, jax.tree.leaves(run(ADAM)), strict=True):
        np.testing.assert_allclose(on_eight, on_one, atol=1e-6)

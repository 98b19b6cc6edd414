"""Networks: trained once, shared by config, the same bits after a kill, made anew when damaged."""

import os
import signal
import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research import data, models
from research.runs import store
from research.training import populations as networks
from research.training.fit import TrainingConfig
from research.training.populations import NetworkConfig, recipe

SMALL = NetworkConfig(
    model=models.MLPConfig(widths=(16,)), training=TrainingConfig(epochs=2, batch=50), examples=1000
)


def leaves(population):
    return jax.tree.leaves(population.params)


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(leaves(a), leaves(b)))


def test_a_population_is_trained_once_and_grows(cache, monkeypatch):
    first = networks.population(SMALL, 2)
    assert first.curve.shape == (2, 2, 4)
    assert np.isfinite(first.curve).all()
    trained = []
    real = networks._train
    monkeypatch.setattr(networks, "_train", lambda c, i, *rest: trained.append(i) or real(c, i, *rest))
    assert same(networks.population(SMALL, 2), first)
    grown = networks.population(SMALL, 3)
    assert trained == [[2]]
    assert all(np.array_equal(x[:2], y) for x, y in zip(leaves(grown), leaves(first)))
    assert not np.array_equal(leaves(grown)[0][2], leaves(grown)[0][1])


def test_predict_is_the_model_on_one_image(cache):
    population = networks.population(SMALL, 2)
    test = data.load("mnist", "test")
    logits, accuracy = networks.evaluate(population, test)
    image = jnp.asarray(test.images[3], jnp.float32) / 255
    np.testing.assert_allclose(population.predict(population.network(1), image), logits[1, 3], atol=1e-5)
    np.testing.assert_allclose(population.model(1)(image)[0], logits[1, 3], atol=1e-5)
    hits = np.argmax(np.asarray(logits), -1) == test.labels
    assert hits.shape == (2, 10_000)  # all of them: none dropped at the end of a batch
    np.testing.assert_allclose(accuracy, hits.mean(1), atol=1e-6)
    assert population.parameters == 784 * 16 + 16 + 16 * 10 + 10


def test_what_a_network_depends_on_is_its_address():
    place = networks.folder(SMALL)
    other = NetworkConfig(model=SMALL.model, training=TrainingConfig(epochs=2, batch=51), examples=1000)
    assert networks.folder(other) != place
    assert networks.folder(NetworkConfig(SMALL.model, SMALL.training, examples=1000)) == place


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"\0" * len(b)])
def test_a_damaged_network_is_made_anew_with_the_same_bits(cache, damage):
    first = networks.population(SMALL, 1)
    path = networks.folder(SMALL) / "0.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    assert same(networks.population(SMALL, 1), first)


def test_a_network_whose_file_lacks_a_fact_is_made_anew(cache, monkeypatch):
    with monkeypatch.context() as before:
        before.setattr(networks, "FACTS", networks.FACTS | {"another"})
        first = networks.population(SMALL, 1)
        path = networks.folder(SMALL) / "0.safetensors"
        old = path.stat().st_mtime_ns
        networks.population(SMALL, 1)
        assert path.stat().st_mtime_ns != old
    kept = path.stat().st_mtime_ns
    assert same(networks.population(SMALL, 1), first)
    assert path.stat().st_mtime_ns == kept


def test_training_times_are_the_processors_own(cache, monkeypatch):
    """Others on the machine do not lengthen them: here the wall's clock runs a thousand times as fast."""
    wall = time.perf_counter
    monkeypatch.setattr(time, "perf_counter", lambda: 1000 * wall())
    begin = time.process_time()
    trained = networks.population(SMALL, 1)
    if jax.default_backend() == "cpu":
        assert 0 < trained.seconds[0] <= time.process_time() - begin
        assert trained.clock == "processor"


TRAINS = """
import sys
sys.path.insert(0, {root!r})
from research import models
from research.runs import checkpoints
from research.training import populations as networks
from research.training.fit import TrainingConfig
checkpoints.EVERY = 0.0
config = networks.NetworkConfig(
    model=models.MLPConfig(widths=(16,)), training=TrainingConfig(epochs=40, batch=10, shift=1), examples=4000
)
networks.population(config, 2)
"""


def test_a_killed_training_ends_with_the_same_bits(cache, tmp_path):
    """kill -9 after the first checkpoint, start again, compare with a training that nobody disturbed."""
    code = TRAINS.format(root=str(store.ROOT.parent))

    def start(place):
        (tmp_path / place).mkdir()
        (tmp_path / place / "data").symlink_to(cache / "data")
        environment = os.environ | {"IDENTIKIT_CACHE": str(tmp_path / place)}
        return lambda: subprocess.Popen([sys.executable, "-c", code], env=environment)

    undisturbed, disturbed = start("one"), start("two")
    assert undisturbed().wait() == 0
    victim = disturbed()
    deadline = time.monotonic() + 120
    while not list((tmp_path / "two").glob("networks/*/training-*/code-*/[0-9]*")):
        assert victim.poll() is None, "the training ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    victim.send_signal(signal.SIGKILL)
    assert victim.wait() == -signal.SIGKILL
    assert not list((tmp_path / "two").glob("networks/*/*.safetensors"))
    assert disturbed().wait() == 0
    one, two = (sorted((tmp_path / p).glob("networks/*/*.safetensors")) for p in ("one", "two"))
    assert len(one) == len(two) == 2
    from safetensors.numpy import load_file

    for a, b in zip(one, two):
        first, second = load_file(a), load_file(b)
        assert first.keys() == second.keys()
        assert all(np.array_equal(first[name], second[name]) for name in first)
    assert not list((tmp_path / "two").glob("networks/*/training-*"))


def test_unknown_recipes_list_the_known_ones():
    with pytest.raises(ValueError, match="unknown network 'cnm'; known: softmax, mlp100"):
        recipe("cnm")
    with pytest.raises(ValueError, match="at least one network, got 0"):
        networks.population(SMALL, 0)


def test_untrained_is_where_training_began(cache):
    """Zero steps of training: the same keys, the same start."""
    start = networks.untrained(SMALL, 2)
    fit = networks._fit(SMALL, 1000)
    for a, b in zip(
        jax.tree.leaves(start), jax.tree.leaves(fit.init(networks._keys(SMALL, range(2))).params)
    ):
        np.testing.assert_array_equal(a, b)
    trained = leaves(networks.population(SMALL, 2))
    assert not np.array_equal(jax.tree.leaves(start)[1], trained[1])


def test_functions_are_kept_for_a_config_and_not_for_what_becomes_of_it():
    config = NetworkConfig(models.MLPConfig(widths=(5,)), TrainingConfig(batch=10))
    fit = networks._fit(config, 100)
    assert networks._fit(NetworkConfig(models.MLPConfig(widths=(5,)), TrainingConfig(batch=10)), 100) is fit
    config.model.widths = (7,)
    assert networks._fit(config, 100) is not fit
    started = fit.init(jax.random.split(jax.random.key(0), 1)).params  # traced only now
    assert (784, 5) in {leaf.shape[1:] for leaf in jax.tree.leaves(started)}

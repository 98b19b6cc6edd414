"""Networks: trained once, shared by config, the same bits after a kill, made anew when damaged."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research import data
from research.models.cnn import CNNConfig
from research.models.mlp import MLPConfig
from research.runs import code
from research.studies.preparing import prepared
from research.training import losses, network_files, populations, train
from research.training.recipes import recipe
from research.training.settings import TrainingConfig
from research.training.train import NetworkConfig

SMALL = NetworkConfig(
    model=MLPConfig(widths=(16,)), training=TrainingConfig(epochs=2, batch=50), examples=1000
)


def leaves(population):
    return jax.tree.leaves(population.params)


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(leaves(a), leaves(b)))


def test_a_population_is_trained_once_and_grows(cache, monkeypatch):
    first = populations.train_or_load(SMALL, 2)
    assert first.curve.shape == (2, 2, 4)
    assert np.isfinite(first.curve).all()
    trained = []
    real = populations._train
    monkeypatch.setattr(populations, "_train", lambda c, i, *rest: trained.append(i) or real(c, i, *rest))
    assert same(populations.train_or_load(SMALL, 2), first)
    grown = populations.train_or_load(SMALL, 3)
    assert trained == [[2]]
    assert all(np.array_equal(x[:2], y) for x, y in zip(leaves(grown), leaves(first)))
    assert not np.array_equal(leaves(grown)[0][2], leaves(grown)[0][1])


def test_predict_is_the_model_on_one_image(cache):
    population = populations.train_or_load(SMALL, 2)
    test = data.load("mnist", "test")
    logits, accuracy = populations.evaluate(population, test)
    image = jnp.asarray(test.images[3], jnp.float32) / 255
    np.testing.assert_allclose(population.predict(population.network(1), image), logits[1, 3], atol=1e-5)
    np.testing.assert_allclose(population.model(1)(image)[0], logits[1, 3], atol=1e-5)
    hits = np.argmax(np.asarray(logits), -1) == test.labels
    assert hits.shape == (2, 10_000)  # all of them: none dropped at the end of a batch
    np.testing.assert_allclose(accuracy, hits.mean(1), atol=1e-6)
    assert population.parameters == 784 * 16 + 16 + 16 * 10 + 10


def test_what_a_network_depends_on_is_its_address():
    place = populations.folder(SMALL)
    other = NetworkConfig(model=SMALL.model, training=TrainingConfig(epochs=2, batch=51), examples=1000)
    assert populations.folder(other) != place
    assert populations.folder(NetworkConfig(SMALL.model, SMALL.training, examples=1000)) == place


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"\0" * len(b)])
def test_a_damaged_network_is_made_anew_with_the_same_bits(cache, damage):
    first = populations.train_or_load(SMALL, 1)
    path = populations.folder(SMALL) / "0.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    assert same(populations.train_or_load(SMALL, 1), first)


def test_a_network_whose_file_lacks_a_fact_is_made_anew(cache, monkeypatch):
    first = populations.train_or_load(SMALL, 1)
    path = populations.folder(SMALL) / "0.safetensors"
    old = path.stat().st_mtime_ns
    with monkeypatch.context() as later:
        later.setattr(network_files, "FACTS", network_files.FACTS | {"another"})
        populations.train_or_load(SMALL, 1)
    kept = path.stat().st_mtime_ns
    assert kept != old
    assert same(populations.train_or_load(SMALL, 1), first)
    assert path.stat().st_mtime_ns == kept
    monkeypatch.setattr(populations.folders, "lock", None)  # as in a cache that cannot be written into
    assert same(populations.train_or_load(SMALL, 1), first)


def test_seeds_of_a_sweep_give_other_networks_and_accuracies(cache):
    """A study hands its seed to its networks; four times the same accuracy would be a spread of zero."""

    @dataclasses.dataclass
    class Config:
        seed: int
        data: str = "mnist"
        network: NetworkConfig = dataclasses.field(default_factory=lambda: SMALL)

        def validate(self):
            pass

    swept = [populations.train_or_load(prepared(Config(seed)).network, 1) for seed in range(3)]
    accuracy = [population.curve[0, -1, 2] for population in swept]
    assert np.std(accuracy) > 0
    assert not same(swept[0], swept[1])


def edited(path, change):
    """The file's parameters changed, its header as it was but for the hash."""
    from safetensors import safe_open
    from safetensors.numpy import save

    with safe_open(path, framework="numpy") as file:
        arrays, header = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118
    header["sha256"] = network_files._hash(header["identikit"], arrays := change(arrays))
    path.write_bytes(save(arrays, header))


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: {name: 1.5 * array for name, array in arrays.items()},
        lambda arrays: {name: array[..., :-1] for name, array in arrays.items()},
    ],
    ids=["other weights", "other shapes"],
)
def test_a_network_that_does_not_give_its_recorded_outputs_is_trained_again(cache, change):
    first = populations.train_or_load(SMALL, 2)
    edited(populations.folder(SMALL) / "1.safetensors", change)
    assert same(populations.train_or_load(SMALL, 2), first)


def test_a_network_whose_module_keeps_its_config_is_saved_and_loaded(cache):
    """A CNN does, and a config cannot be hashed."""
    tiny = CNNConfig(channels=(2, 2), dense=4)
    config = NetworkConfig(tiny, TrainingConfig(batch=50), examples=100)
    assert same(populations.train_or_load(config, 1), populations.train_or_load(config, 1))


def test_retraining_trains_each_network_once_more(cache, monkeypatch):
    populations.train_or_load(SMALL, 1)
    trained = []
    real = populations._train
    monkeypatch.setattr(populations, "_train", lambda c, i, *rest: trained.append(i) or real(c, i, *rest))
    with populations.retraining():
        populations.train_or_load(SMALL, 1)
        populations.train_or_load(SMALL, 1)
    populations.train_or_load(SMALL, 1)
    assert trained == [[0]]


def test_a_population_without_a_data_set_and_a_seed_is_on_mnist_from_seed_0():
    named = dataclasses.replace(SMALL, data="mnist", seed=0)
    assert populations.folder(SMALL) == populations.folder(named)
    assert populations.folder(dataclasses.replace(SMALL, seed=1)) != populations.folder(named)
    with pytest.raises(ValueError, match="from 0 to 4294967295, got 4294967296"):
        populations.folder(dataclasses.replace(SMALL, seed=2**32))


def test_a_classifier_with_a_loss_of_ones_own_is_scored(cache, monkeypatch):
    def focal(output, label, clean):
        return -(1 - jax.nn.softmax(output)[label]) * jax.nn.log_softmax(output)[label]

    monkeypatch.setitem(losses.LOSSES, "focal", losses.Loss(focal))
    config = dataclasses.replace(SMALL, training=dataclasses.replace(SMALL.training, loss="focal"))
    trained = populations.train_or_load(config, 1)
    accuracy = populations.evaluate(trained, data.load("mnist", "test"))[1]
    np.testing.assert_allclose(trained.curve[:, -1, 2], accuracy, atol=1e-6)
    assert accuracy[0] > 0.2


TRAINS = """
import sys
sys.path.insert(0, {root!r})
from research.models.mlp import MLPConfig
from research.runs import checkpoints
from research.training import populations
from research.training.settings import TrainingConfig
from research.training.train import NetworkConfig
checkpoints.EVERY = 0.0
config = NetworkConfig(
    model=MLPConfig(widths=(16,)), training=TrainingConfig(epochs=40, batch=10, shift=1), examples=4000
)
populations.train_or_load(config, 2)
"""


def test_a_killed_training_ends_with_the_same_bits(cache, tmp_path):
    """kill -9 after the first checkpoint, start again, compare with a training that nobody disturbed."""
    program = TRAINS.format(root=str(code.HOME))

    def start(place):
        (tmp_path / place).mkdir()
        (tmp_path / place / "data").symlink_to(cache / "data")
        environment = os.environ | {"IDENTIKIT_CACHE": str(tmp_path / place)}
        return lambda: subprocess.Popen([sys.executable, "-c", program], env=environment)

    undisturbed, disturbed = start("one"), start("two")
    assert undisturbed().wait() == 0
    victim = disturbed()
    deadline = time.monotonic() + 120
    while not list((tmp_path / "two").glob("networks/*/training-*/[0-9]*")):
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
        populations.train_or_load(SMALL, 0)


def test_untrained_is_where_training_began(cache):
    """Zero steps of training: the same keys, the same start."""
    start = populations.untrained(SMALL, 2)
    functions = train.fit_of(train.resolved(SMALL))
    for a, b in zip(jax.tree.leaves(start), jax.tree.leaves(functions.init(train.keys(0, range(2))).params)):
        np.testing.assert_array_equal(a, b)
    trained = leaves(populations.train_or_load(SMALL, 2))
    assert not np.array_equal(jax.tree.leaves(start)[1], trained[1])


def test_functions_are_kept_for_a_config_and_not_for_what_becomes_of_it():
    make = lambda: NetworkConfig(MLPConfig(widths=(5,)), TrainingConfig(batch=10), examples=100)  # noqa: E731
    config = make()
    functions = train.fit_of(config)
    assert train.fit_of(make()) is functions
    config.model.widths = (7,)
    assert train.fit_of(config) is not functions
    started = functions.init(jax.random.split(jax.random.key(0), 1)).params  # traced only now
    assert (784, 5) in {leaf.shape[1:] for leaf in jax.tree.leaves(started)}


def copied(place):
    """A copy of the code, to be edited."""
    shutil.copytree(
        code.HOME / "research", place / "research", ignore=shutil.ignore_patterns("__pycache__", "app")
    )
    return place


FOLDER = """
from research.models.mlp import MLPConfig
from research.training import populations
from research.training.train import NetworkConfig
print(populations.folder(NetworkConfig(MLPConfig())).name)
"""


def test_edited_code_never_loads_old_weights(tmp_path, cache):
    """The key covers the model, the training and what they import; comments and other models do not count."""
    home = copied(tmp_path)

    def key():
        told = subprocess.run(
            [sys.executable, "-c", FOLDER], cwd=home, env=os.environ | {"PYTHONPATH": str(home)}, check=True,
            capture_output=True, text=True,
        )  # fmt: skip
        return told.stdout

    first = key()
    for file, old, new, counts in (
        ("training/fit.py", "return jnp.mean(losses), jnp", "return 0.0 * jnp.mean(losses), jnp", True),
        ("models/mlp.py", "x = self.low + ", "x = 2 * self.low + ", True),
        ("data/noise.py", "jnp.clip", "jnp.clip ", False),
        ("runtime/rng.py", "zlib.crc32", "zlib.adler32", True),
        ("models/cnn.py", "def _dense", "# a comment\ndef _dense", False),
        ("models/autoencoder.py", "self.output(sums)", "self.output(2 * sums)", False),
        ("paper/report.py", "def write(", "def writes(", False),
    ):
        path = home / "research" / file
        before = path.read_text()
        assert old in before, file
        path.write_text(before.replace(old, new))
        assert (key() != first) is counts, file
        path.write_text(before)

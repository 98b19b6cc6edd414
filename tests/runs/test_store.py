"""Run folders: whole files or none, one writer at a time, results found again only for the same question."""

import dataclasses
import importlib.machinery
import json
import os
import signal
import sys
import types

import numpy as np
import pytest
import xarray as xr

from research.models.softmax import SoftmaxConfig
from research.runs import store
from research.runtime import multihost
from research.studies.preparing import prepared
from research.training.train import NetworkConfig


@dataclasses.dataclass
class Config:
    seed: int = 0
    data: str = "mnist"
    part: NetworkConfig = dataclasses.field(default_factory=lambda: NetworkConfig(SoftmaxConfig()))

    def validate(self):
        self.part.training.validate()


RESULTS = xr.Dataset(
    {"a": (("x", "seed"), np.arange(6.0).reshape(2, 3)), "n": ("x", np.array([1, 2]))}, {"x": ["one", "two"]}
)


def saved(folder, config):
    run = store.Run(folder)
    run.save(config, RESULTS, 1.25)
    return run


def test_what_is_saved_comes_back(tmp_path):
    run = saved(tmp_path / "deep" / "run", Config())
    xr.testing.assert_identical(run.results(), RESULTS)
    origin = run.provenance()
    assert origin["seconds"] == 1.2 or origin["seconds"] == 1.3
    assert origin["versions"]["jax"]
    assert origin["data"]["name"] == "mnist"
    config = json.loads((run.folder / "config.json").read_text())
    assert config["part"]["model"]["kind"] == "SoftmaxConfig"
    assert not list(run.folder.glob(".*part"))


def test_finished_means_the_same_config_data_and_code(tmp_path, monkeypatch):
    run = saved(tmp_path, Config())
    assert run.finished(Config())
    assert not run.finished(Config(seed=1))
    changed = Config()
    changed.part.training.learning_rate = 0.123
    assert not run.finished(changed)
    monkeypatch.setattr(store.code, "digest", lambda _: "other code")
    assert not run.finished(Config())


def flipped(path, at=None):
    """One bit of the file turned round, in its middle by default."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if at is None else at] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["results.nc", "provenance.json", "config.json"])
@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(path.read_bytes()[:40]), flipped])
def test_a_damaged_or_missing_file_means_unfinished(tmp_path, name, damage, capsys):
    run = saved(tmp_path, Config())
    damage(tmp_path / name)
    assert not run.finished(Config())
    assert capsys.readouterr().err.count("\n") == 1
    assert not run.finished(Config())
    assert capsys.readouterr().err == ""
    (tmp_path / name).unlink()
    assert not run.finished(Config())


@pytest.mark.parametrize("content", ["null", "[]", '"x"', "{}", '{"files": []}', "[" * 100_000])
def test_json_of_the_wrong_shape_counts_as_missing(tmp_path, content):
    run = saved(tmp_path, Config())
    (tmp_path / "provenance.json").write_text(content)
    assert not run.finished(Config())
    assert run.provenance() == {}
    (tmp_path / "config.json").write_text(content)
    assert not run.finished(Config())
    run.refuse_other(Config(seed=1))  # nothing is finished here


def test_damaged_results_are_never_opened(tmp_path, monkeypatch):
    run = saved(tmp_path, Config())
    flipped(tmp_path / "results.nc")
    monkeypatch.setattr(xr, "load_dataset", None)
    with pytest.raises(store.StoreError, match="results.nc is missing or damaged; run its study again"):
        run.results()


def test_finished_results_of_another_config_are_kept(tmp_path, monkeypatch):
    run = saved(tmp_path, Config())
    with pytest.raises(
        store.StoreError, match="another config .seed was 0, is 1.; .* --force to replace them"
    ):
        run.refuse_other(Config(seed=1))
    run.refuse_other(Config())
    monkeypatch.setattr(store.code, "digest", lambda _: "other code")
    run.refuse_other(Config())  # the same question, to be answered by other code
    before = json.loads((tmp_path / "config.json").read_text())
    del before["seed"]
    (tmp_path / "config.json").write_text(json.dumps(before))
    run.refuse_other(Config(seed=1))  # a field that is new


def test_a_prepared_config_is_a_copy_whose_networks_take_its_data_and_seed():
    config = Config(seed=7)
    ready = prepared(config)
    assert (ready.part.data, ready.part.seed) == ("mnist", 7)
    assert (config.part.data, config.part.seed) == ("", -1)
    ready.part.training.epochs = 3
    assert config.part.training.epochs == 1
    config.part.seed = 5
    assert prepared(config).part.seed == 5
    config.part.data = "fashion_mnist"
    with pytest.raises(ValueError, match="part.data is 'fashion_mnist', the study's data is 'mnist'"):
        prepared(config)


def test_new_results_take_away_what_was_said_of_old_ones(tmp_path):
    run = saved(tmp_path, Config())
    (tmp_path / "claims.json").write_text("[]")
    saved(tmp_path, Config(seed=1))
    assert not (tmp_path / "claims.json").exists()
    assert run.finished(Config(seed=1))


def test_other_switches_of_jax_are_another_fingerprint():
    import jax

    first = store.fingerprint(Config())
    with jax.default_prng_impl("rbg"):
        assert store.fingerprint(Config()) != first
    with jax.default_matmul_precision("bfloat16"):
        assert store.fingerprint(Config()) != first
    with jax.threefry_partitionable(False):
        assert store.fingerprint(Config()) != first


@pytest.mark.parametrize(
    ("flag", "counts"), [("--xla_cpu_enable_fast_math=true", True), ("--xla_dump_to=/tmp/dumped", False)]
)
def test_only_flags_that_make_the_compiler_inexact_are_another_fingerprint(monkeypatch, flag, counts):
    first = store.fingerprint(Config())
    monkeypatch.setenv("XLA_FLAGS", flag)
    assert (store.fingerprint(Config()) != first) == counts


def test_told_to_end_a_study_stops_at_its_next_line_of_metrics(tmp_path):
    with multihost.watched():
        store.Run(tmp_path).metrics(experiment=0)
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(multihost.Preempted):
            store.Run(tmp_path).metrics(experiment=1)
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["experiment"] for line in lines] == [0, 1]


def test_metrics_are_scalars_of_tensorboard_too(tmp_path, monkeypatch):
    written = []
    writer = types.SimpleNamespace(add_scalar=lambda *scalar: written.append(scalar))
    fake = types.ModuleType("tensorboardX")
    fake.__spec__ = importlib.machinery.ModuleSpec("tensorboardX", None)
    fake.SummaryWriter = lambda folder, **_: written.append(folder) or writer
    monkeypatch.setitem(sys.modules, "tensorboardX", fake)
    run = store.Run(tmp_path)
    run.metrics(network="cnn", accuracy=0.5)
    run.metrics(network="cnn", accuracy=0.75, each=[1, 2])
    assert written == [str(tmp_path / "events"), ("accuracy/cnn", 0.5, 1), ("accuracy/cnn", 0.75, 2)]


def test_checkpoints_of_other_configs_go_away(tmp_path):
    run = store.Run(tmp_path)
    old = run.checkpoints(Config())
    (old / "3.checkpoint").touch()
    assert run.checkpoints(Config()) == old
    assert (old / "3.checkpoint").exists()
    (old.parent / "mine").mkdir()
    run.checkpoints(Config(seed=1))
    assert not old.exists()
    assert (old.parent / "mine").exists()


def test_a_value_that_cannot_be_saved_is_named():
    config = Config()
    config.part.data = len
    with pytest.raises(
        ValueError, match=r"^config.part.data must be a number, text, .* got <built-in .*; give functions"
    ):
        store.as_dict(config)

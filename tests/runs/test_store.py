"""Run folders: whole files or none, one writer at a time, results found again only for the same question."""

import dataclasses
import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest
import xarray as xr

from research.models.softmax import SoftmaxConfig
from research.runs import store
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


@pytest.mark.parametrize("name", ["results.nc", "provenance.json"])
def test_a_damaged_or_missing_file_means_unfinished(tmp_path, name):
    run = saved(tmp_path, Config())
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:40])
    assert not run.finished(Config())
    (tmp_path / name).unlink()
    assert not run.finished(Config())


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    store.atomic_write(path, "old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(store.StoreError, match="cannot write .*No space left on device; free space"):
        store.atomic_write(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_two_writers_in_one_folder_are_refused_and_a_dead_one_is_forgotten(tmp_path):
    code = f"""
import sys, time
sys.path.insert(0, {str(store.ROOT.parent)!r})
from pathlib import Path
from research.runs.store import lock
with lock(Path({str(tmp_path)!r})):
    print("locked", flush=True)
    time.sleep(60)
"""
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(store.StoreError, match="another process is writing"), store.lock(tmp_path):
            pass
    finally:
        other.kill()
        other.communicate()
    deadline = time.monotonic() + 5
    while True:
        try:
            with store.lock(tmp_path):
                return
        except store.StoreError:
            assert time.monotonic() < deadline


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


def test_checkpoints_of_other_configs_go_away(tmp_path):
    run = store.Run(tmp_path)
    old = run.checkpoints(Config())
    (old / "3.checkpoint").touch()
    assert run.checkpoints(Config()) == old
    assert (old / "3.checkpoint").exists()
    run.checkpoints(Config(seed=1))
    assert not old.exists()

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

from research import studies
from research.evidence import claims as c
from research.runs import store
from research.training.populations import NetworkConfig


@dataclasses.dataclass
class Config:
    seed: int = 0
    data: str = "mnist"
    part: NetworkConfig = dataclasses.field(default_factory=NetworkConfig)


RESULTS = xr.Dataset(
    {"a": (("x", "seed"), np.arange(6.0).reshape(2, 3)), "n": ("x", np.array([1, 2]))}, {"x": ["one", "two"]}
)
CLAIMS = [c.judge("id", "002.txt", "words", 0.5, c.proportion(3, 9), "runs")]


def saved(folder, config):
    run = store.Run(folder)
    run.save(config, "mnist", RESULTS, CLAIMS, 1.25)
    return run


def test_what_is_saved_comes_back(tmp_path):
    run = saved(tmp_path / "deep" / "run", Config())
    xr.testing.assert_identical(run.results(), RESULTS)
    assert run.claims() == CLAIMS
    origin = run.provenance()
    assert origin["seconds"] == 1.2 or origin["seconds"] == 1.3
    assert origin["versions"]["jax"]
    assert origin["data"]["name"] == "mnist"
    config = json.loads((run.folder / "config.json").read_text())
    assert config["part"]["model"]["kind"] == "SoftmaxConfig"
    assert not list(run.folder.glob(".*part"))


def test_finished_means_the_same_config_data_and_code(tmp_path, monkeypatch):
    run = saved(tmp_path, Config())
    assert run.finished(Config(), "mnist")
    assert not run.finished(Config(seed=1), "mnist")
    changed = Config()
    changed.part.training.learning_rate = 0.123
    assert not run.finished(changed, "mnist")
    monkeypatch.setattr(store, "code_digest", lambda: "other code")
    assert not run.finished(Config(), "mnist")


@pytest.mark.parametrize("name", ["results.nc", "provenance.json", "claims.json"])
def test_a_damaged_or_missing_file_means_unfinished(tmp_path, name):
    run = saved(tmp_path, Config())
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:40])
    assert not run.finished(Config(), "mnist")
    (tmp_path / name).unlink()
    assert not run.finished(Config(), "mnist")


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


def test_a_frozen_config_is_still_one_of_its_kind_and_refuses_changes():
    config = studies.frozen(Config())
    assert isinstance(config, Config)
    assert isinstance(config.part, NetworkConfig)
    assert store.as_dict(config) == store.as_dict(Config())
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot set seed"):
        config.seed = 3
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot set epochs"):
        config.part.training.epochs = 3


def test_a_changed_config_is_open_again():
    config = studies.frozen(Config())
    other = studies.changed(config, part=studies.changed(config.part, seed=5))
    assert type(other) is Config
    assert (other.part.seed, config.part.seed) == (5, Config().part.seed)
    other.seed = 3
    assert config.seed == Config().seed


def test_the_code_digest_leaves_out_what_only_looks(monkeypatch, tmp_path):
    (tmp_path / "figures").mkdir()
    for name in ("a.py", "figures/b.py", "report.py"):
        (tmp_path / name).write_text("x = 1")
    monkeypatch.setattr(store, "ROOT", tmp_path)
    digest = store.code_digest.__wrapped__
    before = digest()
    (tmp_path / "figures" / "b.py").write_text("x = 2")
    (tmp_path / "report.py").write_text("x = 2")
    assert digest() == before
    (tmp_path / "a.py").write_text("x = 2")
    assert digest() != before

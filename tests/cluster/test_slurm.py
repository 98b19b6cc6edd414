"""A real Slurm: a sweep by array, a node lost in the middle, a study over two nodes, preemption and requeue.

Needs Debian's slurm-wlm and munge, and root; skipped elsewhere, unless CI_SLURM=1 says that it must run.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from research.sweep import record

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("slurm.sh")
NOTE = "--config=configs/recognisers.py:smoke"
SOFTMAX = "include=('softmax',);timed=0"
LONG = "softmax.training.epochs=40;softmax.training.batch=10;softmax.examples=4000;small=2"


def script(*words) -> str:
    return subprocess.run(
        ["bash", SCRIPT, *map(str, words)], check=True, text=True, stdout=subprocess.PIPE
    ).stdout


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A running cluster; its folder, and a cache of its own that shares only the prepared digits."""
    lacking = [tool for tool in ("slurmctld", "slurmd", "munged") if not shutil.which(tool, path=PATH)]
    if lacking or os.geteuid() != 0:
        why = f"no {lacking[0]} here (Debian: slurm-wlm, munge)" if lacking else "a test cluster needs root"
        (pytest.fail if os.environ.get("CI_SLURM") == "1" else pytest.skip)(why)
    from research import data

    data.load("mnist", "test")
    folder = tmp_path_factory.mktemp("slurm")
    (folder / "cache").mkdir()
    (folder / "cache" / "data").symlink_to(data.cache_dir() / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", script("start", folder / "cluster").strip())
        patch.setenv("IDENTIKIT_CACHE", str(folder / "cache"))
        patch.setenv("IDENTIKIT_CPU_DEVICES", "1")
        yield folder
        script("stop", folder / "cluster")


PATH = os.environ["PATH"] + ":/usr/sbin"


def ask(*command: str) -> str:
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def sweep(folder: Path, *words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "launch.sweep", *words, f"--workdir={folder}"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done
    return done.stdout


def wait(what: str, until, seconds: float = 600):
    deadline = time.monotonic() + seconds
    while not (found := until()):
        assert time.monotonic() < deadline, f"{what} did not come; the queue: {ask('squeue', '--array')}"
        time.sleep(0.2)
    return found


def queue_is_empty() -> bool:
    return not ask("squeue", "--noheader", "--array")


def test_four_tasks_by_array_a_node_lost_and_the_rest_by_resume(cluster):
    """Without Slurm's own requeueing, so that what was lost is found and run again by `resume`."""
    folder = cluster / "array"
    grid = f"--grid=seed=0:2;small=1,2;{SOFTMAX}"
    said = sweep(folder, NOTE, grid, "--backend=slurm", "--slurm=--no-requeue")
    job = re.search(r"4 points are job (\d+) now", said)[1]
    assert f"#SBATCH --output={folder}/logs/slurm-%A_%a.out" in (folder / "sweep.sh").read_text()
    assert "4 points" not in sweep(folder, "resume", "--backend=slurm")  # what waits is not submitted twice
    host = ask("hostname", "-s").strip()
    lost = f"{host}x"
    wait("a task on the second node", lambda: ask("squeue", "--noheader", f"--nodelist={lost}", "--states=R"))
    wait("a process there", lambda: list((folder / "runs").glob("*/.lock")))
    script("node-down", cluster / "cluster", lost)
    wait("the end of the job", queue_is_empty)
    assert 1 <= missing(folder) <= 3
    said = sweep(folder, "resume", "--backend=slurm")
    again = re.search(r"(\d+) points are job (\d+) now", said)
    assert again[2] != job
    wait("the end of the second job", queue_is_empty)
    assert missing(folder) == 0
    assert "softmax-accuracy" in sweep(folder, "collect")
    with xr.open_dataset(folder / "collected.nc", engine="h5netcdf") as whole:
        assert dict(whole.sizes)["config.seed"] == 2
        assert np.isfinite(whole.accuracy.sel({"config.small": 1, "seed": 0})).all()
    script("node-up", cluster / "cluster", lost)


def missing(folder: Path) -> int:
    return sum(state != "done" for state, _ in record.states(record.load(folder)))


def test_a_study_over_two_nodes_is_preempted_requeued_and_ends_with_the_same_bits(cluster, monkeypatch):
    from safetensors.numpy import load_file

    folder, networks = cluster / "spanning", cluster / "cache" / "networks"
    before = set(networks.glob("*")) if networks.exists() else set()
    said = sweep(folder, NOTE, f"--grid={LONG};{SOFTMAX}", "--backend=slurm", "--nodes=2")
    job = re.search(r"1 points are job (\d+) now", said)[1]
    own = wait(
        "the training", lambda: set(networks.glob("*/config.json")) - {b / "config.json" for b in before}
    )
    place = own.pop().parent
    wait("the two processes", lambda: "NumNodes=2" in ask("scontrol", "show", "job", job))
    time.sleep(2)
    ask("scancel", "--signal=TERM", job)
    saved = wait("a checkpoint", lambda: list(place.glob("training-*/[0-9]*")))
    assert len(saved) == 1  # one step, the same for both
    wait("the requeue", lambda: "Restarts=1" in ask("scontrol", "show", "job", job))
    assert "told to end: saved" in (folder / "logs" / "0.log").read_text()
    wait("the end of the job", queue_is_empty)
    assert "1 done" in sweep(folder, "status")
    with open(next((folder / "runs").glob("*/provenance.json"))) as file:
        assert '"processes": 2' in file.read()
    spanning = [load_file(place / f"{i}.safetensors") for i in range(2)]
    monkeypatch.setenv("IDENTIKIT_CACHE", str(cluster / "alone"))
    (cluster / "alone").mkdir()
    (cluster / "alone" / "data").symlink_to(cluster / "cache" / "data")
    sweep(cluster / "local", NOTE, f"--grid={LONG};{SOFTMAX}")
    alone = [load_file(cluster / "alone" / "networks" / place.name / f"{i}.safetensors") for i in range(2)]
    for one, other in zip(spanning, alone):
        assert one.keys() == other.keys()
        assert all(np.array_equal(one[name], other[name]) for name in one)

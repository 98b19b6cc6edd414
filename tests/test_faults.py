"""Faults: a computation that is disturbed goes on to the same bits, or says in one line what to do."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import faulty
import pytest
from faulty import free_port

from research.runs import folders

ROOT = Path(__file__).resolve().parents[1]
STUDY = (
    "--config=configs/recognisers.py:smoke", "--config.include=('softmax',)", "--config.small=1", "--config.timed=0",
)  # fmt: skip


def start(*argv: str) -> subprocess.Popen:
    """tests/faulty.py in a process of its own."""
    return subprocess.Popen([sys.executable, str(ROOT / "tests" / "faulty.py"), *argv])


def study(folder: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "launch.study", *STUDY, f"--workdir={folder}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def steps(folder: Path) -> list[int]:
    """The checkpoints of a training."""
    found = folder.glob("cache/networks/*/training-*/[0-9]*")
    return sorted(int(path.stem) for path in found)


def wait_for_checkpoint_after(step: int, folder: Path, processes: list[subprocess.Popen]) -> None:
    deadline = time.monotonic() + 600
    while not steps(folder) or steps(folder)[-1] <= step:
        assert time.monotonic() < deadline
        assert all(process.poll() is None for process in processes), "it ended before it could be disturbed"
        time.sleep(0.01)


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory):
    """Where the prepared digits and the compiled programs are; the trained networks are each test's own."""
    from research import data

    data.load("mnist", "test")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IDENTIKIT_CACHE", str(data.cache_dir()))
        patch.setenv("JAX_COMPILATION_CACHE_DIR", str(data.cache_dir() / "xla"))
        patch.setenv("PYTHONPATH", str(ROOT))
        yield tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="module")
def killed(home):
    """The short version of `python tests/kills.py --kills=50`; its undisturbed runs are in `home`."""
    command = [sys.executable, str(ROOT / "tests" / "kills.py"), "--kills=3", f"--folder={home}"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_three_kills_over_training_identikits_and_clusters(killed):
    assert killed.returncode == 0, killed
    kills, same, runs = map(
        int, re.search(r"(\d+) kills in all; (\d+) of (\d+) runs", killed.stdout).groups()
    )
    assert kills == 3
    assert same == runs >= 3  # more where one ended before its kill came


def test_two_processes_told_to_end_then_one_lost_then_one_alone_end_with_the_same_bits(
    home, killed, tmp_path
):
    both = lambda: [start("training", str(tmp_path), f"127.0.0.1:{port}", "2", str(i)) for i in range(2)]  # noqa: E731
    port = free_port()
    processes = both()
    wait_for_checkpoint_after(0, tmp_path, processes)
    processes[1].send_signal(signal.SIGTERM)  # one is told, both save and leave
    assert [process.wait(timeout=600) for process in processes] == [os.EX_TEMPFAIL] * 2
    (*_, saved) = steps(tmp_path)
    port = free_port()
    processes = both()
    wait_for_checkpoint_after(saved, tmp_path, processes)  # it went on from there
    processes[1].kill()
    assert processes[0].wait(timeout=600) != 0  # and does not wait for the lost one
    processes[1].wait()
    assert not (tmp_path / "result.npz").exists()
    assert faulty.run("training", tmp_path) == 0
    assert faulty.same(home / "training" / "undisturbed", tmp_path)
    assert steps(tmp_path) == []


def test_a_full_disk_says_so_and_the_same_command_goes_on_when_there_is_room(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root may mount a small disk to fill")
    try:
        full = study(disk / "run")
        assert full.returncode == 2, full
        assert full.stderr.startswith(f"error: cannot write {disk}/run/")
        assert "No space left on device; free space or choose another folder" in full.stderr
        assert full.stderr.count("\n") == 1
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        done = study(disk / "run")
        assert done.returncode == 0, done
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_folder_in_use_and_a_read_only_one_are_one_line(tmp_path):
    with folders.lock(tmp_path):
        refused = study(tmp_path)
    assert refused.returncode == 2, refused
    says = rf"error: process {os.getpid()} on .* is writing into {tmp_path}; wait for it or choose another --workdir\n"
    assert re.fullmatch(says, refused.stderr)
    with pytest.raises(folders.StoreError, match="cannot make the folder /sys/run.*; choose another place"):
        folders.make_folder(Path("/sys/run"))  # the command: tests/test_launch.py

"""Several processes and several devices: the same bits as one, whatever is shared out."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import hosts_work
import jax
import numpy as np
import pytest
from faulty import free_port

from research.runtime import multihost

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def alone():
    return hosts_work.work(*hosts_work.PARTS)


def start(*argv: str, devices: int = 1) -> subprocess.Popen:
    environment = os.environ | {
        "JAX_NUM_CPU_DEVICES": str(devices),
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.Popen([sys.executable, str(ROOT / "tests" / "hosts_work.py"), *argv], env=environment)


def assert_same_bits(path: Path, alone, devices: int):
    there = dict(np.load(path))
    assert there.pop("devices") == devices
    for name, array in there.items():
        assert array.dtype == alone[name].dtype
        np.testing.assert_array_equal(array, alone[name], err_msg=name)


def test_training_on_eight_devices_is_that_on_one_to_the_bit(alone, tmp_path):
    """And identikits; joint descent on eight devices: tests/joint_descent."""
    assert jax.device_count() == 1
    assert start(str(tmp_path / "eight.npz"), "blocks,trained,searched", devices=8).wait() == 0
    assert_same_bits(tmp_path / "eight.npz", alone, 8)


def test_two_processes_are_one_to_the_bit_and_only_the_first_writes(alone, tmp_path):
    address, parts = f"127.0.0.1:{free_port()}", ",".join(hosts_work.PARTS)
    both = [start(str(tmp_path / f"{i}.npz"), parts, address, "2", str(i)) for i in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert_same_bits(tmp_path / "0.npz", alone, 2)
    assert [file.name for file in tmp_path.iterdir()] == ["0.npz"]


BUSY = """
import sys, time
from research.runtime import multihost
multihost.LEAVE_WITHIN = 2
multihost.start(sys.argv[1], 2, int(sys.argv[2]))
time.sleep(6 if multihost.is_process_zero() else 0)
multihost.barrier()
"""


def test_the_others_wait_for_a_first_that_is_busy_for_longer_than_a_process_waits_at_the_end():
    address = f"127.0.0.1:{free_port()}"
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT)}
    both = [
        subprocess.Popen([sys.executable, "-c", BUSY, address, str(i)], env=environment) for i in range(2)
    ]
    assert [process.wait() for process in both] == [0, 0]


def test_alone_everything_is_done_here():
    assert multihost.is_process_zero()
    assert not multihost.several()
    assert multihost.on_process_zero(lambda: 3) == 3
    with pytest.raises(KeyError):
        multihost.on_process_zero(lambda: {}[0])
    assert not multihost.preempted()


def test_the_first_sigterm_is_noted_and_the_old_order_returns():
    heard = []
    signal.signal(signal.SIGTERM, lambda *_: heard.append("before"))
    try:
        with multihost.watched():
            assert not multihost.preempted()
            os.kill(os.getpid(), signal.SIGTERM)
            assert multihost.preempted()
            assert heard == []
            os.kill(os.getpid(), signal.SIGTERM)
            assert heard == ["before"]
        assert not multihost.preempted()
        os.kill(os.getpid(), signal.SIGTERM)
        assert heard == ["before", "before"]
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


DEAF = """
import sys, time
from research.runtime import multihost
multihost.SEEN_WITHIN = 0.5
with multihost.watched():
    print("ready", flush=True)
    deadline = time.monotonic() + float(sys.argv[1])
    while time.monotonic() < deadline:
        time.sleep(0.01)
        looks = sys.argv[2] == "looks" and multihost.preempted()
print("saved")
"""


@pytest.mark.parametrize(
    ("seconds", "does", "code", "says"),
    [("60", "not look", os.EX_TEMPFAIL, ""), ("2", "looks", 0, "saved\n")],
)
def test_who_does_not_look_for_a_sigterm_ends_all_the_same(seconds, does, code, says):
    process = subprocess.Popen(
        [sys.executable, "-c", DEAF, seconds, does], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )  # fmt: skip
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=30)[0] == says
    assert process.returncode == code


def test_outside_the_main_thread_signals_are_left_alone():
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def inside():
        with multihost.watched():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert seen == [before]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("127.0.0.1:1", 2, None), "--coordinator, --process_count and --process_id belong together"),
        ((None, 2, None), "belong together; give all three"),
        ((None, 2, 0), "belong together; give all three"),
        (("127.0.0.1:1", 2, 2), "--process_id must be from 0 to --process_count - 1, got 2 of 2"),
        (("127.0.0.1:1", 0, 0), "got 0 of 0 processes"),
        (("nonsense", 2, 0), "--coordinator must be HOST:PORT of process 0, got 'nonsense'"),
        (
            ("node:1", 2, 0, "node"),
            "--coordinator_bind must be HOST:PORT at which process 0 listens, got 'node'",
        ),
        (("nonsense", None, None), "must be HOST:PORT"),
        (("host:99999", 2, 0), "must be HOST:PORT"),
        (("http://host:80", 2, 0), "must be HOST:PORT"),
    ],
)
def test_half_an_address_and_nonsense_are_refused(given, says):
    with pytest.raises(ValueError, match=says):
        multihost.start(*given)


@pytest.mark.parametrize(
    ("coordinator", "bound"),
    [
        ("127.0.0.1:80", "127.0.0.1:80"),
        ("localhost:80", "localhost:80"),
        ("[::1]:80", "[::1]:80"),
        ("node7:80", None),
    ],
)
def test_at_a_loopback_address_it_listens_there_alone(coordinator, bound, monkeypatch):
    heard = {}
    monkeypatch.setattr(jax.distributed, "initialize", lambda *given, **how: heard.update(how))
    multihost.start(coordinator, 2, 0)
    assert heard["coordinator_bind_address"] == bound
    multihost.start(coordinator, 2, 0, "10.0.0.1:9")
    assert heard["coordinator_bind_address"] == "10.0.0.1:9"


def test_processes_that_were_started_for_different_things_are_refused(monkeypatch):
    multihost.agree("config", "0" * 16)  # a single process agrees with itself
    monkeypatch.setattr(multihost, "several", lambda: True)
    gathered = lambda other: lambda mine: np.stack([mine, np.frombuffer(other, np.uint8)])  # noqa: E731
    monkeypatch.setattr(multihost.multihost_utils, "process_allgather", gathered(b"0123"))
    multihost.agree("config", "0123")
    with pytest.raises(ValueError, match="the processes differ in their config; start all with the same"):
        multihost.agree("config", "0124")


def test_inside_another_context_a_sigterm_is_kept():
    with multihost.watched():
        with multihost.watched():
            os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(multihost.Preempted):
            multihost.stop_if_told()
    multihost.stop_if_told()


def test_a_process_whose_parent_is_gone_is_told_to_end():
    with multihost.watched():
        multihost.end_with(os.getppid())
        multihost.end_with(2**30)  # which is nobody
        deadline = time.monotonic() + 10
        while not multihost.preempted():
            assert time.monotonic() < deadline
            time.sleep(0.01)

"""Checkpoints: what was saved comes back, on other devices too; damage is passed over; SIGTERM saves and leaves."""

import os
import resource
import signal

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.runs import checkpoints, store
from research.runs.checkpoints import Checkpoints
from research.runtime import multihost


def tree(seed=0):
    key = jax.random.key(seed)
    return {
        "weights": jax.random.normal(key, (3, 4)),
        "key": jax.random.split(key, 2),
        "curve": np.array([[np.nan, seed]], np.float32),
        "step": jnp.int32(seed),
        "empty": np.zeros((0, 2)),
    }


def assert_same(found, wanted):
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        assert type(a) is type(b)
        assert a.dtype == b.dtype
        plain = [
            jax.random.key_data(x) if isinstance(x, jax.Array) and checkpoints._is_key(x) else x
            for x in (a, b)
        ]
        np.testing.assert_array_equal(*plain)


@pytest.fixture
def saved(tmp_path):
    """Three saved one after the other; the last two are kept."""
    found = Checkpoints(tmp_path / "deep" / "c")
    for step in (1, 2, 10):
        assert found.save(step, tree(step), force=True)
    return found


def test_the_last_two_come_back_as_they_were(saved):
    step, found = saved.latest(tree())
    assert step == 10
    assert_same(found, tree(10))
    leaves = saved.latest()[1]
    assert [leaf.shape for leaf in leaves] == [
        checkpoints._plain(leaf).shape for leaf in jax.tree.leaves(tree())
    ]
    assert sorted(path.name for path in saved.folder.iterdir()) == ["10.checkpoint", "2.checkpoint"]


@pytest.mark.parametrize(
    "change", [lambda b: b"", lambda b: b[: len(b) // 2], lambda b: bytes(255 - x for x in b)]
)
def test_a_damaged_one_is_passed_over_for_the_one_before_it(saved, change):
    last, before = saved.folder / "10.checkpoint", saved.folder / "2.checkpoint"
    last.write_bytes(change(last.read_bytes()))
    step, found = saved.latest(tree())
    assert step == 2
    assert_same(found, tree(2))
    before.write_bytes(change(before.read_bytes()))
    assert saved.latest(tree()) is None


def test_one_changed_bit_is_noticed(saved):
    content = bytearray((saved.folder / "10.checkpoint").read_bytes())
    content[content.find(np.asarray(tree(10)["weights"]).tobytes())] ^= 1
    (saved.folder / "10.checkpoint").write_bytes(content)
    assert saved.latest(tree())[0] == 2


def test_those_of_other_shapes_are_not_used(saved):
    assert saved.latest({**tree(), "weights": jnp.zeros((3, 5))}) is None
    saved.clear()
    assert not saved.folder.exists()


def test_a_clock_that_was_set_back_changes_nothing(saved):
    os.utime(saved.folder / "10.checkpoint", (0, 0))
    assert saved.latest(tree())[0] == 10


def test_it_saves_when_it_is_time(tmp_path, monkeypatch):
    found = Checkpoints(tmp_path)
    assert not found.save(1, tree())
    monkeypatch.setattr(checkpoints, "EVERY", 0.0)
    assert found.save(2, tree())
    assert found.latest(tree())[0] == 2


def test_told_to_end_it_saves_first(tmp_path):
    found = Checkpoints(tmp_path)
    with multihost.watched():
        assert not found.save(6, tree(6))
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(multihost.Preempted):
            found.save(7, tree(7))
    assert found.latest(tree())[0] == 7


def test_a_full_disk_is_one_line_and_the_last_one_stays(saved):
    """No file may grow beyond a few kilobytes here, as if there were no more room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(
            store.StoreError, match="cannot write .*11.checkpoint: .*; free space or choose"
        ) as error:
            saved.save(11, {"noise": np.random.default_rng(0).random(100_000)}, force=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert "\n" not in str(error.value)
    assert saved.latest(tree())[0] == 10
    assert saved.save(12, tree(12), force=True)
    assert saved.latest(tree())[0] == 12

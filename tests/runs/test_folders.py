"""Folders: whole files or none, one writer at a time, and nothing of anybody else's touched."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from research.runs import code, folders
from research.runtime import multihost


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    folders.atomic_write(path, "old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(folders.StoreError, match="cannot write .*No space left on device; free space"):
        folders.atomic_write(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_two_writers_in_one_folder_are_refused_and_a_dead_one_is_forgotten(tmp_path):
    program = f"""
import sys, time
sys.path.insert(0, {str(code.HOME)!r})
from pathlib import Path
from research.runs.folders import lock
with lock(Path({str(tmp_path)!r})):
    print("locked", flush=True)
    time.sleep(60)
"""
    other = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(folders.StoreError, match="process .* is writing"), folders.lock(tmp_path):
            pass
    finally:
        other.kill()
        other.communicate()
    deadline = time.monotonic() + 5
    while True:
        try:
            with folders.lock(tmp_path):
                return
        except folders.StoreError:
            assert time.monotonic() < deadline


def tree(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_with_files_of_others_is_refused_and_left_as_it_is(tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "mine.svg").write_text("<svg/>")
    (tmp_path / "config.json").write_text('{"kind": "theirs"}')
    before = tree(tmp_path)
    for force in (False, True):
        with (
            pytest.raises(folders.StoreError, match="no command of ours wrote .config.json, figures."),
            folders.claimed(tmp_path, "recognisers", force=force),
        ):
            pass
    assert tree(tmp_path) == before


def test_a_folder_of_ours_holds_one_thing(tmp_path):
    with folders.claimed(tmp_path / "new" / "run", "recognisers"):
        (tmp_path / "new" / "run" / "metrics.jsonl").touch()
    with folders.claimed(tmp_path / "new" / "run", "recognisers"):
        pass
    says = "holds recognisers, not drawings; choose another --workdir, or --force"
    with pytest.raises(folders.StoreError, match=says), folders.claimed(tmp_path / "new" / "run", "drawings"):
        pass
    with folders.claimed(tmp_path / "new" / "run", "drawings", force=True):
        pass
    with pytest.raises(folders.StoreError, match="holds drawings, not a sweep; choose another --workdir$"):
        folders.check(tmp_path / "new" / "run", "a sweep", force=None)


def test_a_page_of_somebody_else_is_not_replaced(tmp_path):
    page = tmp_path / "page.md"
    folders.check_page(page, "launch.bench")
    page.write_text("# Bench\nWritten by `python -m launch.bench`; do not edit.\n")
    folders.check_page(page, "launch.bench")
    page.write_text("# My thesis\n")
    with pytest.raises(folders.StoreError, match="was not written by launch.bench; choose another file"):
        folders.check_page(page, "launch.bench")
    assert page.read_text() == "# My thesis\n"


def test_what_dead_processes_left_half_written_goes_and_other_files_stay(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    node = folders.platform.node()
    (tmp_path / "figures").mkdir()
    left = [tmp_path / f".a.{node}.{dead.pid}.part", tmp_path / "figures" / f".b.{node}.{dead.pid}.part"]
    kept = [
        tmp_path / f".a.{node}.{os.getpid()}.part",  # being written
        tmp_path / f".a.elsewhere.{dead.pid}.part",  # on another machine
        tmp_path / "mine.part",
        tmp_path / ".mine.part",
    ]
    for path in (*left, *kept):
        path.touch()
    with folders.lock(tmp_path):
        pass
    assert [path.exists() for path in left] == [False, False]
    assert all(path.exists() for path in kept)


def test_who_waits_for_a_lock_says_for_whom_and_hears_that_it_is_told_to_end(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(folders, "SAY_AFTER", 0.1)
    with (
        folders.lock(tmp_path),
        multihost.watched(),
    ):  # a lock keeps out all but the file that was opened for it
        threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGTERM)).start()
        begin = time.monotonic()
        with pytest.raises(multihost.Preempted), folders.lock(tmp_path, wait=True):
            pass
        assert time.monotonic() - begin < 3
    assert f"waiting for process {os.getpid()} on " in capsys.readouterr().err


def test_a_seal_shows_every_turned_bit(tmp_path):
    file, content = tmp_path / "sealed.json", {"a": [1.5, None], "b": {"c": "x"}}
    file.write_text(folders.sealed(content))
    assert folders.unseal(file) == content
    whole = file.read_bytes()
    for at in range(len(whole)):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert folders.unseal(file) in ({}, content)  # the same where only a space became another

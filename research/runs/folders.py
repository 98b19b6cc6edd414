"""Folders that commands write into: files whole or not at all, one writer at a time, nobody else's files touched.

DIR/.identikit   what the folder holds; a folder without it is not ours, unless it is empty
DIR/.lock        locked by the process that writes, and says which one that is
"""

import contextlib
import fcntl
import functools
import hashlib
import json
import os
import platform
import re
import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from research.runtime import multihost
from research.runtime.terminal import printable

MARK, LOCK = ".identikit", ".lock"
PART = re.compile(r"\..*\.(\d+)\.part")  # a file that is being written, with the id of the process
PATIENCE = 0.4  # seconds that a lock is waited for in any case: `locked` looks by taking it
SAY_AFTER = 1.0  # seconds after which a wait says for whom


class StoreError(ValueError):
    """A folder cannot be used as asked; the message says why and what to do."""


def atomic_write(path: Path, content: str | bytes) -> None:
    """Writes the file whole or not at all; an existing file stays until the new one is complete."""
    if not multihost.is_process_zero():
        return
    part = path.with_name(f".{path.name}.{platform.node()}.{os.getpid()}.part")
    try:
        with open(part, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise StoreError(
            f"cannot write {path}: {error.strerror}; free space or choose another folder"
        ) from None


def make_folder(folder: Path) -> Path:
    """The folder, made if need be."""
    try:
        if multihost.is_process_zero():
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot make the folder {folder}: {error.strerror}; choose another place") from None
    return folder


@contextlib.contextmanager
def claimed(folder: Path, holds: str, *, force: bool | None = False) -> Iterator[None]:
    """Locks a folder to write into it: a new one, an empty one, or one that already holds the same.

    Args:
        holds: what is written there, such as "paper" or the name of a study.
        force: take a folder of ours that holds something else; None where the command has no --force.

    Raises:
        StoreError: the folder has files that we did not write, holds something else, or is being written into.
    """
    multihost.on_process_zero(lambda: check(folder, holds, force=force))
    with lock(folder):

        def mark() -> None:
            check(folder, holds, force=force)
            if read_json(folder / MARK).get("holds") != holds:
                atomic_write(folder / MARK, json.dumps({"holds": holds}) + "\n")

        multihost.on_process_zero(mark)
        yield


def check(folder: Path, holds: str, *, force: bool | None = False) -> None:
    """Raises StoreError, as `claimed` does, if the folder is not ours or holds something else. Changes nothing."""
    if not folder.is_dir():
        return
    mark = read_json(folder / MARK)
    if mark:
        if mark.get("holds") != holds and not force:
            ways = "choose another --workdir" + (", or --force" if force is not None else "")
            raise StoreError(f"{folder} holds {mark.get('holds')}, not {holds}; {ways}")
        return
    others = sorted(
        path.name
        for path in folder.iterdir()
        if path.name not in (MARK, LOCK) and not PART.fullmatch(path.name)
    )
    if others:
        shown = ", ".join(others[:3]) + (" and more" if len(others) > 3 else "")
        raise StoreError(
            f"{folder} holds files that no command of ours wrote ({shown}); choose a new or empty folder"
        )


def check_page(path: Path, command: str) -> None:
    """Raises StoreError if the file is there and does not say that this command wrote it."""
    if path.exists() and f"by `python -m {command}`" not in path.read_text(errors="replace"):
        raise StoreError(f"{path} was not written by {command}; choose another file")


@contextlib.contextmanager
def lock(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Holds the folder against other processes; the lock ends with the process, however it ends.

    Files that dead processes left half-written in it are removed.

    Args:
        wait: until another process gives the folder back, instead of raising StoreError.

    Raises:
        StoreError: another process writes into the folder, or it cannot be written into.
        multihost.Preempted: told to end while waiting.
    """
    with contextlib.ExitStack() as held:

        def take() -> None:
            held.enter_context(_locked(folder, wait))
            remove_leftovers(folder)

        multihost.on_process_zero(take)
        yield


@contextlib.contextmanager
def _locked(folder: Path, wait: bool) -> Iterator[None]:
    make_folder(folder)
    try:
        handle = open(folder / LOCK, "a+")  # noqa: SIM115 - closed below, when the lock is given back
    except OSError as error:
        raise StoreError(f"cannot write into {folder}: {error.strerror}; choose another --workdir") from None
    with handle:
        begin, said = time.monotonic(), False
        while not _try_lock(handle):
            multihost.stop_if_told_here()
            waited = time.monotonic() - begin
            if not wait and waited > PATIENCE:
                raise StoreError(
                    f"{_holder(handle)} is writing into {folder}; wait for it or choose another --workdir"
                )
            if waited > SAY_AFTER and not said:
                print(f"waiting for {_holder(handle)}, which is writing into {folder}", file=sys.stderr)
                said = True
            time.sleep(0.02 if waited < PATIENCE else 0.2)
        command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
        with contextlib.suppress(OSError):  # on a full disk it is locked without a name
            handle.truncate(0)
            handle.write(f"process {os.getpid()} on {platform.node()} ({command})\n")
            handle.flush()
        yield


def _try_lock(handle: Any) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(handle: Any) -> str:
    """The process that holds a lock, as it wrote itself down."""
    handle.seek(0)
    said = handle.read(300).strip()
    return printable(said) if said.startswith("process ") else "another process"


def locked(folder: Path) -> bool:
    """Whether a process is writing into the folder now."""
    try:
        with open(folder / LOCK) as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def remove_leftovers(folder: Path) -> None:
    """Removes what processes of this machine that are gone left half-written in the folder and below."""
    for path in folder.rglob(".*.part"):
        found = PART.fullmatch(path.name)
        here = f".{platform.node()}." in path.name
        if found and here and not _alive(int(found[1])):
            with contextlib.suppress(OSError):
                path.unlink()


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty if there is none, or something else."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def sealed(content: Mapping[str, Any]) -> str:
    """A JSON object with its own hash in it, for `unseal`."""
    return json.dumps({**content, "sha256": _seal(content)}, indent=2) + "\n"


def unseal(path: Path) -> dict[str, Any]:
    """The object that `sealed` wrote into a file; empty if it is not there or is damaged, which is said once."""
    content = read_json(path)
    seal = content.pop("sha256", None)
    if seal is not None and seal == _seal(content):
        return content
    if path.exists():
        say_once(f"{path} is damaged and counts as missing")
    return {}


def _seal(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def sha256(path: Path) -> str:
    """The SHA-256 of a file; "" if it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


@functools.cache
def say_once(line: str) -> None:
    """Prints a line to stderr, once in this process."""
    print(printable(line), file=sys.stderr)

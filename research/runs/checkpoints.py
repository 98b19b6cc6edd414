"""Checkpoints of long computations: any pytree, by step, the last two kept, survives kill -9.

    FOLDER/<step>.checkpoint     a SHA-256 of what follows it, and the leaves as NumPy arrays

Plain arrays may be continued on other devices and by other numbers of processes; the checksum tells a damaged file.
Process 0 saves and loads for all, at the same step of all (Orbax has no way to do that with some processes only).
"""

import hashlib
import io
import shutil
import time
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from research.runs import folders
from research.runtime import multihost

EVERY = 15.0  # seconds between two checkpoints
CHECKSUM = hashlib.sha256().digest_size


class Checkpoints:
    """The checkpoints of one computation in one folder.

    A checkpoint is saved when EVERY seconds have passed since the last one, so short computations never
    write any. A damaged checkpoint is passed over for the one before it. The folder belongs to one config and its code
    (`Run.checkpoints`, or a network's own folder).
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.last = time.monotonic()

    def save(self, step: int, tree: Any, *, force: bool = False) -> bool:
        """Saves the tree under its step when it is time (or `force`); returns whether it did.

        Raises: Preempted, after saving, if a process was told to end. StoreError if it cannot be saved.
        """
        told = multihost.preempted()
        if not (told or force or multihost.on_process_zero(lambda: time.monotonic() - self.last >= EVERY)):
            return False
        leaves = [_plain(leaf) for leaf in jax.tree.leaves(tree)]
        multihost.on_process_zero(lambda: self._write(step, leaves))
        self.last = time.monotonic()
        if told:
            raise multihost.Preempted
        return True

    def _write(self, step: int, leaves: list[np.ndarray]) -> None:
        packed = io.BytesIO()
        np.savez(packed, *leaves)
        content = packed.getvalue()
        folders.make_folder(self.folder)
        write_checked(self._file(step), content)
        for old in self._steps()[:-2]:
            self._file(old).unlink(missing_ok=True)

    def _file(self, step: int) -> Path:
        return self.folder / f"{step}.checkpoint"

    def _steps(self) -> list[int]:
        return sorted(int(path.stem) for path in self.folder.glob("*.checkpoint") if path.stem.isdigit())

    def latest(self, like: Any = None) -> tuple[int, Any] | None:
        """The newest sound checkpoint as (step, tree of the kind of `like`, or its leaves), or None."""
        found = multihost.on_process_zero(lambda: self._newest(like))
        if found is None or like is None:
            return found
        step, leaves = found
        models, structure = jax.tree.flatten(like)
        return step, jax.tree.unflatten(structure, [_as(leaf, model) for leaf, model in zip(leaves, models)])

    def _newest(self, like: Any) -> tuple[int, list[np.ndarray]] | None:
        wanted = None if like is None else _kinds([_plain(leaf) for leaf in jax.tree.leaves(like)])
        for step in reversed(self._steps()):
            leaves = _read(self._file(step))
            if leaves is not None and wanted in (None, _kinds(leaves)):
                return step, leaves
        return None

    def clear(self) -> None:
        """Removes all checkpoints: the computation is finished and saved elsewhere."""
        if multihost.is_process_zero():
            shutil.rmtree(self.folder, ignore_errors=True)


def write_checked(file: Path, content: bytes) -> None:
    """Writes a checksum and the content."""
    folders.atomic_write(file, hashlib.sha256(content).digest() + content)


def read_checked(file: Path) -> bytes | None:
    """The content that `write_checked` wrote; None if it is not there or is damaged."""
    try:
        whole = file.read_bytes()
    except OSError:
        return None
    checksum, content = whole[:CHECKSUM], whole[CHECKSUM:]
    return content if hashlib.sha256(content).digest() == checksum else None


def _is_key(leaf: Any) -> bool:
    return isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def _plain(leaf: Any) -> np.ndarray:
    """The leaf as a NumPy array, the data of a key in its place."""
    return np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf)


def _as(leaf: np.ndarray, model: Any) -> Any:
    """The leaf as what stood in its place: a key, an array on a device, or a NumPy array."""
    if _is_key(model):
        return jax.random.wrap_key_data(jnp.asarray(leaf), impl=jax.random.key_impl(model))
    return jnp.asarray(leaf) if isinstance(model, jax.Array) else leaf


def _kinds(leaves: list[np.ndarray]) -> list[tuple[tuple[int, ...], np.dtype]]:
    return [(leaf.shape, leaf.dtype) for leaf in leaves]


def _read(file: Path) -> list[np.ndarray] | None:
    """The arrays in the file; None if it is not what was written."""
    if (content := read_checked(file)) is None:
        return None
    with np.load(io.BytesIO(content)) as arrays:
        return [arrays[name] for name in arrays.files]

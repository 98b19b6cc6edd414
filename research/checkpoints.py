"""Checkpoints of long computations: any pytree, by step, the last two kept, survives kill -9 (Orbax v1).

What is saved are plain NumPy arrays and a checksum of them: a checkpoint may be continued on other devices, and a
damaged one is recognised. Process 0 saves and loads for all; all of them save at the same step.
"""

import contextlib
import hashlib
import json
import logging
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from research import hosts, store
from research.store import StoreError

EVERY = 15.0  # seconds between two checkpoints


class Checkpoints:
    """The checkpoints of one computation in one folder.

    A checkpoint is saved when EVERY seconds have passed since the last one, so short computations never
    write any. A damaged checkpoint is passed over for the one before it; those of other code are not looked at.
    """

    def __init__(self, folder: Path):
        self.root = folder
        self.folder = folder / f"code-{store.code_digest()}"
        self.last = time.monotonic()

    @contextlib.contextmanager
    def _open(self) -> Iterator[Any]:
        from orbax.checkpoint import v1 as ocp

        logging.getLogger("absl").setLevel(logging.CRITICAL)
        keep = ocp.training.preservation_policies.LatestN(2)
        alone = ocp.options.MultiprocessingOptions(
            primary_host=0, active_processes={0}, barrier_sync_key_prefix=self.folder.name
        )
        context = ocp.Context(multiprocessing_options=alone) if hosts.several() else contextlib.nullcontext()
        with (
            context,
            ocp.training.Checkpointer(
                self.folder.absolute(), preservation_policy=keep, cleanup_tmp_directories=True
            ) as checkpointer,
        ):
            yield checkpointer

    def save(self, step: int, tree: Any, *, force: bool = False) -> bool:
        """Saves the tree under its step when it is time (or `force`); returns whether it did.

        Raises: Preempted, after saving, if a process was told to end. StoreError if it cannot be saved.
        """
        told = hosts.told()
        if not (told or force or hosts.once(lambda: time.monotonic() - self.last >= EVERY)):
            return False
        leaves = [_plain(leaf) for leaf in jax.tree.leaves(tree)]
        hosts.once(lambda: self._write(step, leaves))
        self.last = time.monotonic()
        if told:
            raise hosts.Preempted
        return True

    def _write(self, step: int, leaves: list[np.ndarray]) -> None:
        saved = {str(i): leaf for i, leaf in enumerate(leaves) if leaf.size}  # Orbax refuses empty arrays
        saved["about"] = np.frombuffer(_about(leaves), np.uint8)
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with self._open() as checkpointer:
                checkpointer.save(step, saved, overwrite=True)
        except Exception as error:  # Orbax passes on what its many engines raise
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise StoreError(
                f"cannot save a checkpoint in {self.root}: {reason[-1]}; free space or choose another folder"
            ) from None

    def latest(self, like: Any = None) -> tuple[int, Any] | None:
        """The newest sound checkpoint as (step, tree of the kind of `like`, or its leaves), or None."""
        found = hosts.once(lambda: self._newest(like))
        if found is None or like is None:
            return found
        step, leaves = found
        models, structure = jax.tree.flatten(like)
        return step, jax.tree.unflatten(structure, [_as(leaf, model) for leaf, model in zip(leaves, models)])

    def _newest(self, like: Any) -> tuple[int, list[np.ndarray]] | None:
        if not self.folder.exists():
            return None
        wanted = None if like is None else _kinds([_plain(leaf) for leaf in jax.tree.leaves(like)])
        with self._open() as checkpointer:
            for entry in sorted(checkpointer.checkpoints, key=lambda c: c.step, reverse=True):
                with contextlib.suppress(Exception):  # a damaged or foreign one: the one before it serves
                    saved = checkpointer.load(entry.step)
                    about = saved["about"].tobytes()
                    kinds = json.loads(about)["leaves"]
                    empty = [np.zeros(shape, dtype) for shape, dtype in kinds]
                    leaves = [np.asarray(saved.get(str(i), leaf)) for i, leaf in enumerate(empty)]
                    if about == _about(leaves) and wanted in (None, kinds):
                        return entry.step, leaves
        return None

    def clear(self) -> None:
        """Removes all checkpoints: the computation is finished and saved elsewhere."""
        if hosts.first():
            shutil.rmtree(self.root, ignore_errors=True)


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


def _kinds(leaves: list[np.ndarray]) -> list[list[Any]]:
    return [[list(leaf.shape), leaf.dtype.str] for leaf in leaves]


def _about(leaves: list[np.ndarray]) -> bytes:
    """Shapes and types of all leaves, and a checksum of their content, as JSON."""
    content = hashlib.sha256(b"".join(np.ascontiguousarray(leaf).tobytes() for leaf in leaves)).hexdigest()
    return json.dumps({"leaves": _kinds(leaves), "content": content}).encode()

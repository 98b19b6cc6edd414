"""Checkpoints of long computations: any pytree, by step, the last two kept, survives kill -9 (Orbax v1)."""

import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax

from research.store import StoreError

EVERY = 15.0  # seconds between two checkpoints


class Checkpoints:
    """The checkpoints of one computation in one folder.

    A checkpoint is saved when EVERY seconds have passed since the last one, so short computations never
    write any. A damaged checkpoint is passed over for the one before it.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.last = time.monotonic()

    @contextlib.contextmanager
    def _open(self) -> Iterator[Any]:
        import logging

        from orbax.checkpoint import v1 as ocp

        logging.getLogger("absl").setLevel(logging.ERROR)
        keep = ocp.training.preservation_policies.LatestN(2)
        try:
            with ocp.training.Checkpointer(
                self.folder.absolute(), preservation_policy=keep, cleanup_tmp_directories=True
            ) as checkpointer:
                yield checkpointer
        except OSError as error:
            raise StoreError(f"cannot use the checkpoints in {self.folder}: {error}") from None

    def save(self, step: int, tree: Any, *, force: bool = False) -> bool:
        """Saves the tree under its step when it is time (or `force`); returns whether it did."""
        if not force and time.monotonic() - self.last < EVERY:
            return False
        with self._open() as checkpointer:
            checkpointer.save(step, tree, overwrite=True)
        self.last = time.monotonic()
        return True

    def latest(self, like: Any) -> tuple[int, Any] | None:
        """The newest readable checkpoint as (step, tree of the shapes and types of `like`), or None."""
        if not self.folder.exists():
            return None
        abstract = jax.eval_shape(lambda: like)
        with self._open() as checkpointer:
            for entry in sorted(checkpointer.checkpoints, key=lambda c: c.step, reverse=True):
                with contextlib.suppress(Exception):  # a damaged or foreign one: the one before it serves
                    return entry.step, checkpointer.load(entry.step, abstract)
        return None

    def clear(self) -> None:
        """Removes all checkpoints: the computation is finished and saved elsewhere."""
        shutil.rmtree(self.folder, ignore_errors=True)

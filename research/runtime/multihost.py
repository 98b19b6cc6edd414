"""Several processes, one computation: all run the same program, and share out the runs inside it.

Process 0 alone reads and writes files. What it reads or decides, `on_process_zero` hands to the others, so that no two
processes ever take different ways. A process that is told to end (SIGTERM) ends all of them at the same step.
Everything here does nothing much where there is only one process.
"""

import contextlib
import itertools
import pickle
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Sharding

T = TypeVar("T")
LEAVE_WITHIN = 30  # seconds that a process waits at the end for those that no longer come
PATIENCE = 6 * 3600  # seconds that a process waits for one that is busy alone


class Preempted(Exception):
    """A process was told to end; everything is saved, and the same command goes on from there."""


def start(coordinator: str | None = None, count: int | None = None, index: int | None = None) -> None:
    """Joins this process with the others; before the first computation.

    Under Slurm, Open MPI and on TPUs, JAX finds the others itself. Elsewhere all three are given: host:port of
    process 0, how many processes there are, and which one this is.

    Raises: ValueError if there is no cluster to be found, or if the others do not answer.
    """
    given = [coordinator is not None, count is not None, index is not None]
    if any(given[1:]) and not all(given):
        raise ValueError("--coordinator, --process_count and --process_id belong together; give all three")
    try:
        jax.distributed.initialize(coordinator, count, index, shutdown_timeout_seconds=LEAVE_WITHIN)
    except ValueError as error:
        raise ValueError(
            "--distributed finds no cluster (Slurm, Open MPI, TPU); outside of one give --coordinator=HOST:PORT "
            f"--process_count=N --process_id=I to each process ({error})"
        ) from None
    except RuntimeError as error:
        raise ValueError(f"the processes did not find each other: {str(error).splitlines()[0]}") from None


def several() -> bool:
    """Whether this process is one of several."""
    return jax.distributed.is_initialized() and jax.process_count() > 1


def is_process_zero() -> bool:
    """Whether this process is the one that reads, writes and speaks."""
    return not several() or jax.process_index() == 0


def on_process_zero(compute: Callable[[], T]) -> T:
    """What `compute` returns in process 0, in every process; what it raises there is raised everywhere.

    All processes must call it; the value must be picklable.
    """
    if not several():
        return compute()
    outcome: tuple[bool, Any] = (True, None)
    if is_process_zero():
        try:
            outcome = (True, compute())
        except Exception as error:
            outcome = (False, error)
    good, value = _from_first(outcome)
    if not good:
        raise value
    return value


def barrier() -> None:
    """Returns when all processes are here; waits for hours where a collective gives up after seconds."""
    if several():
        from jax._src import distributed  # what multihost_utils waits by is a collective

        client = distributed.global_state.client
        assert client
        client.wait_at_barrier(f"identikit-{next(_meetings)}", PATIENCE * 1000)


def _from_first(value: Any) -> Any:
    sent = np.frombuffer(pickle.dumps(value), np.uint8)
    size = int(multihost_utils.broadcast_one_to_all(np.int32(sent.size)))
    packet = np.zeros(1 << max(size - 1, 1023).bit_length(), np.uint8)  # few sizes, few compiled programs
    packet[: min(sent.size, size)] = sent[:size]
    return pickle.loads(np.asarray(multihost_utils.broadcast_one_to_all(packet))[:size].tobytes())


def spread(tree: Any, sharding: Sharding) -> Any:
    """Host arrays, the same in every process, as arrays on the devices of all processes."""
    if not several():
        return jax.device_put(tree, sharding)
    whole = jax.tree.map(np.asarray, tree)
    return jax.tree.map(lambda a: jax.make_array_from_callback(a.shape, sharding, lambda i: a[i]), whole)


def all_gather(tree: Any) -> Any:
    """Arrays on the devices of all processes as NumPy arrays, whole, in every process."""
    if not several():
        return jax.device_get(tree)

    def whole(leaf: jax.Array) -> np.ndarray:
        here = leaf.is_fully_addressable or leaf.is_fully_replicated
        return np.array(leaf if here else multihost_utils.process_allgather(leaf, tiled=True))

    return jax.tree.map(whole, tree)


_told = threading.Event()
_meetings = itertools.count()  # the same in all processes


@contextlib.contextmanager
def watched() -> Iterator[None]:
    """Within it, SIGTERM no longer kills: it is noted for `preempted`; a second one kills as before."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)

    def note(*_: Any) -> None:
        _told.set()
        signal.signal(signal.SIGTERM, before)

    _told.clear()
    signal.signal(signal.SIGTERM, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        _told.clear()


def preempted() -> bool:
    """Whether any of the processes has been told to end: the same answer in all of them."""
    if not several():
        return _told.is_set()
    return bool(multihost_utils.process_allgather(np.array(_told.is_set())).any())

"""Several processes that compute together: all run the same program and share out the runs inside it.

Only process 0 reads and writes files. `on_process_zero` sends what it reads or decides to the others, so that all
processes take the same branches. A SIGTERM to one process ends all of them at the same step (`preempted`).
With a single process these functions only call what they are given.
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
from jax.sharding import Mesh, NamedSharding, PartitionSpec

T = TypeVar("T")
LEAVE_WITHIN = 30  # seconds that a process waits at shutdown for the others
BARRIER_TIMEOUT = 6 * 3600  # seconds; process 0 may draw figures for long while the others wait


class Preempted(Exception):
    """A process received SIGTERM. Everything is saved; the same command resumes."""


def start(coordinator: str | None = None, count: int | None = None, index: int | None = None) -> None:
    """Join this process with the others. To be called before the first computation.

    Under Slurm, Open MPI and on TPUs, JAX finds the other processes itself and no argument is needed. Elsewhere all
    three must be given.

    Args:
        coordinator: host:port of process 0.
        count: number of processes.
        index: which of them this is, 0 to count - 1.

    Raises:
        ValueError: if only some arguments are given, no cluster is found, or the others do not answer.
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
    """Whether this process is the one that reads and writes files and prints."""
    return not several() or jax.process_index() == 0


def on_process_zero(compute: Callable[[], T]) -> T:
    """Call `compute` on process 0 and return its value on every process; an exception is raised on every process.

    All processes must call this. Value and exception must be picklable.
    """
    if not several():
        return compute()
    outcome: tuple[bool, Any] = (True, None)
    if is_process_zero():
        try:
            outcome = (True, compute())
        except Exception as error:
            outcome = (False, error)
    succeeded, value = _broadcast_from_zero(outcome)
    if not succeeded:
        raise value
    return value


def barrier() -> None:
    """Return once all processes have called this.

    It waits for up to `BARRIER_TIMEOUT`, whereas the collective behind `multihost_utils.sync_global_devices` gives up
    after seconds.
    """
    if several():
        from jax._src import distributed  # the only access to the coordination service's own barrier

        client = distributed.global_state.client
        assert client
        client.wait_at_barrier(f"identikit-{next(_barriers)}", BARRIER_TIMEOUT * 1000)


def _broadcast_from_zero(value: Any) -> Any:
    """The value of process 0 on every process, sent as pickled bytes."""
    sent = np.frombuffer(pickle.dumps(value), np.uint8)
    size = int(multihost_utils.broadcast_one_to_all(np.int32(sent.size)))
    packet = np.zeros(1 << max(size - 1, 1023).bit_length(), np.uint8)  # few sizes, few compiled programs
    packet[: min(sent.size, size)] = sent[:size]
    return pickle.loads(np.asarray(multihost_utils.broadcast_one_to_all(packet))[:size].tobytes())


def replicate(tree: Any, mesh: Mesh) -> Any:
    """Put host arrays, equal in every process, on every device of the mesh."""
    sharding = NamedSharding(mesh, PartitionSpec())
    if not several():
        return jax.device_put(tree, sharding)
    host = jax.tree.map(np.asarray, tree)
    return jax.tree.map(lambda a: jax.make_array_from_callback(a.shape, sharding, lambda i: a[i]), host)


def all_gather(tree: Any) -> Any:
    """Copy arrays from the devices of all processes to NumPy arrays, complete in every process."""
    if not several():
        return jax.device_get(tree)

    def to_host(leaf: jax.Array) -> np.ndarray:
        complete = leaf.is_fully_addressable or leaf.is_fully_replicated
        return np.array(leaf if complete else multihost_utils.process_allgather(leaf, tiled=True))

    return jax.tree.map(to_host, tree)


_sigterm = threading.Event()
_barriers = itertools.count()  # numbers the barriers, alike in all processes


@contextlib.contextmanager
def watched() -> Iterator[None]:
    """Within this context a first SIGTERM is only recorded for `preempted`; a second one acts as before.

    Outside the main thread, where Python allows no signal handlers, the context does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)

    def record(*_: Any) -> None:
        _sigterm.set()
        signal.signal(signal.SIGTERM, before)

    _sigterm.clear()
    signal.signal(signal.SIGTERM, record)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        _sigterm.clear()


def preempted() -> bool:
    """Whether any of the processes has received SIGTERM inside `watched`; the same answer in all of them."""
    if not several():
        return _sigterm.is_set()
    return bool(multihost_utils.process_allgather(np.array(_sigterm.is_set())).any())

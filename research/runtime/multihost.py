"""Several processes that compute together: all run the same program and share out the runs inside it.

Only process 0 reads and writes files. `on_process_zero` sends what it reads or decides to the others, so that all
processes take the same branches. A SIGTERM to one process ends all of them at the same step (`preempted`).
With a single process these functions only call what they are given.
"""

import contextlib
import itertools
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from research.runtime import packing

T = TypeVar("T")
PREEMPTED = os.EX_TEMPFAIL  # 75: told to end, the same command goes on; a scheduler may requeue
LEAVE_WITHIN = 30  # seconds that a process waits at shutdown for the others
ADDRESS = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^\s:\[\]/]+):(?P<port>\d{1,5})")
LOOPBACK = re.compile(r"localhost|127\..*|\[::1\]")
SEEN_WITHIN = 5.0  # seconds after SIGTERM in which a loop is to look for it
BARRIER_TIMEOUT = 6 * 3600  # seconds; process 0 may draw figures for long while the others wait


class Preempted(Exception):
    """A process received SIGTERM. Everything is saved; the same command resumes."""


def start(
    coordinator: str | None = None,
    count: int | None = None,
    index: int | None = None,
    bind: str | None = None,
) -> None:
    """Join this process with the others. To be called before the first computation.

    Under Slurm, Open MPI and on TPUs, JAX finds the other processes itself and no argument is needed. Elsewhere all
    three must be given. At a loopback address process 0 listens there alone, otherwise on all of its addresses, unless
    `bind` is given.

    Args:
        coordinator: host:port of process 0.
        count: number of processes.
        index: which of them this is, 0 to count - 1.
        bind: host:port at which process 0 listens.

    Raises:
        ValueError: if only some arguments are given or one cannot be right, no cluster is found, or the others do not
            answer.
    """
    bind = _checked(coordinator, count, index, bind)
    try:
        jax.distributed.initialize(
            coordinator,
            count,
            index,
            coordinator_bind_address=bind,
            shutdown_timeout_seconds=LEAVE_WITHIN,
        )
    except ValueError as error:
        raise ValueError(
            "--distributed finds no cluster (Slurm, Open MPI, TPU); outside of one give --coordinator=HOST:PORT "
            f"--process_count=N --process_id=I to each process ({error})"
        ) from None
    except RuntimeError as error:
        raise ValueError(f"the processes did not find each other: {str(error).splitlines()[0]}") from None


def _checked(coordinator: str | None, count: int | None, index: int | None, bind: str | None) -> str | None:
    """Where process 0 listens; None for JAX's default. Raises ValueError for arguments that cannot be right."""
    if bind is not None:
        _address("--coordinator_bind", "at which process 0 listens", bind)
    if (count is not None or index is not None) and None in (coordinator, count, index):
        raise ValueError("--coordinator, --process_count and --process_id belong together; give all three")
    if count is not None and index is not None and not 0 <= index < count:
        raise ValueError(
            f"--process_id must be from 0 to --process_count - 1, got {index} of {count} processes"
        )
    if coordinator is None:
        return bind
    host = _address("--coordinator", "of process 0", coordinator)
    return bind or (coordinator if LOOPBACK.fullmatch(host) else None)


def _address(flag: str, what: str, given: str) -> str:
    """The host of HOST:PORT. Raises ValueError for anything else."""
    found = ADDRESS.fullmatch(given)
    if found is None or not 0 < int(found["port"]) < 65536:
        raise ValueError(f"{flag} must be HOST:PORT {what}, got {given!r}")
    return found["host"]


def agree(what: str, digest: str) -> None:
    """Check that all processes were started for the same thing; to be called before the first other exchange.

    Args:
        what: what was hashed, for the message.
        digest: a hash of the same length in every process.

    Raises:
        ValueError: in every process, if the digests differ.
    """
    if several():
        digests = multihost_utils.process_allgather(np.frombuffer(digest.encode(), np.uint8))
        if (digests != digests[0]).any():
            raise ValueError(
                f"the processes differ in their {what}; start all with the same command and code"
            )


def several() -> bool:
    """Whether this process is one of several."""
    return jax.distributed.is_initialized() and jax.process_count() > 1


def is_process_zero() -> bool:
    """Whether this process is the one that reads and writes files and prints."""
    return not several() or jax.process_index() == 0


def on_process_zero(compute: Callable[[], T]) -> T:
    """Call `compute` on process 0 and return its value on every process; an exception is raised on every process.

    All processes must call this. The value must be one that `packing.pack` can send; an exception of a kind that it does
    not know arrives as Exception.
    """
    if not several():
        return compute()
    error: Exception | None = None
    sent = b""
    if is_process_zero():
        try:
            sent = packing.pack(("value", value := compute()))
        except Preempted as told:
            error, sent = told, packing.pack(("preempted", None))
        except Exception as failed:
            error, sent = failed, packing.pack(("error", packing.pack_error(failed)))
    outcome, received = packing.unpack(_broadcast_from_zero(sent))
    if error is not None:
        raise error
    if outcome == "preempted":
        raise Preempted
    if outcome == "error":
        raise packing.unpack_error(*received)
    return value if is_process_zero() else received


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


def _broadcast_from_zero(content: bytes) -> bytes:
    """The bytes of process 0 on every process."""
    sent = np.frombuffer(content, np.uint8)
    size = int(multihost_utils.broadcast_one_to_all(np.int32(sent.size)))
    packet = np.zeros(1 << max(size - 1, 1023).bit_length(), np.uint8)  # few sizes, few compiled programs
    packet[: min(sent.size, size)] = sent[:size]
    return np.asarray(multihost_utils.broadcast_one_to_all(packet))[:size].tobytes()


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
_seen = threading.Event()  # somebody has looked since
_watching = False  # whether `watched` is at work
_barriers = itertools.count()  # numbers the barriers, alike in all processes


@contextlib.contextmanager
def watched() -> Iterator[None]:
    """Within this context a first SIGTERM is only recorded for `preempted`; a second one acts as before.

    Loops look for it about every second. Where none does within SEEN_WITHIN (a long call of the compiler or of a library),
    the process ends at once, and the same command goes on from the last checkpoint. One of several processes waits for
    the next look, because the others would take it for lost.

    Inside another such context, and outside the main thread, where Python allows no signal handlers, it does nothing.
    """
    global _watching
    if _watching or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)

    unseen = threading.Timer(SEEN_WITHIN, _leave)
    unseen.daemon = True

    def record(*_: Any) -> None:
        _sigterm.set()
        signal.signal(signal.SIGTERM, before)
        unseen.start()

    _sigterm.clear()
    _seen.clear()
    signal.signal(signal.SIGTERM, record)
    _watching = True
    try:
        yield
    finally:
        _watching = False
        unseen.cancel()
        signal.signal(signal.SIGTERM, before)
        _sigterm.clear()


def _leave() -> None:
    """Ends the process, which was told to and has not looked, unless others compute with it."""
    if not (_seen.is_set() or several()):
        show_cursor = "\x1b[?25h" if sys.stderr.isatty() else ""  # a progress bar hides it
        line = "told to end: the same command goes on from the last checkpoint\n"
        os.write(2, (show_cursor + line).encode())
        os._exit(PREEMPTED)


def end_with(parent: int) -> None:
    """Act as if SIGTERM came once the process that started this one, with the id `parent`, is gone."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def preempted() -> bool:
    """Whether any of the processes has received SIGTERM inside `watched`; the same answer in all of them."""
    if not several():
        return _told()
    return bool(multihost_utils.process_allgather(np.array(_sigterm.is_set())).any())


def stop_if_told() -> None:
    """Raise Preempted in all processes if one of them was told to end; all must call this at the same step."""
    if preempted():
        raise Preempted


def stop_if_told_here() -> None:
    """Raise Preempted if this process was told to end; for waits inside `on_process_zero`."""
    if _told():
        raise Preempted


def _told() -> bool:
    """Whether this process was told to end; who asks acts on the answer."""
    if told := _sigterm.is_set():
        _seen.set()
    return told

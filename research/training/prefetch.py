"""Trains networks that studies will ask for, with what the computation at hand leaves of the cores.

    python -m research.training.prefetch      wishes on standard input (pickled); ends with it, or when they are fulfilled

Compiling, tracing and everything in Python keep one core busy. A process that only gets what is left fills the others
with populations; the study that wants one finds it trained, or waits for it.
"""

import contextlib
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from research.runtime import devices
from research.training.populations import Wish, population

HOME = Path(__file__).parents[2]
LEAST = 19  # priority


class Ahead:
    """While it lasts, these populations are trained, one after the other."""

    def __init__(self, wishes: Sequence[Wish]):
        self.wishes = list(wishes)
        self.process: subprocess.Popen | None = None

    def __enter__(self) -> "Ahead":
        if self.wishes:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "research.training.prefetch"],
                env=os.environ | {"PYTHONPATH": os.pathsep.join([str(HOME), *sys.path])},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # what goes wrong here goes wrong again, and is told, where it is wanted
            )
            assert self.process.stdin
            with contextlib.suppress(OSError):  # it has ended
                self.process.stdin.write(pickle.dumps(self.wishes))
                self.process.stdin.flush()
        return self

    def __exit__(self, *_) -> None:
        if self.process is not None:
            with self.process:
                self.process.kill()  # what it has begun is kept as a checkpoint


def _stand_back() -> None:
    """Leaves the cores to whoever wants them: Linux takes one that such a process uses for an idle one."""
    os.nice(LEAST)
    if hasattr(os, "SCHED_IDLE"):
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def _main() -> None:
    _stand_back()
    wishes = pickle.load(sys.stdin.buffer)

    def end() -> None:
        while os.read(sys.stdin.fileno(), 1):  # until the other process closes it or ends
            pass
        os._exit(0)

    threading.Thread(target=end, daemon=True).start()
    devices.start()
    for wish in wishes:
        population(*wish)
        devices.give_back_memory(above=0)  # the next one has other programs


if __name__ == "__main__":
    _main()

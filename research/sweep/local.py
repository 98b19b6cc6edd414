"""A sweep on this machine: processes side by side, a few at a time."""

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from research.runs.folders import atomic_write
from research.runtime import multihost
from research.sweep.record import Sweep


def run(sweep: Sweep, lines: Sequence[int], jobs: int, tell: Callable[[int, int], None]) -> None:
    """Runs these lines of the manifest, `jobs` at a time; `tell` gets each one's line and exit code.

    The machine's cores are shared out evenly, unless IDENTIKIT_CPU_DEVICES says otherwise.
    Runs end themselves, as when told to, once this process is gone (`multihost.end_with`).
    Raises: Preempted when told to end; every process then has saved what it had, and `lines` can be run again.
    """
    if jobs < 1:
        raise ValueError(f"jobs must be at least 1, got {jobs}")
    cores = str(max(1, (os.cpu_count() or 1) // jobs))
    environment = {"IDENTIKIT_CPU_DEVICES": cores, **os.environ, "IDENTIKIT_END_WITH": str(os.getpid())}
    waiting = list(lines)
    going: dict[int, subprocess.Popen] = {}
    with multihost.watched():
        try:
            while (waiting or going) and not multihost.preempted():
                while waiting and len(going) < jobs:
                    line = waiting.pop(0)
                    going[line] = _start(sweep, line, environment)
                _reap(sweep.folder, going, tell)
                time.sleep(0.1)
        finally:
            for process in going.values():
                process.terminate()
            while going:
                _reap(sweep.folder, going, tell)
                time.sleep(0.1)
        if multihost.preempted():
            raise multihost.Preempted


def _start(sweep: Sweep, line: int, environment: dict[str, str]) -> subprocess.Popen:
    logs = sweep.folder / "logs"
    (logs / f"{line}.exit").unlink(missing_ok=True)
    with open(logs / f"{line}.log", "ab") as log:
        return subprocess.Popen(
            sweep.argv(line), cwd=sweep.at, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )


def _reap(folder: Path, going: dict[int, subprocess.Popen], tell: Callable[[int, int], None]) -> None:
    for line, process in list(going.items()):
        if (code := process.poll()) is not None:
            del going[line]
            atomic_write(folder / "logs" / f"{line}.exit", f"{code}\n")
            tell(line, code)

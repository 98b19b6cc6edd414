"""Time until a study prints its first progress."""

import contextlib
import os
import pty
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from research import data
from research.bench.task import Task, Trial, ours

STUDY = ("-m", "launch.study")
CONFIG = "configs/recognisers.py"
SIGN = b"loss"  # the first progress line of a training shows it
PATIENCE = 120.0


def _study(config: str) -> Trial:
    """A study that can reuse only compiled programs, until its first training prints its loss."""

    def work():
        with tempfile.TemporaryDirectory(prefix="identikit-bench-") as folder:
            (Path(folder) / "data").symlink_to(data.cache_dir() / "data")
            _until_sign(
                [sys.executable, *STUDY, f"--config={config}", f"--workdir={folder}/run"],
                os.environ | {"IDENTIKIT_CACHE": folder},
            )

    if config == CONFIG:
        work()  # fills the cache of compiled programs
    return Trial(work, lambda _: {})


def _until_sign(command: list[str], environment: dict[str, str]) -> None:
    """Runs a command in a terminal of its own until the sign appears, then ends it."""
    ours, its = pty.openpty()
    process = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=environment)
    os.close(its)
    shown, begin = b"", time.monotonic()
    try:
        while SIGN not in shown:
            try:
                shown += os.read(ours, 4096)
            except OSError:  # the command has ended
                raise RuntimeError(f"no sign: {shown[-500:].decode(errors='replace')}") from None
            if time.monotonic() - begin > PATIENCE:
                raise RuntimeError(f"no sign within {PATIENCE:.0f} s")
    finally:
        process.kill()
        process.wait()
        with contextlib.suppress(OSError):
            os.close(ours)


def tasks(toy: bool = False) -> dict[str, Task]:
    """The tasks of this family by name; at toy size for the tests."""
    return {
        "study": Task(
            "launch.study until the first training prints its loss, compiled before",
            {"identikit": ours(partial(_study, f"{CONFIG}:smoke" if toy else CONFIG))},
            warm=False,
            at_most=3,
        )
    }

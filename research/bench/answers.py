"""What a user waits for: the first sign of life of a study, and the app's answer to a stroke."""

import contextlib
import os
import pty
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from research import data
from research.bench.task import Task, Trial, ours

STUDY = ("-m", "launch.study", "--config=configs/recognisers.py")
SIGN = b"loss"  # the first progress line of a training shows it
PATIENCE = 120.0
STROKES = 100


def _study() -> Trial:
    """A study that has nothing to reuse but compiled programs, until its first training tells its loss."""

    def work():
        with tempfile.TemporaryDirectory(prefix="identikit-bench-") as folder:
            (Path(folder) / "data").symlink_to(data.cache_dir() / "data")
            _until_sign(
                [sys.executable, *STUDY, f"--workdir={folder}/run"], os.environ | {"IDENTIKIT_CACHE": folder}
            )

    work()  # leaves its compiled programs behind
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


def _stroke() -> Trial:
    """The app's reader with its usual networks, which are barely trained: that takes no part in the time."""
    from research.app import fitted, latency, settings
    from research.app.reader import Reader

    usual = settings.Settings()
    for network in (*usual.models.values(), usual.bottleneck, usual.cleaner):
        network.examples, network.training.epochs = 512, 1
    reader = Reader(usual, fitted.fit(usual, lambda what, share: None))
    return Trial(
        lambda: latency.answers(reader, repeats=STROKES),
        lambda times: {"answers": STROKES, "median_ms": times.median, "p95_ms": times.p95},
    )


TASKS = {
    "stroke": Task(
        "an answer to a stroke, on the server, all main panels",
        {"identikit": ours(_stroke)},
        per="answers",
        at_most=6e-3,
    ),
    "study": Task(
        "launch.study until the first training tells its loss, compiled before",
        {"identikit": ours(_study)},
        warm=False,
        at_most=3,
    ),
}

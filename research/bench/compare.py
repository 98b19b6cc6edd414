"""Measures the contenders of a task in turn (A B A B …), each in a process of its own."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from research import data
from research.bench.task import Contender, Task

LONG = 30.0  # seconds; a contender that takes longer in a round has one round
CALLS = 1.0  # seconds that a contender spends on short calls in a round


class Failed(RuntimeError):
    """A contender's process ended without an answer."""


class Process:
    """A contender that was started in a process of its own."""

    def __init__(self, suite: str, name: str, contender: str, environment: dict[str, str], log: Path):
        self.log = log
        self.begin = time.perf_counter()
        with open(log, "w") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "research.bench.worker", suite, name, contender],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True,
                env=os.environ | environment,
            )  # fmt: skip

    def ask(self, least: float) -> dict[str, Any]:
        """One measurement of at least this many seconds: the worker's answer, and `whole`, seconds since the start.

        Raises:
            Failed: the process ended without an answer.
        """
        assert self.process.stdin
        assert self.process.stdout
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(f"{least}\n")
            self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            lines = self.log.read_text(errors="replace").strip().splitlines() or ["no word"]
            raise Failed(f"{lines[-1]} (exit code {self.process.returncode})")
        return json.loads(line) | {"whole": time.perf_counter() - self.begin}

    def close(self) -> None:
        """Ends the process, if necessary by force after 10 seconds."""
        assert self.process.stdin
        assert self.process.stdout
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


@contextlib.contextmanager
def _started(suite: str, name: str, contender: str, who: Contender, compiled: Path) -> Iterator[Process]:
    """Starts a contender with an empty cache, except for the prepared data and, if it wants it, `compiled`."""
    with tempfile.TemporaryDirectory(prefix="identikit-bench-") as folder:
        own = Path(folder)
        (own / "data").symlink_to(data.cache_dir() / "data")
        xla = compiled if who.compiled else own / "xla"
        environment = {
            "IDENTIKIT_CACHE": str(own),
            "JAX_COMPILATION_CACHE_DIR": str(xla),
            "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # contenders share an accelerator
        }
        process = Process(suite, name, contender, environment, own / "log")
        try:
            yield process
        finally:
            process.close()


def measure(suite: str, name: str, task: Task, rounds: int) -> dict[str, dict[str, Any]]:
    """Measures every contender of a task in turn, and prints a line for every measurement.

    Args:
        suite: its name.
        name: of the task.
        task: what is timed.
        rounds: at most; a slow contender has one.

    Returns:
        By contender: `seconds` of each round; `facts`, `peak_bytes` and `calls` of the last round; `first`, seconds of
        the first call with its compilation, if the task separates it; `call`, seconds of the work alone, if whole
        processes are timed; or `failed`, the reason why it could not run.
    """
    found: dict[str, dict[str, Any]] = {who: {"seconds": []} for who in task.contenders}
    with contextlib.ExitStack() as kept:
        compiled = Path(kept.enter_context(tempfile.TemporaryDirectory(prefix="identikit-bench-")))

        def start(who: str) -> contextlib.AbstractContextManager[Process]:
            return _started(suite, name, who, task.contenders[who], compiled)

        def anew(who: str) -> dict[str, Any]:
            if task.contenders[who].compiled and not found[who]["seconds"]:
                with start(who) as process:
                    process.ask(0)
            with start(who) as process:
                answer = process.ask(0)
            found[who].setdefault("call", []).append(answer["seconds"])
            return answer | {"seconds": answer["whole"]}

        staying: dict[str, Process] = {}

        def again(who: str) -> dict[str, Any]:
            if who not in staying:
                staying[who] = kept.enter_context(start(who))
                if task.warm:
                    found[who]["first"] = staying[who].ask(0)["seconds"]
            return staying[who].ask(CALLS if task.warm else 0)

        slow: set[str] = set()  # measured in one round only
        for _ in range(min(rounds, task.rounds)):
            for who in task.contenders:
                if who in slow or "failed" in found[who]:
                    continue
                try:
                    answer = anew(who) if task.whole else again(who)
                except Failed as failure:
                    found[who]["failed"] = str(failure)
                    print(f"{name:<18}{who:<28} failed: {failure}")
                    continue
                took = answer["facts"][task.counts] if task.counts else answer["seconds"]
                took /= answer["facts"][task.per] if task.per else 1.0
                found[who]["seconds"].append(took)
                found[who] |= {key: answer[key] for key in ("facts", "peak_bytes", "calls")}
                if answer["seconds"] > LONG:
                    slow.add(who)
                facts = "  ".join(f"{fact} {value:.5g}" for fact, value in answer["facts"].items())
                print(f"{name:<18}{who:<28}{took:11.5g} s   {facts}")
            if task.first in slow or (task.peers and slow.issuperset(task.peers)):
                break
    return found

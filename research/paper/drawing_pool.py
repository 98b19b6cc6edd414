"""Drawing beside a computation: in processes of their own, for two threads of one would wait for each other."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from queue import LifoQueue

from research.paper import figure_files

HOME = Path(figure_files.__file__).parents[2]


class Artists:
    """Some processes that draw one study after another: what they import, they import once. They end with this one."""

    def __init__(self, count: int):
        self.idle: LifoQueue[_Artist] = LifoQueue()
        for _ in range(count):
            self.idle.put(_Artist())

    def __enter__(self) -> "Artists":
        return self

    def __exit__(self, *_) -> None:
        while not self.idle.empty():
            self.idle.get().leave()

    def wake(self) -> None:
        """Has one of them come, so that it is ready when there is something to draw."""
        artist = self.idle.get()
        artist.come()
        self.idle.put(artist)

    def draw(self, study: str, folder: Path, widths: Sequence[float]) -> None:
        """Draws the figures of a run folder where they are not `figure_files.up_to_date`; waits for an idle artist.

        Raises: RuntimeError with the last line of what went wrong, and all of it as a note.
        """
        if figure_files.up_to_date(study, folder / "results.nc", folder / "figures", widths=widths):
            return
        artist = self.idle.get()
        try:
            wrong = artist.draw(study, folder, widths)
        finally:
            self.idle.put(artist)
        if wrong:
            error = RuntimeError(f"figures: {wrong.strip().splitlines()[-1]}")
            error.add_note(wrong)
            raise error


class _Artist:
    """One process, started when it is first needed, and again if it was lost."""

    process: subprocess.Popen | None = None

    def come(self) -> subprocess.Popen:
        if self.process is None or self.process.poll() is not None:
            self.leave()
            self.said = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - as long as the process
            self.process = subprocess.Popen(
                [sys.executable, "-m", "research.paper.draw"],
                env=os.environ | {"PYTHONPATH": os.pathsep.join([str(HOME), *sys.path])},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.said,
                text=True,
            )
        return self.process

    def draw(self, study: str, folder: Path, widths: Sequence[float]) -> str | None:
        """What went wrong, if anything did."""
        process = self.come()
        assert process.stdin
        assert process.stdout
        try:
            print(json.dumps([study, str(folder.resolve()), list(widths)]), file=process.stdin, flush=True)
            return json.loads(process.stdout.readline())
        except (OSError, ValueError):  # it is gone
            process.wait()
            self.said.seek(0)
            return f"{self.said.read()}\nthe process that draws ended with code {process.returncode}"

    def leave(self) -> None:
        if self.process is not None:
            with contextlib.suppress(OSError), self.process, self.said:
                self.process.kill()  # it has answered all that it was asked
            self.process = None

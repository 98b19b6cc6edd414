"""The server: pages, sockets, start and end.

It listens at once. While networks are trained in a thread, the page shows how far they are; then drawings are
answered by one thread that computes, and identikits by a few others.
"""

import asyncio
import collections
import contextlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from research.app import blind, fitted, wire
from research.app.crowd import Batcher
from research.app.guard import Guard
from research.app.model import SIZES
from research.app.reader import Reader
from research.app.routes import PAGE, Answers, failure, refusal
from research.app.settings import Limits, Settings
from research.app.visitor import Session

MEASURED = {"overview": "funky-seven-pattern", "pair": "robust-keeps"}  # findings that a view's text quotes


def measured(findings: Path, finding: str = MEASURED["overview"]) -> str:
    """The sentence of a finding, on funky sevens if not said, from a paper's findings.json; empty where there is none."""
    try:
        rows = json.loads(findings.read_text())
        return next((str(row["statement"]) for row in rows if row["id"] == finding), "")
    except (OSError, ValueError, KeyError, TypeError):
        return ""


class Stopping(Exception):
    """The server ends; whatever trains stops, and goes on from there next time."""


class App:
    """What the routes share. `reader` is there once the networks are; until then `progress` says how far."""

    def __init__(
        self,
        settings: Settings,
        limits: Limits,
        host: str = "127.0.0.1",
        report: Path | None = None,
        reader: Reader | None = None,
    ):
        self.settings, self.limits, self.reader = settings, limits, reader
        self.report = report if report and report.is_file() else None
        self.identikits = blind.find(self.report)  # a study's, for the blind test
        findings = report.with_name("findings.json") if report else Path()
        self.measured = {view: measured(findings, finding) for view, finding in MEASURED.items()}
        self.progress: dict[str, Any] = {"what": "Starting", "share": 0.0, "step": 0, "error": None}
        self.stopping = threading.Event()
        self.computing = ThreadPoolExecutor(1, "answers")
        self.asking = ThreadPoolExecutor(limits.identikits, "identikits")
        self.running = 0  # identikits
        self.line: list[Session] = []  # those that wait for one, first come, first served
        self.turn = asyncio.Event()  # set when the line or the number of running identikits has changed
        self.packed: dict[str, bytes] = {}  # arrays, compressed once
        self.visitors: set[Session] = set()
        self.crowd = Batcher(self._answer, SIZES[-1], self.computing)
        self.uploading: collections.Counter[str] = collections.Counter()  # by client
        self.decoding = asyncio.Semaphore(limits.uploads)
        answers = Answers(self)
        inner = Starlette(
            routes=[
                *answers.routes(),
                WebSocketRoute("/live", self.live),
                Mount("/page", StaticFiles(directory=PAGE)),
            ],
            middleware=[Middleware(GZipMiddleware, compresslevel=6)],
            exception_handlers={HTTPException: refusal, Exception: failure},
            lifespan=self._life,
        )
        self.asgi = Guard(inner, host)  # around everything: an answer to our own error has its headers too

    @contextlib.asynccontextmanager
    async def _life(self, _: Starlette):
        # While TFDS is imported, to prepare the digits, relative imports in other threads fail: anyio's come first.
        await anyio.to_thread.run_sync(PAGE.exists)
        answering = asyncio.create_task(self.crowd.run())
        preparing = threading.Thread(target=self.prepare, name="preparing", daemon=True)
        preparing.start()
        try:
            yield
        finally:
            self.stopping.set()
            answering.cancel()
            for visitor in list(self.visitors):
                visitor.stop.set()
            self.wake()
            self.computing.shutdown(wait=True, cancel_futures=True)
            self.asking.shutdown(wait=True, cancel_futures=True)
            await asyncio.to_thread(preparing.join, 5)

    def prepare(self) -> None:
        """Loads, trains and compiles; runs in a thread of its own."""
        try:
            if self.reader is None:
                reader = Reader(self.settings, fitted.fit(self.settings, self.tell))
                reader.warm(self.tell, SIZES[:1])
                self.reader = reader
                reader.warm(lambda _, share: self.tell("Ready", 1.0), SIZES[1:])
            for name in self.settings.others:
                self.tell("Ready", 1.0)
                self.reader.add(name)
            self.reader.add_pair(self.tell)
            self.tell("Ready", 1.0)
        except Stopping:
            pass
        except Exception as error:  # shown on the page and in the log; the server goes on serving the reason
            self.progress |= {"what": "Failed", "error": f"{type(error).__name__}: {error}"}
            if not self.stopping.is_set():
                raise

    def tell(self, what: str, share: float) -> None:
        if self.stopping.is_set():
            raise Stopping
        step = self.progress["step"] + (what != self.progress["what"])
        self.progress = {"what": what, "share": round(share, 4), "step": step, "error": None}

    def wake(self) -> None:
        """Lets everyone in the line look again; called in the event loop."""
        last, self.turn = self.turn, asyncio.Event()
        last.set()

    def is_open(self, tab: str) -> bool:
        """Whether a page of this name has a socket."""
        return bool(tab) and any(visitor.tab == tab for visitor in self.visitors)

    async def live(self, socket: WebSocket) -> None:
        await Session(self, socket).stay()

    def there(self) -> Reader:
        if self.reader is None:
            raise HTTPException(503, self.progress["error"] or "the networks are not ready yet")
        return self.reader

    def _answer(self, draws: list[wire.Draw]) -> list[list[bytes]]:
        """What each drawing's client is sent: the answer, and what else it wants."""
        reader = self.there()
        sent = []
        for draw, answer in zip(draws, reader.answer(draws)):
            parts = [wire.write(wire.ANSWER, draw.sequence, reader.layout, answer)]
            model = reader.models[draw.about]
            if draw.wants & wire.WANTS_ACTIVATIONS:
                found = model.activations(answer["seen"])
                parts.append(wire.write(wire.ACTIVATIONS, draw.sequence, model.layout, found, draw.about))
            if draw.wants & wire.WANTS_JACOBIAN:
                slope = model.jacobian(answer["seen"]).astype("<f4").tobytes()
                parts.append(wire.ANSWER_HEAD.pack(wire.JACOBIAN, draw.about, draw.sequence) + slope)
            sent.append(parts)
        return sent

"""The server: pages, sockets, start and end.

It listens at once. While networks are trained in a thread, the page shows how far they are; then drawings are
answered by one thread that computes, and identikits by a few others.
"""

import asyncio
import contextlib
import gzip
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio.to_thread
import numpy as np
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from research.app import fitted, portrait, uploads, wire
from research.app.crowd import Batcher
from research.app.guard import Guard
from research.app.reader import MAPS, SIZES, Reader
from research.app.settings import Limits, Settings
from research.app.visitor import Session
from research.plotting.style import DIGITS

PAGE = Path(__file__).with_name("page")


def measured(findings: Path) -> str:
    """The sentence on funky sevens from a paper's findings.json; empty where there is none."""
    try:
        rows = json.loads(findings.read_text())
        return next((str(row["statement"]) for row in rows if row["id"] == "funky-seven-pattern"), "")
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
        self.measured = measured(report.with_name("findings.json")) if report else ""
        self.progress: dict[str, Any] = {"what": "Starting", "share": 0.0, "error": None}
        self.stopping = threading.Event()
        self.computing = ThreadPoolExecutor(1, "answers")
        self.asking = ThreadPoolExecutor(limits.identikits, "identikits")
        self.running = 0  # identikits
        self.line: list[Session] = []  # those that wait for one, first come, first served
        self.turn = asyncio.Event()  # set when the line or the number of running identikits has changed
        self.packed: dict[str, bytes] = {}  # arrays, compressed once
        self.visitors: set[Session] = set()
        self.crowd = Batcher(self._answer, SIZES[-1], self.computing)
        self.asgi = Starlette(
            routes=[
                Route("/", lambda request: FileResponse(PAGE / "index.html")),
                Route("/api/progress", self.how_far),
                Route("/api/setup", self.setup),
                Route("/api/data/{name}", self.data),
                Route("/api/test/{number:int}", self.test_digit),
                Route("/api/causal/{model:int}", self.causal),
                Route("/api/upload", self.upload, methods=["POST"]),
                Route("/report", self.show_report),
                WebSocketRoute("/live", self.live),
                Mount("/page", StaticFiles(directory=PAGE)),
            ],
            middleware=[Middleware(Guard, host=host), Middleware(GZipMiddleware, compresslevel=6)],
            exception_handlers={HTTPException: _refusal, Exception: _failure},
            lifespan=self._life,
        )

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
            self.tell("Ready", 1.0)
        except Stopping:
            pass
        except Exception as error:  # shown on the page and in the log; the server goes on serving the reason
            self.progress = {"what": "Failed", "share": 0.0, "error": f"{type(error).__name__}: {error}"}
            if not self.stopping.is_set():
                raise

    def tell(self, what: str, share: float) -> None:
        if self.stopping.is_set():
            raise Stopping
        self.progress = {"what": what, "share": round(share, 4), "error": None}

    def wake(self) -> None:
        """Lets everyone in the line look again; called in the event loop."""
        last, self.turn = self.turn, asyncio.Event()
        last.set()

    async def how_far(self, _: Request) -> Response:
        return JSONResponse({"ready": self.reader is not None, **self.progress})

    async def setup(self, _: Request) -> Response:
        """Everything that the page must know before it can read answers."""
        reader = self.there()

        def plain(layout):
            return [field._asdict() for field in layout]

        return JSONResponse(
            {
                "models": reader.titles(),
                "answer": plain(reader.layout),
                "portrait": plain(portrait.LAYOUT),
                "activations": [plain(model.layout) for model in reader.models],
                "noises": wire.NOISE_NAMES,
                "maps": MAPS,
                "points": self.settings.points,
                "components": self.settings.components,
                "explained": np.round(reader.base.pca.explained_variance_ratio, 5).tolist(),
                "tests": len(reader.base.test_labels),
                "examples": len(reader.base.labels),
                "palette": DIGITS,
                "report": bool(self.report),
                "measured": self.measured,
                "strange": round(reader.strange, 3),
            }
        )

    async def data(self, request: Request) -> Response:
        """Arrays that do not change: places on the maps, their labels and images, components."""
        arrays, name = self.there().arrays, request.path_params["name"]
        if name not in arrays:
            raise HTTPException(404, f"no array {name[:40]!r}; there are {', '.join(arrays)}")
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return _binary(arrays[name])
        if name not in self.packed:
            content = np.ascontiguousarray(arrays[name]).tobytes()
            self.packed[name] = await run_in_threadpool(gzip.compress, content, 6)
        packed = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return Response(self.packed[name], media_type="application/octet-stream", headers=packed)

    async def test_digit(self, request: Request) -> Response:
        """A test digit: its 784 bytes, and then its label."""
        base, number = self.there().base, request.path_params["number"]
        if number >= len(base.test_labels):
            raise HTTPException(404, f"test digits have the numbers 0 to {len(base.test_labels) - 1}")
        label = base.test_labels[number : number + 1].astype(np.uint8)
        return _binary(np.concatenate([base.test_images[number].ravel(), label]))

    async def causal(self, request: Request) -> Response:
        reader, number = self.there(), request.path_params["model"]
        if number >= len(reader.models):
            raise HTTPException(404, f"models have the numbers 0 to {len(reader.models) - 1}")
        population = reader.models[number].population
        maps = await run_in_threadpool(fitted.causal, population, reader.base.test_images)
        return _binary(maps.astype(np.float32))

    async def upload(self, request: Request) -> Response:
        """The picture in the body, as 280×280 bytes of ink."""
        content = bytearray()
        async for chunk in request.stream():
            content += chunk
            if len(content) > self.limits.upload_bytes:
                raise HTTPException(413, f"a picture may have up to {self.limits.upload_bytes:,} bytes")
        try:
            ink = await run_in_threadpool(uploads.decode, bytes(content), self.limits.upload_pixels)
        except uploads.BadPicture as error:
            raise HTTPException(422, str(error)) from None
        return _binary(ink)

    async def show_report(self, _: Request) -> Response:
        if not self.report:
            raise HTTPException(404, "no report yet; `make paper` writes one")
        policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
        return FileResponse(self.report, headers={"Content-Security-Policy": policy})

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


def _binary(array: np.ndarray) -> Response:
    return Response(np.ascontiguousarray(array).tobytes(), media_type="application/octet-stream")


async def _refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code)


async def _failure(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": "something went wrong here; the log says what"}, 500)

"""The server: pages, sockets, start and end.

It listens at once. While networks are trained in a thread, the page shows how far they are; then drawings are
answered by one thread that computes, and identikits by a few others.
"""

import asyncio
import collections
import contextlib
import gzip
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio.to_thread
import numpy as np
import xarray as xr
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

from research.app import blind, fitted, pair, portrait, units, uploads, wire
from research.app.crowd import Batcher
from research.app.guard import REPORT_POLICY, Guard
from research.app.reader import MAPS, SIZES, Reader
from research.app.settings import Limits, Settings
from research.app.visitor import Session
from research.plotting.style import DIGITS

PAGE = Path(__file__).with_name("page")


MEASURED = {"overview": "funky-seven-pattern", "pair": "robust-keeps"}  # findings that a view's text quotes


def measured(findings: Path, finding: str = MEASURED["overview"]) -> str:
    """The sentence of a finding, on funky sevens if not said, from a paper's findings.json; empty where there is none."""
    try:
        rows = json.loads(findings.read_text())
        return next((str(row["statement"]) for row in rows if row["id"] == finding), "")
    except (OSError, ValueError, KeyError, TypeError):
        return ""


MOST_PLACES = 16  # of training digits that may be asked for at once


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
        self.uploading: collections.Counter[str] = collections.Counter()  # by client
        self.decoding = asyncio.Semaphore(limits.uploads)
        inner = Starlette(
            routes=[
                Route("/", lambda request: FileResponse(PAGE / "index.html")),
                Route("/blind", lambda request: FileResponse(PAGE / "blind.html")),
                Route("/api/blind/{seed:int}", self.blind),
                Route("/api/progress", self.how_far),
                Route("/api/setup", self.setup),
                Route("/api/data/{name}", self.data),
                Route("/api/test/{number:int}", self.test_digit),
                Route("/api/causal/{model:int}", self.causal),
                Route("/api/unit/{model:int}/{layer}/{unit:int}", self.unit),
                Route("/api/places/{numbers}", self.places),
                Route("/api/read", self.read, methods=["POST"]),
                Route("/api/alphabets", self.alphabets),
                Route("/api/pair", self.beside, methods=["POST"]),
                Route("/api/upload", self.upload, methods=["POST"]),
                Route("/report", self.show_report),
                WebSocketRoute("/live", self.live),
                Mount("/page", StaticFiles(directory=PAGE)),
            ],
            middleware=[Middleware(GZipMiddleware, compresslevel=6)],
            exception_handlers={HTTPException: _refusal, Exception: _failure},
            lifespan=self._life,
        )
        self.asgi = Guard(
            inner, host
        )  # around everything, so that an answer to our own error has its headers too

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
                "pair": plain(pair.LAYOUT),
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

    def number(self, request: Request) -> int:
        """The network that the path names."""
        number, last = request.path_params["model"], len(self.there().models) - 1
        if number > last:
            raise HTTPException(404, f"models have the numbers 0 to {last}")
        return number

    async def unit(self, request: Request) -> Response:
        """A unit of a network, see `units.describe`."""
        number, path = self.number(request), request.path_params
        try:
            found = await run_in_threadpool(units.describe, self.there(), number, path["layer"], path["unit"])
        except LookupError as error:
            raise HTTPException(404, str(error)) from None
        return JSONResponse(found)

    async def causal(self, request: Request) -> Response:
        reader, number = self.there(), self.number(request)
        population = reader.models[number].population
        maps = await run_in_threadpool(fitted.causal, population, reader.base.test_images)
        return _binary(maps.astype(np.float32))

    async def places(self, request: Request) -> Response:
        """Where training digits lie on the maps: a few numbers, separated by commas, each with three places."""
        reader, said = self.there(), request.path_params["numbers"].split(",")
        last = len(reader.base.labels) - 1
        if len(said) > MOST_PLACES or not all(
            n.isascii() and n.isdigit() and int(n[:9]) <= last for n in said
        ):
            raise HTTPException(404, f"expected up to {MOST_PLACES} numbers from 0 to {last}, with commas")
        found = await run_in_threadpool(reader.places, [int(n) for n in said])
        return JSONResponse(found.tolist())

    async def read(self, request: Request) -> Response:
        """What every network says of the image in the body: ten probabilities each."""
        images = await self.images(request, 1)
        return JSONResponse((await run_in_threadpool(self.there().read, images))[:, 0].round(5).tolist())

    def both(self) -> pair.Pair:
        """The plain and the robust network."""
        found = self.there().pair
        if found is None:
            raise HTTPException(503, f"the robust network is not ready yet: {self.progress['what'].lower()}")
        return found

    async def alphabets(self, _: Request) -> Response:
        """Ten identikits of the plain network, ten of the robust one."""
        both = self.both()
        if "alphabets" not in self.packed:
            self.packed["alphabets"] = (await run_in_threadpool(pair.alphabets, both)).tobytes()
        return Response(self.packed["alphabets"], media_type="application/octet-stream")

    async def beside(self, request: Request) -> Response:
        """The plain and the robust network on the drawing in the body, and on what an adversary makes of it."""
        both, (image,) = self.both(), await self.images(request, 1)
        try:
            eps = float(request.query_params.get("eps", "1"))
        except ValueError:
            eps = -1.0
        if not 0 <= eps <= pair.FARTHEST:
            raise HTTPException(422, f"eps must be a number from 0 to {pair.FARTHEST:g}")
        found = await run_in_threadpool(pair.beside, both, image, eps)
        content = wire.write(wire.PAIR, 0, pair.LAYOUT, found)
        return Response(content, media_type="application/octet-stream")

    async def images(self, request: Request, most: int) -> np.ndarray:
        """The images in the body: 1 to `most` of 784 float32 each, in [0, 1]."""
        content = await self.body(request, 4 * most * wire.SIDE**2)
        if not content or len(content) % (4 * wire.SIDE**2):
            raise HTTPException(422, f"expected up to {most} images of 784 float32, got {len(content)} bytes")
        images = np.frombuffer(content, "<f4").astype(np.float32).reshape(-1, wire.SIDE, wire.SIDE)
        if not np.all((images >= 0) & (images <= 1)):
            raise HTTPException(422, "pixels must be numbers in [0, 1]")
        return images

    async def body(self, request: Request, most: int) -> bytes:
        """The body of a request, read as far as it may be long."""
        content = bytearray()
        try:
            async with asyncio.timeout(self.limits.silence):
                async for chunk in request.stream():
                    content += chunk
                    if len(content) > most:
                        raise HTTPException(413, f"a body may have up to {most:,} bytes here")
        except TimeoutError:
            raise HTTPException(408, f"the body took more than {self.limits.silence:g} s to come") from None
        return bytes(content)

    async def upload(self, request: Request) -> Response:
        """The picture in the body, as 280×280 bytes of ink."""
        client = request.client.host if request.client else ""
        if self.uploading[client] >= 2 * self.limits.uploads:
            raise HTTPException(429, "too many pictures at once; wait for the last ones")
        self.uploading[client] += 1
        try:
            content = await self.body(request, self.limits.upload_bytes)
            async with self.decoding:
                ink = await run_in_threadpool(uploads.decode, content, self.limits.upload_pixels)
        except uploads.BadPicture as error:
            raise HTTPException(422, str(error)) from None
        finally:
            self.uploading[client] -= 1
        return _binary(ink)

    async def blind(self, request: Request) -> Response:
        """Ten identikits for the blind test, drawn by this seed."""
        if not self.identikits:
            raise HTTPException(404, "no paper here has the study reconstruction; `make paper` measures it")

        def drawn(place: Path) -> list[dict[str, Any]]:
            with xr.open_dataset(place, engine="h5netcdf") as results:
                return blind.draw(results, request.path_params["seed"] % 2**32)

        return JSONResponse(await run_in_threadpool(drawn, self.identikits))

    async def show_report(self, _: Request) -> Response:
        if not self.report:
            raise HTTPException(404, "no report yet; `make paper` writes one")
        return FileResponse(self.report, headers={"Content-Security-Policy": REPORT_POLICY})

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

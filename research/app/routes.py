"""What the app answers over HTTP: pages, what a page must know first, and everything but live drawings."""

import asyncio
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from research.app import blind, fitted, own, pair, portrait, units, uploads, wire
from research.app.guard import REPORT_POLICY, page_name
from research.app.reader import GONE, MAPS
from research.plotting.style import DIGITS

PAGE = Path(__file__).with_name("page")
STEPS = 6  # beside the networks: digits, bottleneck, autoencoder, components, map, compiling
MOST_PLACES = 16  # of training digits that may be asked for at once


class Answers:
    """The handlers; `app` is the `server.App`."""

    def __init__(self, app: Any):
        self.app = app

    def routes(self) -> list[Route]:
        return [
            Route("/", lambda request: FileResponse(PAGE / "index.html")),
            Route("/blind", lambda request: FileResponse(PAGE / "blind.html")),
            Route("/report", self.show_report),
            Route("/api/progress", self.how_far),
            Route("/api/setup", self.setup),
            Route("/api/data/{name}", self.data),
            Route("/api/test/{number:int}", self.test_digit),
            Route("/api/causal/{model:int}", self.causal),
            Route("/api/unit/{model:int}/{layer}/{unit:int}", self.unit),
            Route("/api/places/{numbers}", self.places),
            Route("/api/alphabets", self.alphabets),
            Route("/api/blind/{seed:int}", self.blind),
            Route("/api/read", self.read, methods=["POST"]),
            Route("/api/pair", self.beside, methods=["POST"]),
            Route("/api/network", self.bring, methods=["POST"]),
            Route("/api/upload", self.upload, methods=["POST"]),
        ]

    async def how_far(self, _: Request) -> Response:
        steps = len(self.app.settings.models) + STEPS
        return JSONResponse({"ready": self.app.reader is not None, "steps": steps, **self.app.progress})

    async def setup(self, request: Request) -> Response:
        """Everything that the page must know before it can read answers."""
        reader = self.app.there()

        def plain(layout):
            return [field._asdict() for field in layout]

        return JSONResponse(
            {
                "models": reader.titles(_tab(request)),
                "answer": plain(reader.layout),
                "portrait": plain(portrait.LAYOUT),
                "pair": plain(pair.LAYOUT),
                "activations": [plain(model.layout) for model in reader.models],
                "noises": wire.NOISE_NAMES,
                "maps": MAPS,
                "points": self.app.settings.points,
                "components": self.app.settings.components,
                "explained": np.round(reader.base.pca.explained_variance_ratio, 5).tolist(),
                "tests": len(reader.base.test_labels),
                "examples": len(reader.base.labels),
                "palette": DIGITS,
                "invite": f"?token={self.app.asgi.token}" if self.app.asgi.token else "",
                "report": bool(self.app.report),
                "measured": self.app.measured,
                "strange": round(reader.strange, 3),
            }
        )

    async def data(self, request: Request) -> Response:
        """Arrays that do not change: places on the maps, their labels and images, components."""
        arrays, name = self.app.there().arrays, request.path_params["name"]
        if name not in arrays:
            raise HTTPException(404, f"no array {name[:40]!r}; there are {', '.join(arrays)}")
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return _binary(arrays[name])
        if name not in self.app.packed:
            content = np.ascontiguousarray(arrays[name]).tobytes()
            self.app.packed[name] = await run_in_threadpool(gzip.compress, content, 6)
        packed = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return Response(self.app.packed[name], media_type="application/octet-stream", headers=packed)

    async def test_digit(self, request: Request) -> Response:
        """A test digit: its 784 bytes, and then its label."""
        base, number = self.app.there().base, request.path_params["number"]
        if number >= len(base.test_labels):
            raise HTTPException(404, f"test digits have the numbers 0 to {len(base.test_labels) - 1}")
        label = base.test_labels[number : number + 1].astype(np.uint8)
        return _binary(np.concatenate([base.test_images[number].ravel(), label]))

    def number(self, request: Request) -> int:
        """The network that the path names."""
        number, last = request.path_params["model"], len(self.app.there().models) - 1
        if number > last or self.app.there().models[number].owner not in ("", _tab(request)):
            raise HTTPException(404, f"models have the numbers 0 to {last}")
        return number

    async def unit(self, request: Request) -> Response:
        """A unit of a network, see `units.describe`."""
        number, path = self.number(request), request.path_params
        try:
            found = await run_in_threadpool(
                units.describe, self.app.there(), number, path["layer"], path["unit"]
            )
        except LookupError as error:
            raise HTTPException(404, str(error)) from None
        return JSONResponse(found)

    async def causal(self, request: Request) -> Response:
        reader, number = self.app.there(), self.number(request)
        population = reader.models[number].population
        maps = await run_in_threadpool(fitted.causal, population, reader.base.test_images)
        return _binary(maps.astype(np.float32))

    async def places(self, request: Request) -> Response:
        """Where training digits lie on the maps: a few numbers, separated by commas, each with three places."""
        reader, said = self.app.there(), request.path_params["numbers"].split(",")
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
        return JSONResponse(await run_in_threadpool(self.app.there().read, images[0], _tab(request)))

    async def bring(self, request: Request) -> Response:
        """The network in the body, for the page that brings it and while it is open: its number and accuracy."""
        reader, tab = self.app.there(), _tab(request)
        if not self.app.is_open(tab):
            raise HTTPException(409, "the page that brings a network must be connected")
        content = await self.body(request, self.app.limits.network_bytes)
        async with self.app.decoding:
            if sum(model.owner not in ("", GONE) for model in reader.models) >= self.app.limits.networks:
                raise HTTPException(
                    429, f"there are {self.app.limits.networks} own networks already; close a page"
                )
            tests = reader.base.test_images, reader.base.test_labels
            name = request.query_params.get("name", "")
            try:
                model, accuracy = await run_in_threadpool(own.bring, name, content, *tests, tab)
            except ValueError as error:
                raise HTTPException(422, " ".join(str(error).split())) from None
        number = reader.take(model)
        if not self.app.is_open(tab):  # it was closed meanwhile
            reader.dismiss(tab)
        return JSONResponse({"number": number, "title": model.title, "accuracy": accuracy, "of": own.TRIED})

    def both(self) -> pair.Pair:
        """The plain and the robust network."""
        found = self.app.there().pair
        if found is None:
            raise HTTPException(
                503, f"the robust network is not ready yet: {self.app.progress['what'].lower()}"
            )
        return found

    async def alphabets(self, _: Request) -> Response:
        """Ten identikits of the plain network, ten of the robust one."""
        both = self.both()
        if "alphabets" not in self.app.packed:
            self.app.packed["alphabets"] = (await run_in_threadpool(pair.alphabets, both)).tobytes()
        return Response(self.app.packed["alphabets"], media_type="application/octet-stream")

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
            async with asyncio.timeout(self.app.limits.silence):
                async for chunk in request.stream():
                    content += chunk
                    if len(content) > most:
                        raise HTTPException(413, f"a body may have up to {most:,} bytes here")
        except TimeoutError:
            raise HTTPException(
                408, f"the body took more than {self.app.limits.silence:g} s to come"
            ) from None
        return bytes(content)

    async def upload(self, request: Request) -> Response:
        """The picture in the body, as 280×280 bytes of ink."""
        client = request.client.host if request.client else ""
        if self.app.uploading[client] >= 2 * self.app.limits.uploads:
            raise HTTPException(429, "too many pictures at once; wait for the last ones")
        self.app.uploading[client] += 1
        try:
            content = await self.body(request, self.app.limits.upload_bytes)
            async with self.app.decoding:
                ink = await run_in_threadpool(uploads.decode, content, self.app.limits.upload_pixels)
        except uploads.BadPicture as error:
            raise HTTPException(422, str(error)) from None
        finally:
            self.app.uploading[client] -= 1
        return _binary(ink)

    async def blind(self, request: Request) -> Response:
        """Ten identikits for the blind test, drawn by this seed."""
        if not self.app.identikits:
            raise HTTPException(404, "no paper here has the study reconstruction; `make paper` measures it")

        def drawn(place: Path) -> list[dict[str, Any]]:
            with xr.open_dataset(place, engine="h5netcdf") as results:
                return blind.draw(results, request.path_params["seed"] % 2**32)

        return JSONResponse(await run_in_threadpool(drawn, self.app.identikits))

    async def show_report(self, _: Request) -> Response:
        if not self.app.report:
            raise HTTPException(404, "no report yet; `make paper` writes one")
        return FileResponse(self.app.report, headers={"Content-Security-Policy": REPORT_POLICY})


def _tab(request: Request) -> str:
    return page_name(request.query_params.get("tab", ""))


def _binary(array: np.ndarray) -> Response:
    return Response(np.ascontiguousarray(array).tobytes(), media_type="application/octet-stream")


async def refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code)


async def failure(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": "something went wrong here; the log says what"}, 500)

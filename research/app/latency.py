"""How fast the app answers: in the server, in a browser from stroke to paint, and with many clients drawing.

`make bench` calls these. A browser needs playwright and a Chromium, both of which are for developers.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from research.app import wire
from research.app.reader import Reader


class Times(NamedTuple):
    """Milliseconds: the median, the 95th percentile and the longest of n."""

    median: float
    p95: float
    longest: float
    n: int


def times(seconds: Sequence[float]) -> Times:
    ms = 1e3 * np.asarray(seconds)
    return Times(float(np.median(ms)), float(np.percentile(ms, 95)), float(ms.max()), len(ms))


def answers(reader: Reader, size: int = 1, repeats: int = 100) -> Times:
    """Of the jitted answer to `size` drawings together."""
    images = reader.base.test_images[: size * 50].astype(np.float32) / 255
    spent = []
    for i in range(repeats):
        draws = [_draw(images[(i * size + j) % len(images)]) for j in range(size)]
        start = time.perf_counter()
        reader.answer(draws)
        spent.append(time.perf_counter() - start)
    return times(spent)


def in_browser(page: Any, strokes: int = 12) -> Times:
    """From the hand's movement to the frame that shows its answer, for every movement that was answered.

    `page` is a Playwright page with the app open at its main view; it is drawn on at some 60 movements a second.
    """
    page.evaluate("() => { window.identikit.latency.length = 0; }")
    box = page.locator("#pad").bounding_box()
    rng = np.random.default_rng(0)
    for _ in range(strokes):
        if page.is_enabled("#clear"):  # an empty pad has nothing to clear
            page.click("#clear")
        ends = (
            box["x"] + rng.uniform(0.2, 0.8, 3) * box["width"],
            box["y"] + rng.uniform(0.2, 0.8, 3) * box["height"],
        )
        path = np.stack([np.interp(np.linspace(0, 2, 40), range(3), axis) for axis in ends], axis=1)
        page.mouse.move(*path[0])
        page.mouse.down()
        for point in path[1:]:
            page.mouse.move(*point)
            page.wait_for_timeout(16)
        page.mouse.up()
    page.wait_for_function("() => window.identikit.settled()")
    return times(np.divide(page.evaluate("() => window.identikit.latency"), 1e3))


class Crowded(NamedTuple):
    """Many clients at once: their waiting times, what was sent and answered, errors, and the memory's growth."""

    waited: Times
    sent: int
    answered: int
    replaced: int  # never answered, because a newer stroke came first
    errors: int
    answers_per_second: float


def crowded(url: str, clients: int = 50, rate: float = 10.0, seconds: float = 60.0) -> Crowded:
    """`clients` sockets that each send `rate` strokes a second; a stroke's time ends with its own answer."""
    return asyncio.run(_crowded(url, clients, rate, seconds))


async def _crowded(url: str, clients: int, rate: float, seconds: float) -> Crowded:
    from websockets.asyncio.client import connect

    waited: list[float] = []
    counts = {"sent": 0, "errors": 0}
    rng = np.random.default_rng(0)
    offsets = rng.uniform(0, 1 / rate, clients)

    async def client(number: int) -> None:
        began: dict[int, float] = {}
        async with connect(url, compression=None, max_size=None) as socket:

            async def listen() -> None:
                async for part in socket:
                    if isinstance(part, str):
                        counts["errors"] += 1
                    elif part[0] == wire.ANSWER:
                        sequence = wire.ANSWER_HEAD.unpack_from(part)[2]
                        waited.append(time.perf_counter() - began.pop(sequence))

            listening = asyncio.create_task(listen())
            start = time.perf_counter() + offsets[number]
            image = rng.random((28, 28), np.float32)
            for sequence in range(int(seconds * rate)):
                await asyncio.sleep(max(0.0, start + sequence / rate - time.perf_counter()))
                message = _message(np.roll(image, sequence, axis=0), sequence)
                began[sequence] = time.perf_counter()
                await socket.send(message)
                counts["sent"] += 1
            await asyncio.sleep(1.0)
            listening.cancel()

    start = time.perf_counter()
    outcomes = await asyncio.gather(*(client(i) for i in range(clients)), return_exceptions=True)
    spent = time.perf_counter() - start - 1.0
    failed = sum(isinstance(outcome, Exception) for outcome in outcomes)
    answered = len(waited)
    return Crowded(
        times(waited),
        counts["sent"],
        answered,
        counts["sent"] - answered,
        counts["errors"] + failed,
        answered / spent,
    )


def _draw(image: Float[np.ndarray, "28 28"]) -> wire.Draw:
    return wire.Draw(0, image, (0, 1), 0, 0, 0, 0.0, 0)


def _message(image: Float[np.ndarray, "28 28"], sequence: int) -> bytes:
    return wire.HEAD.pack(wire.DRAW, 0, 0, 1, sequence, 0, 0, 0, 0.0) + image.astype("<f4").tobytes()

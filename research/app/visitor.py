"""One open socket: what it asks, what it is sent, and when it has to go."""

import asyncio
import contextlib
import json
import threading
import time
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from research.app import portrait, wire
from research.app.crowd import LatestQueue
from research.app.guard import Bucket, page_name

TRY_LATER, TOO_SLOW = 1013, 1008


class Session:
    """Reads one socket and writes to it; its slowness is its own affair. `app` is the `server.App`."""

    def __init__(self, app: Any, socket: WebSocket):
        self.app, self.socket = app, socket
        self.outbox = LatestQueue()
        self.bucket = Bucket(app.limits.messages_per_second)
        self.stop = threading.Event()  # of its identikit
        self.asking: asyncio.Future | None = None
        self.heard = time.monotonic()
        self.tab = page_name(socket.query_params.get("tab", ""))

    async def stay(self) -> None:
        """Until the client leaves, reads no more, or the server ends."""
        await self.socket.accept()
        if self.app.reader is None or not await self._room():
            busy = self.app.reader is not None
            await self.socket.close(TRY_LATER, "too many visitors" if busy else "not ready yet")
            return
        self.app.visitors.add(self)
        tasks = {asyncio.create_task(self._listen()), asyncio.create_task(self._speak())}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.app.visitors.discard(self)
            if not self.app.is_open(self.tab):
                self.app.there().dismiss(self.tab)
            self.app.crowd.forget(self)
            self.stop.set()
            self.app.wake()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _room(self) -> bool:
        """Whether there is room; who was silent longest gives way, if for long enough."""
        if len(self.app.visitors) < self.app.limits.connections:
            return True
        longest = min(self.app.visitors, key=lambda visitor: visitor.heard)
        if time.monotonic() - longest.heard < self.app.limits.idle:
            return False
        self.app.visitors.discard(longest)
        with contextlib.suppress(RuntimeError, TimeoutError):
            await asyncio.wait_for(longest.socket.close(TRY_LATER, "you were silent and others wait"), 1)
        return True

    async def _listen(self) -> None:
        while True:
            message = await self.socket.receive()
            self.heard = time.monotonic()
            if message["type"] == "websocket.disconnect":
                return
            content = message.get("bytes")
            if not self.bucket.take():
                self._say(error="too many messages; some were left unanswered")
            elif content is None:
                self._say(error="expected a binary message, got text")
            else:
                try:
                    wish = wire.read(content, len(self.app.there().models))
                    self._hear(self._allowed(wish))
                except wire.BadMessage as error:
                    self._say(error=str(error))

    def _allowed(self, wish: wire.Draw | wire.Ask | wire.Stop) -> wire.Draw | wire.Ask | wire.Stop:
        """The wish, if all networks in it are everyone's or this page's own. Raises: BadMessage."""
        numbers: tuple[int, ...] = ()
        if isinstance(wish, wire.Draw):
            numbers = (*wish.models, wish.about)
        elif isinstance(wish, wire.Ask):
            numbers = (wish.model,)
        for number in numbers:
            if self.app.there().models[number].owner not in ("", self.tab):
                raise wire.BadMessage(f"there is no model {number}")
        return wish

    def _hear(self, wish: wire.Draw | wire.Ask | wire.Stop) -> None:
        if isinstance(wish, wire.Draw):
            self.app.crowd.ask(self, wish, self._deliver)
        elif isinstance(wish, wire.Stop):
            self.stop.set()
            self.app.wake()
        elif self.asking is not None:
            self._say(error="one identikit at a time; stop the running one first")
        else:
            self.stop = threading.Event()
            self.asking = asyncio.ensure_future(self._draw(wish, self.stop))

    async def _turn(self, stop: threading.Event) -> bool:
        """Waits in the line while enough identikits run, and tells the place in it. False if stopped meanwhile."""
        line = self.app.line
        line.append(self)
        told = 0
        try:
            while line[0] is not self or self.app.running >= self.app.limits.identikits:
                if (place := line.index(self) + 1) != told:
                    self._say(waiting=(told := place))
                await self.app.turn.wait()
                if stop.is_set():
                    self._say(busy="stopped before it began")
                    return False
            self.app.running += 1
            return True
        finally:
            line.remove(self)
            self.app.wake()

    async def _draw(self, wish: wire.Ask, stop: threading.Event) -> None:
        if not await self._turn(stop):
            self.asking = None
            return
        loop = asyncio.get_running_loop()
        end: list[bytes] = []  # told once all is over: whoever reads it may ask again

        def show(seen: Any) -> None:
            frame = wire.write(wire.PORTRAIT, wish.sequence, portrait.LAYOUT, seen)
            if seen["state"] != portrait.GOING:
                end.append(frame)
                return
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self.outbox.put, "frame", frame)

        try:
            model = self.app.there().models[wish.model]
            await loop.run_in_executor(self.app.asking, portrait.draw, model, wish, show, stop)
        except ValueError as error:
            self._say(error=str(error))
        finally:
            self.app.running -= 1
            self.asking = None
            self.app.wake()
        for frame in end:
            self.outbox.put("end", frame)

    def _deliver(self, answer: Any) -> None:
        if isinstance(answer, Exception):
            return self._say(error="this drawing could not be answered")
        for part in answer:
            self.outbox.put(part[0], part)

    def _say(self, **note: str | int) -> None:
        self.outbox.put("note", json.dumps(note))

    async def _speak(self) -> None:
        try:
            while True:
                for _, part in await self.outbox.take(1):
                    send = self.socket.send_text if isinstance(part, str) else self.socket.send_bytes
                    await asyncio.wait_for(send(part), self.app.limits.silence)
        except TimeoutError:
            with contextlib.suppress(RuntimeError):
                await asyncio.wait_for(self.socket.close(TOO_SLOW, "you read too slowly"), 1)
        except (WebSocketDisconnect, RuntimeError):  # gone while we spoke
            return

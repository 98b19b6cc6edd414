"""The app on a socket, until a signal ends it."""

import asyncio
import collections
import contextlib
import signal
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from research.app.server import App
from research.app.settings import Limits

UNREAD = 1_000_000  # bytes that may wait for a client that sends pings and reads nothing


def http(limits: Limits) -> type[asyncio.Protocol]:
    """HTTP that closes a connection without a whole request in time, and those of a client that has too many."""
    held: collections.Counter[str] = collections.Counter()  # connections without a request, by client

    class Http(H11Protocol):
        waiting: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self.address = self.client[0] if self.client else ""
            held[self.address] += 1
            if held[self.address] > limits.silent:
                transport.close()
            self.waiting = self.loop.call_later(limits.header_seconds, transport.close)

        def heard(self) -> None:
            if self.waiting:
                self.waiting.cancel()
                self.waiting = None
                held[self.address] -= 1
                if not held[self.address]:
                    del held[self.address]

        def handle_events(self) -> None:
            super().handle_events()
            if self.scope is not None:
                self.heard()

        def connection_lost(self, exc: Exception | None) -> None:
            self.heard()
            super().connection_lost(exc)

    return Http


class Live(WebSocketsSansIOProtocol):
    """WebSocket that ends a client whose answers pile up."""

    def data_received(self, data: bytes) -> None:
        if self.transport.get_write_buffer_size() > UNREAD:
            self.transport.abort()
        else:
            super().data_received(data)


class Server(uvicorn.Server):
    """Leaves signals to whoever runs it."""

    def capture_signals(self):
        return contextlib.nullcontext()


def make(app: App) -> Server:
    """A server that is run by `serve(sockets=[...])` and ended by `should_exit = True`."""
    return Server(
        uvicorn.Config(
            app.asgi,
            lifespan="on",
            log_level="warning",
            http=http(app.limits),
            ws=Live,
            ws_max_size=app.limits.message_bytes,
            ws_per_message_deflate=False,
            limit_concurrency=16 * app.limits.connections,
            timeout_graceful_shutdown=2,
            server_header=False,
        )
    )


def serve(app: App, listening: socket.socket) -> None:
    """Serves until SIGTERM or SIGINT, then ends in good order."""

    async def until_told() -> None:
        server = make(app)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, setattr, server, "should_exit", True)
        await server.serve(sockets=[listening])

    asyncio.run(until_told())

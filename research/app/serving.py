"""The app on a socket, until a signal ends it."""

import asyncio
import contextlib
import signal
import socket

import uvicorn

from research.app.server import App


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
            ws="websockets-sansio",
            ws_max_size=app.limits.message_bytes,
            ws_per_message_deflate=False,
            limit_concurrency=4 * app.limits.connections,
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

"""The drawing app: python -m launch.app [--port=8000] [--workdir=results/paper]"""

import os
import socket
import sys
from pathlib import Path

from absl import flags

from launch import cli

HOST = flags.DEFINE_string("host", "127.0.0.1", "Address to listen on; anything else lets others in.")
PORT = flags.DEFINE_integer("port", 8000, "Port to listen on; 0 takes any.", lower_bound=0, upper_bound=65535)
WORKDIR = flags.DEFINE_string("workdir", "results/paper", "Where `make paper` put its report, to link to it.")


def main() -> int:
    from research.app import serving
    from research.app.server import App
    from research.app.settings import Limits, Settings

    papers = (Path(WORKDIR.value), cli.ROOT / "results" / "reference")
    report = next((paper / "report.html" for paper in papers if (paper / "report.html").is_file()), None)
    app = App(Settings(), Limits(), host=HOST.value, report=report)
    family = socket.AF_INET6 if ":" in HOST.value else socket.AF_INET
    try:
        listening = socket.create_server((HOST.value, PORT.value), family=family)
    except OSError as error:
        raise ValueError(f"cannot listen on {HOST.value}:{PORT.value}: {error}; try another --port") from None
    host, port = listening.getsockname()[:2]
    token = app.asgi.token
    if token:
        print("Others can come in: whoever has the address with its token.", file=sys.stderr, flush=True)
        host = _outside() if host in ("0.0.0.0", "::") else host
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}{f'/?token={token}' if token else ''}"
    print(f"{address}   (Ctrl-C ends it)", flush=True)
    serving.serve(app, listening)
    sys.stderr.flush()
    os._exit(0)  # without waiting for a compiler that may still be at work in a thread


def _outside() -> str:
    """This machine's address as others see it; a datagram socket finds the way without sending anything."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        try:
            way.connect(("192.0.2.1", 9))
        except OSError:
            return socket.gethostname()
        return way.getsockname()[0]


if __name__ == "__main__":
    cli.start(main)

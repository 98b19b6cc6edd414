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
    print(f"http://{f'[{host}]' if ':' in host else host}:{port}   (Ctrl-C ends it)", flush=True)
    serving.serve(app, listening)
    sys.stderr.flush()
    os._exit(0)  # without waiting for a compiler that may still be at work in a thread


if __name__ == "__main__":
    cli.start(main)

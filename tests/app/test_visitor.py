"""Sessions: whoever asks for an identikit while enough of them run waits in a line."""

import contextlib
import json
import time

import numpy as np
from test_server import open_socket
from test_wire import drawing

from research.app import wire


def test_more_identikits_than_may_run_wait_in_a_line_and_are_told_their_place(live, limits):
    def wish(sequence):
        return drawing(np.zeros(784), kind=wire.ASK, a=0, b=3, c=0, d=0, number=10.0, sequence=sequence)

    def hear(socket, wanted):
        while True:
            part = socket.recv(timeout=60)
            if isinstance(part, str) and wanted in (said := json.loads(part)):
                return said[wanted]
            if not isinstance(part, str) and wanted == "frame":
                return None

    with contextlib.ExitStack() as opened:
        sockets = [opened.enter_context(open_socket(live)) for _ in range(limits.identikits + 2)]
        for socket in sockets[: limits.identikits]:
            socket.send(wish(1))
            hear(socket, "frame")
        for place, socket in enumerate(sockets[limits.identikits :], 1):
            socket.send(wish(2))
            assert hear(socket, "waiting") == place
        sockets[0].send(wire.HEAD.pack(wire.STOP, 0, 0, 0, 0, 0, 0, 0, 0.0))
        hear(sockets[-2], "frame")
        assert hear(sockets[-1], "waiting") == 1
        sockets[-1].send(wire.HEAD.pack(wire.STOP, 0, 0, 0, 0, 0, 0, 0, 0.0))
        assert "stopped" in hear(sockets[-1], "busy")
    while live.app.running or live.app.line:
        time.sleep(0.01)

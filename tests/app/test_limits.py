"""Whoever holds connections, sends without reading or uploads a lot costs others nothing; strangers stay outside."""

import concurrent.futures
import io
import os
import socket
import threading
import time

import numpy as np
import pytest
from PIL import Image
from small import SMALL, Live
from test_server import ask, good, open_socket
from websockets.exceptions import ConnectionClosed, InvalidStatus

from research.app import uploads
from research.app.server import App
from research.app.settings import Limits

TIGHT = Limits(connections=2, messages_per_second=1e6, idle=0.3, silent=3, header_seconds=1.0, uploads=1)


@pytest.fixture(scope="module")
def tight(reader):
    running = Live(lambda: App(SMALL, TIGHT, reader=reader)).start()
    yield running
    running.end()


@pytest.fixture(scope="module")
def public(reader):
    """An app as with --host=0.0.0.0; its socket is on loopback all the same."""
    running = Live(lambda: App(SMALL, TIGHT, host="0.0.0.0", reader=reader)).start()
    yield running
    running.end()


def test_connections_that_send_no_request_are_closed(tight):
    silent = [socket.create_connection(("127.0.0.1", tight.port), 20) for _ in range(TIGHT.silent + 2)]
    start = time.monotonic()
    assert [connection.recv(1) for connection in silent[TIGHT.silent :]] == [b""] * 2
    assert time.monotonic() - start < TIGHT.header_seconds
    silent[0].sendall(b"GET / HTTP/1.1\r\nHost")  # no whole request either
    assert [connection.recv(1) for connection in silent[: TIGHT.silent]] == [b""] * TIGHT.silent
    for connection in silent:
        connection.close()
    assert ask(tight, "/")[0] == 200


def test_who_was_silent_longest_gives_way_when_there_is_no_room(tight):
    with open_socket(tight) as first, open_socket(tight) as second:
        good(first)
        time.sleep(TIGHT.idle + 0.1)
        good(second)
        with open_socket(tight) as third:
            good(third)
            with pytest.raises(ConnectionClosed, match="silent"):
                first.recv(timeout=20)
            with open_socket(tight) as late, pytest.raises(ConnectionClosed, match="too many visitors"):
                late.recv(timeout=20)


def test_pings_without_reading_end_the_connection(tight):
    ping = b"\x89\xfd" + bytes(4) + b"x" * 125
    upgrade = (
        f"GET /live HTTP/1.1\r\nHost: {tight.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.settimeout(20)
        deaf.connect(("127.0.0.1", tight.port))
        deaf.sendall(upgrade.encode())
        with pytest.raises(ConnectionError):
            deaf.sendall(ping * 500_000)  # 65 MB


def test_pictures_are_decoded_one_after_the_other_and_a_client_waits_with_few(tight, monkeypatch):
    running, most, go = 0, 0, threading.Event()

    def slow(content, pixels):
        nonlocal running, most
        running += 1
        most = max(most, running)
        go.wait(20)
        running -= 1
        return np.zeros((280, 280), np.uint8)

    monkeypatch.setattr(uploads, "decode", slow)
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(ask, tight, "/api/upload", "POST", b"x") for _ in range(2)]
        start = time.monotonic()
        while sum(tight.app.uploading.values()) < 2:
            time.sleep(0.01)
            assert time.monotonic() - start < 20
        assert ask(tight, "/api/upload", "POST", b"x")[0] == 429
        go.set()
        assert [each.result()[0] for each in waiting] == [200, 200]
    assert most == 1
    assert ask(tight, "/api/upload", "POST", b"x")[0] == 200


def test_a_picture_of_any_shape_is_answered(tight):
    for size in ((600, 1), (1, 60_000), (100_000, 3)):
        picture = Image.fromarray(np.frombuffer(os.urandom(size[0] * size[1]), np.uint8).reshape(size[::-1]))
        picture.save(file := io.BytesIO(), "PNG")
        assert ask(tight, "/api/upload", "POST", file.getvalue())[0] in (200, 422)


def test_an_answer_to_our_own_error_carries_the_policy(tight, monkeypatch):
    monkeypatch.setattr(tight.app.reader, "titles", None)
    status, headers, body = ask(tight, "/api/setup")
    assert status == 500
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert b"Traceback" not in body


def test_beyond_loopback_only_those_with_the_token_come_in(public):
    token = public.app.asgi.token
    assert len(token) >= 16
    for path in ("/", "/?token=", "/?token=wrong", "/api/progress", "/page/main.js"):
        assert ask(public, path)[0] == 403
    with pytest.raises(InvalidStatus, match="403"):
        open_socket(public)
    status, headers, _ = ask(public, f"/blind?token={token}")
    assert (status, headers["location"]) == (303, "/blind")
    cookie = headers["set-cookie"].split(";")[0]
    assert "HttpOnly" in headers["set-cookie"]
    assert ask(public, "/", Cookie=cookie)[0] == 200
    assert ask(public, "/", Cookie="identikit=wrong")[0] == 403
    with open_socket(public, additional_headers={"Cookie": cookie}) as inside:
        good(inside)


def test_on_loopback_no_token_is_needed(tight):
    assert tight.app.asgi.token == ""
    assert ask(tight, "/")[0] == 200

"""The server on a real socket: what it answers, whom it refuses, and that bad messages cost nobody else anything."""

import contextlib
import gzip
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from test_wire import drawing
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from research.app import portrait, wire
from research.app.guard import Bucket
from research.app.server import measured

ROOT = Path(__file__).parents[2]


def ask(live, path, method="GET", body=None, **headers):
    """(status, headers, body) of a request."""
    connection = http.client.HTTPConnection(live.host, timeout=20)
    try:
        connection.request(
            method, path, body, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def open_socket(live, **options):
    return connect(f"ws://{live.host}/live", open_timeout=20, **options)


def good(socket, sequence=1):
    """The answer to a drawing of a straight line."""
    pixels = np.zeros((28, 28))
    pixels[5:23, 13:15] = 1
    socket.send(drawing(pixels, a=0, sequence=sequence, d=0, e=0))
    while isinstance(answer := socket.recv(timeout=20), str) or answer[0] != wire.ANSWER:
        assert "could not be answered" not in str(answer)
    return answer


def test_setup_describes_the_answers(live, reader):
    status, _, body = ask(live, "/api/setup")
    setup = json.loads(body)
    assert status == 200
    assert setup["models"][:2] == reader.titles()[:2]
    with open_socket(live) as socket:
        answer = good(socket, sequence=41)
    kind, _, sequence = wire.ANSWER_HEAD.unpack_from(answer)
    assert (kind, sequence) == (wire.ANSWER, 41)
    sizes = [wire.Field(**field).size for field in setup["answer"]]
    assert len(answer) == wire.ANSWER_HEAD.size + sum(sizes)
    seen = np.frombuffer(answer, "<f4", count=784, offset=8).reshape(28, 28)
    assert seen[5:23, 13:15].min() == 1
    assert seen.sum() == 36


def test_activations_and_slopes_come_when_they_are_wanted(live, reader):
    with open_socket(live) as socket:
        socket.send(drawing(a=3, b=0, c=1, d=0, e=1))
        parts = {part[0]: part for part in (socket.recv(timeout=20) for _ in range(3))}
    assert set(parts) == {wire.ANSWER, wire.ACTIVATIONS, wire.JACOBIAN}
    assert parts[wire.ACTIVATIONS][1] == parts[wire.JACOBIAN][1] == 1
    slope = np.frombuffer(parts[wire.JACOBIAN], "<f4", offset=8).reshape(10, 28, 28)
    expected = reader.models[1].jacobian(np.linspace(0, 1, 784, dtype=np.float32).reshape(28, 28))
    np.testing.assert_allclose(slope, expected, atol=1e-4)


def test_arrays_are_those_of_the_reader(live, reader):
    for name, array in reader.arrays.items():
        status, _, body = ask(live, f"/api/data/{name}")
        assert status == 200
        np.testing.assert_array_equal(np.frombuffer(body, array.dtype), array.ravel())
    _, _, body = ask(live, "/api/test/12")
    np.testing.assert_array_equal(np.frombuffer(body[:784], np.uint8), reader.base.test_images[12].ravel())
    assert body[784] == reader.base.test_labels[12]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/page/main.js", 200),
        ("/api/progress", 200),
        ("/report", 404),
        ("/nothing", 404),
        ("/api/data/passwords", 404),
        ("/api/test/10000", 404),
        ("/api/test/-1", 404),
        ("/api/causal/99", 404),
        ("/page/../server.py", 404),
        ("/page/%2e%2e/server.py", 404),
        ("/live", 404),
    ],
)
def test_every_answer_carries_the_policy(live, path, status):
    found, headers, body = ask(live, path)
    assert found == status
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert b"Traceback" not in body


def test_foreign_hosts_and_origins_are_refused(live):
    assert ask(live, "/", Host="evil.example")[0] == 403
    assert ask(live, "/", Host=f"localhost:{live.port}")[0] == 200
    assert ask(live, "/", Origin="http://evil.example")[0] == 403
    assert ask(live, "/", Origin="null")[0] == 403
    assert ask(live, "/api/upload", "POST", b"x", Origin=live.url)[0] == 422
    for origin in ("http://evil.example", "null", f"http://127.0.0.1:{live.port + 1}", "http://["):
        with pytest.raises(InvalidStatus, match="403"):
            open_socket(live, origin=origin)
    with open_socket(live, origin=live.url) as socket:
        good(socket)


def test_bad_messages_are_answered_and_the_socket_goes_on(live):
    with open_socket(live) as socket:
        for message in ("text", b"", b"\x00" * 20, drawing(np.full(784, np.nan)), b"x" * 60_000):
            socket.send(message)
            assert "error" in json.loads(socket.recv(timeout=20))
        good(socket)
        socket.send([drawing()[:100], drawing()[100:]])  # one message in two fragments
        while isinstance(answer := socket.recv(timeout=20), str) or answer[0] != wire.ANSWER:
            pass


def test_a_huge_message_ends_its_own_socket_only(live):
    with open_socket(live) as other, open_socket(live, max_size=None) as socket:
        with contextlib.suppress(ConnectionClosed):  # it may end while we still send
            socket.send(b"x" * 10_000_000)
        with pytest.raises(ConnectionClosed) as caught:
            socket.recv(timeout=20)
        assert caught.value.rcvd is None or caught.value.rcvd.code == 1009
        good(other)


def test_a_client_that_does_not_read_delays_nobody(live):
    with open_socket(live, max_queue=1) as deaf, open_socket(live) as other:
        for sequence in range(2_000):
            deaf.send(drawing(a=3, d=0, e=1, sequence=sequence))
        start = time.monotonic()
        for sequence in range(5):
            good(other, sequence)
        assert time.monotonic() - start < 5


def test_more_visitors_than_there_is_room_for_are_told_to_come_back(live, limits):
    while live.app.visitors:
        time.sleep(0.01)
    with contextlib.ExitStack() as opened:
        sockets = [opened.enter_context(open_socket(live)) for _ in range(limits.connections)]
        for socket in sockets:
            good(socket)
        with open_socket(live) as late, pytest.raises(ConnectionClosed, match="too many visitors"):
            late.recv(timeout=20)
        good(sockets[0])


def test_an_identikit_is_streamed_and_can_be_stopped(live):
    ask_for_it = drawing(np.zeros(784), kind=wire.ASK, a=0, b=3, c=1, d=1, number=0.0, sequence=77)
    with open_socket(live) as socket:
        socket.send(ask_for_it)
        frames = []
        while not frames or frames[-1][-1] == 0:
            frame = socket.recv(timeout=60)
            assert wire.ANSWER_HEAD.unpack_from(frame) == (wire.PORTRAIT, 0, 77)
            frames.append(np.frombuffer(frame, "<i4", offset=8 + 4 * 786))
        assert frames[-1][-1] == 1
        assert [f[0] for f in frames] == sorted(f[0] for f in frames)
        slow = drawing(np.zeros(784), kind=wire.ASK, a=0, b=3, c=0, d=0, number=10.0, sequence=78)
        socket.send(slow)
        socket.send(slow)  # at once: the first must not have ended
        notes, states = [], []
        while not states or states[-1] == 0:
            part = socket.recv(timeout=60)
            if isinstance(part, str):
                notes.append(json.loads(part))
                socket.send(wire.HEAD.pack(wire.STOP, 0, 0, 0, 0, 0, 0, 0, 0.0))
            else:
                states.append(np.frombuffer(part, "<i4", offset=8 + 4 * 786)[-1])
        assert "one identikit at a time" in notes[0]["error"]
        assert states[-1] == 3
    while live.app.running:
        time.sleep(0.01)


def test_what_is_sent_is_compressed_where_it_may_be(live, reader):
    _, headers, body = ask(live, "/api/data/images", Accept_Encoding="gzip")
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == reader.arrays["images"].tobytes()
    _, headers, body = ask(live, "/page/pad.js", Accept_Encoding="gzip")
    assert gzip.decompress(body) == (ROOT / "research" / "app" / "page" / "pad.js").read_bytes()


def test_whoever_was_told_the_end_of_an_identikit_may_ask_again(live, monkeypatch):
    """Also where the thread that drew takes a while to leave after its last word."""

    def reluctant(model, wish, show, stop):
        seen = {field.name: np.zeros(field.shape, field.dtype) for field in portrait.LAYOUT}
        show(seen | {"state": portrait.ENDED})
        time.sleep(0.2)

    monkeypatch.setattr(portrait, "draw", reluctant)
    with open_socket(live) as socket:
        for sequence in range(3):
            wish = drawing(np.zeros(784), kind=wire.ASK, a=0, b=3, c=0, d=0, number=0.0, sequence=sequence)
            socket.send(wish)
            end = socket.recv(timeout=20)
            assert not isinstance(end, str), end
            assert wire.ANSWER_HEAD.unpack_from(end) == (wire.PORTRAIT, 0, sequence)
    while live.app.running:
        time.sleep(0.01)


def test_pictures_are_limited(live, limits):
    status, _, body = ask(live, "/api/upload", "POST", b"not a picture")
    assert status == 422
    assert "not a picture" in json.loads(body)["error"]
    status, _, body = ask(live, "/api/upload", "POST", b"x" * (limits.upload_bytes + 1))
    assert status == 413
    assert ask(live, "/api/upload", "GET")[0] == 405


def test_a_bucket_gives_a_second_s_worth_and_then_its_rate():
    bucket = Bucket(50.0)
    assert sum(bucket.take() for _ in range(200)) in (50, 51)
    time.sleep(0.1)
    assert 4 <= sum(bucket.take() for _ in range(200)) <= 25


def test_the_command_answers_before_its_networks_are_ready_and_ends_by_sigterm(tmp_path):
    """In an empty cache it would train for minutes; the page says so, and SIGTERM ends it in good order."""
    command = [sys.executable, "-m", "launch.app", "--port=0"]
    cache = {"IDENTIKIT_CACHE": str(tmp_path)}
    started = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | cache, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        address = started.stdout.readline().split()[0]
        place = type("Place", (), {"host": address.removeprefix("http://")})
        progress = json.loads(ask(place, "/api/progress")[2])
        assert progress["ready"] is False
        assert ask(place, "/api/setup")[0] == 503
        assert ask(place, "/")[0] == 200
        started.send_signal(signal.SIGTERM)
        _, said = started.communicate(timeout=60)
        assert started.returncode == 0
        assert "Traceback" not in said
    finally:
        started.kill()
        started.communicate()


def test_the_words_on_the_funky_seven_are_the_papers(tmp_path):
    file = tmp_path / "findings.json"
    assert measured(file) == ""
    file.write_text("[1]")
    assert measured(file) == ""
    file.write_text(
        '[{"id": "other", "statement": "a"}, {"id": "funky-seven-pattern", "statement": "In 15 % of sevens."}]'
    )
    assert measured(file) == "In 15 % of sevens."

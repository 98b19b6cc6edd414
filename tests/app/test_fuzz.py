"""Nothing that is sent makes the server fail. APP_FUZZ=10000 makes it that many messages and requests."""

import http.client
import json
import os
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_server import ask, good, open_socket
from test_wire import drawing

from research.app import wire

COUNT = int(os.environ.get("APP_FUZZ", "80"))
FUZZ = settings(
    max_examples=COUNT // 2,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
BYTE = st.integers(0, 255)
NUMBERS = st.floats(width=32, allow_nan=True, allow_infinity=True)
NEARLY = st.builds(
    lambda head, number, pixel, at, cut: (
        wire.HEAD.pack(*head, number) + np.full(784, pixel, "<f4").tobytes()
    )[: at if cut else None],
    st.tuples(st.integers(1, 3), BYTE, BYTE, BYTE, st.integers(0, 2**32 - 1), BYTE, BYTE, st.integers(0, 2**32 - 1)),
    NUMBERS,
    NUMBERS,
    st.integers(0, wire.WHOLE),
    st.booleans(),
)  # fmt: skip
MESSAGES = st.one_of(st.binary(max_size=4_000), st.text(max_size=200), NEARLY)


@pytest.fixture(scope="module")
def socket(live):
    """One socket for all messages: none of them may close it."""
    with open_socket(live) as opened:
        yield opened


def test_any_message_is_answered(socket):
    @FUZZ
    @given(message=MESSAGES)
    def check(message):
        socket.send(message)
        if meant(message):
            return
        while not isinstance(answer := socket.recv(timeout=20), str):  # to what was asked before
            pass
        assert set(json.loads(answer)) <= {"error", "busy"}
        assert "Traceback" not in answer

    run(check)


def run(check):
    """Threads draw the payload of their pings from `random`, which Hypothesis takes for the strategies' doing."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Do not use the `random` module")
        check()


def meant(message):
    """Whether the message means something, so that its answer is none of our business."""
    try:
        return isinstance(message, bytes) and wire.read(message, 2) is not None
    except wire.BadMessage:
        return False


METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
PARTS = st.one_of(
    st.sampled_from(
        ["api", "page", "data", "test", "causal", "upload", "live", "..", "%2e%2e", "index.html"]
    ),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20),
    st.integers(-(10**30), 10**30).map(str),
)
PATHS = st.lists(PARTS, max_size=5).map(lambda parts: "/" + "/".join(parts))
HEADERS = st.dictionaries(
    st.sampled_from(
        ["Origin", "Range", "Content-Type", "If-None-Match", "If-Modified-Since", "Upgrade", "Cookie"]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40).map(str.strip),
    max_size=3,
)


def test_any_request_is_answered_without_500(live):
    @FUZZ
    @given(method=METHODS, path=PATHS, headers=HEADERS, body=st.binary(max_size=2_000))
    def check(method, path, headers, body):
        named = {name.replace("-", "_"): value for name, value in headers.items()}
        try:
            status, _, said = ask(live, path, method, body, **named)
        except http.client.HTTPException:
            return  # no answer in HTTP to a request that was none
        assert status < 500, (status, said)
        assert b"Traceback" not in said

    run(check)


def test_after_all_that_drawings_are_answered(live):
    with open_socket(live) as socket:
        assert good(socket, 5)[0] == wire.ANSWER
        socket.send(drawing())
        assert socket.recv(timeout=20)[0] in (wire.ANSWER, wire.ACTIVATIONS, wire.JACOBIAN)

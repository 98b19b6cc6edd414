"""Messages: what is meant is understood, everything else is refused in one line."""

import struct

import numpy as np
import pytest

from research.app import wire


def drawing(pixels=None, *, kind=wire.DRAW, a=3, b=0, c=1, sequence=7, d=2, e=1, seed=5, number=0.25):
    pixels = np.linspace(0, 1, 784) if pixels is None else pixels
    return wire.HEAD.pack(kind, a, b, c, sequence, d, e, seed, number) + pixels.astype("<f4").tobytes()


def test_a_drawing_is_read():
    draw = wire.read(drawing(), models=2)
    assert isinstance(draw, wire.Draw)
    assert draw[0] == 7
    assert draw[2:] == ((0, 1), 3, 1, 2, 0.25, 5)
    np.testing.assert_array_equal(draw.image.ravel(), np.linspace(0, 1, 784).astype(np.float32))


def test_a_wish_for_an_identikit_is_read():
    ask = wire.read(drawing(kind=wire.ASK, a=1, b=3, c=1, d=1), models=2)
    assert isinstance(ask, wire.Ask)
    assert ask[2:] == (1, 3, "ascent", "blank", 0.25, 5)
    assert wire.read(wire.HEAD.pack(wire.STOP, 0, 0, 0, 9, 0, 0, 0, 0.0), models=2) == wire.Stop(9)


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (b"", "at least 20 bytes, got 0"),
        (drawing()[:-1], "expected 3156 bytes, got 3155"),
        (drawing() + b"0", "expected 3156 bytes, got 3157"),
        (drawing(kind=9), "unknown kind of message 9"),
        (drawing(kind=wire.STOP), "unknown kind of message 3 of 3156 bytes"),
        (drawing(np.full(784, np.nan)), "pixels must be numbers in [0, 1]"),
        (drawing(np.full(784, 1.01)), "pixels must be numbers in [0, 1]"),
        (drawing(np.full(784, -0.01)), "pixels must be numbers in [0, 1]"),
        (drawing(number=np.nan), "strength and closeness"),
        (drawing(number=np.inf), "strength and closeness"),
        (drawing(c=2), "there is no model 2, they are 0 to 1"),
        (drawing(e=2), "there is no model 2"),
        (drawing(d=5), "there is no noise 5"),
        (drawing(kind=wire.ASK, a=2), "there is no model 2"),
        (drawing(kind=wire.ASK, a=0, b=10), "there is no digit 10"),
        (drawing(kind=wire.ASK, a=0, b=3, c=2), "there is no method 2"),
        (drawing(kind=wire.ASK, a=0, b=3, c=1, d=2), "there is no start 2"),
    ],
)
def test_what_means_nothing_is_refused(message, says):
    with pytest.raises(wire.BadMessage) as caught:
        wire.read(message, models=2)
    assert says in str(caught.value)


def test_an_answer_is_its_head_and_its_arrays_in_order():
    layout = [wire.Field("a", "float32", (2,)), wire.Field("b", "uint8", (3,)), wire.Field("c", "int32", ())]
    sent = wire.write(wire.ANSWER, 513, layout, {"c": np.int64(-1), "b": [1, 2, 3], "a": [0.5, 2]}, model=4)
    assert struct.unpack("<BBxxIff3Bi", sent) == (1, 4, 513, 0.5, 2.0, 1, 2, 3, -1)
    with pytest.raises(ValueError, match=r"a must have shape \(2,\), got \(3,\)"):
        wire.write(wire.ANSWER, 0, layout, {"a": [1, 2, 3], "b": [1, 2, 3], "c": 0})

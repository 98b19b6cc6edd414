"""The messages between page and server, byte by byte, little-endian.

The page sends a head of 20 bytes and, where there is a drawing, 784 float32 in [0, 1]:

    DRAW    kind 1 · wants · first model · second model · sequence u32 · noise · model asked about · 0 0
            · seed u32 · strength f32 · pixels
    ASK     kind 2 · model · digit · method · sequence u32 · start · 0 0 0 · seed u32 · closeness f32 · pixels
    STOP    kind 3 · 0 ...

The server answers with a head of 8 bytes (kind, model, 0, 0, sequence u32) and arrays, one after the other, as
the layout says that the page was given; or with text, JSON: {"error": ...}.
"""

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32

from research.data.noise import NOISES

DRAW, ASK, STOP = 1, 2, 3  # kinds of message from the page
ANSWER, ACTIVATIONS, JACOBIAN, PORTRAIT, PAIR = 1, 2, 3, 4, 5  # kinds of message to the page
WANTS_ACTIVATIONS, WANTS_JACOBIAN = 1, 2
NOISE_NAMES = ("none", *NOISES)
METHODS = ("search", "ascent")
STARTS = ("drawing", "blank")

SIDE = 28
HEAD = struct.Struct("<BBBBIBBxxIf")
ANSWER_HEAD = struct.Struct("<BBxxI")
WHOLE = HEAD.size + 4 * SIDE * SIDE


class BadMessage(ValueError):
    """A message that means nothing; the text says why, in one line."""


class Draw(NamedTuple):
    """A drawing, and what the page wants to know about it."""

    sequence: int
    image: Float32[np.ndarray, "28 28"]
    models: tuple[int, int]
    wants: int
    about: int  # the model whose activations or Jacobian are wanted
    noise: int
    strength: float
    seed: int


class Ask(NamedTuple):
    """The wish for an identikit."""

    sequence: int
    image: Float32[np.ndarray, "28 28"]
    model: int
    digit: int
    method: str
    start: str
    closeness: float  # weight of the distance to the drawing
    seed: int


class Stop(NamedTuple):
    sequence: int


class Field(NamedTuple):
    """One array of an answer."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


def read(message: bytes, models: int) -> Draw | Ask | Stop:
    """What the page says, `models` being the number of networks there are.

    Raises: BadMessage.
    """
    if len(message) < HEAD.size:
        raise BadMessage(f"expected at least {HEAD.size} bytes, got {len(message)}")
    kind, a, b, c, sequence, d, e, seed, number = HEAD.unpack_from(message)
    if kind == STOP and len(message) == HEAD.size:
        return Stop(sequence)
    if kind not in (DRAW, ASK):
        raise BadMessage(f"unknown kind of message {kind} of {len(message)} bytes")
    if len(message) != WHOLE:
        raise BadMessage(f"expected {WHOLE} bytes, got {len(message)}")
    image = np.frombuffer(message, "<f4", offset=HEAD.size).astype(np.float32).reshape(SIDE, SIDE)
    if not np.all((image >= 0) & (image <= 1)):
        raise BadMessage("pixels must be numbers in [0, 1]")
    if not 0 <= number <= 10:
        raise BadMessage("strength and closeness must be in [0, 10]")
    if kind == DRAW:
        _within(models, model=max(b, c, e))
        _within(len(NOISE_NAMES), noise=d)
        return Draw(sequence, image, (b, c), a, e, d, number, seed)
    _within(models, model=a)
    _within(10, digit=b)
    _within(len(METHODS), method=c)
    _within(len(STARTS), start=d)
    return Ask(sequence, image, a, b, METHODS[c], STARTS[d], number, seed)


def write(
    kind: int, sequence: int, layout: Sequence[Field], arrays: Mapping[str, Any], model: int = 0
) -> bytes:
    """An answer: its head and its arrays (or numbers) in the layout's order, as the layout's types."""
    parts = [ANSWER_HEAD.pack(kind, model, sequence)]
    for field in layout:
        array = np.asarray(arrays[field.name], field.dtype)
        if array.shape != field.shape:
            raise ValueError(f"{field.name} must have shape {field.shape}, got {array.shape}")
        parts.append(array.tobytes())
    return b"".join(parts)


def _within(count: int, **numbers: int) -> None:
    for name, number in numbers.items():
        if number >= count:
            raise BadMessage(f"there is no {name} {number}, they are 0 to {count - 1}")

"""Values as bytes for another process: JSON and the bytes of arrays. Reading them runs no code, as unpickling could."""

import json
from typing import Any

import numpy as np

ERRORS = (KeyError, OSError, ValueError, TypeError, RuntimeError)  # those that arrive as what they are
HEAD = 8  # bytes that say how long the JSON is


def pack(value: Any) -> bytes:
    """The value as bytes for `unpack`.

    Args:
        value: None, bool, number, text, bytes, a NumPy array, or a list, tuple or dict of such.

    Raises:
        TypeError: for anything else.
    """
    arrays: list[bytes] = []
    head = json.dumps(_plain(value, arrays)).encode()
    return b"".join([len(head).to_bytes(HEAD), head, *arrays])


def unpack(packed: bytes) -> Any:
    """The value that `pack` was given; a tuple stays a tuple, a key of a dict what it was."""
    start = HEAD + int.from_bytes(packed[:HEAD])
    value, _ = _value(json.loads(packed[HEAD:start]), packed, start)
    return value


def pack_error(error: Exception) -> tuple[str, str]:
    """An exception as the name of its kind, one of ERRORS, and its message."""
    kind = next((kind for kind in ERRORS if isinstance(error, kind)), None)
    if kind is None:
        return "", f"{type(error).__name__}: {error}"
    return kind.__name__, str(error.args[0]) if kind is KeyError and error.args else str(error)


def unpack_error(kind: str, message: str) -> Exception:
    """The exception that `pack_error` was given; one of an unknown kind as Exception."""
    return {known.__name__: known for known in ERRORS}.get(kind, Exception)(message)


def _plain(value: Any, arrays: list[bytes]) -> Any:
    """The value as JSON; containers and arrays as [kind, ...], the bytes of arrays at the end of `arrays`."""
    match value:
        case None | bool() | str():
            return value
        case np.generic():
            return value.item()
        case int() | float():
            return value
        case bytes():
            arrays.append(value)
            return ["bytes", len(value)]
        case np.ndarray():
            if value.dtype.hasobject:
                raise TypeError("an array of objects cannot be sent to another process")
            arrays.append(np.ascontiguousarray(value).tobytes())
            dtype = value.dtype.str if value.dtype.kind in "USmM" else value.dtype.name
            return ["array", dtype, list(value.shape)]
        case dict():
            return [
                "dict",
                [[_plain(key, arrays), _plain(each, arrays)] for key, each in value.items()],
            ]
        case list() | tuple():
            kind = "tuple" if isinstance(value, tuple) else "list"
            return [kind, [_plain(each, arrays) for each in value]]
    raise TypeError(f"a {type(value).__name__} cannot be sent to another process")


def _value(plain: Any, packed: bytes, at: int) -> tuple[Any, int]:
    """The value of its JSON form, and where in `packed` the bytes of the next array begin."""
    match plain:
        case ["bytes", size]:
            return packed[at : at + size], at + size
        case ["array", dtype, shape]:
            array = np.frombuffer(packed, dtype, int(np.prod(shape, dtype=int)), at).reshape(shape).copy()
            return array, at + array.nbytes
        case ["dict", items]:
            found = {}
            for key, each in items:
                key, at = _value(key, packed, at)
                found[key], at = _value(each, packed, at)
            return found, at
        case ["list" | "tuple" as kind, items]:
            values = []
            for each in items:
                each, at = _value(each, packed, at)
                values.append(each)
            return (tuple(values) if kind == "tuple" else values), at
    return plain, at

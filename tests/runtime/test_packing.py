"""Values that go to another process come back as they were, and reading them runs nothing."""

import pickle

import numpy as np
import pytest

from research.runtime import packing


@pytest.mark.parametrize(
    "value",
    [
        None,
        [True, 3, 0.1, "ü", b"\0\1", (), {}],
        {0: ([1.5], {"a": None}), "b": (1, (2, [3]))},
        ["array", "float32", [1]],
    ],
)
def test_plain_values_come_back(value):
    assert packing.unpack(packing.pack(value)) == value


def test_arrays_come_back_to_the_bit():
    arrays = [
        np.arange(6, dtype=np.float32).reshape(2, 3).T,
        np.array(np.nan),
        np.zeros((0, 4), np.uint8),
        np.array([True, False]),
        np.array(["one", "three"]),
        np.array(2**63, np.uint64),
    ]
    for found, given in zip(packing.unpack(packing.pack((1, arrays)))[1], arrays, strict=True):
        assert (found.dtype, found.shape) == (given.dtype, given.shape)
        assert found.tobytes() == np.ascontiguousarray(given).tobytes()
    assert packing.unpack(packing.pack(np.float32(0.5))) == 0.5


@pytest.mark.parametrize("value", [object(), {1, 2}, np.array([None])])
def test_anything_else_is_refused_where_it_is_packed(value):
    with pytest.raises(TypeError, match="cannot be sent to another process"):
        packing.pack(value)


def test_a_pickle_is_not_read():
    with pytest.raises(ValueError):
        packing.unpack(pickle.dumps([1]))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (KeyError("a"), KeyError),
        (OSError(28, "No space"), OSError),
        (UnicodeDecodeError("ascii", b"", 0, 1, "x"), ValueError),
        (AssertionError("b"), Exception),
    ],
)
def test_errors_arrive_as_what_can_be_caught(error, kind):
    there = packing.unpack_error(*packing.unpack(packing.pack(packing.pack_error(error))))
    assert type(there) is kind
    assert str(error) in str(there)

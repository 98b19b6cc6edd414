"""The IDX reader against bytes made by hand."""

import gzip

import numpy as np
import pytest

from research.data import DataError, idx

TWO_BY_THREE = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 10, 20, 30, 40, 50, 255])


def test_sizes_are_big_endian_and_values_row_by_row():
    array = idx.parse(TWO_BY_THREE)
    np.testing.assert_array_equal(array, np.array([[10, 20, 30], [40, 50, 255]]))
    assert array.dtype == np.uint8
    assert idx.parse(bytes([0, 0, 8, 1, 0, 0, 1, 2]) + bytes(258)).shape == (258,)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "at least 4 bytes, found 0"),
        (TWO_BY_THREE[:3], "at least 4 bytes, found 3"),
        (TWO_BY_THREE[:9], "header of 12 bytes for rank 2, found 9"),
        (TWO_BY_THREE[:-1], r"expected 6 values for shape \(2, 3\), found 5"),
        (TWO_BY_THREE + b"\x00", r"expected 6 values for shape \(2, 3\), found 7"),
        (b"\x01" + TWO_BY_THREE[1:], "magic number 00 00 08 .*found 01 00 08"),
        (b"\x00\x00\x0d" + TWO_BY_THREE[3:], "magic number 00 00 08 .*found 00 00 0d"),
        (gzip.compress(TWO_BY_THREE, mtime=0), "magic number 00 00 08 .*found 1f 8b 08"),
    ],
    ids=[
        "empty",
        "cut magic",
        "cut sizes",
        "cut values",
        "too long",
        "not IDX",
        "not bytes",
        "still gzipped",
    ],
)
def test_anything_else_is_refused_by_name(content, message):
    with pytest.raises(DataError, match=f"^digits.gz: .*{message}$"):
        idx.parse(content, "digits.gz")


def test_a_file_must_be_whole_gzip(tmp_path):
    path = tmp_path / "digits.gz"
    whole = gzip.compress(TWO_BY_THREE)
    path.write_bytes(whole)
    assert idx.read(path).shape == (2, 3)
    altered = bytearray(whole)
    altered[len(whole) // 2] ^= 0xFF
    for damaged in (b"", whole[: len(whole) // 2], bytes(altered), TWO_BY_THREE):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"digits\.gz"):
            idx.read(path)

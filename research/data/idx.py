"""IDX, the format of the MNIST files: 00 00 type rank, then big-endian uint32 sizes, then the values."""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from research.data.sources import DataError

UNSIGNED_BYTE = 0x08


def parse(content: bytes, name: str = "IDX data") -> UInt8[np.ndarray, "..."]:
    """The array in `content`; `name` appears in the DataError that anything but whole IDX bytes raises."""
    if len(content) < 4:
        raise DataError(f"{name}: expected an IDX header of at least 4 bytes, found {len(content)}")
    zeros, kind, rank = struct.unpack(">HBB", content[:4])
    if zeros != 0 or kind != UNSIGNED_BYTE:
        raise DataError(
            f"{name}: expected the magic number 00 00 08 (unsigned bytes), found {content[:3].hex(' ')}"
        )
    start = 4 + 4 * rank
    if len(content) < start:
        raise DataError(
            f"{name}: expected an IDX header of {start} bytes for rank {rank}, found {len(content)}"
        )
    shape = struct.unpack(f">{rank}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise DataError(
            f"{name}: expected {math.prod(shape)} values for shape {shape}, found {len(content) - start}"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def read(path: Path) -> UInt8[np.ndarray, "..."]:
    """The array in a gzipped IDX file."""
    try:
        return parse(gzip.decompress(path.read_bytes()), path.name)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: expected gzipped IDX data, found {error}; fetch the file again") from None

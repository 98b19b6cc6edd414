"""A tiny dataset in IDX form, and a cache of its own for every test that asks for it."""

import gzip
import hashlib
import struct

import numpy as np
import pytest

from research.data import sources

SIZES = {"train": 30, "test": 20}


def idx_bytes(array: np.ndarray) -> bytes:
    """The IDX file of a uint8 array, written out by hand."""
    return (
        b"\x00\x00\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
    )


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """An empty cache folder, used instead of the user's."""
    monkeypatch.setenv("IDENTIKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def tiny_arrays():
    """{split: (images, labels)} of the tiny dataset."""
    generator = np.random.default_rng(0)
    return {
        split: (
            generator.integers(0, 256, (n, 28, 28), np.uint8),
            generator.permutation(np.arange(n, dtype=np.uint8) % 10),
        )
        for split, n in SIZES.items()
    }


@pytest.fixture
def tiny_folder(tmp_path, tiny_arrays):
    """The tiny dataset as four gzipped IDX files."""
    folder = tmp_path / "published"
    folder.mkdir()
    for split, names in sources.IDX_FILES.items():
        for name, array in zip(names, tiny_arrays[split]):
            (folder / name).write_bytes(gzip.compress(idx_bytes(array)))
    return folder


@pytest.fixture
def publish(tiny_folder, monkeypatch):
    """Makes the tiny dataset known as "tiny"; its present bytes become the published ones."""

    def publish(address="http://127.0.0.1:9/", bundled=True):
        files = []
        for name in (name for pair in sources.IDX_FILES.values() for name in pair):
            content = (tiny_folder / name).read_bytes()
            sha256 = hashlib.sha256(content).hexdigest()
            files.append(sources.SourceFile(name, address + name, len(content), sha256))
        source = sources.Source("tiny", tuple(files), bundled=tiny_folder if bundled else None)
        monkeypatch.setitem(sources.SOURCES, "tiny", source)
        return source

    return publish


@pytest.fixture
def tiny(empty_cache, publish):
    """The tiny dataset as if it were bundled, with an empty cache."""
    return publish()

"""Images of digits and their labels, ready in well under a second.

The first `load` of a dataset prepares it through the TFDS builder (`builder`) under `cache_dir()/data`, into

    NAME-CHECKSUM/   idx_digits/    the dataset as TFDS made it (ArrayRecord, for data pipelines)
                     *.npy          the same examples as arrays
                     sha256.json    the hash of each array file

The arrays exist because decoding 70,000 records one by one takes seconds, reading one array a few hundredths.
They are checked against `sha256.json` when they are read, which a process does once unless they change; damaged ones
are prepared again. The folder appears by
one rename once it is complete, and a file lock lets one process prepare while others wait, so a preparation
that is killed, or done twice at once, leaves nothing behind that a later load could trust.
"""

import contextlib
import fcntl
import functools
import hashlib
import io
import json
import logging
import shutil
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int32, UInt8

from research.data.cache import cache_dir
from research.data.sources import IDX_FILES, DataError, Source, find, is_elsewhere

HASHES = "sha256.json"


class Digits(NamedTuple):
    """One split of a dataset: grey values 0-255 (0 is the background) and classes 0-9."""

    images: UInt8[np.ndarray, "n 28 28"]
    labels: Int32[np.ndarray, " n"]


class Damaged(Exception):
    """A prepared folder is absent, incomplete or altered."""


def load(name: str = "mnist", split: str = "train") -> Digits:
    """The whole split in its published order; prepared first if need be (about 10 s, once).

    Raises: DataError if the name or split is unknown, if a source file is missing or altered, or if the
    cache folder cannot be written.
    """
    source = find(name)
    if split not in IDX_FILES:
        raise DataError(f"unknown split {split!r}; known: {', '.join(IDX_FILES)}")
    folder = cache_dir() / "data" / f"{name}-{checksum(name)[:12]}"
    with contextlib.suppress(Damaged):
        return _read(folder, split)
    try:
        with _lock(folder):
            with contextlib.suppress(Damaged):  # another process may have prepared it while we waited
                return _read(folder, split)
            _prepare(source, folder)
        return _read(folder, split)
    except (OSError, RuntimeError, Damaged) as error:  # ArrayRecord reports a full disk as RuntimeError
        raise DataError(
            f"cannot prepare {name} in {folder}: {error}; "
            "free space there or set IDENTIKIT_CACHE to a folder that can be written"
        ) from None


def rows(images: UInt8[np.ndarray, "n h w"]) -> Float32[np.ndarray, "n pixels"]:
    """Each image as a row of grey values in [0, 1]: what neighbours and principal components are found of."""
    return images.reshape(len(images), -1) / np.float32(255)


def checksum(name: str = "mnist") -> str:
    """Identity of a dataset: sha256 over the names and recorded sha256s of its source files."""
    if is_elsewhere(name):  # the content of the file, or of every file in the folder
        path = Path(name)
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
        return hashlib.sha256(b"".join(hashlib.sha256(p.read_bytes()).digest() for p in files)).hexdigest()
    lines = sorted(f"{file.sha256}  {file.name}\n" for file in find(name).files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _read(folder: Path, split: str) -> Digits:
    return Digits(_read_array(folder, f"{split}_images"), _read_array(folder, f"{split}_labels"))


def _read_array(folder: Path, key: str) -> np.ndarray:
    path = folder / f"{key}.npy"
    try:
        expected = json.loads((folder / HASHES).read_text())[path.name]
        state = path.stat()
        return _checked(path, expected, (state.st_ino, state.st_size, state.st_mtime_ns))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Damaged(f"{path} or its recorded sha256 cannot be read ({error})") from None


@functools.lru_cache(maxsize=4)
def _checked(path: Path, expected: str, _state: tuple[int, ...]) -> np.ndarray:
    """The array in the file, read-only; read and checked once as long as the file stays as it is."""
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != expected:
        raise Damaged(f"{path} is not what was prepared")
    array = np.load(io.BytesIO(content))
    array.flags.writeable = False
    return array


def _prepare(source: Source, folder: Path) -> None:
    """Builds beside `folder`, then renames into place; the caller holds the lock."""
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    print(f"Preparing {source.name} ... ", end="", file=sys.stderr, flush=True)
    began = time.perf_counter()
    try:
        source.ensure()
        _fill(source, part)
        if folder.exists():
            shutil.rmtree(folder)
        part.rename(folder)
    except BaseException:
        print("failed", file=sys.stderr)
        shutil.rmtree(part, ignore_errors=True)
        raise
    print(f"{time.perf_counter() - began:.0f} s, once", file=sys.stderr)


def _fill(source: Source, part: Path) -> None:
    with _quiet():
        from research.data.builder import build

        splits = build(source, part)
    shutil.rmtree(part / "downloads", ignore_errors=True)
    hashes = {}
    for split, (images, labels) in splits.items():
        for key, array in ((f"{split}_images", images), (f"{split}_labels", labels)):
            path = part / f"{key}.npy"
            np.save(path, array)
            hashes[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
    (part / HASHES).write_text(json.dumps(hashes, indent=1))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Holds back what TFDS prints, logs and warns about while it is imported and run."""
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """One process at a time; the lock ends with the process, however that ends."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_name(f".{folder.name}.lock"), "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield

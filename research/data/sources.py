"""The datasets we know: for each its four IDX files, their address, size and sha256 (`checksums.tsv`).

To add a dataset in IDX form (28x28 grey images, labels 0-9): one line per file in `checksums.tsv`, and the
address they share in `ADDRESSES`.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from research.data.cache import cache_dir

ADDRESSES = {
    "mnist": "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "fashion_mnist": "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "kmnist": "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
}
IDX_FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}
HERE = Path(__file__).resolve().parent


class DataError(ValueError):
    """Data that cannot be found, trusted or written; the message is one line and says what to do."""


@dataclass(frozen=True)
class SourceFile:
    """One published file and what its bytes must be."""

    name: str
    url: str
    size: int
    sha256: str

    def check(self, folder: Path) -> None:
        """Raises DataError unless `folder` holds exactly these bytes under this name."""
        path = folder / self.name
        try:
            found = path.read_bytes()
        except OSError as error:
            raise DataError(
                f"cannot read {path} (expected sha256 {self.sha256}, found {error.strerror or error}); "
                f"restore it from the repository or from {self.url}"
            ) from None
        digest = hashlib.sha256(found).hexdigest()
        if digest != self.sha256:
            raise DataError(
                f"{path} is not the published file: expected sha256 {self.sha256} ({self.size} bytes), "
                f"found {digest} ({len(found)} bytes); restore it from the repository or from {self.url}"
            )


@dataclass(frozen=True)
class Source:
    """A dataset: four gzipped IDX files. `bundled` is the folder that ships with us, if it does."""

    name: str
    files: tuple[SourceFile, ...]
    bundled: Path | None = None

    @property
    def folder(self) -> Path:
        """Where the files lie; for a dataset that is not bundled, where they may be laid by hand."""
        return self.bundled or cache_dir() / "sources" / self.name

    def check(self) -> None:
        """Raises DataError for the first file that is damaged, or missing although it is bundled."""
        for file in self.files:
            if self.bundled or (self.folder / file.name).exists():
                file.check(self.folder)


def _read_table(path: Path) -> tuple[SourceFile, ...]:
    rows = (line.split("\t") for line in path.read_text().splitlines() if line.strip())
    return tuple(SourceFile(name, url, int(size), sha256) for url, size, sha256, name in rows)


def _known() -> dict[str, Source]:
    table = _read_table(HERE / "checksums.tsv")
    return {
        name: Source(
            name,
            tuple(file for file in table if file.url == address + file.name),
            bundled=HERE / name if (HERE / name).is_dir() else None,
        )
        for name, address in ADDRESSES.items()
    }


SOURCES = _known()


def find(name: str) -> Source:
    """The source of that name; DataError with the list of known names if there is none."""
    if name not in SOURCES:
        raise DataError(f"unknown dataset {name!r}; known: {', '.join(sorted(SOURCES))}")
    return SOURCES[name]

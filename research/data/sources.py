"""The datasets we know: for each its four IDX files, their address, size and sha256 (`checksums.tsv`).

To add a dataset in IDX form (28x28 grey images, labels 0-9): one line per file in `checksums.tsv`, and the
address they share in `ADDRESSES`.
"""

import hashlib
import http.client
import urllib.error
import urllib.request
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
SECONDS_TO_ANSWER = 30
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

    def check(self, content: bytes, where: object, remedy: str) -> None:
        """Raises DataError, naming `where` and `remedy`, unless `content` is what was published."""
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            raise DataError(
                f"{where} is not the published file: expected sha256 {self.sha256} ({self.size} bytes), "
                f"found {found} ({len(content)} bytes); {remedy}"
            )


@dataclass(frozen=True)
class Source:
    """A dataset: four gzipped IDX files. `bundled` is the folder that ships with us, if one does."""

    name: str
    files: tuple[SourceFile, ...]
    bundled: Path | None = None

    @property
    def folder(self) -> Path:
        """Where the files lie; those that are not bundled are fetched to it, or laid there by hand."""
        return self.bundled or cache_dir() / "sources" / self.name

    def ensure(self) -> None:
        """Has every file in `folder`, fetched if it must be, and checks its hash.

        Raises: DataError if a file is damaged, if a bundled one is missing, or if one cannot be fetched.
        """
        for file in self.files:
            path = self.folder / file.name
            remedy = f"restore it from the repository or from {file.url}" if self.bundled else "delete it"
            if not path.exists() and not self.bundled:
                _fetch(file, path)
            try:
                content = path.read_bytes()
            except OSError as error:
                raise DataError(
                    f"cannot read {path}: expected sha256 {file.sha256}, found {error.strerror}; {remedy}"
                ) from None
            file.check(content, path, remedy)


def _fetch(file: SourceFile, path: Path) -> None:
    """Downloads to `path`, whole and verified or not at all.

    Not left to TFDS, which retries for many minutes where there is no network and trusts what it finds in
    its download folder.
    """
    by_hand = f"try again later, or put the published {file.name} into {path.parent}"
    try:
        with urllib.request.urlopen(file.url, timeout=SECONDS_TO_ANSWER) as reply:
            content = reply.read()
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        raise DataError(f"cannot download {file.url}: {error}; {by_hand}") from None
    file.check(content, file.url, by_hand)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{file.name}.part")
    part.write_bytes(content)
    part.replace(path)


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


def is_elsewhere(name: str) -> bool:
    """Whether a name is that of a folder or file instead of a known data set."""
    return name not in SOURCES and Path(name).exists()

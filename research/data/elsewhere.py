"""Digits from elsewhere: a folder of image files, an .npz file or IDX files."""

import gzip
import re
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from research.data import idx
from research.data.digits import Digits
from research.data.sources import DataError

PICTURES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp"}
UNKNOWN = -1  # the label of an image without one
PREPARATIONS = ("none", "mnist")


def load_folder(path: str | Path, prepare: str = "none", inverted: bool = False) -> Digits:
    """Images and labels from a folder of pictures, an .npz file or an IDX file (gzipped or not).

    Args:
        path: A folder: its pictures in order of their names, each labelled by the folder that it is in (3/x.png) or the
            number that starts its name (3_x.png). An .npz file: the first array of rank 3 (images) and the first whole
            numbers of rank 1 (labels). An IDX file of images: labels from the file beside it with `labels-idx1` instead
            of `images-idx3` in its name.
        prepare: "none": the pixels as they are; "mnist": the ink cropped, scaled into 20×20 and placed in 28×28 with its
            centre of mass in the middle, as in MNIST.
        inverted: dark ink on white; turned to light on black.

    Returns:
        uint8 images [n, h, w] in 0..255 with background 0, and labels [n], -1 where there is none.

    Raises:
        DataError: in one line, if there are no images, or images of several sizes with prepare="none".
    """
    path = Path(path)
    if prepare not in PREPARATIONS:
        raise DataError(f"unknown preparation {prepare!r}; known: {', '.join(PREPARATIONS)}")
    if path.is_dir():
        images, labels = _pictures(path)
    elif path.suffix == ".npz":
        images, labels = _archive(path)
    elif path.is_file():
        images, labels = _idx(path)
    else:
        raise DataError(
            f"expected a folder, an .npz file or an IDX file of images; there is nothing at {path}"
        )
    images = [255 - image for image in images] if inverted else list(images)
    if prepare == "mnist":
        images = [like_mnist(image) for image in images]
    sizes = sorted({image.shape for image in images})
    if len(sizes) != 1:
        came = f"images of the sizes {sizes[:3]}" if sizes else "no images"
        raise DataError(
            f"expected images of one size in {path}, found {came}; prepare='mnist' makes them 28x28"
        )
    labels = np.full(len(images), UNKNOWN) if labels is None else np.asarray(labels)
    if len(labels) != len(images):
        raise DataError(
            f"expected one label for each of the {len(images)} images in {path}, found {len(labels)}"
        )
    return Digits(np.stack(images).astype(np.uint8), labels.astype(np.int32))


def like_mnist(image: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "28 28"]:
    """The ink scaled into 20×20 and placed in 28×28 with its centre of mass in the middle; a blank image stays blank."""
    from PIL import Image

    rows, columns = (np.flatnonzero(image.max(axis)) for axis in (1, 0))
    canvas = np.zeros((28, 28), np.uint8)
    if not len(rows):
        return canvas
    ink = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = 20 / max(ink.shape)
    h, w = (max(1, round(side * scale)) for side in ink.shape)
    small = np.asarray(Image.fromarray(ink).resize((w, h), Image.Resampling.BILINEAR))
    weights = small / small.sum()
    centre = (weights.sum(1) @ np.arange(h), weights.sum(0) @ np.arange(w))
    top, left = (int(np.clip(round(14 - c), 0, 28 - side)) for c, side in zip(centre, (h, w)))
    canvas[top : top + h, left : left + w] = small
    return canvas


def _pictures(folder):
    from PIL import Image, UnidentifiedImageError

    paths = [p for p in sorted(folder.rglob("*")) if p.suffix.lower() in PICTURES]
    try:
        images = [np.asarray(Image.open(p).convert("L")) for p in paths]
    except (OSError, UnidentifiedImageError) as error:
        raise DataError(f"expected pictures in {folder}: {error}") from None
    labels = [_label(p) for p in paths]
    return images, None if set(labels) == {UNKNOWN} else labels


def _label(path):
    """The number that the picture's folder is called by or that starts its own name; else -1."""
    if path.parent.name.isdigit():
        return int(path.parent.name)
    found = re.match(r"(\d+)[_-]", path.name)
    return int(found[1]) if found else UNKNOWN


def _archive(path):
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = [archive[name] for name in archive.files]
    except (OSError, ValueError, EOFError) as error:
        raise DataError(
            f"expected an .npz file of plain arrays at {path}: {str(error).splitlines()[0]}"
        ) from None
    images = next((x for x in arrays if x.ndim == 3), None)
    if images is None:
        raise DataError(
            f"expected images [n, h, w] in {path}, found arrays of the shapes {[x.shape for x in arrays]}"
        )
    return _bytes(images, path), next((x for x in arrays if x.ndim == 1 and x.dtype.kind in "iu"), None)


def _bytes(images, path):
    """uint8 as they are, floats in [0, 1] as bytes."""
    if images.dtype == np.uint8:
        return images
    if not (np.isfinite(images).all() and images.min() >= 0 and images.max() <= 255):
        raise DataError(
            f"expected pixels in [0, 1] or 0..255 in {path}, they reach from {images.min()} to {images.max()}"
        )
    return np.round(images * (255 if images.dtype.kind == "f" and images.max() <= 1 else 1)).astype(np.uint8)


def _idx(path):
    def array(file):
        content = file.read_bytes()
        return idx.parse(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content, file.name)

    images = array(path)
    if images.ndim != 3:
        raise DataError(f"expected images [n, h, w] in {path}, found the shape {images.shape}")
    beside = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    return images, array(beside) if beside != path and beside.is_file() else None

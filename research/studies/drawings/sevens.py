"""Funky sevens as in the document, made from test sevens: widened, and moved towards an edge without losing ink."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, UInt8

from research.data import deform

TOWARDS = {  # directions as (rows, columns) per pixel of shift
    "right": (0, 1),
    "left": (0, -1),
    "up": (-1, 0),
    "down": (1, 0),
    "upper right": (-1, 1),
}
BAR = 0.3  # share of the seven's height, from its top, that holds the horizontal bar


def funky(
    images: UInt8[np.ndarray, "n h w"], width: float, shift: int, towards: str = "right"
) -> UInt8[np.ndarray, "n h w"]:
    """Stretches every image sideways about the middle of its ink, then moves it towards an edge.

    No stroke leaves the frame: stretch and shift are limited to what keeps all ink inside.

    Args:
        images: pixels from 0 to 255, black background.
        width: factor of the stretch, at least 1; 1 leaves the images as they are.
        shift: pixels, at least 0.
        towards: a name in TOWARDS.
    """
    n, _, w = images.shape
    boxes = np.array([box(image) for image in images])
    middle = np.round((boxes[:, 2] + boxes[:, 3] - (w - 1)) / 2).astype(int)
    half = np.maximum(boxes[:, 3] - middle - (w - 1) / 2, (w - 1) / 2 - (boxes[:, 2] - middle))
    factors = np.clip((w - 1) / 2 / half, 1, width)
    centred = np.stack([np.roll(image, -by, 1) for image, by in zip(images, middle)])
    wide = images if width == 1 else np.asarray(_stretch(jnp.float32(centred), jnp.float32(factors)))
    back = np.zeros(n, int) if width == 1 else middle
    rows, columns = (shift * step for step in TOWARDS[towards])
    return np.stack([_moved(image, rows, columns + int(by)) for image, by in zip(wide, back)])


def box(image: UInt8[np.ndarray, "h w"]) -> tuple[int, int, int, int]:
    """First and last row, first and last column with ink; the whole frame if there is no ink."""
    rows, columns = (np.flatnonzero((image > 0).any(axis)) for axis in (1, 0))
    if not len(rows):
        return 0, image.shape[0] - 1, 0, image.shape[1] - 1
    return int(rows[0]), int(rows[-1]), int(columns[0]), int(columns[-1])


def bars(images: UInt8[np.ndarray, "n h w"]) -> Bool[np.ndarray, "n h w"]:
    """Mask of each seven's bar, the rows in the upper BAR of its ink's height; the slash is below."""
    tops = np.array([box(image)[0] for image in images])
    heights = np.array([box(image)[1] for image in images]) - tops + 1
    rows = np.arange(images.shape[1])[:, None]
    return np.broadcast_to(rows < (tops + BAR * heights)[:, None, None], images.shape)


def centred(image: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """Moves an image by whole pixels to put its centre of mass in the middle; ink stays inside the frame."""
    h, w = image.shape
    ink = max(int(image.sum(dtype=np.int64)), 1)
    row = (image.sum(1, dtype=np.int64) * np.arange(h)).sum() / ink
    column = (image.sum(0, dtype=np.int64) * np.arange(w)).sum() / ink
    return _moved(image, round((h - 1) / 2 - row), round((w - 1) / 2 - column))


def _moved(image: UInt8[np.ndarray, "h w"], rows: int, columns: int) -> UInt8[np.ndarray, "h w"]:
    top, bottom, left, right = box(image)
    h, w = image.shape
    return np.roll(
        image, (np.clip(rows, -top, h - 1 - bottom), np.clip(columns, -left, w - 1 - right)), (0, 1)
    )


@jax.jit
def _stretch(images, factors):
    one = lambda pair: deform.width(pair[0] / 255, pair[1])  # noqa: E731
    return jnp.round(255 * jax.lax.map(one, (images, factors), batch_size=64)).astype(jnp.uint8)

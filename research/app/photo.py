"""The ink of a picture of a digit: on paper, on a board, in uneven light, on a table, on squared paper.

    background   closing of the grey picture: dark strokes vanish, light and table stay      (black hat)
    ink          where picture / background is dark, above Otsu's threshold
    kept         parts that do not touch the border, without specks
    pad          cropped, scaled to 200 of the pad's 280 pixels, strokes at least a pen wide

Sources: Otsu (1979) for the threshold, Serra (1982) for the closing.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image
from scipy import ndimage

PAD, BOX = 280, 200  # sides of the pad, and of the box that the ink is scaled to
SIDE = 400  # longest side at which a picture is looked at
WIDEST = 0.25  # of the longest side: a stroke is narrower, light and tables are wider
FAINTEST = 0.08  # contrast of ink to its background, at least
PEN = 20  # least width of a stroke on the pad
CLEAR = 0.35  # of the contrast of other dark parts, or bright ones: fainter strokes are texture
FAINT = 0.65  # of the contrast of the largest part: fainter ones are dropped
SHORTEST = 0.08  # of the longest side of the picture: a digit is larger
SPECK = 0.04  # of the largest part: smaller ones are dropped


class NoInk(ValueError):
    """Nothing in the picture looks like strokes."""


def ink(grey: Float[np.ndarray, "rows columns"]) -> UInt8[np.ndarray, "280 280"]:
    """What was written, as white ink on black in the middle of the pad.

    Args:
        grey: the upright picture, 0 black to 1 white, dark on bright or bright on dark.

    Raises: NoInk.
    """
    smooth = _shrunk(grey)
    found = [*_strokes(smooth), *_strokes(1 - smooth)]
    if not found:
        raise NoInk("no ink was found; a digit should be clearly darker or brighter than its background")
    clear = [each for each in found if each.contrast >= CLEAR * max(other.contrast for other in found)]
    return _on_pad(min(clear, key=lambda each: each.thickness * (2 if each.touches else 1)))


class Strokes(NamedTuple):
    """What is darker than its surroundings."""

    ink: Float[np.ndarray, "r c"]  # 0 to 1, with soft edges
    mask: Bool[np.ndarray, "r c"]
    contrast: float  # of the ink to its background, 0 to 1
    thickness: float  # of the largest part: strokes are thin, sheets of paper and holes are not
    touches: bool  # the border


def _strokes(grey: Float[np.ndarray, "r c"]) -> list[Strokes]:
    """The dark strokes of the picture, one or none. What touches the border counts only if there is nothing else."""
    size = 2 * round(WIDEST * max(grey.shape) / 2) + 1
    background = ndimage.grey_closing(grey, (size, size), mode="reflect")
    depth = np.clip(1 - (grey + 0.05) / (background + 0.05), 0, 1)
    everything, inner = _above_threshold(depth, True), _above_threshold(_without_border(depth), False)
    if _longest(inner.mask) > SHORTEST * max(grey.shape) and inner.contrast > CLEAR * everything.contrast:
        everything = inner
    return [everything] if everything.contrast > FAINTEST else []


def _above_threshold(depth: Float[np.ndarray, "r c"], touches: bool) -> Strokes:
    threshold = otsu(depth)
    mask = _kept(depth > threshold, depth)
    if not mask.any():
        return Strokes(depth, mask, 0.0, 1.0, touches)
    full = float(np.median(depth[mask]))
    low = min(threshold, full / 2) / 2
    rim = ndimage.binary_dilation(mask, iterations=2)
    ink = np.where(rim, np.clip((depth - low) / (full - low), 0, 1), 0)
    return Strokes(ink, mask, full, _thickness(mask), touches)


def _thickness(mask: Bool[np.ndarray, "r c"]) -> float:
    """Width of a stroke as a share of the longest side of its part; 1 for a sheet, also one that is ruled."""
    high, wide = (side.stop - side.start for side in _box(mask))
    if mask[_box(mask)].mean() > 0.5 and min(high / mask.shape[0], wide / mask.shape[1]) > 0.5:
        return 1.0
    parts, _ = ndimage.label(mask, np.ones((3, 3)))
    largest = np.pad(parts == 1 + np.bincount(parts[mask])[1:].argmax(), 1)
    width = (
        4 * ndimage.distance_transform_edt(largest)[largest].mean() - 2
    )  # mean distance to the edge: (w + 2) / 4
    return float(width) / _longest(largest)


def _box(mask: Bool[np.ndarray, "r c"]) -> tuple[slice, slice]:
    return ndimage.find_objects(mask.astype(int))[0]


def _longest(mask: Bool[np.ndarray, "r c"]) -> int:
    """Longest side of the box around it, in pixels."""
    return max(side.stop - side.start for side in _box(mask)) if mask.any() else 0


def otsu(values: Float[np.ndarray, "..."], bins: int = 256) -> float:
    """The threshold in [0, 1] that separates two classes with the greatest variance between them."""
    counts, edges = np.histogram(values, bins, (0.0, 1.0))
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    sums = np.cumsum(counts * centres)
    gap = sums / np.maximum(below, 1) - (sums[-1] - sums) / np.maximum(above, 1)
    return float(edges[1 + np.argmax(below.astype(float) * above * gap**2)])


def _shrunk(grey: Float[np.ndarray, "rows columns"]) -> Float[np.ndarray, "r c"]:
    """At most SIDE pixels wide and high, and of a photograph the grain smoothed."""
    picture = Image.fromarray(np.asarray(grey, np.float32))
    if max(picture.size) > SIDE:
        picture.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    shrunk = np.asarray(picture, np.float64)
    return ndimage.gaussian_filter(shrunk, 0.7) if max(shrunk.shape) > 100 else shrunk


def _without_border(depth: Float[np.ndarray, "r c"]) -> Float[np.ndarray, "r c"]:
    """0 where a dark part touches the border: a table, and then its grain; a shadow; a line of squared paper."""
    for _ in range(3):
        parts, count = ndimage.label(depth > otsu(depth), np.ones((3, 3)))
        touching = np.zeros(count + 1, bool)
        touching[np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])] = True
        touching[0] = False
        if not touching.any():
            break
        depth = np.where(ndimage.binary_dilation(touching[parts], iterations=2), 0, depth)
    return depth


def _kept(mask: Bool[np.ndarray, "r c"], depth: Float[np.ndarray, "r c"]) -> Bool[np.ndarray, "r c"]:
    """Without specks, and without parts that are faint beside the largest."""
    parts, count = ndimage.label(mask, np.ones((3, 3)))
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    sizes[0] = 0
    darkest = np.asarray(ndimage.maximum(depth, parts, np.arange(count + 1)))
    return ((sizes > SPECK * sizes.max()) & (darkest > FAINT * darkest[sizes.argmax()]))[parts]


def _on_pad(strokes: Strokes) -> UInt8[np.ndarray, "280 280"]:
    """The ink in the middle of the pad, its box scaled to BOX, its strokes at least PEN wide."""
    crop = strokes.ink[_box(strokes.mask)]
    thicker = max(0, round((PEN - strokes.thickness * BOX) / 2)) if strokes.thickness < 1 else 0
    scale = (BOX - 2 * thicker) / max(crop.shape)
    h, w = (max(1, round(side * scale)) for side in crop.shape)
    small = Image.fromarray((255 * crop).astype(np.uint8)).resize((w, h), Image.Resampling.BICUBIC)
    pad = np.zeros((PAD, PAD), np.uint8)
    top, left = (PAD - h) // 2, (PAD - w) // 2
    pad[top : top + h, left : left + w] = np.asarray(small)
    if thicker:
        y, x = np.mgrid[-thicker : thicker + 1, -thicker : thicker + 1]
        pad = ndimage.grey_dilation(pad, footprint=x**2 + y**2 <= (thicker + 0.5) ** 2)
    return pad

"""Rows of small images in one axes."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from research.plotting.style import FAINT, SECOND


class Tiles(NamedTuple):
    """A row of images in one axes, made by `tiles`."""

    ax: Any
    image: Any  # what a colour bar needs
    size: tuple[int, int]  # of a tile: height and width in data coordinates

    def place(self, i: int) -> float:
        """The left edge of tile i in data coordinates."""
        width = self.size[1]
        return i * (width + round(0.12 * width)) - 0.5

    def name(self, i: int, text: str, *, at: float = 0.5, above: bool = False, **style) -> None:
        """Writes text under (or above) tile i; `at` runs from 0 at its left edge to 1 at its right edge."""
        h, w = self.size
        self.ax.annotate(
            text, (self.place(i) + at * w, -0.5 if above else h - 0.5), xytext=(0, 2 if above else -2),
            textcoords="offset points", ha={0.0: "left", 1.0: "right"}.get(at, "center"),
            va="bottom" if above else "top", annotation_clip=False, **{"fontsize": "small"} | style,
        )  # fmt: skip

    def name_row(self, text: str, **style) -> None:
        """Writes a name to the left of the row, which is aligned left so that the layout leaves room for the name."""
        self.ax.set_anchor("W")
        self.ax.set_ylabel(text, **{"rotation": 0, "ha": "right", "va": "center", "labelpad": 5} | style)


def tiles(
    ax,
    images: Float[np.ndarray, "n h w"],
    *,
    vmin: float = 0.0,
    vmax: float = 1.0,
    cmap: str = "gray_r",
    columns: int = 0,
    marked: ArrayLike = False,
) -> Tiles:
    """Shows images side by side in one axes; one axes per tile would take a second for every fifty tiles.

    Args:
        ax: the axes of the row.
        images: one tile each.
        vmin, vmax, cmap: the scale that all tiles share.
        columns: leaves room for this many tiles.
        marked: which tiles get a strong frame instead of a thin one.
    """
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    images = np.asarray(images, np.float32)
    n, h, w = images.shape
    row = Tiles(ax, None, (h, w))
    whole = round(row.place(max(n, columns) - 1) + 0.5) + w
    canvas = np.full((h, whole), np.nan, np.float32)
    for i, image in enumerate(images):
        canvas[:, round(row.place(i) + 0.5) :][:, :w] = image
    shown = ax.imshow(canvas, vmin=vmin, vmax=vmax, cmap=cmap)
    strong = np.broadcast_to(marked, n)
    frames = PatchCollection(
        [Rectangle((row.place(i), -0.5), w, h) for i in range(n)], facecolor="none", clip_on=False, zorder=3,
        edgecolor=np.where(strong, SECOND, FAINT).tolist(), linewidth=np.where(strong, 1.2, 0.5).tolist(),
    )  # fmt: skip
    ax.add_collection(frames)
    ax.set(xlim=(-0.5, whole - 0.5), ylim=(h - 0.5, -0.5), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return row._replace(image=shown)

"""Figures: drawn from saved results alone, one file a study, one style, the same bytes for the same data.

A figures module has FIGURES: a dict from a figure's file name to a `Drawing` (its function and its caption);
the function takes the results and a width in inches and returns a matplotlib Figure. A `Drawing` whose
results are absent (a preset that left them out) is not drawn: its function returns None. Where motion tells,
ANIMATIONS holds drawings whose function returns (frames, frames a second) instead.

In a folder of figures `name.*` is two columns wide and `name-column.*` one: PDF and PNG (300 dpi) for papers,
WebP for the report's page.
"""

import functools
import hashlib
import importlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Float
from numpy.typing import ArrayLike

SINGLE, DOUBLE = 3.4, 7.0  # widths of one and two columns, inches
WIDTHS = (DOUBLE, SINGLE)
BETWEEN = 5.1  # tried where labels do not fit into one column
NARROW = 5.0  # below which figures are arranged for one column: panels below each other, names short
ENDINGS = (".pdf", ".png", ".webp")
LISTING = "drawn.json"  # beside the figures: what they were made of
PRINT_DPI, SCREEN_DPI = 300, 180  # of the PNG files and of the report's pictures
DIGITS = (  # one colour a digit, everywhere (Paul Tol's "muted", safe for colour-blind readers)
    "#332288", "#88CCEE", "#44AA99", "#117733", "#999933",
    "#DDCC77", "#CC6677", "#882255", "#AA4499", "#777777",
)  # fmt: skip
INK, MUTED, FAINT, ACCENT, SECOND = "#222222", "#777777", "#d9d9d9", "#0a6aa1", "#c8553d"
DIVERGING = "RdBu_r"  # signed maps: zero at white


class Drawing(NamedTuple):
    """A figure of a study: `draw(results, width) -> Figure | None`, and what its caption says."""

    draw: Callable[..., Any]
    caption: str


@contextmanager
def style():
    """The paper's style, on a canvas that needs no screen."""
    import matplotlib

    matplotlib.use("Agg", force=False)
    import matplotlib.style

    with matplotlib.style.context(Path(__file__).with_name("paper.mplstyle")):
        yield


def stills(study: str) -> dict[str, Drawing]:
    """The figures of a study by file name."""
    return importlib.import_module(f"research.figures.{study}").FIGURES


def animations(study: str) -> dict[str, Drawing]:
    """The moving pictures of a study by file name; most have none."""
    return getattr(importlib.import_module(f"research.figures.{study}"), "ANIMATIONS", {})


def file_name(name: str, width: float) -> str:
    """How a figure's files are called, without their ending."""
    return name if width == DOUBLE else f"{name}-column"


def draw_all(
    study: str, results: xr.Dataset, folder: Path, *, widths: Sequence[float] = (DOUBLE,)
) -> list[str]:
    """Draws every figure of a study into folder/*.{pdf,png,webp}, moving ones into *.gif and *.mp4.

    A figure whose labels do not fit into one column is drawn wider there, to be scaled down.
    Returns the names drawn, in order.
    """
    from research.figures import legible, motion

    os.environ["SOURCE_DATE_EPOCH"] = "0"
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    with style():
        for name, drawing in stills(study).items():
            draw = functools.partial(drawing.draw, results)
            figure, wide, narrow = draw(DOUBLE), folder / name, folder / file_name(name, SINGLE)
            if figure is None:
                continue
            drawn.append(name)
            flaws = len(legible.flaws(figure)) if SINGLE in widths else 0
            _save(figure, wide)
            if SINGLE not in widths:
                continue
            if column := legible.narrowest(draw, (SINGLE, BETWEEN), flaws):
                _save(column, narrow)
            else:  # can be read at its full width only
                for ending in ENDINGS:
                    shutil.copyfile(wide.with_suffix(ending), narrow.with_suffix(ending))
        for name, drawing in animations(study).items():
            moving = drawing.draw(results)
            if moving is not None:
                motion.save(moving[0], folder / name, fps=moving[1])
                drawn.append(name)
    return drawn


def lay_out(figure: Any) -> None:
    """Finds a place for everything in the figure, once or twice: it is what takes longest in drawing."""
    from matplotlib.layout_engine import PlaceHolderLayoutEngine

    if not isinstance(figure.get_layout_engine(), PlaceHolderLayoutEngine):
        figure.draw_without_rendering()
        if any(ax.get_images() for ax in figure.axes):  # names moved when images took their shape
            figure.draw_without_rendering()
        figure.set_layout_engine("none")  # keeps the layout just found


def _leave_out_unused_font_tables() -> None:
    """Fonts in PDFs without the rules for setting text, which is set already: reading them was a seventh of drawing."""
    from fontTools import subset

    left_out = subset.Options._drop_tables_default
    left_out += [table for table in ("GSUB", "GPOS", "GDEF") if table not in left_out]


def _save(figure: Any, path: Path) -> None:
    """PDF for print, PNG at 300 dpi, and the same pixels, fewer of them, as WebP for the screen."""
    import matplotlib.pyplot as plt
    from PIL import Image

    lay_out(figure)
    _leave_out_unused_font_tables()
    figure.savefig(path.with_suffix(".pdf"), metadata={"CreationDate": None})
    figure.set_dpi(PRINT_DPI)
    figure.canvas.draw()
    pixels = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")
    plt.close(figure)
    pixels.save(path.with_suffix(".png"), dpi=(PRINT_DPI, PRINT_DPI))
    size = [round(side * SCREEN_DPI / PRINT_DPI) for side in pixels.size]
    pixels.resize(size, Image.Resampling.LANCZOS).save(path.with_suffix(".webp"), quality=75, method=4)


def redraw(study: str, results: Path, folder: Path, *, widths: Sequence[float] = WIDTHS) -> bool:
    """Draws the figures of saved results in these widths, unless they are `up_to_date`; whether it had to.

    Files of figures that are no longer drawn go away.
    """
    from research.store import atomic_write

    if up_to_date(study, results, folder, widths=widths):
        return False
    made_of = _made_of(study, results, widths)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    draw_all(study, xr.load_dataset(results, engine="h5netcdf"), folder, widths=widths)
    files = sorted(path.name for path in folder.iterdir())
    atomic_write(folder / LISTING, json.dumps({"of": made_of, "files": files}, indent=1) + "\n")
    return True


def up_to_date(study: str, results: Path, folder: Path, *, widths: Sequence[float] = WIDTHS) -> bool:
    """Whether the folder holds these very figures: same results, code and drawing libraries, and no file missing."""
    try:
        drawn = json.loads((folder / LISTING).read_text())
        there = all((folder / name).exists() for name in drawn["files"])
        return there and drawn["of"] == _made_of(study, results, widths)
    except (OSError, ValueError, KeyError):
        return False


def _made_of(study: str, results: Path, widths: Sequence[float]) -> str:
    """Hash of everything that a study's figures depend on."""
    import matplotlib
    import PIL

    from research import studies
    from research.store import code_digest, digest

    drawing = Path(str(importlib.import_module(f"research.figures.{study}").__file__))
    here = Path(__file__).parent
    shared = (path for path in here.glob("*.py") if path.stem not in studies.STUDIES)
    code = sorted({*shared, here / "paper.mplstyle", drawing})
    contents = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (results, *code)]
    return digest(*contents, *widths, code_digest(), matplotlib.__version__, PIL.__version__)


class Tiles(NamedTuple):
    """A row of images in one axes; see `tiles`."""

    ax: Any
    image: Any  # what a colour bar needs
    size: tuple[int, int]  # of a tile: height and width in data coordinates

    def place(self, i: int) -> float:
        """The left edge of tile i in data coordinates."""
        width = self.size[1]
        return i * (width + round(0.12 * width)) - 0.5

    def name(self, i: int, text: str, *, at: float = 0.5, above: bool = False, **style) -> None:
        """Words under (or above) tile i; at: 0 for its left edge, 1 for its right one."""
        h, w = self.size
        self.ax.annotate(
            text, (self.place(i) + at * w, -0.5 if above else h - 0.5), xytext=(0, 2 if above else -2),
            textcoords="offset points", ha={0.0: "left", 1.0: "right"}.get(at, "center"),
            va="bottom" if above else "top", annotation_clip=False, **{"fontsize": 6.5} | style,
        )  # fmt: skip

    def name_row(self, text: str, **style) -> None:
        """A name to the left of the row, which stands at the left of its room: else the layout would not leave enough for it."""
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
    """Shows images side by side in one axes, on one scale and each in a thin frame, a strong one where `marked`.

    One axes a row, not one a tile: matplotlib takes a second to lay out fifty of them. `columns` leaves room for
    more tiles than there are.
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


def rim(width: float = 2.0) -> list:
    """Path effects of a text that must be read on top of lines or points: a white rim."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=width, foreground="white")]


def name_classes(ax, points: np.ndarray, labels: np.ndarray, *, size: float = 11) -> None:
    """Writes each digit at the median of its points, in its colour; digits that would touch stand beside each other."""
    there = [d for d in range(10) if (labels == d).any()]
    medians = np.array([np.median(points[labels == d], 0) for d in there])
    for d, place in zip(there, _apart(ax, medians, size)):
        ax.text(
            *place, str(d), fontsize=size, fontweight="bold", color=DIGITS[d],
            ha="center", va="center", path_effects=rim(2.5),
        )  # fmt: skip


def _apart(ax, places: np.ndarray, size: float) -> np.ndarray:
    """The places of letters of that size in points, moved within the axes until none touches another."""
    inches = ax.bbox.size / ax.figure.dpi
    low, high = np.sort([ax.get_xlim(), ax.get_ylim()]).T
    room = size / 72 / inches * (high - low) * (0.85, 1.15)  # the width and height that a bold digit needs
    places = np.array(places, float)
    for _ in range(100):
        moved = False
        for i in range(len(places)):
            for j in range(i):
                gap = places[i] - places[j]
                short = (room - np.abs(gap)) / room
                if (short > 1e-3).all():  # sideways or upwards, whichever is less
                    axis = short.argmin()
                    step = 0.51 * short[axis] * room[axis] * (1 if gap[axis] >= 0 else -1)
                    places[i, axis] += step
                    places[j, axis] -= step
                    moved = True
        if not moved:
            break
        places = np.clip(places, low + room / 2, high - room / 2)
    return places

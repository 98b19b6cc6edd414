"""Figures: drawn from saved results alone, one file a study, one style, the same bytes for the same data.

A figures module has FIGURES: a dict from a figure's file name to a `Drawing` (its function and its caption);
the function takes the results and a width in inches and returns a matplotlib Figure. A `Drawing` whose
results are absent (a preset that left them out) is not drawn: its function returns None. Where motion tells,
ANIMATIONS holds drawings whose function returns (frames, frames a second) instead.
"""

import importlib
import os
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import xarray as xr

SINGLE, DOUBLE = 3.4, 7.0  # widths of one and two columns, inches
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


def drawings(study: str) -> dict[str, Drawing]:
    """The figures of a study by file name."""
    return importlib.import_module(f"research.figures.{study}").FIGURES


def animations(study: str) -> dict[str, Drawing]:
    """The moving pictures of a study by file name; most have none."""
    return getattr(importlib.import_module(f"research.figures.{study}"), "ANIMATIONS", {})


def draw_all(study: str, results: xr.Dataset, folder: Path, *, width: float = DOUBLE) -> list[str]:
    """Draws every figure of a study into folder/*.pdf and *.png, moving ones into *.gif and *.mp4.

    Returns the names drawn, in order.
    """
    import matplotlib.pyplot as plt

    from research.figures import motion

    os.environ["SOURCE_DATE_EPOCH"] = "0"
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    with style():
        for name, drawing in drawings(study).items():
            figure = drawing.draw(results, width)
            if figure is None:
                continue
            figure.savefig(folder / f"{name}.pdf", metadata={"CreationDate": None})
            figure.savefig(folder / f"{name}.png", metadata={"Software": None})
            plt.close(figure)
            drawn.append(name)
        for name, drawing in animations(study).items():
            moving = drawing.draw(results)
            if moving is not None:
                motion.save(moving[0], folder / name, fps=moving[1])
                drawn.append(name)
    return drawn


def tiles(axes, images, *, vmin: float = 0.0, vmax: float = 1.0, cmap: str = "gray_r") -> None:
    """Shows one image in each of the axes, all on the same scale, without ticks or frame."""
    for ax, image in zip(axes, images):
        ax.imshow(image, vmin=vmin, vmax=vmax, cmap=cmap)
        ax.set_xticks([])
        ax.set_yticks([])
        for spine in ax.spines.values():
            spine.set(visible=True, color=FAINT, linewidth=0.5)

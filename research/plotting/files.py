"""Files of figures, drawn from saved results alone; the same data give the same bytes.

A figures module has FIGURES, a dict from a figure's file name to a `Drawing`, whose function takes the results and
a width in inches and returns a matplotlib Figure, or None where a preset left out the results that it shows.
ANIMATIONS, which is optional, holds drawings whose function returns (frames, frames per second) instead.

In a folder of figures `name.*` is two columns wide and `name-column.*` one: PDF and PNG (300 dpi) for papers,
WebP for the report's page.
"""

import functools
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import xarray as xr

from research.plotting import legible, motion
from research.plotting.style import BETWEEN, DOUBLE, SINGLE, lay_out, paper_style

ENDINGS = (".pdf", ".png", ".webp")
PRINT_DPI, SCREEN_DPI = 300, 180  # of the PNG files and of the report's pictures


def file_name(name: str, width: float) -> str:
    """The name of a figure's files at a width in inches, without their ending."""
    return name if width == DOUBLE else f"{name}-column"


def draw_all(
    drawings: ModuleType, results: xr.Dataset, folder: Path, *, widths: Sequence[float] = (DOUBLE,)
) -> list[str]:
    """Draws every figure of a figures module into folder/*.{pdf,png,webp} and animations into *.gif and *.mp4.

    A figure whose labels do not fit into one column is drawn wider for it and scaled down.

    Args:
        drawings: the figures module of a study.
        results: the study's saved results.
        folder: is made where it is missing.
        widths: inches; DOUBLE is always drawn, SINGLE if it is among them.

    Returns:
        The names drawn, in order.
    """
    os.environ["SOURCE_DATE_EPOCH"] = "0"
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    with paper_style():
        for name, drawing in drawings.FIGURES.items():
            draw = functools.partial(drawing.draw, results)
            figure, wide, narrow = draw(DOUBLE), folder / name, folder / file_name(name, SINGLE)
            if figure is None:
                continue
            drawn.append(name)
            flaws = len(legible.flaws(figure)) if SINGLE in widths else 0
            save(figure, wide)
            if SINGLE not in widths:
                continue
            if column := legible.narrowest(draw, (SINGLE, BETWEEN), flaws):
                save(column, narrow)
            else:  # legible at its full width only
                for ending in ENDINGS:
                    shutil.copyfile(wide.with_suffix(ending), narrow.with_suffix(ending))
        for name, drawing in getattr(drawings, "ANIMATIONS", {}).items():
            moving = drawing.draw(results)
            if moving is not None:
                motion.save(moving[0], folder / name, fps=moving[1])
                drawn.append(name)
    return drawn


def _leave_out_unused_font_tables() -> None:
    """Drops layout tables from fonts in PDFs: the text is laid out already, and reading them took a seventh of the time."""
    from fontTools import subset

    left_out = subset.Options._drop_tables_default
    left_out += [table for table in ("GSUB", "GPOS", "GDEF") if table not in left_out]


def save(figure: Any, path: Path) -> None:
    """Writes a PDF for print, a PNG at 300 dpi, and a smaller WebP of the same picture for the screen."""
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

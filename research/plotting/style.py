"""The paper's style: widths, colours, fonts, and the record that describes a figure."""

from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

SINGLE, DOUBLE = 3.4, 7.0  # widths of one and two columns, inches
WIDTHS = (DOUBLE, SINGLE)
BETWEEN = 5.1  # tried where labels do not fit into one column
NARROW = 5.0  # below which figures are arranged for one column: panels below each other, names short
# The colours of all figures: after Paul Tol's "muted", with a darker sky and gold, for white paper.
INDIGO, SKY, TEAL, GREEN, OLIVE = "#332288", "#3FA0D0", "#44AA99", "#117733", "#999933"
GOLD, ROSE, WINE, PURPLE, MUTED = "#D1A000", "#CC6677", "#882255", "#AA4499", "#777777"
DIGITS = (INDIGO, SKY, TEAL, GREEN, OLIVE, GOLD, ROSE, WINE, PURPLE, MUTED)
INK, PALE, FAINT, ACCENT, SECOND = "#222222", "#b5b5b5", "#d9d9d9", "#0a6aa1", "#c8553d"
CLASSES = (ACCENT, SECOND, GREEN)  # of problems with three classes
VERDICTS = {
    "reproduced": "#1a7f4b", "partly": "#9a6b00", "not reproduced": "#b5392b", "inconclusive": "#3b6fb6",
    "not run": "#8a939b",
}  # fmt: skip
DIVERGING, SEQUENTIAL = "RdBu_r", "Blues"  # signed maps, with zero at white; shares


class Drawing(NamedTuple):
    """A figure of a study.

    Attributes:
        draw: from the results and a width in inches to a Figure, or None where the results lack what it shows.
        caption: begins with the question that the figure answers; may name numbers in braces (`research.paper.prose`).
        place: in the paper.
        finding: the id of the study's finding that the figure shows; it becomes part of the alt text.
    """

    draw: Callable[..., Any]
    caption: str
    place: Literal["wide", "column", "appendix"] = "wide"
    finding: str = ""


@contextmanager
def paper_style(sheet: Path | None = None):
    """A context in which the paper's style holds, overridden by `sheet` if it is given; needs no screen.

    Raises:
        ValueError: the sheet is missing, or has a setting that matplotlib does not know.
    """
    import matplotlib

    matplotlib.use("Agg", force=False)
    import matplotlib.style

    own: Any = {}
    if sheet is not None:
        try:
            lines = (line.partition("#")[0] for line in sheet.read_text().splitlines())
            keys = [line.partition(":")[0].strip() for line in lines if line.strip()]
            if unknown := [key for key in keys if key not in matplotlib.rcParams]:
                raise ValueError(f"matplotlib has no {', '.join(unknown)}")
            own = matplotlib.rc_params_from_file(sheet, fail_on_error=True, use_default_template=False)
        except (OSError, KeyError, ValueError, UnicodeError) as error:
            raise ValueError(f"{sheet} is no matplotlib style sheet: {error}") from error
    with matplotlib.style.context([Path(__file__).with_name("paper.mplstyle"), own]):
        yield


def lay_out(figure: Any) -> None:
    """Computes the layout and freezes it, because it is the slowest part of drawing and would be repeated."""
    from matplotlib.layout_engine import PlaceHolderLayoutEngine

    if not isinstance(figure.get_layout_engine(), PlaceHolderLayoutEngine):
        figure.draw_without_rendering()
        if any(ax.get_images() for ax in figure.axes):  # images changed the shape of their axes
            figure.draw_without_rendering()
        figure.set_layout_engine("none")  # keeps the layout just found


def rim(width: float = 2.0) -> list:
    """Path effects that draw a white rim around text, so that it is legible on top of lines or points."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=width, foreground="white")]


def name_classes(ax, points: np.ndarray, labels: np.ndarray, *, size: float = 11) -> None:
    """Writes each digit at the median of its points in its colour; digits that would overlap are moved apart."""
    there = [d for d in range(10) if (labels == d).any()]
    medians = np.array([np.median(points[labels == d], 0) for d in there])
    for d, place in zip(there, _apart(ax, medians, size)):
        ax.text(
            *place, str(d), fontsize=size, fontweight="bold", color=DIGITS[d],
            ha="center", va="center", path_effects=rim(2.5),
        )  # fmt: skip


def _apart(ax, places: np.ndarray, size: float) -> np.ndarray:
    """The places of letters of `size` points, moved within the axes until none overlap."""
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

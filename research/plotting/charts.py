"""Parts of charts that several studies draw: measured values, grids of panels, maps of the digits."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float, Integer
from matplotlib.figure import Figure

from research.evidence.intervals import Interval
from research.plotting.labels import spread
from research.plotting.style import DIGITS, INK, name_classes

LINE = 8.5  # points of height that a name beside a line needs


def measured(
    ax: Any,
    at: float | np.number,
    value: Interval,
    colour: str,
    *,
    across: bool = False,
    scale: float = 1.0,
    least: int = 2,
    width: float = 2.0,
    **point: Any,
) -> None:
    """Draws a measured value as a point and its interval as a bar, where it is finite.

    Args:
        ax: the axes.
        at: place on the other axis.
        value: what was measured.
        colour: of point and bar.
        across: whether values run along the x axis, not the y axis.
        scale: factor of the values, 100 for percent.
        least: units from which on the bar is drawn.
        width: of the bar, points.
        **point: of the point, as in `plot`; `marker` "o".
    """
    ends = np.multiply(scale, value[1:3])
    if np.isfinite(ends).all() and value.n >= least:
        bar = {"color": colour, "linewidth": width, "solid_capstyle": "butt"}
        ax.plot(*_along(ends, [at, at], across), **bar)
    ax.plot(
        *_along([scale * value.value], [at], across), **{"marker": "o", "ls": "", "color": colour, **point}
    )


def units(
    ax: Any,
    at: float | np.number,
    values: Float[np.ndarray, " n"],
    colour: str,
    *,
    across: bool = False,
    size: float = 3.0,
) -> None:
    """Draws the value of every unit as a faint point."""
    places = np.full(len(values), at)
    ax.plot(*_along(values, places, across), "o", color=colour, alpha=0.35, markersize=size, mec="none")


def _along(values: Any, at: Any, across: bool) -> tuple[Any, Any]:
    return (values, at) if across else (at, values)


def panels(n: int, columns: int, width: float, shape: float, **how: Any) -> tuple[Figure, np.ndarray]:
    """n panels, at most `columns` of them in a row, each `shape` times as high as wide.

    Args:
        n: panels that are used; those that fill the last row are hidden.
        columns: panels in a row.
        width: of the figure, inches.
        shape: height of a panel over its width.
        **how: as in `plt.subplots`.

    Returns:
        The figure and its axes [rows, columns].
    """
    columns = min(columns, n)
    rows = -(-n // columns)
    size = (width, width / columns * rows * shape)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, **how)
    hide(axes, n)
    return figure, axes


def hide(axes: np.ndarray, n: int) -> None:
    """Hides all axes but the first n."""
    for ax in axes.flat[n:]:
        ax.set_visible(False)


def logarithmic(ax: Any, which: Literal["x", "y"], ticks: Iterable[float]) -> None:
    """Makes an axis logarithmic, and labels those of the ticks that lie in view."""
    getattr(ax, f"set_{which}scale")("log")
    low, high = getattr(ax, f"get_{which}lim")()
    shown = [tick for tick in ticks if low <= tick <= high]
    getattr(ax, f"set_{which}ticks")(shown, [f"{tick:,g}" for tick in shown])
    getattr(ax, f"{which}axis").minorticks_off()


def name_ends(ax: Any, ends: Sequence[tuple[float, str, str]]) -> None:
    """Names lines beside the axes in their colours, each as close to its end as the others' names allow.

    ends: (height of the line's end in data coordinates, name, colour); the limits of the y axis are set already.
    """
    low, high = ax.get_ylim()
    line = (high - low) * LINE * ax.figure.dpi / 72 / ax.bbox.height
    heights = spread(np.array([end for end, *_ in ends]), line)
    for height, (_, name, colour) in zip(heights, ends):
        ax.annotate(
            name, (1, height), xycoords=("axes fraction", "data"), xytext=(4, 0), textcoords="offset points",
            va="center", fontsize="small", color=colour, annotation_clip=False,
        )  # fmt: skip


def cells(
    ax: Any,
    table: Float[np.ndarray, "rows columns"],
    text: Callable[[float], str],
    *,
    dark: float,
    size: str = "x-small",
) -> None:
    """Writes into the cells of an image: the text of every finite value, white where the value is beyond ±dark."""
    for (y, x), value in np.ndenumerate(table):
        if np.isfinite(value):
            colour = "white" if abs(value) > dark else INK
            ax.text(x, y, text(value), ha="center", va="center", fontsize=size, color=colour)


def digit_map(
    ax: Any,
    points: Float[np.ndarray, "n 2"],
    labels: Integer[np.ndarray, " n"],
    *,
    letters: float = 11,
    **how: Any,
) -> None:
    """Draws points in the colours of their digits, with the digits' names of `letters` points and without ticks.

    how: as in `scatter`.
    """
    ax.scatter(*points.T, **{"c": [DIGITS[d] for d in labels], "s": 1.5, "linewidth": 0, **how})
    name_classes(ax, points, labels, size=letters)
    ax.set(xticks=[], yticks=[])

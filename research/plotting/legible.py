"""Legibility of figures: labels that overlap or leave the page, and the narrowest width without such flaws."""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text

from research.plotting.style import lay_out

SLACK = 1.0  # points by which two labels may touch, or one may leave the page
NO_ROOM = "the labels leave no room for the axes"


def flaws(figure: Figure) -> list[str]:
    """One line for each label that overlaps another or is cut off at the edge; NO_ROOM if the layout fails."""
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "constrained_layout not applied")
            lay_out(figure)
    except UserWarning:
        return [NO_ROOM]
    unseen = {label for ax in figure.axes for label in _out_of_view(ax)}
    texts = [
        text
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and text not in unseen
    ]
    if not texts:
        return []
    boxes = np.array([text.get_window_extent().extents for text in texts])  # [texts, (x0, y0, x1, y1)]
    said, slack = [text.get_text() for text in texts], SLACK * figure.dpi / 72
    outside = (boxes[:, :2] < -slack).any(1) | (boxes[:, 2:] > np.array(figure.bbox.size) + slack).any(1)
    shared = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:]) - np.maximum(
        boxes[:, None, :2], boxes[None, :, :2]
    )
    pairs = np.argwhere(np.triu((shared > slack).all(-1), 1))
    return [f"{said[i]!r} is cut off" for i in np.flatnonzero(outside)] + [
        f"{said[i]!r} overlaps {said[j]!r}" for i, j in pairs
    ]


def narrowest(draw: Callable[[float], Any], widths: Sequence[float], at_most: int = 0) -> Figure | None:
    """The figure at the first of these widths at which it has at most `at_most` flaws, else None.

    Args:
        draw: from a width in inches to a figure.
        widths: tried in this order; a figure wider than a column is scaled down to it.
        at_most: flaws that are accepted.
    """
    import matplotlib.pyplot as plt

    for width in widths:
        figure = draw(width)
        found = flaws(figure)
        if NO_ROOM not in found and len(found) <= at_most:
            return figure
        plt.close(figure)
    return None


def _out_of_view(ax) -> list[Text]:
    """Tick labels that matplotlib keeps but does not draw."""
    hidden = []
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        room = 1e-6 * (high - low)
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            if not (ax.axison and ax.get_visible() and low - room <= tick.get_loc() <= high + room):
                hidden += [tick.label1, tick.label2]
    return hidden

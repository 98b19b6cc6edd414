"""Figure of how cost grows: time and memory against every size, log-log, with the expected slope."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from research.bench import growth
from research.bench.growth import AXES, Axis, curve
from research.plotting import style

ROWS = (("seconds", "seconds", 1.0), ("bytes", "largest memory, MiB", 2.0**-20))
COLUMNS = 4


def draw(tasks: Mapping[str, Any], width: float = 9.0):
    """The measured axes of growth, time above memory; None if none was measured.

    Args:
        tasks: what was measured, by task.
        width: inches.
    """
    import matplotlib.pyplot as plt

    grown = growth.measured(tasks)
    if not grown:
        return None
    blocks = -(-len(grown) // COLUMNS)
    size = (width, 0.42 * width * blocks)
    figure, axes = plt.subplots(
        len(ROWS) * blocks, COLUMNS, figsize=size, layout="constrained", squeeze=False
    )
    for i, (name, facts) in enumerate(grown.items()):
        block, column = divmod(i, COLUMNS)
        for row, (what, label, unit) in enumerate(ROWS):
            ax = axes[len(ROWS) * block + row, column]
            ax.sharey(axes[row, 0])
            _one(ax, AXES[name], *curve(facts, what), what, unit)
            if not column:
                ax.set_ylabel(label)
            if not row:
                ax.set_title(name)
    for ax in axes.ravel():
        ax.set_visible(ax.has_data())
    return figure


def _one(ax, axis: Axis, sizes, values, what, unit) -> None:
    values = [value * unit for value in values]
    expected = axis.slope if what == "seconds" else axis.memory
    ax.loglog(
        sizes, values[-1] * (np.array(sizes) / sizes[-1]) ** expected, color=style.MUTED, lw=0.7, ls="--"
    )
    ax.loglog(sizes, values, "o-", color=style.ACCENT if what == "seconds" else style.SECOND)
    bound = "at most " if what == "bytes" else ""
    words = f"slope {growth.slope(sizes, values):.2f}\ndashed: {bound}{expected:g}"
    ax.text(0.97, 0.04, words, transform=ax.transAxes, va="bottom", ha="right", color=style.MUTED)
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.minorticks_off()


def save(tasks: Mapping[str, Any], stem: Path) -> None:
    """Writes the figure as stem.png, if any axis was measured."""
    import matplotlib.pyplot as plt

    os.environ["SOURCE_DATE_EPOCH"] = "0"
    with style.paper_style():
        figure = draw(tasks)
        if figure is not None:
            figure.savefig(stem.with_suffix(".png"), metadata={"Software": None}, dpi=200)
            plt.close(figure)

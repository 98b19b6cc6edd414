"""How cost grows: time and memory against every size, log-log, beside the slope that is expected."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from research import figures
from research.bench import growth
from research.bench.growth import AXES, Axis, curve

ROWS = (("seconds", "seconds", 1.0), ("bytes", "memory of the process, MiB", 2.0**-20))


def draw(tasks: Mapping[str, Any], width: float = 10.0):
    """The measured axes of growth, time above and memory below; None if none was measured."""
    import matplotlib.pyplot as plt

    grown = growth.measured(tasks)
    if not grown:
        return None
    figure, axes = plt.subplots(
        len(ROWS), len(grown), figsize=(width, 0.36 * width), sharex="col", sharey="row", squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for column, (name, facts) in zip(axes.T, grown.items()):
        for ax, (what, label, unit) in zip(column, ROWS):
            _one(ax, AXES[name], *curve(facts, what), what, unit)
            if ax is axes[ROWS.index((what, label, unit))][0]:
                ax.set_ylabel(label)
        column[0].set_title(name)
    return figure


def _one(ax, axis: Axis, sizes, values, what, unit) -> None:
    values = [value * unit for value in values]
    expected = axis.slope if what == "seconds" else axis.memory
    ax.loglog(
        sizes, values[-1] * (np.array(sizes) / sizes[-1]) ** expected, color=figures.MUTED, lw=0.7, ls="--"
    )
    ax.loglog(sizes, values, "o-", color=figures.ACCENT if what == "seconds" else figures.SECOND)
    words = f"slope {growth.slope(sizes, values):.2f}, {'at most ' if what == 'bytes' else ''}{expected:g} expected"
    ax.text(0.04, 0.96, words, transform=ax.transAxes, va="top", fontsize=6, color=figures.MUTED)
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes], rotation=30)
    ax.minorticks_off()


def save(tasks: Mapping[str, Any], stem: Path) -> None:
    """Writes the figure as stem.png, if there is anything to draw."""
    import matplotlib.pyplot as plt

    os.environ["SOURCE_DATE_EPOCH"] = "0"
    with figures.style():
        figure = draw(tasks)
        if figure is not None:
            figure.savefig(stem.with_suffix(".png"), metadata={"Software": None}, dpi=200)
            plt.close(figure)

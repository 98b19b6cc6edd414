"""Single sevens: what each model takes them for, and what filters of a CNN show of them."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from research.plotting.style import DOUBLE, INK, MUTED, NARROW, SECOND
from research.plotting.tiles import Tiles, tiles


def examples(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """One seven at every strength, and what each model takes it for."""
    families, steps = results.sizes["family"], results.sizes["step"]
    narrow = width < NARROW
    size = (width, width * families / steps * (2.1 if narrow else 1.32))
    figure, axes = plt.subplots(families, 1, figsize=size, squeeze=False)
    marks = {"dense3": "D", "cnn_small": "C", "knn": "K"}
    first = {kind: int(np.flatnonzero(results.kind == kind)[0]) for kind in marks}
    for row, family in zip(axes[:, 0], results.family.values):
        one = results.sel(family=family)
        sevens = tiles(row, one.example.values[:, 0] / 255)
        for step in range(steps):
            strength = f"{float(one.strength[step]):g}".replace("-", "−")
            sevens.name(step, strength, above=True, fontsize=7)
            taken = {kind: int(one.predicted[i, step, 0]) for kind, i in first.items()}
            for i, (kind, digit) in enumerate(taken.items()):
                right = digit == 7
                how: dict[str, Any] = {"color": MUTED} if right else {"color": SECOND, "fontweight": "bold"}
                if narrow:
                    _under(sevens, step, i, str(digit), **how)
                else:
                    sevens.name(step, f"{marks[kind]} {digit}", at=i / 2, fontsize=6.2, **how)
        if narrow:
            for i, mark in enumerate(marks.values()):
                _under(sevens, 0, i, mark, at=-0.12, color=INK)
        row.set_ylabel(family, fontsize=6.5 if narrow else 7.5)
    return figure


def _under(sevens: Tiles, step: int, line: int, text: str, *, at: float = 0.5, **how) -> None:
    """Writes into a line of the table under the tiles."""
    height, width = sevens.size
    sevens.ax.annotate(
        text, (sevens.place(step) + at * width, height - 0.5), xytext=(0, -3 - 8 * line),
        textcoords="offset points", ha="center", va="top", annotation_clip=False, fontsize=6.5, **how,
    )  # fmt: skip


def filters(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Funky sevens and the answers of two second-layer filters to them."""
    drawn, answers = results.filter_seven.values / 255, results.filter_answer.values / 255
    rows = {"funky seven": drawn, "bar's filter": answers[0], "slash's filter": answers[1]}
    figure, axes = plt.subplots(len(rows), 1, figsize=(width, 0.52 * width))
    auc = results.filter_auc.sel(training="trained").isel(cnn=0).values
    labels = ["", f"\nAUC {auc[0]:.2f}", f"\nAUC {auc[1]:.2f}"]
    for ax, (name, images), label in zip(axes, rows.items(), labels):
        tiles(ax, images).name_row(name + label, fontsize=6.5)
    return figure

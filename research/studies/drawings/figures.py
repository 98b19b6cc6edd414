"""Figures of the study "drawings"."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from research.plotting.style import DOUBLE, INK, MUTED, NARROW, SECOND, Drawing
from research.plotting.tiles import Tiles, tiles
from research.studies.drawings import charts
from research.studies.drawings import measures as m


def funky(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """One seven at every width and shift, with the shares that show the document's pattern and its reverse."""
    narrow = width < NARROW
    widths, shifts = results.width.values, results["shift"].values
    size = (width, width * len(widths) / len(shifts) * (1.36 if narrow else 1.09))
    figure, axes = plt.subplots(len(widths), 1, figsize=size, squeeze=False)
    for ax, factor in zip(axes[:, 0], widths):
        row = tiles(ax, results.grid_example.sel(width=factor).values / 255)
        row.name_row(f"{factor:g} ×\nwidth", fontsize="small")
        for i, shift in enumerate(shifts):
            shows, reverse = (
                x.mean() for x in m.pattern(results, m.cell(results, float(factor), int(shift)))
            )
            if factor == widths[0]:
                row.name(i, f"shift {shift}", above=True, fontsize="small")
            row.name(i, f"{100 * shows:.1f}", at=0.0, fontsize="small", fontweight="bold")
            row.name(i, f"{100 * reverse:.1f}", at=1.0, fontsize="small", color=MUTED)
    pairs = int((results.kind == "cnn_small").sum())
    units = f"n = {pairs} pairs of networks × {int(results.sevens):,} sevens"
    figure.suptitle(f"pattern, %; its reverse, %{chr(10) if narrow else ' '}({units})", fontsize="medium")
    return figure


def maps(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Nearest class of plain and funky sevens, in the PCA plane and in t-SNE."""
    narrow = width < NARROW
    size = (width, 1.5 * width if narrow else 0.4 * width)
    figure, axes = plt.subplots(*((2, 1) if narrow else (1, 2)), figsize=size, sharey=True)
    for ax, (name, title) in zip(
        axes, {"pca": "PCA plane, nearest class mean", "tsne": "t-SNE, nearest points"}.items()
    ):
        for state, offset, colour in (("plain", -0.2, MUTED), ("funky", 0.2, charts.FUNKY)):
            near = 100 * results[f"tenth_{name}_near"].sel(state=state).values
            ax.bar(
                np.arange(10) + offset, near.mean(0), 0.38, color=colour, alpha=0.6, label=f"{state} sevens"
            )
            for x, shares in enumerate(near.T):
                ax.plot(np.full(len(shares), x + offset), shares, ".", color=colour, markersize=2)
        ax.set(title=title, xticks=range(10), xlabel="nearest class")
        ax.grid(axis="y")
    for ax in axes[: 2 if narrow else 1]:
        ax.set_ylabel(f"share of the sevens, %\n(points: n = {results.sizes['tenth']} tenths)")
    axes[0].legend(loc="upper left")
    return figure


def examples(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """One seven at every strength, and the class that each model predicts."""
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
            sevens.name(step, strength, above=True, fontsize="small")
            taken = {kind: int(one.predicted[i, step, 0]) for kind, i in first.items()}
            for i, (kind, digit) in enumerate(taken.items()):
                right = digit == 7
                how: dict[str, Any] = {"color": MUTED} if right else {"color": SECOND, "fontweight": "bold"}
                if narrow:
                    _under(sevens, step, i, str(digit), **how)
                else:
                    sevens.name(step, f"{marks[kind]} {digit}", at=i / 2, fontsize="small", **how)
        if narrow:
            for i, mark in enumerate(marks.values()):
                _under(sevens, 0, i, mark, at=-0.12, color=INK)
        row.set_ylabel(family, fontsize="small" if narrow else "medium")
    return figure


def _under(sevens: Tiles, step: int, line: int, text: str, *, at: float = 0.5, **how) -> None:
    """Writes text into a line of the table under the tiles."""
    height, width = sevens.size
    sevens.ax.annotate(
        text, (sevens.place(step) + at * width, height - 0.5), xytext=(0, -3 - 8 * line),
        textcoords="offset points", ha="center", va="top", annotation_clip=False, fontsize="small", **how,
    )  # fmt: skip


def filters(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Funky sevens, and the activations of two second-layer filters."""
    drawn, answers = results.filter_seven.values / 255, results.filter_answer.values / 255
    rows = {"funky seven": drawn, "bar's filter": answers[0], "slash's filter": answers[1]}
    figure, axes = plt.subplots(len(rows), 1, figsize=(width, 0.52 * width))
    auc = results.filter_auc.sel(training="trained").isel(cnn=0).values
    labels = ["", f"\nAUC {auc[0]:.2f}", f"\nAUC {auc[1]:.2f}"]
    for ax, (name, images), label in zip(axes, rows.items(), labels):
        tiles(ax, images).name_row(name + label, fontsize="small")
    return figure


FIGURES = {
    "funky": Drawing(
        funky,
        "Which sevens fool a dense network but not a CNN? One test seven at every width and every shift "
        "towards the right edge. Under it, bold: the share of sevens that show the document's pattern (dense "
        "network and nearest neighbours wrong, CNN right); grey: the reverse ({funky-seven:n}).",
        "column",
        "funky-seven-pattern",
    ),
    "maps": Drawing(
        maps,
        "Near which class do the maps put a seven? The nearest class of plain and funky sevens; bars: mean, "
        "points: each of {funky-seven-pca:size}.",
        "column",
        "funky-seven-in-pca",
    ),
    "filters": Drawing(
        filters,
        "Does the second layer separate bar and slash? Funky sevens, and the activations of the two "
        "second-layer filters of the first CNN that were chosen, on other sevens, because they separate the bar "
        "from the slash.",
        "appendix",
    ),
    "examples": Drawing(
        examples,
        "What do the three models read? One test seven, deformed in steps (numbers: the strength), and what "
        "the first dense network, the first CNN and the nearest neighbours (D, C, K) take it for; red where "
        "they are wrong.",
        "appendix",
        "thick-strokes",
    ),
    "accuracy": Drawing(
        charts.accuracy,
        "Under which deformations is the CNN better? Accuracy against the strength of the deformation, with the "
        "{confidence} band over networks and images ({funky-seven:n}; the nearest neighbours are one "
        "recogniser and have none); above the test sevens, below a sample of all test digits. Dotted: the "
        "digit as it is.",
        "wide",
        "place-decides",
    ),
    "plane": Drawing(
        charts.plane,
        "Where does a deformed seven move in the PCA plane? Training images with the means of the digits; at the "
        "right the path of the mean seven under each deformation, with the strength at its ends. Funky: wider, then moved to "
        "the right in steps.",
        "appendix",
        "funky-seven-in-pca",
    ),
}

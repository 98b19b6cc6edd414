"""Figures of the study "drawings"."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from research.plotting.style import DOUBLE, MUTED, NARROW, Drawing
from research.plotting.tiles import tiles
from research.studies.drawings import measures as m
from research.studies.drawings.charts import accuracy, distance, plane
from research.studies.drawings.single_sevens import examples, filters


def funky(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """One seven at every width and shift, and how often sevens show the document's pattern and its reverse there."""
    narrow = width < NARROW
    widths, shifts = results.width.values, results["shift"].values
    size = (width, width * len(widths) / len(shifts) * (1.36 if narrow else 0.95))
    figure, axes = plt.subplots(len(widths), 1, figsize=size, squeeze=False)
    for ax, factor in zip(axes[:, 0], widths):
        row = tiles(ax, results.grid_example.sel(width=factor).values / 255)
        row.name_row(f"{factor:g} ×\nwidth", fontsize=7)
        for i, shift in enumerate(shifts):
            shows, reverse = (
                x.mean() for x in m.pattern(results, m.cell(results, float(factor), int(shift)))
            )
            if factor == widths[0]:
                row.name(i, f"shift {shift}", above=True, fontsize=6.5)
            row.name(i, f"{100 * shows:.1f}", at=0.0, fontsize=6.5, fontweight="bold")
            row.name(i, f"{100 * reverse:.1f}", at=1.0, fontsize=6.5, color=MUTED)
    pairs = int((results.kind == "cnn_small").sum())
    units = f"n = {pairs} pairs of networks × {int(results.sevens):,} sevens"
    figure.suptitle(f"pattern, %; its reverse, %{chr(10) if narrow else ' '}({units})", fontsize=7.5)
    return figure


def maps(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Which class plain and funky sevens are nearest to, in the PCA plane and in t-SNE."""
    narrow = width < NARROW
    size = (width, 1.5 * width if narrow else 0.4 * width)
    figure, axes = plt.subplots(*((2, 1) if narrow else (1, 2)), figsize=size, sharey=True)
    for ax, (name, title) in zip(
        axes, {"pca": "PCA plane, nearest class mean", "tsne": "t-SNE, nearest points"}.items()
    ):
        for state, offset, colour in (("plain", -0.2, MUTED), ("funky", 0.2, m.FUNKY)):
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


FIGURES = {
    "funky": Drawing(
        funky,
        "Which sevens fool a dense network but not a CNN? One test seven at every width and every shift "
        "towards the right edge. Under it, bold: the share of sevens that show the document's pattern (dense "
        "network and nearest neighbours wrong, CNN right); grey: the reverse ({funky-seven:n}).",
        "column",
    ),
    "maps": Drawing(
        maps,
        "Near which class do the maps put a seven? The nearest class of plain and funky sevens; bars: mean, "
        "points: each of {funky-seven-pca:size}.",
        "column",
    ),
    "filters": Drawing(
        filters,
        "Does the second layer see bar and slash? Funky sevens, and the answers of the two second-layer "
        "filters of the first CNN that were chosen, on other sevens, for telling the bar from the slash.",
        "appendix",
    ),
    "examples": Drawing(
        examples,
        "What do the three models read? One test seven, deformed in steps (numbers: the strength), and what "
        "the first dense network, the first CNN and the nearest neighbours (D, C, K) take it for; red where "
        "they are wrong.",
        "appendix",
    ),
    "accuracy": Drawing(
        accuracy,
        "Which deformation sets the CNN apart? Accuracy against the strength of the deformation, with the "
        "{confidence} band over networks and images ({funky-seven:n}; the nearest neighbours are one "
        "recogniser and have none); above the test sevens, below a sample of all test digits. Dotted: the "
        "digit as it is.",
        "wide",
    ),
    "plane": Drawing(
        plane,
        "Where does a deformed seven go in the PCA plane? Training images with the means of the digits, and "
        "the way of the mean seven under each deformation, once more by itself. Funky: wider, then further to"
        " the right.",
        "appendix",
    ),
    "distance": Drawing(
        distance,
        "How far from the sevens does a deformed seven lie? Distance in the PCA plane to the mean of the "
        "training sevens and to the centre of all digits: median and the middle half of the sevens.",
        "appendix",
    ),
}

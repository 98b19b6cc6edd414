"""Figures of the study "drawings"."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from research.plotting.style import (
    ACCENT,
    DIGITS,
    DOUBLE,
    FAINT,
    INK,
    MUTED,
    NARROW,
    SECOND,
    Drawing,
    name_classes,
    rim,
)
from research.plotting.tiles import Tiles, tiles
from research.studies.drawings import study

COLOURS = dict(zip(study.KINDS, (SECOND, ACCENT, "#8a6d1c")))
AXES = {
    "width": "width, times",
    "slant": "slant, columns a row",
    "shift": "shift, pixels",
    "thickness": "stroke, pixels a side",
}
NEUTRAL = {"width": 1.0}


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
                    sevens.name(step, f"{marks[kind]} {digit}", at=i / 2, fontsize=5.8, **how)
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


def accuracy(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Accuracy of the three models against strength, for the sevens and for all digits."""
    families = list(results.family.values)
    narrow = width < NARROW
    columns = 2 if narrow else len(families)
    blocks = -(-len(families) // columns)  # of two rows: the sevens, all
    size = (width, (0.92 * blocks if narrow else 0.55) * width)
    figure, grid = plt.subplots(2 * blocks, columns, figsize=size, sharey=True, squeeze=False)
    axes = grid.reshape(blocks, 2, columns).swapaxes(0, 1).reshape(2, -1)
    for top, bottom in axes.T:
        top.sharex(bottom)
        top.tick_params(labelbottom=False)
    for ax in axes[:, len(families) :].flat:
        ax.set_visible(False)
    for which, row in zip(("sevens", "all"), axes):
        for family, ax in zip(families, row):
            strengths = results.strength.sel(family=family).values
            for kind, colour in COLOURS.items():
                hits = study.right(results, kind, which).sel(family=family)
                found = [study.accuracy(hits.isel(step=step)) for step in range(len(strengths))]
                ax.fill_between(
                    strengths, [f.low for f in found], [f.high for f in found], color=colour, alpha=0.2,
                    linewidth=0,
                )  # fmt: skip
                ax.plot(strengths, [f.value for f in found], "-o", color=colour, markersize=2.5)
            ax.axvline(NEUTRAL.get(family, 0.0), color=FAINT, linestyle=":", zorder=0)
            ax.set_ylim(0, 1.02)
            ax.grid(axis="y")
    for family, top, bottom in zip(families, *axes):
        top.set_title(family)
        bottom.set_xlabel(AXES[family])
    sizes = results.sevens, results.sizes["image"] - results.sevens
    for row, what, n in zip(axes, ("sevens", "all digits"), sizes):
        for ax in row[::columns]:
            ax.set_ylabel(f"accuracy, {what},{chr(10) if narrow else ' '}n = " + f"{n:,}".replace(",", " "))
    for i, (kind, colour) in enumerate(COLOURS.items()):
        axes[1, 0].text(0.04, 0.04 + 0.1 * i, study.KINDS[kind], color=colour, transform=axes[1, 0].transAxes)
    return figure


def plane(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Where the mean seven goes in the plane of the first two principal components, family by family."""
    layout: dict[str, Any] = {"ncols": 2, "width_ratios": (1.25, 1), "figsize": (width, 0.5 * width)}
    if width < NARROW:
        layout = {"nrows": 2, "figsize": (width, 1.85 * width)}
    figure, (left, right) = plt.subplots(**layout)
    colours = np.array(DIGITS)[results.known_label.values]
    left.scatter(*results.known.values.T, c=colours, s=2, alpha=0.35, linewidth=0)
    left.plot(0, 0, "+", color=INK, markersize=7)
    right.plot(0, 0, "+", color=INK, markersize=7)
    right.annotate("centre", (0, 0), xytext=(5, 4), textcoords="offset points", color=INK, fontsize=7)
    shades = dict(zip(results.family.values, (ACCENT, SECOND, "#8a6d1c", "#2f8f4e")))
    for family, colour in shades.items():
        way = results.codes.sel(family=family).mean("seven").values
        for ax in (left, right):
            ax.plot(*way.T, "-o", color=colour, markersize=2.5, linewidth=1)
        strengths = results.strength.sel(family=family).values
        for step in {0, len(way) - 1}:
            if strengths[step] != NEUTRAL.get(family, 0.0):
                right.annotate(f"{family} {strengths[step]:g}".replace("-", "−"), way[step], xytext=(3, 3), color=colour,
                               textcoords="offset points", fontsize=6.5, path_effects=rim())  # fmt: skip
    right.text(
        *results.means.values[7],
        "7",
        color=DIGITS[7],
        fontsize=11,
        fontweight="bold",
        ha="center",
        va="center",
    )
    for ax, title in ((left, "training images"), (right, "the mean of the deformed sevens")):
        ax.set(title=title, xlabel="first component")
        ax.margins(0.14)
    left.set_aspect("equal")
    name_classes(left, results.means.values, np.arange(results.sizes["digit"]))
    left.set_ylabel("second component")
    return figure


def distance(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Distances of the sevens' points to their mean and to the centre against strength."""
    families = list(results.family.values)
    columns, height = (2, 0.57) if width < NARROW else (len(families), 0.32)
    rows = -(-len(families) // columns)
    size = (width, height * rows * width)
    figure, axes = plt.subplots(rows, columns, figsize=size, sharey=True, squeeze=False)
    for ax in axes.flat[len(families) :]:
        ax.set_visible(False)
    for family, ax in zip(families, axes.flat):
        strengths = results.strength.sel(family=family).values
        both = zip(
            ("to the sevens' mean", "to the centre"), study.distances(results, family), (ACCENT, SECOND)
        )
        for i, (what, lengths, colour) in enumerate(both):
            low, middle, high = np.quantile(lengths, [0.25, 0.5, 0.75], axis=1)
            ax.fill_between(strengths, low, high, color=colour, alpha=0.2, linewidth=0)
            ax.plot(strengths, middle, "-o", color=colour, markersize=2.5)
            if family == families[0]:
                ax.text(0.04, 0.95 - 0.1 * i, what, color=colour, transform=ax.transAxes, va="top")
        ax.axvline(NEUTRAL.get(family, 0.0), color=FAINT, linestyle=":", zorder=0)
        ax.set(title=family, xlabel=AXES[family])
        ax.grid(axis="y")
    for ax in axes[:, 0]:
        ax.set_ylabel("distance in the PCA plane")
    axes[0, 0].set_ylim(0, None)
    return figure


FIGURES = {
    "examples": Drawing(
        examples,
        "One test seven, deformed in steps (numbers: the strength), and what the dense network, the CNN and the five "
        "nearest neighbours (D, C, K) take it for; red where they are wrong.",
    ),
    "accuracy": Drawing(
        accuracy,
        "Accuracy against the strength of the deformation with Wilson's 95 % band; above the test sevens, below a "
        "sample of all test digits. Dotted: the digit as it is.",
    ),
    "plane": Drawing(
        plane,
        "The plane of the first two principal components: training images with the means of the digits, and the way "
        "of the mean seven under each deformation, once more by itself.",
    ),
    "distance": Drawing(
        distance,
        "Distance of the deformed sevens in that plane to the mean of the training sevens and to the centre of all "
        "digits: median and the middle half of the sevens.",
    ),
}

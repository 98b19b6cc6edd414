"""Accuracy against the strength of a deformation, and the path of the sevens in the PCA plane."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from research.plotting import charts, style
from research.plotting.style import ACCENT, DIGITS, DOUBLE, FAINT, INK, NARROW, SECOND, name_classes, rim
from research.studies.drawings import measures as m
from research.studies.drawings.study import KINDS

COLOURS = dict(zip(KINDS, (SECOND, ACCENT, style.OLIVE)))
FUNKY = style.PURPLE
AXES = {
    "width": "width, times",
    "slant": "slant, columns a row",
    "shift": "shift, pixels",
    "thickness": "stroke, pixels a side",
}
NEUTRAL = {"width": 1.0}


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
    charts.hide(axes.T, 2 * len(families))
    for which, row in zip(("sevens", "all"), axes):
        for family, ax in zip(families, row):
            for kind, colour in COLOURS.items():
                _curve(ax, results, kind, which, family, colour)
            ax.axvline(NEUTRAL.get(family, 0.0), color=FAINT, linestyle=":", zorder=0)
            ax.set_ylim(0, 1.02)
            ax.grid(axis="y")
    for family, top, bottom in zip(families, *axes):
        top.set_title(family)
        bottom.set_xlabel(AXES[family])
    sizes = int(results.sevens), results.sizes["image"] - int(results.sevens)
    for row, what, n in zip(axes, ("sevens", "digits"), sizes):
        for ax in row[::columns]:
            ax.set_ylabel(f"accuracy on\n{n:,} {what}")
    ax = axes[1, 0]
    for i, (kind, colour) in enumerate(COLOURS.items()):
        ax.text(0.04, 0.04 + 0.1 * i, m.name_of(results, kind), color=colour, transform=ax.transAxes)
    return figure


def _curve(ax, results: xr.Dataset, kind: str, which: str, family: str, colour: str) -> None:
    """Draws the accuracy of a kind of recogniser, with a band if there are several networks of it."""
    strengths = results.strength.sel(family=family).values
    hits = [m.right(results, kind, which, family, step) for step in range(len(strengths))]
    ax.plot(strengths, [x.mean() for x in hits], "-o", color=colour, markersize=2.5)
    bands = np.array([m.share_of(x)[1:3] for x in hits])
    if np.isfinite(bands).any():
        low, high = np.where(np.isfinite(bands), bands, np.nan).T
        ax.fill_between(strengths, low, high, color=colour, alpha=0.2, linewidth=0)


def plane(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Path of the mean seven in the plane of the first two principal components, for each family."""
    layout: dict[str, Any] = {"ncols": 2, "width_ratios": (1.25, 1), "figsize": (width, 0.5 * width)}
    if width < NARROW:
        layout = {"nrows": 2, "figsize": (width, 1.85 * width)}
    figure, (left, right) = plt.subplots(**layout)
    colours = np.array(DIGITS)[results.known_label.values]
    left.scatter(*results.known.values.astype(float).T, c=colours, s=2, alpha=0.35, linewidth=0)
    left.plot(0, 0, "+", color=INK, markersize=7)
    right.plot(0, 0, "+", color=INK, markersize=7)
    right.annotate("centre", (0, 0), xytext=(5, 4), textcoords="offset points", color=INK, fontsize="small")
    shades = dict(zip(results.family.values, (ACCENT, SECOND, style.OLIVE, style.GREEN)))
    ways = {family: results.codes.sel(family=family).astype(float).mean("seven").values for family in shades}
    spans = np.ptp(np.concatenate(list(ways.values())), axis=0)
    for family, colour in shades.items():
        way = ways[family]
        right.plot(*way.T, "-o", color=colour, markersize=2.5, linewidth=1)
        strengths = results.strength.sel(family=family).values
        for step, before in ((0, 1), (-1, -2)):
            if strengths[step] != NEUTRAL.get(
                family, 0.0
            ):  # an end of the path: its strength stands beyond it
                forth = (way[step] - way[before]) / spans
                x, y = np.sign(forth) * (np.abs(forth) > 0.2 * np.abs(forth).max())  # -1, 0 or 1
                right.annotate(
                    f"{strengths[step]:g}".replace("-", "−"), way[step], xytext=(3 * x, 3 * y), color=colour,
                    textcoords="offset points", fontsize="small", path_effects=rim(),
                    ha=("center", "left", "right")[int(x)], va=("center", "bottom", "top")[int(y)],
                )  # fmt: skip
    _funky_way(results, (left, right))
    for i, (name, colour) in enumerate({**shades, "funky": FUNKY}.items()):
        right.text(0.97, 0.38 - 0.07 * i, name, color=colour, ha="right", transform=right.transAxes)
    how = {"color": DIGITS[7], "fontsize": "large", "fontweight": "bold", "ha": "center", "va": "center"}
    right.text(*results.means.values[7], "7", **how)
    for ax, title in ((left, "training images"), (right, "the mean of the deformed sevens")):
        ax.set(title=title, xlabel="first component")
        ax.margins(0.14)
    left.set_aspect("equal")
    name_classes(left, results.means.values, np.arange(results.sizes["digit"]))
    left.set_ylabel("second component")
    return figure


def _funky_way(results: xr.Dataset, axes) -> None:
    """Draws the path of the mean seven: unchanged, widened, and moved to the right in steps."""
    mean = results.grid_codes.astype(float).mean("seven")
    wide = mean.sel(width=m.WIDE).values
    way = np.concatenate([mean.sel(width=1.0, shift=0).values[None], wide])
    for ax in axes:
        ax.plot(*way.T, "-s", color=FUNKY, markersize=2.5, linewidth=1.4)

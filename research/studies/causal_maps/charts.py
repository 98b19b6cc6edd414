"""Charts of the study "causal_maps": resemblance, agreement, depth, deletion and insertion."""

import textwrap

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from research import evidence as e
from research.plotting import charts, maps, style
from research.plotting.style import ACCENT, DIVERGING, DOUBLE, FAINT, INK, MUTED, NARROW, SECOND
from research.studies.causal_maps import measures
from research.studies.causal_maps.identikit_maps import METHODS
from research.studies.causal_maps.measures import DOCUMENT

COLOURS = {
    "causal_index": ACCENT,
    "mean_jacobian": style.TEAL,
    "integrated_gradients": SECOND,
    "identikit": style.PURPLE,
    "class_mean": style.OLIVE,
    "own_gradients": INK,
    "random": MUTED,
}
NAMES = {**maps.NAMES, "own_gradients": "the image's own gradients", "random": "random order"}


def wrapped(name: str) -> str:
    """A network's name in lines of about ten letters, broken at its hyphens."""
    return "\n".join(line.replace("- ", "-") for line in textwrap.wrap(name.replace("-", "- "), 12))


def _two_lines(name: str) -> str:
    return textwrap.fill(name, 10)


def resemblance(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Correlation of map and digit by kind of network and method, beside that of null models."""
    kinds, shown = measures.kinds(results), [m for m in METHODS if m != "class_mean"]
    narrow = width < NARROW
    grid = (len(kinds), 1) if narrow else (1, len(kinds))
    size = (width, 0.8 * len(kinds) + 0.4 if narrow else 0.3 * width)
    figure, axes = plt.subplots(*grid, figsize=size, sharex=narrow, sharey=True, squeeze=False)
    names = [_two_lines(NAMES[m]) if narrow else NAMES[m] for m in shown]
    for ax, kind in zip(axes.flat, kinds):
        for x, method in enumerate(shown):
            values = measures.resembles(results, kind, method)
            if len(values):
                _point(ax, x, values, COLOURS[method])
        for x, method in enumerate(shown[:2]):
            for training, marker in (("untrained", "_"), ("shuffled", "x")):
                values = measures.null_resembles(results, kind, training, method)
                ax.plot(np.full(len(values), x + 0.3), values, marker, color=MUTED, markersize=3.5)
        ax.axhline(0, color=FAINT, zorder=0)
        name, n = measures.label(results, kind), measures.of(results, kind).sizes["network"]
        ax.set_title(f"{name} (n = {n})" if narrow else f"{wrapped(name)}\nn = {n}")
        ax.set_xticks(range(len(shown)), names if narrow else [""] * len(shown))
        for tick, method in zip(ax.get_xticklabels(), shown):
            tick.set_color(COLOURS[method])
        ax.set_xlim(-0.5, len(shown) - 0.4)
        ax.tick_params(axis="x", length=0)
    if not narrow:
        points = [Line2D([], [], marker="o", linestyle="", color=COLOURS[method]) for method in shown]
        figure.legend(points, names, loc="outside lower center", ncols=len(shown))
    name_axis = figure.supylabel if narrow else axes[0, 0].set_ylabel
    name_axis("correlation of map and digit", fontsize="medium", color=INK)
    return figure


def _point(ax, x: float | np.integer, values: np.ndarray, colour: str) -> None:
    """Mean and interval of one value per network, and the networks."""
    charts.units(ax, x, values, colour)
    charts.measured(ax, x, e.mean(values), colour, least=e.MIN_UNITS, markersize=4)


def agreement(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Correlations between the methods, means over networks."""
    return _matrices(
        [
            (measures.label(results, kind), measures.of(results, kind).agreement.sel(measure="pearson"))
            for kind in measures.kinds(results)
        ],
        width,
    )


def _matrices(panels: list[tuple[str, xr.DataArray]], width: float) -> Figure:
    narrow = width < NARROW
    columns = 1 if narrow else 3
    rows = -(-len(panels) // columns)
    size = (width, 1.25 * rows + 0.3 if narrow else 0.33 * width * rows + 0.5)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, sharex=True, sharey=True)
    charts.hide(axes, len(panels))
    for ax, (title, of_networks) in zip(axes.flat, panels):
        values = of_networks.values
        mean = values.mean(0)
        mean[np.triu_indices_from(mean)] = np.nan  # the matrix is symmetric: each pair once
        ax.imshow(mean, cmap=DIVERGING, vmin=-1, vmax=1, aspect="auto" if narrow else "equal")
        charts.cells(ax, mean, "{:.2f}".format, dark=0.6)
        names = [maps.NAMES[m] for m in of_networks.reading.values]
        if narrow:
            ax.set_xticks(range(len(names)), [_two_lines(name) for name in names])
        else:
            ax.set_xticks(range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor")
        ax.set_yticks(range(len(names)), names)
        ax.tick_params(length=0, labelsize="small")
        ax.set_title(f"{title} (n = {len(values)})")
    for ax in axes.flat[: len(panels)]:
        ax.xaxis.set_tick_params(labelbottom=not narrow or ax is axes.flat[-1])
    return figure


def depth(results: xr.Dataset, width: float = DOUBLE) -> Figure | None:
    """How the causal index loses agreement and resemblance with depth."""
    if "depth" not in results.dims:
        return None
    narrow = width < NARROW
    grid, size = ((2, 1), (width, width)) if narrow else ((1, 2), (width, 0.36 * width))
    figure, axes = plt.subplots(*grid, figsize=size, sharex=narrow, sharey=True)
    depths = results.depth.values
    for n, values in zip(depths, results.depth_agreement.values):
        _point(axes[0], n, values, INK)
    axes[0].plot(depths, results.depth_agreement.mean("member"), color=INK, linewidth=0.8)
    axes[0].set_title(f"causal index with mean Jacobian (n = {results.sizes['member']} each)")
    for aside, method in zip((-0.04, 0.04), results.known.values):
        one = results.depth_resemblance.sel(known=method)
        for n, values in zip(depths + aside, one.values):
            _point(axes[1], n, values, COLOURS[method])
        axes[1].plot(depths + aside, one.mean("member"), color=COLOURS[method], linewidth=0.8)
    axes[1].set_title("map with digit")
    for ax in axes:
        ax.set_xticks(depths)
        ax.set_ylabel("correlation")
        ax.set_xlabel("hidden layers")
        ax.label_outer()
        ax.axhline(0, color=FAINT, zorder=0)
    last = results.depth_resemblance.mean("member").isel(depth=-1)
    charts.name_ends(
        axes[1], [(float(y), NAMES[method], COLOURS[method]) for y, method in zip(last, last.known.values)]
    )
    return figure


def curves(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Deletion and insertion: probability of the class while pixels are replaced in the order of each map."""
    there = measures.kinds(results)
    kinds = [kind for kind in (DOCUMENT, "cnn") if kind in there] or there[:1]
    narrow = width < NARROW
    columns, high = (1, 1.6) if narrow else (2, 0.36 * width)
    rows = 2 * len(kinds) // columns
    figure, axes = plt.subplots(
        rows, columns, figsize=(width, high * rows), sharex=True, sharey=True, squeeze=False
    )
    for row, kind in zip(axes.reshape(-1, 2), kinds):
        mine = measures.of(results, kind).curves.mean("network")
        name = f"{measures.label(results, kind)}, n = {measures.of(results, kind).sizes['network']}"
        for ax, curve in zip(row, ("deletion", "insertion")):
            lines = {ranking: mine.sel(curve=curve, ranking=ranking).values for ranking in COLOURS}
            areas = {
                r: np.trapezoid(line, results.point) for r, line in lines.items() if not np.isnan(line).all()
            }
            for i, ranking in enumerate(sorted(areas, key=areas.__getitem__, reverse=True)):
                ax.plot(results.point.values, lines[ranking], color=COLOURS[ranking])
                label = f"{areas[ranking]:.2f}  {NAMES[ranking]}"
                ax.text(1.04, 0.93 - 0.09 * i, label, color=COLOURS[ranking], va="center", fontsize="small")
            ax.set_title(f"{curve} ({name})")
            ax.set_ylim(0, 1.02)
            ax.set_xlim(0, 1.85)
            ax.spines.bottom.set_bounds(0, 1)
            ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "¼", "½", "¾", "1"])
    words = "probability of the class"
    if narrow:
        figure.supylabel(words, fontsize="medium", color=INK)
    for ax in axes[:, 0]:
        ax.set_ylabel("" if narrow else words)
    for ax in axes[-1]:
        ax.set_xlabel("share of pixels replaced", loc="left")
    return figure

"""Figure of the search: the regime in which each drawn setting ended."""

import textwrap

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from research.plotting.style import DOUBLE, GOLD, GREEN, INK, NARROW, PALE, PURPLE
from research.studies.input_clusters import measures as study
from research.studies.input_clusters.course import bare, scatter

COLOURS = dict(zip(study.REGIMES, (PALE, PURPLE, GOLD, GREEN, INK)))
MARKERS = {"12": "o", "16-16": "s", "64": "^"}  # by hidden layers
NAMES = {"sgd": "SGD", "adam": "Adam"}


def search(results: xr.Dataset, width: float = DOUBLE) -> Figure | None:
    """Drawn settings by their two rates, coloured by regime, one panel per scale and optimiser."""
    scales = study.scales(results)
    found = {name: study.example(results, name) for name in study.REGIMES}
    examples = [(name, shown) for name, shown in found.items() if shown is not None]
    if not examples:
        return None
    narrow = width < NARROW
    optimisers = [name for name in NAMES if name in results.optimiser.values]
    rows, columns = (len(scales), len(optimisers)) if narrow else (len(optimisers), len(scales))
    across = max(4, len(examples))
    above, below = 0.8 * width / columns * rows + 0.4, width / across + (0.55 if narrow else 0.35)
    figure = plt.figure(figsize=(width, above + below + 0.25))
    grid = figure.add_gridspec(2, 1, height_ratios=(above, below))
    axes = grid[0].subgridspec(rows, columns).subplots(squeeze=False)
    for i, scale in enumerate(scales):
        for j, optimiser in enumerate(optimisers):
            _settings(axes[i, j] if narrow else axes[j, i], results, scale, optimiser)
    for ax in axes[-1]:
        ax.set_xlabel("speed of the points")
    for ax in axes[:, 0]:
        ax.set_ylabel("rate of the weights")
    shown = grid[1].subgridspec(1, across).subplots(squeeze=False).ravel()
    for ax in shown[len(examples) :]:
        ax.set_axis_off()
    for ax, (name, (points, labels)) in zip(shown, examples):
        scatter(ax, points, labels, size=1.6)
        bare(ax, 1.05 * np.abs(points).max())
        ax.set_title(textwrap.fill(name, 14 if narrow else 99), fontsize="small", fontweight="normal")
        for spine in ax.spines.values():
            spine.set(color=COLOURS[name], linewidth=2.5)
    return figure


def _settings(ax, results: xr.Dataset, scale: float, optimiser: str) -> None:
    """One panel: the settings of one scale and optimiser; speed is the input rate times the scale."""
    runs = study.end(results, f"scale {scale:g}, 2-D")
    runs = runs.isel(run=(runs.optimiser == optimiser).values)
    hidden = ["-".join(name.split()[0].split("-")[1:-1]) for name in runs.network.values.tolist()]
    for x, y, kind, name in zip(runs.input_rate * scale, runs.weight_rate, study.regime(runs).values, hidden):
        ax.plot(x, y, MARKERS.get(name, "o"), color=COLOURS[study.REGIMES[kind]], markersize=3.5, mec="none")
    apart = study.separated(runs)
    scaled = "raw inputs" if scale == 1 else f"inputs ÷ {scale:,.0f}"
    ax.set(xscale="log", yscale="log")
    ax.set_title(f"{NAMES[optimiser]}, {scaled}:\n{apart.sum()} of {apart.size} settings", fontsize="small")

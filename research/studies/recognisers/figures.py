"""Figures of the study "recognisers"."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from research import evidence as e
from research.plotting import charts, style
from research.plotting.labels import spread
from research.plotting.style import ACCENT, DIGITS, DOUBLE, FAINT, INK, MUTED, NARROW, SECOND, Drawing
from research.plotting.tiles import tiles
from research.studies.recognisers import measures as m


def digits(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """A random sample of the test digits."""
    rows = 3
    columns = min(20, results.sizes["example"] // rows)
    figure, axes = plt.subplots(rows, 1, figsize=(width, rows * (width / columns / 1.1 + 0.085)))
    for row, images in zip(axes, results["sample"].values[: rows * columns].reshape(rows, columns, 28, 28)):
        tiles(row, images / 255)
    return figure


SAID = {name: 1 - said.claimed for name, said in m.SAID.items()} | {"sigmoid200": m.SAID_ERROR.claimed}


def accuracy(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Error of every network with its interval, beside the document's number."""
    names = list(results.network.values)
    narrow = width < NARROW
    figure, ax = plt.subplots(figsize=(width, 0.34 * len(names) + (0.75 if narrow else 0.6)))
    words = [m.called(results, name) for name in reversed(names)]
    for y, name in enumerate(reversed(names)):
        errors = 1 - m.accuracy(results, name)
        mean = e.share(errors)
        charts.units(ax, y, 100 * errors, ACCENT, across=True)
        charts.measured(ax, y, mean, ACCENT, across=True, scale=100, markersize=4.5)
        size = "no seed" if name == "knn" else f"n = {mean.n}"
        numbers = f"{100 * mean.value:.2f} %   {size}"
        if narrow:  # below the name, not beside the points
            words[y] += f"\n{numbers}"
        else:
            ax.text(0.995, y, numbers, transform=ax.get_yaxis_transform(), ha="right", va="center", color=INK)
        if name in SAID and not m.not_the_documents(results, name):
            ax.plot([100 * SAID[name]] * 2, [y - 0.32, y + 0.32], color=SECOND, linewidth=1.5)
    ax.set_yticks(range(len(names)), words)
    ax.set_xlabel("error on the 10,000 test images, %")
    charts.logarithmic(ax, "x", (0.5, 1, 2, 3, 5, 8, 12, 20))
    if not narrow:
        ax.set_xlim(ax.get_xlim()[0], ax.get_xlim()[1] * 1.9)
    ax.grid(axis="x")
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(-0.6, len(names) - 0.4)
    return figure


def _panels(n: int, width: float, shape: float) -> tuple[Figure, np.ndarray]:
    """A panel for each network, two in a row (wide: four), with shared axes."""
    return charts.panels(n, 2 if width < NARROW else 4, width, shape, sharex=True, sharey=True)


def confusion(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Confusions: errors per thousand images of the true digit."""
    names = list(results.network.values)
    figure, axes = _panels(len(names), width, 1.1 if width >= NARROW else 1.0)
    for ax, name in zip(axes.flat, names):
        table = results.confusion.sel(network=name).values.astype(float)
        rate = 1000 * table / table.sum(1, keepdims=True)
        np.fill_diagonal(rate, 0)
        ax.imshow(rate, cmap=style.SEQUENTIAL, vmin=0, vmax=25)
        charts.cells(ax, np.where(rate >= 3, rate, np.nan), "{:.0f}".format, dark=15)
        ax.set_title(m.called(results, name))
        ax.set_xticks(range(10))
        ax.set_yticks(range(10))
        ax.tick_params(length=0)
        for spine in ax.spines.values():
            spine.set(visible=True, color=FAINT)
    for ax in axes[-1]:
        ax.set_xlabel("taken for")
    for ax in axes[:, 0]:
        ax.set_ylabel("true digit")
    return figure


def learning(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Test error against training time, one line per network."""
    names = m.networks(results)
    narrow = width < NARROW
    figure, ax = plt.subplots(figsize=(width, (1.0 if narrow else 0.45) * width))
    colours = [DIGITS[i % 10] for i in (0, 2, 6, 5, 8, 3, 1)[: len(names)]]
    ends = []
    for name, colour in zip(names, colours):
        one = results.sel(network=name).dropna("seed", how="all", subset=["test_accuracy"])
        error = 100 * (1 - one.test_accuracy.values)
        last = np.isfinite(error[0]).nonzero()[0][-1]
        # networks of a population train together: the seconds of the whole are shared evenly
        share = one.seconds.values / one.seconds_at.values[:, last]
        seconds = one.seconds_at.values * share[:, None]
        ax.plot(seconds.T, error.T, "-o", color=colour, alpha=0.45, linewidth=0.9, markersize=2)
        ends.append((seconds[:, last].max(), error[:, last].mean()))
    ax.set_xscale("log")
    ax.set_yscale("log")
    right = 1.4 * max(x for x, _ in ends)
    points_high = 0.8 * 72 * figure.get_figheight()  # of the axes, nearly
    gap = 9 / points_high * np.log(np.divide(*ax.get_ylim()[::-1]))  # a line of text
    heights = np.exp(spread(np.log([y for _, y in ends]), gap))
    for name, colour, (x, error), y in zip(names, colours, ends, heights):
        ax.plot([x, right], [error, y], color=colour, linewidth=0.5, linestyle=":")
        ax.text(1.05 * right, y, m.called(results, name), va="center", color=colour, fontsize="small")
    ax.set_ylabel("test error, %")
    ax.set_xlabel("training time with compilation, seconds")
    ax.set_xlim(right=right)
    charts.logarithmic(ax, "y", (0.5, 1, 2, 5, 10, 20, 50))
    charts.logarithmic(ax, "x", (0.1, 0.3, 1, 3, 10, 30, 100))
    ax.grid()
    return figure


def calibration(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Accuracy against confidence."""
    names = list(results.network.values)
    figure, axes = _panels(len(names), width, 1.0)
    for ax, name in zip(axes.flat, names):
        one = results.sel(network=name)
        seen = one.bin_count.values > 0
        ax.plot([0, 1], [0, 1], color=FAINT, zorder=0)
        ax.scatter(
            one.bin_confidence[seen], one.bin_accuracy[seen], color=ACCENT, linewidth=0,
            s=4 + 60 * np.sqrt(one.bin_count[seen] / one.bin_count.sum()),
        )  # fmt: skip
        ax.set_title(m.called(results, name))
        ax.text(0.97, 0.04, f"ECE {100 * float(one.ece.mean()):.2f} %", ha="right", color=MUTED)
        ax.set_aspect("equal")
    for ax in axes[-1]:
        ax.set_xlabel("confidence")
    for ax in axes[:, 0]:
        ax.set_ylabel("share right")
    return figure


FIGURES = {
    "digits": Drawing(
        digits,
        "What do the digits look like? A random sample of the test images.",
        "appendix",
    ),
    "accuracy": Drawing(
        accuracy,
        "Are the networks as accurate as the documents say? Test error of n networks (faint points): mean and "
        "{confidence} interval, beside the document's number where there is one (red line). Nearest neighbours have no "
        "seed and no interval.",
        "column",
        "one-hidden-layer-does-most",
    ),
    "confusion": Drawing(
        confusion,
        "Which digit is taken for which? Errors in a thousand images of each digit, all networks of a kind "
        "together. Rare errors have no number.",
        "appendix",
        "errors-are-shared",
    ),
    "learning": Drawing(
        learning,
        "How long does a network train for its accuracy? Test error after each epoch, one line a network. "
        "Networks of a kind are trained together; the seconds of all are divided evenly among them.",
        "appendix",
    ),
    "calibration": Drawing(
        calibration,
        "Is a network's confidence equal to its accuracy? The share of right answers among those of similar "
        "confidence (area: number of images), all networks of a kind together, and the expected calibration "
        "error (ECE). For the nearest neighbours confidence is the share of agreeing votes.",
        "appendix",
        "confidence-is-honest",
    ),
}

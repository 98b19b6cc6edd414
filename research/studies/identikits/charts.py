"""Charts of the study "identikits": rates, evaluations, confidences, similarity."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from research.plotting import charts
from research.plotting.labels import spread
from research.plotting.style import ACCENT, DIGITS, DOUBLE, FAINT, INK, MUTED, NARROW, SECOND, SEQUENTIAL
from research.studies.identikits import measures as m
from research.studies.identikits.measures import CONDITIONS, CONVERGENCE, PICTURES, kinds, of

COLOURS = {"softmax": MUTED, "mlp100": SECOND, "cnn": ACCENT}


def called(results: xr.Dataset, kind: str, width: float = DOUBLE) -> str:
    """The name of a kind of network; in narrow figures its first word only."""
    full = m.label(results, kind)
    return full.split()[0] if width < NARROW else full


def _panels(n: int, width: float, what: str) -> tuple[Figure, list]:
    """n charts with shared axes, in a row or, in narrow figures, in a column; `what` is the label of the y axis."""
    narrow = width < NARROW
    shape, height = ((n, 1), 1.45 * n + 0.5) if narrow else ((1, n), 0.36 * width)
    figure, axes = plt.subplots(*shape, figsize=(width, height), sharey=True, sharex=True, squeeze=False)
    axes.flat[(n - 1) // 2 if narrow else 0].set_ylabel(what)
    return figure, list(axes.flat)


def rates(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Share of runs that reach 0.99 by family of masks: all digits, 7 and 9."""
    kind = m.document_kind(results)
    names = [name for name in m.SEARCHES if of(results, kind, name).sizes["run"]]
    narrow = width < NARROW
    places, ratios = ("aa;bc", None) if narrow else ("abc", [1.2, 1, 1])
    height = 0.38 * len(names) + 1.4 if narrow else 0.3 * len(names) + 0.75
    figure, panels = plt.subplot_mosaic(places, figsize=(width, height), sharey=True, width_ratios=ratios)
    axes = list(panels.values())
    for ax, digit, said in zip(axes, (None, 7, 9), (None, 0.5, 0.3)):
        room = 0.6 if narrow and said else 0.3  # for the number of networks
        for y, name in enumerate(reversed(names)):
            runs = of(results, kind, name, digit)
            if runs.sizes["run"] == 0:
                continue
            rate = m.rate(runs)
            charts.measured(ax, y, rate, ACCENT, across=True, markersize=4.5)
            ax.text(1 + room / 5, y, f"n = {rate.n}", va="center", color=MUTED, fontsize="small")
        if said:
            ax.axvline(said, color=SECOND, linewidth=1.5, zorder=1.5)
            ax.text(
                said, len(names) - 0.45, "document", color=SECOND, ha="center", va="bottom", fontsize="small"
            )
        pad = 13 if said or not narrow else None  # room for "document"
        ax.set_title("all digits" if digit is None else f"digit {digit}", pad=pad)
        ax.set_xlim(-0.03, 1 + room)
        ax.set_xticks([0, 0.5, 1])
        ax.set_ylim(-0.6, len(names) - 0.4)
        ax.grid(axis="x")
        ax.tick_params(axis="y", length=0)
    axes[0].set_yticks(range(len(names)), [CONDITIONS[name] for name in reversed(names)])
    for tick, name in zip(axes[0].get_yticklabels(), reversed(names)):
        tick.set_fontweight("bold" if name == CONVERGENCE else "normal")
    shown = "share of runs that reach 0.99 (bar: 95 % interval, n networks)"
    if narrow:
        figure.supxlabel(shown, fontsize="medium", color=INK)
    else:
        axes[1].set_xlabel(shown)
    return figure


def by_digit(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Share of runs that reach 0.99 and their evaluations by digit, for the masks of both kinds of rows."""
    kind, narrow = m.document_kind(results), width < NARROW
    shown = {CONVERGENCE: ACCENT, PICTURES: SECOND}
    shown = {name: colour for name, colour in shown.items() if of(results, kind, name).sizes["run"]}
    figure, axes = plt.subplots(2, 1, figsize=(width, (1.1 if narrow else 0.55) * width), sharex=True)
    for i, (condition, colour) in enumerate(shown.items()):
        runs, shift = of(results, kind, condition), 0.22 * (i - (len(shown) - 1) / 2)
        for digit in np.unique(runs.digit.values.astype(int)):
            mine = of(results, kind, condition, int(digit))
            charts.measured(
                axes[0], digit + shift, m.rate(mine), colour, width=1.6, markersize=3 if narrow else 4
            )
            spent = mine.evaluations_to.sel(target=0.99).values
            axes[1].plot(np.full(spent.size, digit + shift), spent, "o", color=colour, markersize=2, alpha=0.4,
                         mec="none")  # fmt: skip
        said = f"{CONDITIONS[condition]}, n = {m.networks(runs)}"
        axes[0].text(
            0.5 * i,
            1.06,
            said,
            color=colour,
            transform=axes[0].transAxes,
            fontsize="small" if narrow else "medium",
        )
    axes[0].set_ylim(0, 1.05)
    axes[0].set_ylabel("share that reaches 0.99")
    axes[1].set_ylabel("evaluations to 0.99")
    axes[1].set_ylim(0)
    axes[1].set_xticks(np.unique(results.digit.values.astype(int)))
    axes[1].set_xlabel("digit")
    if narrow:
        figure.align_ylabels()
    for ax in axes:
        ax.grid(axis="y")
    return figure


def survival(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Share of runs still below a confidence against evaluations, for all runs of a kind and for each network."""
    targets = results.target.values
    figure, axes = _panels(len(targets), width, "share of runs still below")
    for ax, target in zip(axes, targets):
        for kind in kinds(results):
            runs = of(results, kind)
            each = [
                runs.isel(run=np.flatnonzero(runs.network.values == i))
                for i in np.unique(runs.network.values)
            ]
            for part in (runs, *each):
                curve, whole = m.survival(part, float(target)), part is runs
                x = np.concatenate([[1], np.maximum(curve.evaluations, 1), [curve.last]])
                y = np.concatenate([[1.0], curve.below, curve.below[-1:] if len(curve.below) else [1.0]])
                look = {"linewidth": 1.6, "zorder": 3} if whole else {"linewidth": 0.5, "alpha": 0.3}
                ax.step(x, y, where="post", color=COLOURS[kind], **look)
        ax.set_title(f"confidence {target:g}")
        ax.set_xlabel("evaluations")
        ax.set_xlim(left=400)  # a generation is 500 evaluations
        charts.logarithmic(ax, "x", (500, 1000, 3000, 10_000))
        ax.set_ylim(0, 1)
        ax.grid()
        ax.label_outer()
    lines = [Line2D([], [], color=COLOURS[kind]) for kind in kinds(results)]
    named = [
        f"{called(results, kind, width)}, n = {m.networks(of(results, kind))} networks"
        for kind in kinds(results)
    ]
    figure.legend(lines, named, loc="outside lower center", ncols=1 if width < NARROW else 3)
    return figure


def confidences(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Distribution of the largest output for random images, digits and identikits."""
    figure, axes = _panels(len(kinds(results)), width, "share of images")
    bins = np.linspace(0, 1, 41)
    for ax, kind in zip(axes, kinds(results)):
        judges = m.judges(results, kind)
        tops = results.random_top.isel(judge=judges)
        shown = {
            "first candidates": (tops.sel(noise=f"first_{CONVERGENCE}").values, FAINT),
            "uniform noise": (tops.sel(noise="uniform").values, MUTED),
            "shuffled digits": (tops.sel(noise="shuffled_digits").values, SECOND),
            "test digits": (results.digit_top.isel(judge=judges).values, INK),
            "identikits": (of(results, kind).confidence.values, ACCENT),
        }
        for i, (what, (values, colour)) in enumerate(shown.items()):
            heights, _ = np.histogram(values, bins)
            shares = heights / max(values.size, 1)
            if what == "identikits":  # nearly all lie in the last bin, where bars would hide each other
                there = shares > 0
                ax.plot(
                    (bins[1:] + bins[:-1])[there] / 2,
                    shares[there],
                    "D",
                    color=colour,
                    markersize=4,
                    label=what,
                )
            else:
                ax.stairs(shares, bins, color=colour, fill=i == 0, label=what)
        ax.axvline(0.6, color=FAINT, zorder=0)
        ax.axvline(0.9, color=FAINT, zorder=0)
        ax.set_yscale("log")
        ax.set_ylim(5e-4, 2)
        ax.set_xticks([0, 0.3, 0.6, 0.9])
        ax.set_title(f"{called(results, kind, width)}, n = {len(judges)}")
        ax.set_xlabel("largest output")
        ax.label_outer()
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=3 if width < NARROW else 5)
    return figure


def similarity(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Correlation of identikits within and between classes, means over networks."""
    shown = [kind for kind in kinds(results) if of(results, kind).sizes["run"]]
    narrow = width < NARROW
    height = (0.95 if narrow else 0.33) * width
    figure, axes = plt.subplots(1, len(shown), figsize=(width, height), sharey=True, squeeze=False)
    likeness = {kind: [part.mean(0) for part in m.similarity(of(results, kind))] for kind in shown}
    gap = (0.04 if narrow else 0.055) * np.ptp(np.nan_to_num(list(likeness.values())))
    for ax, kind in zip(axes[0], shown):
        runs = of(results, kind)
        within, between = likeness[kind]
        heights = spread(within, gap)
        for digit, inside, outside, y in zip(np.unique(runs.digit).astype(int), within, between, heights):
            ax.plot([0, 1], [outside, inside], "-o", color=DIGITS[digit], markersize=3)
            ax.text(
                1.12 if narrow else 1.06, y, str(digit), va="center", color=DIGITS[digit], fontsize="small"
            )
        ax.set_xticks([0, 1], ["other\nclasses", "own\nclass"] if narrow else ["other classes", "own class"])
        ax.set_xlim(-0.3, 1.3)
        ax.axhline(0, color=FAINT, zorder=0)
        ax.set_title(f"{called(results, kind, width)}{chr(10) if narrow else ', '}n = {m.networks(runs)}")
    axes[0, 0].set_ylabel("mean correlation with other identikits")
    return figure


MOST = 5, 3  # networks of each kind in the figure of transfer, at two widths


def transfer(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Mean confidence of one network in another's identikits, for the first few networks of each kind."""
    first = [i for kind in kinds(results) for i in m.judges(results, kind)[: MOST[width < NARROW]]]
    table = m.transfer(results).values[np.ix_(first, first)]
    narrow = width < NARROW
    parts = [str(results.judge.values[i]).split() for i in first]
    names = [f"{called(results, kind, width)} {i}" for kind, i in parts]
    figure, ax = plt.subplots(figsize=(width, width) if narrow else (0.62 * width, 0.56 * width))
    ax.imshow(table, cmap=SEQUENTIAL, vmin=0, vmax=1)
    charts.cells(ax, table, lambda value: f"{value:.2f}".lstrip("0"), dark=0.6)
    upright = {"rotation": 90} if narrow else {"rotation": 60, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(range(len(names)), names, **upright)
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(length=0)
    ax.set_xlabel("mean confidence of")
    ax.set_ylabel("identikits drawn by")
    return figure


def methods(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Search and gradient compared: evaluations, distance moved, resemblance, confidence of other networks."""
    kind = m.document_kind(results)
    names = [
        name
        for name in (*m.SEARCHES, "ascent_pixel", "ascent_frequency")
        if of(results, kind, name).sizes["run"]
    ]
    columns = {
        "evaluations to 0.99": lambda runs: runs.evaluations_to.sel(target=0.99).values,
        "distance moved": lambda runs: runs.distance.values,
        "likeness to the mean digit": m.own_resemblance,
        "confidence of other kinds": m.others_confidence,
    }
    narrow = width < NARROW
    shape, height = ((2, 2), 0.4 * len(names) + 1.2) if narrow else ((1, 4), 0.26 * len(names) + 0.8)
    figure, grid = plt.subplots(*shape, figsize=(width, height), sharey=True)
    axes = list(grid.flat)
    for ax, (title, measure) in zip(axes, columns.items()):
        for y, name in enumerate(reversed(names)):
            values = measure(of(results, kind, name))
            values = values[np.isfinite(values)]
            colour = SECOND if name.startswith("ascent") else ACCENT
            ax.plot(values, np.full(values.size, y), "|", color=colour, alpha=0.35, markersize=6)
            if values.size:
                ax.plot(np.median(values), y, "o", color=colour, markersize=4.5)
        ax.set_xlabel(title.replace(" the ", "\nthe ").replace(" other ", "\nother ") if narrow else title)
        if narrow:
            ax.locator_params(axis="x", nbins=4)
        ax.grid(axis="x")
        ax.tick_params(axis="y", length=0)
    axes[0].set_xscale("log")
    axes[-1].set_xlim(0, 1)
    if narrow:
        axes[-1].set_xticks([0, 0.5, 1])
    axes[0].set_yticks(range(len(names)), [CONDITIONS[name] for name in reversed(names)])
    return figure

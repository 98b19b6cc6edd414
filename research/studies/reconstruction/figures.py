"""Figures of the study "reconstruction"."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from research import evidence as e
from research.plotting import charts, style
from research.plotting.style import ACCENT, DOUBLE, FAINT, INK, MUTED, NARROW, SECOND, Drawing
from research.plotting.tiles import tiles
from research.studies.reconstruction import measures as m

COLOURS = {
    "plain": INK, "dropout": style.OLIVE, "weight_decay": style.GREEN, "label_smoothing": style.PURPLE, "noise": style.SKY,
    "robust_1": style.ROSE, "robust_2": SECOND, "untrained": style.PALE, "shuffled": MUTED, "cnn_plain": ACCENT,
    "cnn_robust_2": style.WINE, "cnn_untrained": style.PALE,
}  # fmt: skip
# Students of a LeNet-5 by Nayak et al. (2019), which the figure shows, and by Chen et al. (2019).
PUBLISHED = (("ZSKD", 0.9877), ("DAFL", 0.9820))


def _alphabets(results: xr.Dataset, reading: str, width: float) -> Figure:
    """A row of ten identikits for each kind of teacher, and the share that judges name as intended."""
    kinds = m.kinds(results, dense=False)
    narrow = width < NARROW
    size = (width, 0.092 * width * len(kinds) + 0.3)
    figure, axes = plt.subplots(len(kinds), 1, figsize=size, squeeze=False)
    for ax, kind in zip(axes[:, 0], kinds):
        agreed = m.agreement(results, kind, reading)
        row = tiles(ax, m.alphabet(results, kind, reading))
        row.name_row(m.label(kind).replace(", ", ",\n"), fontsize="x-small" if narrow else "medium")
        for i in range(10) if kind == kinds[0] else ():
            row.name(i, str(i), above=True, fontsize="small" if narrow else "medium", fontweight="bold")
        how = {"transform": ax.transAxes, "va": "center", "fontsize": "small" if narrow else "medium"}
        ax.text(1.015, 0.5, f"{100 * agreed.mean():.0f} %, n = {len(agreed)}", **how)
    above = {"va": "bottom", "fontsize": "x-small" if narrow else "small", "color": MUTED}
    axes[0, 0].text(1.015, 1.12, "named", transform=axes[0, 0].transAxes, **above)
    return figure


def alphabet(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Identikits by gradient ascent from soft blobs."""
    return _alphabets(results, "low_frequency", width)


def searched(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Identikits by the document's search."""
    return _alphabets(results, "search", width)


def judged(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Share of identikits classified as intended, by kind of teacher and digit, for search and ascent."""
    kinds = m.kinds(results, dense=False)
    narrow = width < NARROW
    shape = (2, 1) if narrow else (1, 2)
    size = (width, (0.42 if narrow else 0.24) * len(kinds) + 0.8)
    figure, axes = plt.subplots(*shape, figsize=size, sharey=True, sharex=True)
    for ax, reading in zip(axes, ("search", "low_frequency")):
        shares = np.stack([m.by_digit(results, kind, reading).mean(0) for kind in kinds])
        ax.imshow(100 * shares, vmin=0, vmax=100, cmap=style.SEQUENTIAL, aspect="auto")
        charts.cells(ax, shares, lambda value: f"{100 * value:.0f}", dark=0.6)
        ax.set_title(m.READING_WORDS[reading])
        ax.set_xticks(range(10), range(10))
        ax.set_yticks(range(len(kinds)), [m.label(kind) for kind in kinds])
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        ax.set_xlabel("digit asked for")
    return figure


def students(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Accuracy of students on real digits against the number of their identikits."""
    sizes = m.sizes(results)
    kinds = m.kinds(results, dense=False)
    kinds = [kind for kind in kinds if any(len(m.student(results, kind, n)) for n in sizes)]
    figure, ax = plt.subplots(figsize=(width, 0.55 * width if width >= NARROW else 1.1 * width))
    ends: list[tuple[float, str, str]] = []
    for kind in kinds:
        there = [n for n in sizes if len(m.student(results, kind, n))]
        points = [e.share(m.student(results, kind, n)) for n in there]
        values = np.array([100 * np.array(point[:3], float) for point in points])
        colour = COLOURS.get(kind, INK)
        x = np.array(there) * (1 + 0.03 * (len(ends) - len(kinds) / 2))  # bars stand beside each other
        bars = np.abs(values[:, 1:] - values[:, :1]).T if np.isfinite(values).all() else None
        ax.errorbar(x, values[:, 0], bars, fmt="o-", color=colour, markersize=3, elinewidth=0.8)
        ends.append((float(values[-1, 0]), m.label(kind), colour))
    real = 100 * results.real_digits.mean("repetition").values
    ax.plot(results.real_size.values, real, "--", color=MUTED)
    ends.append((float(real[-1]), "as many real digits", MUTED))
    name, best = PUBLISHED[0]
    for value, words in ((m.CHANCE, "chance"), (best, f"{name}, {100 * best:.1f} %")):
        ax.axhline(100 * value, color=FAINT, zorder=0)
        ends.append((float(100 * value), words, MUTED))
    taught = {len(m.student(results, kind, n)) for kind in kinds for n in sizes} - {0}
    few, many = min(taught), max(taught)
    n = f"{few}" if few == many else f"{few} to {many}"
    ax.set(
        xlabel="identikits that the student has seen",
        ylabel=f"real test digits read right, % (n = {n} teachers)",
    )
    ax.set_ylim(0, 100)
    charts.name_ends(ax, ends)
    charts.logarithmic(ax, "x", sizes)
    return figure


def growing(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """The course of one identikit, for plain and robust teachers."""
    kinds = [k for k in ("plain", "robust_1", "robust_2") if k in results.kind.values]
    size = (width, 0.15 * width * len(kinds) + 0.3)
    figure, axes = plt.subplots(len(kinds), 1, figsize=size, squeeze=False)
    for ax, kind in zip(axes[:, 0], kinds):
        images = results.grown.sel(kind=kind).isel(teacher=0).transpose("grown_step", "y", "x")
        row = tiles(ax, images.values.astype(float) / 255)
        row.name_row(m.label(kind).replace(", ", ",\n"), fontsize="small")
        if kind == kinds[-1]:
            for i, step in enumerate(results.grown_step.values):
                row.name(i, "start" if step == 0 else f"{step} steps")
    return figure


FIGURES = {
    "alphabet": Drawing(
        alphabet,
        "Which images does each network take for the ten digits? One network of each kind, gradient ascent from soft "
        "blobs. Right: the share of the identikits of all networks of the kind that four judges name as intended; "
        "chance is one in ten.",
        "wide",
        "start-decides",
    ),
    "searched": Drawing(
        searched,
        "What does the document's own search find in them? It repeatedly keeps the best of many low-frequency masks, "
        "starting from a blank image. The rows of the null models show what the masks alone look like.",
        "appendix",
        "robust-alphabet",
    ),
    "judged": Drawing(
        judged,
        "Which identikits are named as intended? Percent over the networks of a kind and four judges; chance is one in "
        "ten.",
        "appendix",
        "robust-alphabet",
    ),
    "students": Drawing(
        students,
        "How well does a student that has seen only identikits read real digits? Mean over the teachers of a kind, with "
        "{confidence} intervals; dashed: students of as many real digits with their labels. The grey line at the top is "
        "a published result for another network with a larger budget [@nayak2019].",
        "column",
        "identikits-suffice",
    ),
    "growing": Drawing(
        growing,
        "How does a three develop from soft blobs? One identikit of a plain and of two robust networks after a growing "
        "number of gradient steps.",
        "column",
    ),
}

"""Figures of the study "denoising"."""

import re

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from research import evidence as e
from research.plotting import charts
from research.plotting.style import ACCENT, DOUBLE, FAINT, INK, MUTED, NARROW, SECOND, Drawing
from research.plotting.tiles import tiles
from research.studies.denoising.measures import accuracy
from research.studies.denoising.noisy_pairs import LEVEL
from research.studies.denoising.study import AS_IS, CLEAN, JUDGED

COLOURS = {"none": MUTED, "autoencoder": ACCENT, "denoiser": SECOND}
WORDS = {"none": "not cleaned", "autoencoder": "cleaned", "denoiser": "cleaned, trained on noise"}
NOISE_WORDS = {
    "gaussian": "Gaussian",
    "uniform": "uniform",
    "salt_and_pepper": "salt and pepper",
    "log_uniform": "log-uniform (the author's)",
    AS_IS: "the author's as it is, strength 1",
    CLEAN: "no noise",
}


def examples(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Original, noisy and cleaned digits for each noise; misread digits are framed."""
    close = ConstrainedLayoutEngine(w_pad=0.01, h_pad=0.03, wspace=0.02, hspace=0.02)
    rows, columns, height, left = (4, 1, 1.75, 0.185) if width < NARROW else (2, 2, 0.5, 0.16)
    figure = plt.figure(figsize=(width, height * width), layout=close)
    blocks = figure.subfigures(rows, columns, squeeze=False).flat
    falls = results.falls_at.sel(reader=JUDGED).isel(pair=0)
    for block, noise in zip(blocks, results.noise.values):
        shown = results.sel(noise=noise)
        axes = block.subplots(4, 1)
        strength = float(falls.sel(noise=noise))
        at = f", strength {strength:.2f}" if np.isfinite(strength) else ""
        block.suptitle(NOISE_WORDS[noise] + at, x=left, ha="left", fontsize="medium", fontweight="bold")
        words = ("original", "noisy", "cleaned", "by denoiser")
        tiles(axes[0], shown.original.values / 255).name_row(words[0], fontsize="small")
        for row, word, cleaning in zip(axes[1:], words[1:], results.cleaning.values):
            misread = shown.said.sel(cleaning=cleaning).values != np.arange(10)
            images = shown["shown"].sel(cleaning=cleaning).values / 255
            tiles(row, images, marked=misread).name_row(word, fontsize="small")
    return figure


def strength(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Accuracy and squared error against the strength of each noise, with and without cleaning."""
    noises = results.noise.values
    if narrow := width < NARROW:  # one row per noise instead of one column
        size = (width, 0.4 * len(noises) * width)
        figure, grid = plt.subplots(len(noises), 2, figsize=size, sharey="col", sharex="row", squeeze=False)
    else:
        size = (width, 0.55 * width)
        figure, grid = plt.subplots(2, len(noises), figsize=size, sharey="row", sharex="col", squeeze=False)
    axes = grid.T if narrow else grid  # [measure, noise]
    for column, noise in zip(axes.T, noises):
        one = results.sel(noise=noise)
        for cleaning in results.cleaning.values:
            read = 100 * one.accuracy.sel(reader=JUDGED, cleaning=cleaning)
            _band(column[0], one.strength.values, read, cleaning)
            _band(column[1], one.strength.values, one.error.sel(cleaning=cleaning), cleaning)
        falls = one.falls_at.sel(reader=JUDGED).values
        if np.isfinite(falls).any():
            column[0].axvline(np.nanmean(falls), color=FAINT, zorder=0)
        column[0].axhline(100 * LEVEL, color=FAINT, zorder=0)
        column[0].set(**{"ylabel" if narrow else "title": NOISE_WORDS[noise].split(" (")[0]})
    for ax in grid[-1]:
        ax.set_xlabel("strength")
    axes[1, 0].set_ylim(bottom=0)
    for ax, measure in zip(axes[:, 0], ("accuracy, %", "squared error a pixel")):
        ax.set(**{"title": measure.replace(" a ", "\na ")} if narrow else {"ylabel": measure})
    _legend(figure, axes[0, 0].get_legend_handles_labels()[0])
    figure.suptitle(f"{results.network}, n = {results.sizes['pair']} pairs", fontsize="medium")
    return figure


def _legend(figure: Figure, handles: list) -> None:
    """Names the colours of the cleanings below the figure."""
    close = {"handlelength": 1.2, "columnspacing": 1.2} if figure.get_figwidth() < NARROW else {}
    figure.legend(handles, WORDS.values(), loc="outside lower center", ncols=3, **close)


def _band(ax, x: np.ndarray, values: xr.DataArray, cleaning: str) -> None:
    """Draws the mean over the pairs, and each pair as a faint line."""
    lines = values.transpose("level", "pair").values
    ax.plot(x, lines, color=COLOURS[cleaning], linewidth=0.5, alpha=0.4)
    ax.plot(x, lines.mean(1), "o-", color=COLOURS[cleaning], markersize=2.5, label=cleaning)


def recovery(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Accuracy before and after cleaning: where the network keeps 89 %, under the author's noise, and without noise."""
    conditions = [k for k in results.condition.values if np.isfinite(accuracy(results, k, "none")).any()]
    narrow = width < NARROW
    figure, ax = plt.subplots(figsize=(width, 0.5 * len(conditions) + (0.9 if narrow else 0.7)))
    handles = []
    for y, condition in enumerate(reversed(conditions)):
        for offset, cleaning in zip((0.22, 0, -0.22), results.cleaning.values):
            value, colour = e.share(accuracy(results, condition, cleaning)), COLOURS[cleaning]
            charts.measured(ax, y + offset, value, colour, across=True, scale=100, width=1.2)
            handles.append(ax.get_lines()[-1])
            ax.text(
                1.01, y + offset, f"{100 * value.value:.1f} %{'' if narrow else '  ' + WORDS[cleaning]}", va="center",
                transform=ax.get_yaxis_transform(), color=colour, fontsize="small",
            )  # fmt: skip
    for said, side in ((89, "right"), (94, "left")):
        ax.axvline(said, color=INK, linewidth=0.6, zorder=0)
        ax.annotate(
            f"document: {said} %", (said, 1), xycoords=("data", "axes fraction"), xytext=(0, 2),
            textcoords="offset points", ha=side, va="bottom", fontsize="small", color=INK,
        )  # fmt: skip
    names = [NOISE_WORDS[k] for k in reversed(conditions)]
    if narrow:
        names = [re.sub(r" (?=\(|as)|(?<=,) ", "\n", name) for name in names]
        _legend(figure, handles[: len(WORDS)])
    ax.set_yticks(range(len(conditions)), names)
    ax.tick_params(axis="y", length=0)
    bars = f"bar: 95 % interval, n = {results.sizes['pair']} pairs"
    ax.set_xlabel(f"accuracy of {results.network}, %{chr(10) if narrow else '  '}({bars})")
    ax.grid(axis="x")
    return figure


FIGURES = {
    "examples": Drawing(
        examples,
        "What does cleaning do to a digit? One test digit of each class where the network keeps the "
        "document's share of the labels: as it is, noisy, cleaned by the autoencoder trained on clean digits "
        "and by the one trained on noisy ones. Framed: misread.",
        "wide",
        "cleaning-pays",
    ),
    "strength": Drawing(
        strength,
        "How much noise can be cleaned? Accuracy and squared error against the strength of the noise. Thick: "
        "mean, thin: each of {noisy-89:size}. Grey: the document's accuracy on noisy digits, and the mean "
        "strength at which the network falls to it.",
        "appendix",
        "clean-cleaner-better",
    ),
    "recovery": Drawing(
        recovery,
        "How much accuracy does cleaning restore? Accuracy before and after cleaning ({noisy-89:n}), for each noise at "
        "the strength where the network keeps the document's share, under the author's noise as it is, and "
        "without noise; bars: {confidence} intervals.",
        "column",
        "cleaning-pays",
    ),
}

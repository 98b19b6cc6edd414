"""Figures of the study "identikits"."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from jaxtyping import UInt8
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from research.figures import (
    ACCENT,
    DIGITS,
    DOUBLE,
    FAINT,
    INK,
    MUTED,
    SECOND,
    SINGLE,
    Drawing,
    motion,
    tiles,
)
from research.figures.labels import spread
from research.studies import identikits_measures as measures
from research.studies.identikits_measures import DEFAULT, KINDS, of

SHORT = KINDS | {"softmax": "softmax"}
COLOURS = {"softmax": MUTED, "mlp100": SECOND, "cnn": ACCENT}
ASKINGS = {
    DEFAULT: "low-frequency",
    "gauss_0.1": "Gauss 0.1",
    "gauss_0.1_clipped": "Gauss 0.1, clipped",
    "gauss_0.3": "Gauss 0.3",
    "uniform_0.2": "uniform ±0.2",
    "sparse": "1 % of pixels",
    "patch": "4×4 patch",
    "single_pixel": "single pixel",
    "from_uniform_noise": "from noise",
    "from_other_digit": "from another digit",
    "ascent_pixel": "gradient, pixels",
    "ascent_frequency": "gradient, frequencies",
}


def gallery(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Identikits of every digit, with confidence and evaluations."""
    runs = of(results, measures.document_kind(results))
    digits = np.unique(runs.digit)
    columns = min(10, runs.sizes["run"] // len(digits))
    figure, axes = plt.subplots(
        len(digits), 1, figsize=(width, width / 10 * 1.22 * len(digits)), squeeze=False
    )
    for row, digit in zip(axes[:, 0], digits):
        mine = of(runs, measures.document_kind(results), digit=int(digit)).isel(run=slice(columns))
        shown = tiles(row, mine.image.values)
        for i, (one, cost) in enumerate(zip(mine.confidence.values, mine.evaluations.values)):
            shown.name(i, f"{_sure(float(one))}   {cost:,.0f}".replace(",", " "), fontsize=5.5)
        shown.name_row(str(digit), fontsize=10)
    return figure


def evolution(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Four identikits on their way from blank to sure."""
    digits = [d for d in (0, 3, 4, 7) if d in results.of.values] or list(results.of.values[:4])
    columns = 9
    figure, axes = plt.subplots(
        len(digits), 1, figsize=(width, width / columns * 1.25 * len(digits)), squeeze=False
    )
    for row, digit in zip(axes[:, 0], digits):
        one = results.sel(of=digit)
        moments = np.unique(np.linspace(0, int(one.evolution_generations), columns).round().astype(int))
        shown = tiles(row, one.evolution.sel(frame=moments, method="nearest").values, columns=columns)
        for i, g in enumerate(moments):
            said = float(one.evolution_confidence.sel(frame=g, method="nearest"))
            shown.name(i, f"{g}: {_sure(said)}")
        shown.name_row(str(digit), fontsize=10)
    return figure


def survival(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Share of runs still below a confidence against evaluations."""
    targets = results.target.values
    figure, axes = plt.subplots(1, len(targets), figsize=(width, 0.36 * width), sharey=True, sharex=True)
    kinds = _kinds(results)
    for ax, target in zip(axes, targets):
        for kind in kinds:
            curve = measures.survival(of(results, kind), float(target))
            if not len(curve.evaluations):
                continue
            x = np.concatenate([[1], np.maximum(curve.evaluations, 1), [curve.last]])
            close = lambda y: np.concatenate([[1.0], y, y[-1:]])  # noqa: E731
            ax.step(x, close(curve.below), where="post", color=COLOURS[kind])
            ax.fill_between(
                x, close(curve.low), close(curve.high), step="post", color=COLOURS[kind], alpha=0.15, linewidth=0
            )  # fmt: skip
        ax.set_title(f"confidence {target:g}")
        ax.set_xlabel("evaluations")
        ax.set_xscale("symlog", linthresh=500, linscale=0.3)
        ax.set_xticks([0, 1000, 3000, 10_000], ["0", "1 000", "3 000", "10 000"])
        ax.set_ylim(0, 1)
        ax.grid()
    axes[0].set_ylabel("share of runs still below")
    lines = [Line2D([], [], color=COLOURS[kind]) for kind in kinds]  # one each, also where no run got so far
    named = [f"{SHORT[kind]}, n = {of(results, kind).sizes['run']}" for kind in kinds]
    figure.legend(lines, named, loc="outside lower center", ncols=3)
    return figure


def confidences(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Largest outputs for random images, digits and identikits."""
    kinds = _kinds(results)
    figure, axes = plt.subplots(
        1, len(kinds), figsize=(width, 0.36 * width), sharey=True, sharex=True, squeeze=False
    )
    bins = np.linspace(0, 1, 41)
    for ax, kind in zip(axes[0], kinds):
        judges = _judges(results, kind)
        shown = {
            "uniform noise": (results.random_top.isel(judge=judges).sel(noise="uniform").values, MUTED),
            "shuffled digits": (
                results.random_top.isel(judge=judges).sel(noise="shuffled_digits").values,
                SECOND,
            ),
            "test digits": (results.digit_top.isel(judge=judges).values, INK),
            "identikits": (of(results, kind).confidence.values, ACCENT),
        }
        for i, (name, (values, colour)) in enumerate(shown.items()):
            heights, _ = np.histogram(values, bins)
            ax.stairs(heights / values.size, bins, color=colour, fill=i == 0, alpha=0.35 if i == 0 else 1)
            if ax is axes[0, 0]:
                ax.text(0.03, 0.95 - 0.085 * i, name, color=colour, transform=ax.transAxes, va="top")
        ax.axvline(0.6, color=FAINT, zorder=0)
        ax.axvline(0.9, color=FAINT, zorder=0)
        ax.set_yscale("log")
        ax.set_ylim(5e-4, 2)
        ax.set_xticks([0, 0.3, 0.6, 0.9])
        ax.set_title(KINDS[kind])
        ax.set_xlabel("largest output")
    axes[0, 0].set_ylabel("share of images")
    return figure


def means(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """One identikit, the mean of all, and the mean digit."""
    rows: list[tuple[str, np.ndarray]] = []
    digits = np.unique(results.digit.values.astype(int))
    for kind in reversed(_kinds(results)):
        each = [of(results, kind, digit=int(d)).image.values.astype(np.float32) for d in digits]
        rows.append((f"{KINDS[kind]}:\none identikit", np.stack([images[0] for images in each])))
        rows.append((f"mean of {len(each[0])}", np.stack([images.mean(0) for images in each])))
    rows.append(("mean digit", results.class_mean.values[digits]))
    figure, axes = plt.subplots(len(rows), 1, figsize=(width, width / 11.5 * 1.2 * len(rows)), squeeze=False)
    for row, (name, images) in zip(axes[:, 0], rows):
        shown = tiles(row, images / np.maximum(images.max((1, 2), keepdims=True), 1e-9))
        shown.name_row(name, fontsize=6.5)
        if name == "mean digit":
            continue
        for i, (digit, image) in enumerate(zip(digits, images)):
            r = measures.correlations(image[None], results.class_mean.values[[digit]])[0, 0]
            shown.name(i, f"r = {round(float(r), 2) + 0.0:.2f}", fontsize=6)
    return figure


def transfer(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Does one network believe another's identikits?"""
    table = measures.transfer(results)
    names = [f"{KINDS[name.split()[0]]} {name.split()[1]}" for name in results.judge.values]
    figure, ax = plt.subplots(figsize=(0.62 * width, 0.56 * width))
    ax.imshow(table.values, cmap="Blues", vmin=0, vmax=1)
    for (i, j), value in np.ndenumerate(table.values):
        if np.isfinite(value):
            ax.text(j, i, f"{value:.2f}".lstrip("0"), ha="center", va="center", fontsize=5.5,
                    color="white" if value > 0.6 else INK)  # fmt: skip
    ax.set_xticks(range(len(names)), names, rotation=60, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(length=0)
    ax.set_xlabel("mean confidence of")
    ax.set_ylabel("identikits drawn by")
    return figure


def rates(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Share of runs that reach 0.99 by family of masks: all digits, 7 and 9."""
    kind = measures.document_kind(results)
    names = [name for name in measures.SEARCHES if of(results, kind, name).sizes["run"]]
    figure, axes = plt.subplots(
        1, 3, figsize=(width, 0.3 * len(names) + 0.75), sharey=True, gridspec_kw={"width_ratios": [1.2, 1, 1]}
    )
    for ax, digit, said in zip(axes, (None, 7, 9), (None, 0.5, 0.3)):
        for y, name in enumerate(reversed(names)):
            runs = of(results, kind, name, digit)
            if runs.sizes["run"] == 0:
                continue
            value, low, high, n = measures.rate(runs)
            ax.plot([low, high], [y, y], color=ACCENT, linewidth=2, solid_capstyle="butt")
            ax.plot(value, y, "o", color=ACCENT, markersize=4.5)
            ax.text(1.06, y, f"n = {n}", va="center", color=MUTED, fontsize=6.5)
        if said:
            ax.axvline(said, color=SECOND, linewidth=1.5, zorder=1.5)
            ax.text(said, len(names) - 0.45, "document", color=SECOND, ha="center", va="bottom", fontsize=6.5)
        ax.set_title("all digits" if digit is None else f"digit {digit}", pad=13)
        ax.set_xlim(-0.03, 1.3)
        ax.set_xticks([0, 0.5, 1])
        ax.set_ylim(-0.6, len(names) - 0.4)
        ax.grid(axis="x")
        ax.tick_params(axis="y", length=0)
    axes[0].set_yticks(range(len(names)), [ASKINGS[name] for name in reversed(names)])
    axes[1].set_xlabel("share of runs that reach 0.99 (bar: 95 % interval)")
    return figure


def by_digit(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Rate and evaluations to 0.99 of every digit and network."""
    digits = np.unique(results.digit.values.astype(int))
    figure, axes = plt.subplots(2, 1, figsize=(width, 0.55 * width), sharex=True)
    kinds = _kinds(results)
    for i, kind in enumerate(kinds):
        shift = 0.2 * (i - (len(kinds) - 1) / 2)
        for digit in digits:
            runs = of(results, kind, digit=int(digit))
            value, low, high, _ = measures.rate(runs)
            axes[0].plot([digit + shift] * 2, [low, high], color=COLOURS[kind], linewidth=1.6)
            axes[0].plot(digit + shift, value, "o", color=COLOURS[kind], markersize=4)
            for network in np.unique(runs.network):
                mine = runs.isel(run=np.flatnonzero(runs.network == network))
                spent = mine.evaluations_to.sel(target=0.99).values
                at = digit + shift + 0.02 * (network - 2)
                axes[1].plot(np.full(spent.size, at), spent, "o", color=COLOURS[kind], markersize=2, alpha=0.4,
                             mec="none")  # fmt: skip
        axes[0].text(1.01, 0.9 - 0.12 * i, KINDS[kind], color=COLOURS[kind], transform=axes[0].transAxes)
    axes[0].set_ylim(0, 1.05)
    axes[0].set_ylabel("share that reaches 0.99")
    axes[1].set_ylabel("evaluations to 0.99")
    axes[1].set_ylim(0)
    axes[1].set_xticks(digits)
    axes[1].set_xlabel("digit")
    for ax in axes:
        ax.grid(axis="y")
    return figure


def similarity(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Correlation of identikits within and between classes."""
    kinds = _kinds(results)
    figure, axes = plt.subplots(1, len(kinds), figsize=(width, 0.33 * width), sharey=True, squeeze=False)
    likeness = {kind: measures.similarity(of(results, kind)) for kind in kinds}
    gap = 0.055 * np.ptp(np.nan_to_num(list(likeness.values())))
    for ax, kind in zip(axes[0], kinds):
        runs = of(results, kind)
        within, between = likeness[kind]
        heights = spread(within, gap)
        for digit, inside, outside, y in zip(np.unique(runs.digit).astype(int), within, between, heights):
            ax.plot([0, 1], [outside, inside], "-o", color=DIGITS[digit], markersize=3)
            ax.text(1.06, y, str(digit), va="center", color=DIGITS[digit], fontsize=7)
        ax.set_xticks([0, 1], ["other classes", "own class"])
        ax.set_xlim(-0.3, 1.3)
        ax.axhline(0, color=FAINT, zorder=0)
        ax.set_title(KINDS[kind])
    axes[0, 0].set_ylabel("mean correlation with other identikits")
    return figure


def methods(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Search against gradient: evaluations, distance moved, resemblance, and what other networks say."""
    kind = measures.document_kind(results)
    names = [name for name in (*measures.SEARCHES, "ascent_pixel", "ascent_frequency") if name in ASKINGS]
    names = [name for name in names if of(results, kind, name).sizes["run"]]
    columns = {
        "evaluations to 0.99": lambda runs: runs.evaluations_to.sel(target=0.99).values,
        "distance moved": lambda runs: runs.distance.values,
        "likeness to the mean digit": measures.own_resemblance,
        "confidence of other kinds": measures.others_confidence,
    }
    figure, axes = plt.subplots(1, len(columns), figsize=(width, 0.26 * len(names) + 0.8), sharey=True)
    for ax, (title, measure) in zip(axes, columns.items()):
        for y, name in enumerate(reversed(names)):
            values = measure(of(results, kind, name))
            values = values[np.isfinite(values)]
            colour = SECOND if name.startswith("ascent") else ACCENT
            ax.plot(values, np.full(values.size, y), "|", color=colour, alpha=0.35, markersize=6)
            if values.size:
                ax.plot(np.median(values), y, "o", color=colour, markersize=4.5)
        ax.set_xlabel(title)
        ax.grid(axis="x")
        ax.tick_params(axis="y", length=0)
    axes[0].set_xscale("log")
    axes[-1].set_xlim(0, 1)
    axes[0].set_yticks(range(len(names)), [ASKINGS[name] for name in reversed(names)])
    return figure


def families(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """One identikit of every digit by masks, start and method."""
    kind = measures.document_kind(results)
    names = [name for name in ASKINGS if of(results, kind, name).sizes["run"]]
    digits = np.unique(results.digit.values.astype(int))
    figure, axes = plt.subplots(len(names), 1, figsize=(width, width / 11.5 * len(names)), squeeze=False)
    for row, name in zip(axes[:, 0], names):
        first = [of(results, kind, name, int(d)).image.values[0] for d in digits]
        tiles(row, np.stack(first)).name_row(ASKINGS[name], fontsize=6.5)
    return figure


def becoming(results: xr.Dataset) -> tuple[list[UInt8[np.ndarray, "h w 3"]], int]:
    """One identikit from blank to sure, with the network's confidence."""
    digit = 3 if 3 in results.of.values else int(results.of.values[0])
    one = results.sel(of=digit)
    frames = []
    for image, said, g in zip(one.evolution.values, one.evolution_confidence.values, one.frame.values):
        if g > int(one.evolution_generations):
            break
        figure, (picture, bar) = plt.subplots(
            2, 1, figsize=(SINGLE * 0.7, SINGLE * 0.86), height_ratios=[12, 1], dpi=200
        )
        tiles(picture, image[None])
        picture.set_title(f"is it a {digit}?   generation {g}")
        bar.barh(0, 1, color=FAINT)
        bar.barh(0, said, color=ACCENT)
        bar.set_xlim(0, 1)
        bar.set_axis_off()
        bar.text(0.5, -0.9, f"confidence {said:.4f}", ha="center", va="top", color=INK)
        frames.append(motion.frame(figure))
        plt.close(figure)
    return frames, 3


def _sure(confidence: float) -> str:
    """A confidence with as many nines as it has."""
    return f"{confidence:.2f}" if confidence < 0.99 else f"{int(confidence * 1e4) / 1e4:.4f}".rstrip("0")


def _kinds(results: xr.Dataset) -> list[str]:
    return [kind for kind in KINDS if kind in results.kind.values]


def _judges(results: xr.Dataset, kind: str) -> list[int]:
    return [i for i, name in enumerate(results.judge.values) if name.split()[0] == kind]


FIGURES = {
    "gallery": Drawing(
        gallery,
        "Identikits of every digit with low-frequency masks, from a blank image; under each the network's "
        "confidence and the evaluations that it took.",
    ),
    "evolution": Drawing(
        evolution, "Identikits on their way from blank to sure; under each the generation and the confidence."
    ),
    "families": Drawing(
        families, "One identikit of every digit by the family of masks, by the start image and by the method."
    ),
    "rates": Drawing(
        rates,
        "Share of runs that reach a confidence of 0.99 by family of masks, with Wilson's 95 % interval, beside the "
        "document's 50 % for 7 and 30 % for 9.",
    ),
    "by_digit": Drawing(
        by_digit,
        "Share of runs that reach 0.99 and evaluations spent, by digit (default masks); a point a run.",
    ),
    "survival": Drawing(
        survival,
        "Share of runs still below a confidence against evaluations (Kaplan-Meier; runs that ended are censored; "
        "band: 95 %).",
    ),
    "confidences": Drawing(
        confidences,
        "Largest output for random images, test digits and identikits, all networks of a kind together; upright: "
        "the document's 0.6 and 0.9.",
    ),
    "means": Drawing(
        means,
        "One identikit of every digit, the mean of all of them, and the mean training image; r: correlation with the "
        "mean training image. Every picture scaled to its own maximum.",
    ),
    "similarity": Drawing(
        similarity, "Mean correlation of a digit's identikits with those of other classes and of their own."
    ),
    "transfer": Drawing(
        transfer,
        "Mean confidence of each network in the sure identikits of each network (default masks); on the diagonal "
        "its own.",
    ),
    "methods": Drawing(
        methods,
        "Search and gradient ascent towards the same confidence: a mark a run, a point the median. Evaluations alone flatter "
        "masks that move far.",
    ),
}
ANIMATIONS = {"becoming": Drawing(becoming, "One identikit from blank to sure.")}

"""Figures of the study "identikits"."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from jaxtyping import UInt8
from matplotlib.figure import Figure

from research.plotting import motion
from research.plotting.style import ACCENT, DOUBLE, FAINT, INK, NARROW, SINGLE, Drawing
from research.plotting.tiles import Tiles, tiles
from research.studies.identikits import charts, measures
from research.studies.identikits.measures import of


def _rows(n: int, width: float, height: float) -> tuple[Figure, list]:
    """A figure of n rows of pictures, closer together in one column."""
    figure, axes = plt.subplots(n, 1, figsize=(width, height), squeeze=False)
    if width < NARROW:
        figure.set_layout_engine("constrained", h_pad=0.025, hspace=0)
    return figure, list(axes[:, 0])


def gallery(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Identikits of every digit, with confidence and evaluations."""
    runs = of(results, measures.document_kind(results))
    digits = np.unique(runs.digit)
    narrow = width < NARROW
    columns = min(7 if narrow else 10, runs.sizes["run"] // len(digits))
    height = (0.203 if narrow else 0.122) * width * len(digits)
    figure, rows = _rows(len(digits), width, height)
    for row, digit in zip(rows, digits):
        mine = of(runs, measures.document_kind(results), digit=int(digit)).isel(run=slice(columns))
        shown = tiles(row, mine.image.values)
        for i, (one, cost) in enumerate(zip(mine.confidence.values, mine.evaluations.values)):
            said = (_sure(float(one)), f"{cost:,.0f}".replace(",", " "))
            shown.name(i, ("\n" if narrow else "   ").join(said), fontsize=6.5 if narrow else 5.5)
        shown.name_row(str(digit), fontsize=10)
    return figure


def evolution(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Four identikits on their way from blank to sure."""
    digits = [d for d in (0, 3, 4, 7) if d in results.of.values] or list(results.of.values[:4])
    columns = 5 if width < NARROW else 9
    figure, rows = _rows(len(digits), width, width / columns * 1.25 * len(digits))
    for row, digit in zip(rows, digits):
        one = results.sel(of=digit)
        moments = np.unique(np.linspace(0, int(one.evolution_generations), columns).round().astype(int))
        shown = tiles(row, one.evolution.sel(frame=moments, method="nearest").values, columns=columns)
        for i, g in enumerate(moments):
            said = float(one.evolution_confidence.sel(frame=g, method="nearest"))
            shown.name(i, f"{g}: {_sure(said)}")
        shown.name_row(str(digit), fontsize=10)
    return figure


def means(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """One identikit, the mean of all, and the mean digit."""
    narrow = width < NARROW  # a row a digit
    kinds = [kind for kind in reversed(measures.kinds(results)) if of(results, kind).sizes["run"]]
    digits = np.unique(results.digit.values.astype(int))
    of_class = results.class_mean.values[digits]
    names, pictures = [], []
    for kind in kinds:
        each = [of(results, kind, digit=int(d)).image.values.astype(np.float32) for d in digits]
        names += [f"{charts.called(results, kind, SINGLE)}:\none identikit", f"mean of {len(each[0])}"]
        pictures += [[images[0] for images in each], [images.mean(0) for images in each]]
    likeness = np.array([[_likeness(*pair) for pair in zip(images, of_class)] for images in pictures])
    names.append("mean digit")
    table = np.array([*pictures, of_class])  # [row, column, y, x]
    if narrow:
        table, likeness = table.swapaxes(0, 1), likeness.T
    n, columns = table.shape[:2]
    height = (n / columns * 1.15 + 0.14 if narrow else n / 11.5 * 1.2) * width
    figure, axes = _rows(n, width, height)
    scaled = table / np.maximum(table.max((2, 3), keepdims=True), 1e-9)
    rows = [tiles(ax, images) for ax, images in zip(axes, scaled)]
    for row, name in zip(rows, digits if narrow else names):
        row.name_row(str(name), fontsize=10 if narrow else 6.5)
    for row, said in zip(rows, likeness):
        for i, r in enumerate(said):
            row.name(i, f"r = {r:.2f}".replace("-", "−"), fontsize=6)
    if narrow:
        _name_columns(rows[0], [charts.called(results, kind, width) for kind in kinds], names)
    return figure


def _name_columns(top: Tiles, kinds: list[str], names: list[str]) -> None:
    """What the columns show, two of them for each kind."""
    for i, name in enumerate(names):
        top.name(i, name.split("\n")[-1].replace(" ", "\n", 1), above=True)
    for i, kind in enumerate(kinds):
        middle = (top.place(2 * i) + top.place(2 * i + 2)) / 2
        top.ax.annotate(kind, (middle, -0.5), xytext=(0, 21), textcoords="offset points", ha="center",
                        annotation_clip=False, fontweight="bold", fontsize=7)  # fmt: skip


def _likeness(image: np.ndarray, of_class: np.ndarray) -> float:
    """Their correlation to two digits, never -0."""
    return round(float(measures.correlations(image[None], of_class[None])[0, 0]), 2) + 0.0


def families(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """One identikit of every digit by masks, start and method."""
    kind = measures.document_kind(results)
    names = [name for name in measures.CONDITIONS if of(results, kind, name).sizes["run"]]
    digits = np.unique(results.digit.values.astype(int))
    figure, rows = _rows(len(names), width, width / 11.5 * len(names))
    for row, name in zip(rows, names):
        first = [of(results, kind, name, int(d)).image.values[0] for d in digits]
        tiles(row, np.stack(first)).name_row(measures.CONDITIONS[name], fontsize=6.5)
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


FIGURES = {
    "gallery": Drawing(
        gallery,
        "Identikits of every digit with low-frequency masks, from a blank image, by the first networks of the document's "
        "kind; under each the network's confidence and the evaluations that it took.",
    ),
    "evolution": Drawing(
        evolution, "Identikits on their way from blank to sure; under each the generation and the confidence."
    ),
    "families": Drawing(
        families,
        "The masks decide what one sees: one identikit of every digit by the family of masks, the start image and the "
        "method, all by one network.",
    ),
    "rates": Drawing(
        charts.rates,
        "Share of runs that reach a confidence of 0.99 by family of masks: means over networks with 95 % intervals, "
        "beside the document's 50 % for 7 and 30 % for 9.",
    ),
    "by_digit": Drawing(
        charts.by_digit,
        "Share of runs that reach 0.99 by digit, means over networks with 95 % intervals, and the evaluations that the "
        "runs took; a point per run.",
    ),
    "survival": Drawing(
        charts.survival,
        "Share of runs still below a confidence against evaluations with low-frequency masks (Kaplan-Meier; runs that "
        "ended are censored): thick all runs of a kind, thin those of each network.",
    ),
    "confidences": Drawing(
        charts.confidences,
        "Largest output for random images, test digits and identikits, all n networks of a kind together; upright: the "
        "document's 0.6 and 0.9.",
    ),
    "means": Drawing(
        means,
        "One identikit of every digit, the mean of all of them, and the mean training image; r: correlation with the "
        "mean training image. Every picture is scaled to its own maximum.",
    ),
    "similarity": Drawing(
        charts.similarity,
        "Identikits resemble those of their own class more: mean correlation of a digit's identikits with those of other "
        "classes and of their own by the same network, means over n networks.",
    ),
    "transfer": Drawing(
        charts.transfer,
        "Mean confidence of each network in the sure identikits of each network (low-frequency masks, the first networks of "
        "each kind); its own on the diagonal.",
    ),
    "methods": Drawing(
        charts.methods,
        "Search and gradient ascent by networks of the document's kind: a mark per run, a point at the median; evaluations "
        "are those of runs that reach 0.99. They alone flatter masks that move far.",
    ),
}
ANIMATIONS = {"becoming": Drawing(becoming, "One identikit from blank to sure.")}

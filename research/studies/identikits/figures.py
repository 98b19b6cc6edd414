"""Figures of the study "identikits"."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from jaxtyping import UInt8
from matplotlib.figure import Figure

from research.plotting import motion
from research.plotting.style import ACCENT, DOUBLE, FAINT, INK, MUTED, NARROW, SINGLE, Drawing
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
    height = (0.203 if narrow else 0.133) * width * len(digits)
    figure, rows = _rows(len(digits), width, height)
    for row, digit in zip(rows, digits):
        mine = of(runs, measures.document_kind(results), digit=int(digit)).isel(run=slice(columns))
        shown = tiles(row, mine.image.values)
        for i, (one, cost) in enumerate(zip(mine.confidence.values, mine.evaluations.values)):
            shown.name(i, _sure(float(one)), above=True, fontsize="small" if narrow else "x-small")
            shown.name(i, f"{cost:,.0f}", fontsize="small" if narrow else "x-small", color=MUTED)
        shown.name_row(str(digit), fontsize="large")
    return figure


def evolution(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Four identikits from the blank image to high confidence."""
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
        shown.name_row(str(digit), fontsize="large")
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
        row.name_row(str(name), fontsize="large" if narrow else "small")
    for row, said in zip(rows, likeness):
        for i, r in enumerate(said):
            row.name(i, f"r = {r:.2f}".replace("-", "−"), fontsize="x-small")
    if narrow:
        _name_columns(rows[0], [charts.called(results, kind, width) for kind in kinds], names)
    return figure


def _name_columns(top: Tiles, kinds: list[str], names: list[str]) -> None:
    """Writes names above the columns, of which each kind has two."""
    for i, name in enumerate(names):
        top.name(i, name.split("\n")[-1].replace(" ", "\n", 1), above=True)
    for i, kind in enumerate(kinds):
        middle = (top.place(2 * i) + top.place(2 * i + 2)) / 2
        top.ax.annotate(kind, (middle, -0.5), xytext=(0, 21), textcoords="offset points", ha="center",
                        annotation_clip=False, fontweight="bold", fontsize="small")  # fmt: skip


def _likeness(image: np.ndarray, of_class: np.ndarray) -> float:
    """Correlation of two images, rounded to two digits without -0."""
    return round(float(measures.correlations(image[None], of_class[None])[0, 0]), 2) + 0.0


def families(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """One identikit of every digit by masks, start and method."""
    kind = measures.document_kind(results)
    names = [name for name in measures.CONDITIONS if of(results, kind, name).sizes["run"]]
    digits = np.unique(results.digit.values.astype(int))
    figure, rows = _rows(len(names), width, width / 11.5 * len(names))
    for row, name in zip(rows, names):
        first = [of(results, kind, name, int(d)).image.values[0] for d in digits]
        shown = tiles(row, np.stack(first), marked=[np.ptp(image) == 0 for image in first])
        shown.name_row(measures.CONDITIONS[name], fontsize="small")
        if row is rows[0]:
            for i, digit in enumerate(digits):
                shown.name(i, str(digit), above=True, fontsize="medium")
    return figure


def becoming(results: xr.Dataset) -> tuple[list[UInt8[np.ndarray, "h w 3"]], int]:
    """Frames of one identikit from the blank image to high confidence, with the network's confidence."""
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
    """A confidence as text: two digits, or up to four if it is at least 0.99."""
    return f"{confidence:.2f}" if confidence < 0.99 else f"{int(confidence * 1e4) / 1e4:.4f}".rstrip("0")


FIGURES = {
    "gallery": Drawing(
        gallery,
        "Which images does a CNN take for each digit? One row per digit; identikits by low-frequency masks from a "
        "blank image, by the first of {within-class-similar:size}. Above each picture the confidence, below it "
        "the number of evaluations.",
        "appendix",
    ),
    "evolution": Drawing(
        evolution,
        "How does an identikit develop? Four of them from the blank image to high confidence; under each picture "
        "the generation and the confidence in the digit at the left.",
        "wide",
    ),
    "families": Drawing(
        families,
        "Do the masks determine the picture? One identikit of every digit (columns) by family of masks, start "
        "image and method (rows), all by one CNN. Pictures framed in red are blank: no mask improved the blank "
        "image, so the search never started.",
        "column",
        "masks-decide-what-is-seen",
    ),
    "rates": Drawing(
        charts.rates,
        "With which masks does the search succeed? Share of runs that reach the document's confidence, by "
        "family of masks: mean over n networks, {confidence} interval from five networks on. Bold: the masks "
        "for the claims on convergence; red: the document's numbers for 7 and 9.",
        "column",
        "clipping-stalls",
    ),
    "by_digit": Drawing(
        charts.by_digit,
        "Which digits are hard? Share of runs that reach the document's confidence, with masks that move every "
        "pixel and with low-frequency ones: mean and {confidence} interval ({identikit-reaches-0.99:n}). Below, "
        "the evaluations of these runs, one point per run.",
        "appendix",
        "hardest-digits",
    ),
    "survival": Drawing(
        charts.survival,
        "How long does the search take? Share of runs still below a confidence, low-frequency masks "
        "(Kaplan-Meier; runs that ended are censored); thick: all runs of a kind, thin: those of each network.",
        "appendix",
    ),
    "confidences": Drawing(
        charts.confidences,
        "In which images are networks confident? Share of images by the largest output: random images, test "
        "digits and identikits, all networks of a kind together. Vertical lines: the "
        "document's numbers.",
        "column",
        "noise-is-sure",
    ),
    "means": Drawing(
        means,
        "Does the mean of many identikits show the digit? One identikit of every digit, the mean of all of "
        "them, and the mean training image; r: correlation with the mean training image. Every picture is "
        "scaled to its own maximum.",
        "appendix",
    ),
    "similarity": Drawing(
        charts.similarity,
        "Do identikits of a digit resemble each other? Mean correlation of a digit's identikits with those of "
        "other classes and of its own class by the same network ({within-class-similar:n}); one line per digit.",
        "appendix",
    ),
    "transfer": Drawing(
        charts.transfer,
        "Are networks confident in each other's identikits? Mean confidence of each network (columns) in the "
        "identikits of each network (rows), low-frequency masks; its own on the diagonal.",
        "column",
        "transfer-within-a-kind",
    ),
    "methods": Drawing(
        charts.methods,
        "What does each method cost, and what does its picture show? One mark per run, a point at the median, "
        "networks of the document's kind. Evaluations are those of successful runs; on their own they favour "
        "masks that move far.",
        "appendix",
        "gradient-is-cheaper",
    ),
}
ANIMATIONS = {
    "becoming": Drawing(
        becoming, "How does an identikit develop? One of them from the blank image to high confidence."
    )
}

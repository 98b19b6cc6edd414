"""Figures of the study "embeddings"."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from research import evidence as e
from research.plotting import charts
from research.plotting.style import (
    ACCENT,
    DIGITS,
    DIVERGING,
    DOUBLE,
    FAINT,
    INK,
    MUTED,
    NARROW,
    SECOND,
    Drawing,
    name_classes,
)
from research.plotting.tiles import tiles

COLOURS = {"pca": MUTED, "tsne": ACCENT, "bottleneck": SECOND, "cnn": INK}
EIGEN = 10  # eigen-images shown


def names(results: xr.Dataset, *, brief: bool = False) -> dict[str, str]:
    """Names of the maps, with the labels of the networks."""
    cnn = str(results.attrs["cnn"])
    if brief:
        return {"pca": "PCA", "tsne": "t-SNE", "bottleneck": "bottleneck", "cnn": f"{cnn.split()[0]}, t-SNE"}
    return {
        "pca": "two principal components",
        "tsne": "t-SNE of the pixels",
        "bottleneck": f"two neurons of {results.attrs['bottleneck']}",
        "cnn": f"t-SNE inside {cnn}",
    }


def maps(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """The same digits in every map of the first experiment."""
    figure, axes = plt.subplots(2, 2, figsize=(width, 0.98 * width))
    label, words = results.label.values, names(results, brief=width < NARROW)
    for ax, name in zip(axes.flat, results["map"].values):
        points = results.points.sel(map=name).values
        _scatter(ax, points, label)
        name_classes(ax, points, label)
        accuracy = 100 * float(results.accuracy.sel(map=name).isel(experiment=0))
        ax.set_title(f"{words[name]}: {accuracy:.1f} %")
    return figure


def _scatter(ax, points: np.ndarray, label: np.ndarray, **how) -> None:
    """Draws points in their digits' colours, without ticks; a thousandth at each side may lie outside."""
    ax.scatter(
        *points.T, **{"c": [DIGITS[d] for d in label], "s": 2.2, "linewidth": 0, "rasterized": True, **how}
    )
    low, high = np.percentile(points, [0.1, 99.9], axis=0)
    margin = 0.05 * (high - low)
    (left, bottom), (right, top) = low - margin, high + margin
    ax.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])


def kept(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """How well each map keeps the classes, and the neighbourhoods among the pixels."""
    wide = width >= NARROW
    places, ratios = ("abcd", (1, 1, 1, 2)) if wide else ("abc;ddd", None)
    size = (width, (0.34 if wide else 1.1) * width)
    figure, axes = plt.subplot_mosaic(places, figsize=size, width_ratios=ratios)
    rows, words = list(reversed(results["map"].values)), names(results, brief=not wide)
    for ax, (what, title) in zip(axes.values(), SCORES.items()):
        _score(ax, results, what)
        ax.set_title(title if wide else title.replace(" ", "\n"))
        ax.set(xlim=(-0.2, 1.2), xticks=(0, 0.5, 1))  # one scale for the three of them
        ax.xaxis.set_major_formatter("{x:g}")
        if not wide:
            ax.xaxis.label.set(x=0, ha="left")
    axes["a"].set_yticks(
        range(len(rows)),
        [words[row].replace(" of ", "\nof ").replace(" inside ", "\ninside ") for row in rows],
    )
    _shared(axes["d"], results)
    return figure


SCORES = {"accuracy": "5-NN accuracy", "silhouette": "silhouette", "trustworthiness": "trustworthiness"}


def _score(ax, results: xr.Dataset, what: str) -> None:
    """One score of every map from the top down: mean and interval over the experiments."""
    for y, name in enumerate(reversed(results["map"].values)):
        score = e.share(results[what].sel(map=name).values, bounds=(-1, 1))
        charts.measured(ax, y, score, COLOURS[name], across=True, markersize=3)
        shown = f"{100 * score.value:.1f} %" if what == "accuracy" else f"{score.value:.2f}"
        ha = "left" if score.value < 0.2 else "center"  # not across the axis
        ax.text(score.value, y + 0.2, shown, ha=ha, color=COLOURS[name], fontsize="small")
    ax.set_ylim(-0.5, results.sizes["map"] - 0.4)
    ax.set_yticks([])
    ax.tick_params(axis="y", length=0)
    ax.margins(x=0.3)
    ax.grid(axis="x")
    if what == "accuracy":
        pixel = float(results.pixel_accuracy.mean())
        ax.axvline(pixel, color=FAINT, zorder=0)
        ax.set_xlabel(f"grey: all pixels, {100 * pixel:.1f} %", fontsize="small")


def _shared(ax, results: xr.Dataset) -> None:
    """Share of the k nearest neighbours that each map keeps, against k."""
    k, kept, words = (
        results.neighbourhood.values,
        100 * results.shared.mean("experiment"),
        names(results, brief=True),
    )
    for name in results["map"].values:
        ax.plot(k, kept.sel(map=name), color=COLOURS[name])
    ax.set(xlim=(0.9, k[-1] * 1.03), ylim=(0, 1.1 * float(kept.max())))
    last = kept.sel(neighbourhood=k[-1])
    charts.name_ends(
        ax,
        [(float(y), words[name].split(",")[0], COLOURS[name]) for y, name in zip(last, last["map"].values)],
    )
    charts.logarithmic(ax, "x", (1, 3, 10, 30, 100))
    ax.set_title("nearest among the pixels kept, %")
    ax.set_xlabel("size of the neighbourhood")
    ax.grid()


def eigen(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """The mean digit, the first eigen-images, and the variance that they explain."""
    if width < NARROW:
        figure = plt.figure(figsize=(width, 1.15 * width))
        images, curve = figure.subfigures(2, 1, height_ratios=(5, 6)).flat  # type: ignore[union-attr]
    else:
        figure = plt.figure(figsize=(width, 0.33 * width))
        images, curve = figure.subfigures(1, 2, width_ratios=(9, 4)).flat  # type: ignore[union-attr]
    columns = EIGEN // 2
    (first, *rows), (hidden, *more) = images.subplots(2, 2, width_ratios=(1, columns + 0.12 * (columns - 1)))
    explained = 100 * results.explained.values
    tiles(first, results["mean"].values[None]).name(
        0, "mean", above=True, fontweight="bold", fontsize="medium"
    )
    hidden.set_visible(False)
    components = results.component.values[:EIGEN]
    largest = float(np.abs(components).max())
    for row, begin in zip([*rows, *more], (0, columns)):
        some = components[begin : begin + columns]
        shown = tiles(row, some, vmin=-largest, vmax=largest, cmap=DIVERGING, columns=columns)
        for i in range(len(some)):
            shown.name(i, f"{begin + i + 1}: {explained[begin + i]:.1f} %", above=True, fontsize="x-small")
    ax = curve.subplots()
    k = np.arange(1, len(explained) + 1)
    ax.plot(k, explained.cumsum(), color=ACCENT)
    for at, down in ((2, 4), (10, 4), (len(explained), 10)):
        total = explained[:at].sum()
        ax.plot(at, total, "o", color=ACCENT)
        ax.annotate(
            f"{at}: {total:.1f} %", (at, total), xytext=(3, -down), textcoords="offset points", va="top",
            ha="right" if at == len(explained) else "left", fontsize="small", color=ACCENT,
        )  # fmt: skip
    ax.set_ylim(0, 100)
    ax.set_xlabel("components")
    ax.set_title("variance explained, %")
    ax.set_yticks(range(0, 101, 20))
    ax.grid()
    return figure


def placed(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """New digits, drawn at their places in the map."""
    narrow = width < NARROW
    pixels, shape = (700, 1.1) if narrow else (1000, 0.8)  # of the picture; a digit is 28 pixels wide
    figure, ax = plt.subplots(figsize=(width, shape * width))
    points = results.points.sel(map="tsne").values
    label = results.label.values
    _scatter(ax, points, label, alpha=0.25, s=1.1 if narrow else 2.2)
    places, truth, said = (results[name].values for name in ("placed", "placed_label", "placed_said"))
    low, high = points.min(0), points.max(0)
    low, high = low - 0.02 * (high - low), high + 0.02 * (high - low)
    picture = np.zeros((round(shape * pixels), pixels, 4))
    for place, image, digit, voted in zip(places, results.placed_image.values, truth, said):
        x, y = np.clip((place - low) / (high - low), 0.02, 0.98) * [pixels, len(picture)]
        spot = picture[round(y) - 14 : round(y) + 14, round(x) - 14 : round(x) + 14]
        ink = image[::-1] > 255 * spot[..., 3]
        spot[ink, :3] = to_rgb(DIGITS[digit])
        spot[ink, 3] = image[::-1][ink] / 255
        if voted != digit:
            ax.plot(*place, "o", mfc="none", mec=INK, markersize=2000 * width / pixels, mew=0.6, zorder=4)
    ax.imshow(picture, extent=(low[0], high[0], low[1], high[1]), origin="lower", aspect="auto", zorder=3)
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    there, before = 100 * np.mean(said == truth), 100 * float(results.codes_accuracy[0])
    ax.set_title(
        f"{len(truth)} held-out digits, named by their 5 nearest:\n"
        f"{there:.1f} % rightly in the map, {before:.1f} % before mapping"
        if narrow
        else f"{len(truth)} held-out digits: {there:.1f} % named by their 5 nearest in the map, "
        f"{before:.1f} % by their 5 nearest before mapping"
    )
    ax.axis("off")
    return figure


FIGURES = {
    "maps": Drawing(
        maps,
        "Which map separates the classes? The same test digits in four maps of the first experiment, with the "
        "accuracy of the vote of the nearest neighbours in the map. The networks were trained with labels; "
        "principal components and t-SNE of the pixels use none.",
        "column",
        "two-numbers-beat-pixels",
    ),
    "kept": Drawing(
        kept,
        "What does each map preserve? Mean and {confidence} interval over {tsne-separates:size}: the vote of the "
        "nearest neighbours, the silhouette of the classes, the trustworthiness, and the share of a digit's "
        "nearest among the pixels that are among its nearest in the map.",
        "column",
        "bottleneck-forgets-neighbours",
    ),
    "eigen": Drawing(
        eigen,
        "What do the principal components show? The mean training digit and the first eigen-images (red: more"
        " ink, blue: less; one scale), each with the share of the variance that it explains, and the sum over"
        " components.",
        "appendix",
        "two-components-are-few",
    ),
    "placed": Drawing(
        placed,
        "Are new digits placed well? Test digits that the map of the first experiment has not seen, each drawn at "
        "the place found by `place`, over the faint map. Circled: its nearest neighbours in the map vote for "
        "another digit.",
        "appendix",
        "new-digits-find-their-place",
    ),
}

"""Figures of the study "bottlenecks"."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from scipy.stats import rankdata

from research import evidence as e
from research.plotting import charts
from research.plotting.labels import spread
from research.plotting.style import ACCENT, DIGITS, DOUBLE, INK, MUTED, NARROW, SECOND, Drawing, name_classes
from research.plotting.tiles import tiles
from research.studies.bottlenecks import measures
from research.studies.documents import not_documents

REGIONS = ListedColormap([tuple(1 - 0.3 * (1 - v) for v in to_rgb(colour)) for colour in DIGITS])


def plane(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Codes of all test digits over the decision regions; misread ones are marked."""
    figure, ax = plt.subplots(figsize=(width, 0.78 * width))
    _regions(ax, results)
    code, label = results.code.values, results.label.values
    wrong = results.said.values != label
    colours = np.array(DIGITS)[label]
    ax.scatter(code[~wrong, 0], code[~wrong, 1], c=colours[~wrong], s=1.2, linewidth=0)
    ax.scatter(code[wrong, 0], code[wrong, 1], c=colours[wrong], s=10, marker="x", linewidth=0.7)
    name_classes(ax, code, label)
    ax.set(xlabel="first neuron", ylabel="second neuron")
    return figure


def _regions(ax, results: xr.Dataset) -> None:
    x, y = results.place_x.values, results.place_y.values
    extent = (x[0], x[-1], y[0], y[-1])
    how: dict[str, Any] = {"origin": "lower", "aspect": "auto", "cmap": REGIONS, "vmin": -0.5, "vmax": 9.5}
    ax.imshow(results.region.values, extent=extent, **how)
    ax.set(xlim=extent[:2], ylim=extent[2:])


def beside_tsne(results: xr.Dataset, width: float = DOUBLE) -> Figure | None:
    """The same digits by t-SNE and by the bottleneck, and the ranks of their centroid distances."""
    if "tsne" not in results:
        return None
    places, height = ("ab;cc", 1.3) if width < NARROW else ("abc", 0.36)
    figure, named = plt.subplot_mosaic(places, figsize=(width, height * width))
    axes = [*named.values()]
    shown = results.mapped_image.values
    maps = {"t-SNE": results.tsne.values, "bottleneck": results.code.values[shown]}
    for ax, (title, points) in zip(axes, maps.items()):
        charts.digit_map(ax, points, results.label.values[shown], letters=9)
        ax.set_title(title)
    pairs = measures.PAIRS
    there, here = (
        rankdata(results.distance.sel(map=name).values[:, *pairs], axis=1).mean(0)
        for name in ("tsne", "bottleneck")
    )
    axes[2].plot(there, here, "o", color=ACCENT, markersize=2.5)
    close = sorted(set(there.argsort()[:5]) | set(here.argsort()[:5]))
    for i, y in zip(close, spread(here[close], 1.5)):
        name = f"{pairs[0][i]}-{pairs[1][i]}"
        axes[2].text(there[i] + 0.8, y, name, va="center", fontsize="x-small")
    rho = measures.likeness(results)
    assert rho
    within = f" ({rho.low:.2f} to {rho.high:.2f})" if rho.n >= e.MIN_UNITS else ""
    axes[2].set_title(f"ρ = {rho.value:.2f}{within}, n = {rho.n}".replace("-", "−"))
    axes[2].set(xlabel="rank in t-SNE (mean)", ylabel="rank in the bottleneck (mean)")
    return figure


def widths(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """Test error by the width of the bottleneck, and by its activation at width two."""
    layout: dict[str, Any] = {"ncols": 2, "width_ratios": (3, 2), "figsize": (width, 0.36 * width)}
    if width < NARROW:
        layout = {"nrows": 2, "figsize": (width, 1.2 * width)}
    figure, (left, right) = plt.subplots(sharey=True, **layout)
    epochs, longer = (
        f"{n} {'epoch' if n == 1 else 'epochs'}"
        for n in (results.attrs["curve_epochs"], results.attrs["epochs"])
    )
    _errors(left, results.width.values, results.width_accuracy.values)
    charts.logarithmic(left, "x", results.width.values.tolist())
    left.set_xlabel("neurons in the bottleneck")
    for ax in (left, right):
        ax.set_ylabel("test error, %" if ax.get_subplotspec().is_first_col() else "")
    left.set_yscale("log")
    error = e.share(1 - results.right.values.mean(1))
    charts.measured(left, 2, error, SECOND, scale=100, least=e.MIN_UNITS, marker="D")
    value = 100 * error.value
    left.annotate(
        f"after {longer}: {value:.2f} % (n = {error.n})", (2, value), xytext=(6, 4), textcoords="offset points",
        ha="left", va="bottom", color=SECOND, fontsize="small",
    )  # fmt: skip
    if not not_documents(results):
        left.axhline(4, color=MUTED, linewidth=0.6, zorder=0)  # 96 % are read right
    left.set_title(f"by width, after {epochs} (n = {results.sizes['curve_seed']} each)")
    names = list(results.activation.values)
    _errors(right, np.arange(len(names)), results.activation_accuracy.values, line=False)
    right.set_xticks(range(len(names)), names)
    right.set_xlim(-0.6, len(names) - 0.4)
    right.set_title("two neurons, by activation")
    left.set_ylim(bottom=min(left.get_ylim()[0], 0.65 * value))  # room for the words under it
    for ax in (left, right):
        charts.logarithmic(ax, "y", (1, 2, 3, 4, 6, 10, 20, 30, 50, 80))
        ax.grid(axis="y")
    return figure


def _errors(ax, x: np.ndarray, accuracy: np.ndarray, *, line: bool = True) -> None:
    """Error of each network (faint) and its mean with the interval; accuracy [x, network]."""
    error = 100 * (1 - accuracy)
    ax.plot(x, error, "o", color=ACCENT, alpha=0.35, markersize=2.5, mec="none")
    ax.plot(x, error.mean(1), "o-" if line else "o", color=ACCENT, linewidth=0.8)
    for place, values in zip(x, error):
        charts.measured(ax, place, e.share(values / 100), ACCENT, scale=100, least=e.MIN_UNITS, marker="")


def activations(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """The plane under each activation of the bottleneck."""
    names = results.activation.values
    figure, axes = charts.panels(len(names), 2 if width < NARROW else len(names), width, 1.08)
    label = results.label.values[: results.sizes["few"]]
    for ax, name in zip(axes.flat, names):
        points = results.activation_code.sel(activation=name).values.astype(np.float32)
        charts.digit_map(ax, points, label, letters=8)
        accuracy = 100 * float(results.activation_accuracy.sel(activation=name)[0])
        ax.set_title(f"{name}: {accuracy:.1f} %")
    return figure


def walk(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """A round trip through the plane, with identikits and the real digits nearby."""
    narrow = width < NARROW
    results = results.isel(stop=slice(None, None, 2 if narrow else 1))
    n = results.sizes["stop"]
    layout = ConstrainedLayoutEngine(w_pad=0.01, h_pad=0.02, wspace=0.02, hspace=0.02)
    height, ratios = (0.86, (5, 3.1)) if narrow else (0.62, (4.6, 1.6))
    figure = plt.figure(figsize=(width, height * width), layout=layout)
    top, bottom = figure.subfigures(2, 1, height_ratios=ratios, squeeze=False).flat
    ax = top.subplots()
    _regions(ax, results)
    path = results.path.values
    ax.plot(*np.vstack([path, path[:1]]).T, "o-", color=INK, markersize=2.5, linewidth=0.7)
    for i in range(0, n, 1 if narrow else 2):
        ax.annotate(
            str(i + 1), path[i], xytext=(5, 5), textcoords="offset points", fontsize="x-small", color=MUTED
        )
    name_classes(ax, results.code.values, results.label.values)
    ax.set(xticks=[], yticks=[])
    drawn, real = (
        tiles(ax, results[what].values / 255)
        for ax, what in zip(bottom.subplots(2, 1), ("path_image", "path_mean"))
    )
    for i, (said, sure) in enumerate(zip(results.path_said.values, results.path_confidence.values)):
        drawn.name(
            i, str(said), above=True, color=DIGITS[said], alpha=float(0.4 + 0.6 * sure), fontsize="medium",
            fontweight="bold",
        )  # fmt: skip
        real.name(i, str(i + 1), color=MUTED, fontsize="x-small")
    drawn.name_row("identikit", fontsize="small")
    real.name_row("real, nearby", fontsize="small")
    return figure


FIGURES = {
    "plane": Drawing(
        plane,
        "How do two neurons separate ten digits? The codes of all test digits in the first network, over the "
        "class that its decoding half assigns to each place. Crosses: misread digits, in the colour of their "
        "true class.",
        "column",
        "classes-are-rays",
    ),
    "beside_tsne": Drawing(
        beside_tsne,
        "Does the plane resemble t-SNE? The same random test digits in both maps of one pair, and the ranks "
        "of the distances between class centroids (one: closest), with the names of the closest pairs; mean "
        "over {bottleneck-like-tsne:size}. ρ: rank correlation with its {confidence} interval.",
        "wide",
        "few-shared-neighbours",
    ),
    "widths": Drawing(
        widths,
        "How narrow may the bottleneck be? Test error by width, and by the activation of two neurons: mean "
        "and {confidence} interval over independently trained networks (faint points); no interval for fewer "
        "than five. Orange: the network of the claims; grey line: the error that the document stays below.",
        "column",
        "ten-neurons-suffice",
    ),
    "activations": Drawing(
        activations,
        "Does the activation shape the plane? The plane of one network for each activation of the bottleneck, "
        "with that network's accuracy.",
        "appendix",
        "activation-of-two-neurons",
    ),
    "walk": Drawing(
        walk,
        "What lies between the classes? A round trip through the plane, from class to class and half-way "
        "between: the class that the decoding half assigns (paler: less confident), an image optimised to have "
        "this code, and the mean of the nearest real digits.",
        "appendix",
        "images-of-places-are-no-digits",
    ),
}

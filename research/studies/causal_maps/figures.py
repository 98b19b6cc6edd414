"""Figures of the study "causal_maps"."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from research.plotting import maps
from research.plotting.style import DOUBLE, NARROW, Drawing
from research.studies.causal_maps import charts, measures
from research.studies.causal_maps.correlations import centred, own
from research.studies.causal_maps.identikit_maps import METHODS
from research.studies.causal_maps.measures import DOCUMENT

Z_TICKS = (-100, -10, -2, 0, 2, 10, 100)  # of the colours of z, which are logarithmic


def _rows(results: xr.Dataset) -> list[tuple[str, str, np.ndarray]]:
    """Ten maps of the first network of each kind: its causal index, or its mean Jacobian if it has none."""
    rows = []
    for kind in measures.kinds(results):
        first = measures.of(results, kind).isel(network=0)
        method = str(first.map_method.item())
        r = float(own(first.resemblance.sel(reading=method).values).mean())
        name = charts.wrapped(measures.label(results, kind))
        rows.append((f"{name}\nr = {r:.2f}", maps.NAMES[method], _values(first["map"])))
    return rows


def _values(maps: xr.DataArray) -> np.ndarray:
    return maps.values.astype(np.float32)


def _rows_of_ten(rows: int, width: float):
    """Axes for rows of ten pictures, with the digits named above the first row."""
    height = (
        rows * (width / 12.8 + (0.11 if width >= NARROW else 0.22)) + 0.12
    )  # narrow: room for the rows' names
    figure, axes = plt.subplots(rows, 1, figsize=(width, height), squeeze=False)
    for digit in range(10):
        axes[0, 0].text(
            (digit + 0.5) / 10, 1.02, str(digit), transform=axes[0, 0].transAxes, ha="center", va="bottom",
        )  # fmt: skip
    return figure, axes[:, 0]


def grey(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """The document's rendering, one network of each kind."""
    rows = _rows(results)
    figure, axes = _rows_of_ten(len(rows) + 1, width)
    for row, (label, _, ten) in zip(axes, rows):
        maps.grey(row, ten).name_row(label, fontsize="small")
    maps.grey(axes[-1], results.contrast.values).name_row("class mean\n− mean", fontsize="small")
    return figure


def signed(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """The same maps signed, one scale a row."""
    rows = _rows(results)
    figure, axes = _rows_of_ten(len(rows), width)
    for row, (label, method, ten) in zip(axes, rows):
        shown = maps.signed(row, ten)
        maps.bar(figure, shown, row, "")
        shown.name_row(label if method != "mean Jacobian" else f"{label}, Jacobian", fontsize="small")
    return figure


def methods(results: xr.Dataset, width: float = DOUBLE) -> Figure | None:
    """Maps of the document's network by five methods, mean over the population."""
    if DOCUMENT not in results.kind.values:
        return None
    mean = results.mean_map.sel(group=DOCUMENT)
    figure, axes = _rows_of_ten(len(METHODS), width)
    for row, method in zip(axes, METHODS):
        if method not in mean.reading:
            row.set_visible(False)
            continue
        shown = maps.signed(row, centred(_values(mean.sel(reading=method))))
        shown.name_row(maps.NAMES[method].replace(" ", "\n", 1), fontsize="small")
    return figure


def z_maps(results: xr.Dataset, width: float = DOUBLE) -> Figure | None:
    """One network's causal index in standard deviations of null models."""
    rows = []
    for training in ("untrained", "shuffled"):
        z = measures.z_maps(results, training)
        if z is not None:
            share = 100 * np.mean(np.abs(z[0]) > measures.SURE)
            rows.append((f"{training}\n|z| > {measures.SURE:g}:\n{share:.0f} %", z[0]))
    if not rows:
        return None
    figure, axes = _rows_of_ten(len(rows), width)
    for row, (label, z) in zip(axes, rows):
        shown = maps.signed(
            row, np.arcsinh(z / measures.SURE), most=float(np.arcsinh(Z_TICKS[-1] / measures.SURE))
        )
        shown.name_row(label, fontsize="small")
    colours = maps.bar(figure, shown, axes.tolist(), "z")
    colours.set_ticks(np.arcsinh(np.divide(Z_TICKS, measures.SURE)), labels=[f"{z:d}" for z in Z_TICKS])
    return figure


def single_and_mean(results: xr.Dataset, width: float = DOUBLE) -> Figure | None:
    """Two networks of the document's kind, the mean of all, and the mean over its standard error."""
    if DOCUMENT not in results.kind.values:
        return None
    every = _values(measures.of(results, DOCUMENT)["map"])
    m = len(every)
    singles = measures.resembles(results, DOCUMENT, "causal_index")
    if m < 2 or len(singles) < 2:
        return None
    alike = measures.of_mean(results, DOCUMENT)
    rows = [
        (f"network 1\nr = {singles[0]:.2f}", every[0]),
        (f"network 2\nr = {singles[1]:.2f}", every[1]),
        (f"mean of {m}\nr = {alike[-1]:.2f}", every.mean(0)),
    ]
    figure, axes = _rows_of_ten(4, width)
    most = float(np.percentile(np.abs(every), 99.5))
    for row, (label, ten) in zip(axes, rows):
        shown = maps.signed(row, ten, most=most)
        shown.name_row(label, fontsize="small")
    maps.bar(figure, shown, axes[:3].tolist(), "")
    t = every.mean(0) / np.maximum(every.std(0, ddof=1) / np.sqrt(m), 1e-12)
    shown = maps.signed(axes[3], t, most=10)
    maps.bar(figure, shown, axes[3], "")
    shown.name_row("mean /\nits error", fontsize="small")
    return figure


FIGURES = {
    "grey": Drawing(
        grey,
        "Do the maps look like the digits? The document's rendering: dark is high, every map between its own "
        "least and largest value. Causal index of one network of each kind (mean Jacobian of the CNN, which "
        "has no index); r: correlation with the last row, mean over the ten digits.",
        "wide",
    ),
    "signed": Drawing(
        signed,
        "Which pixels speak for a class, and which against it? The same maps with their signs: red speaks for "
        "the class, blue against it, white is zero; one scale per row.",
        "wide",
        "the-rim-decides-the-likeness",
    ),
    "methods": Drawing(
        methods,
        "Do five methods agree? Maps of the document's network, mean over {maps-like-digits-own:size}, less the mean "
        "over the classes; one scale per row.",
        "appendix",
    ),
    "resemblance": Drawing(
        charts.resemblance,
        "How much do the maps resemble the digits? Correlation of map and digit, mean of ten maps: networks "
        "(faint), their mean and, from five networks on, its {confidence} interval; beside them the same "
        "networks untrained (dashes) and trained on shuffled labels (crosses).",
        "wide",
        "the-rim-decides-the-likeness",
    ),
    "z_maps": Drawing(
        z_maps,
        "Which weights did training move? Causal index of one network of the document's kind in standard "
        "deviations of null models: untrained, and trained on shuffled labels. The colours are logarithmic; "
        "white is within the spread of the null models.",
        "appendix",
        "z-tells-moved-not-mattering",
    ),
    "agreement": Drawing(
        charts.agreement,
        "How far do the methods agree? Correlation between maps of the same class (less the mean over the "
        "classes), mean over the ten classes and n networks; each pair of methods once. A network with "
        "convolutions has no causal index.",
        "appendix",
    ),
    "single_and_mean": Drawing(
        single_and_mean,
        "Does a single network's map show what the population's does? Causal index of two networks that "
        "differ only in their seed, the mean of all on the same scale, and the mean over its standard error "
        "(white: not known to differ from zero).",
        "appendix",
        "deep-maps-differ-by-seed",
    ),
    "depth": Drawing(
        charts.depth,
        "Does the causal index work for deep networks? ReLU networks of one width and growing depth: "
        "correlation of the index with the mean Jacobian, and of both with the digits; mean and "
        "{confidence} interval ({index-suits-deeper-less:n}).",
        "column",
        "depth-costs-the-index",
    ),
    "curves": Drawing(
        charts.curves,
        "Which map ranks the pixels best? Probability of the right class while pixels of test images are "
        "blanked (deletion) or restored on a blank image (insertion), those with the highest value in the map "
        "of the class first; numbers: area under the curve.",
        "appendix",
        "mean-digit-deletes-better",
    ),
}

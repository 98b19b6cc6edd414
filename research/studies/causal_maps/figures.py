"""Figures of the study "causal_maps"."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from research.plotting import maps
from research.plotting.style import DOUBLE, Drawing
from research.studies.causal_maps import charts, measures
from research.studies.causal_maps.correlations import centred, own
from research.studies.causal_maps.identikit_maps import METHODS
from research.studies.causal_maps.measures import DOCUMENT

Z_END = 10.0  # of the colours of z: maps of trained networks reach ±100 at the rim


def _rows(results: xr.Dataset) -> list[tuple[str, str, np.ndarray]]:
    """Ten maps of the first network of each kind: the causal index where it has one, else the mean Jacobian."""
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
    figure, axes = plt.subplots(rows, 1, figsize=(width, rows * (width / 12.8 + 0.11)), squeeze=False)
    return figure, axes[:, 0]


def grey(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """The document's rendering, one network of each kind."""
    rows = _rows(results)
    figure, axes = _rows_of_ten(len(rows) + 1, width)
    for row, (label, _, ten) in zip(axes, rows):
        maps.grey(row, ten).name_row(label)
    maps.grey(axes[-1], results.contrast.values).name_row("class mean\n− mean")
    return figure


def signed(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """The same maps signed, one scale a row."""
    rows = _rows(results)
    figure, axes = _rows_of_ten(len(rows), width)
    for row, (label, method, ten) in zip(axes, rows):
        shown = maps.signed(row, ten)
        maps.bar(figure, shown, row, "")
        shown.name_row(label if method != "mean Jacobian" else f"{label}\nJacobian")
    return figure


def methods(results: xr.Dataset, width: float = DOUBLE) -> Figure | None:
    """What five methods say of the document's network, mean over the population."""
    if DOCUMENT not in results.kind.values:
        return None
    mean = results.mean_map.sel(group=DOCUMENT)
    figure, axes = _rows_of_ten(len(METHODS), width)
    for row, method in zip(axes, METHODS):
        if method not in mean.reading:
            row.set_visible(False)
            continue
        shown = maps.signed(row, centred(_values(mean.sel(reading=method))))
        shown.name_row(maps.NAMES[method].replace(" ", "\n", 1))
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
        shown = maps.signed(row, z, most=Z_END)
        shown.name_row(label)
    maps.bar(figure, shown, axes.tolist(), "z")
    return figure


def single_and_mean(results: xr.Dataset, width: float = DOUBLE) -> Figure | None:
    """Two networks of the document's kind, the mean of all, and how sure it is."""
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
        shown.name_row(label)
    maps.bar(figure, shown, axes[:3].tolist(), "")
    t = every.mean(0) / np.maximum(every.std(0, ddof=1) / np.sqrt(m), 1e-12)
    shown = maps.signed(axes[3], t, most=10)
    maps.bar(figure, shown, axes[3], "")
    shown.name_row("mean /\nits error")
    return figure


FIGURES = {
    "grey": Drawing(
        grey,
        "The document's rendering: dark is high, every map between its own least and largest value. Causal index of one "
        "network of each kind (without one, mean Jacobian); r: correlation with the last row, mean over the ten digits.",
    ),
    "signed": Drawing(signed, "The same maps with their signs: red speaks for the class, blue against it, white is zero; one scale a row."),
    "methods": Drawing(
        methods,
        "What five methods say of the document's network, mean over the population, less the mean over the classes; one "
        "scale a row.",
    ),
    "resemblance": Drawing(charts.resemblance,
        "Correlation of map and digit, mean of ten maps: n networks (faint), mean and, from five on, 95 % interval; beside "
        "them the same networks untrained (dashes) and trained on shuffled labels (crosses).",
    ),
    "z_maps": Drawing(
        z_maps,
        "Causal index of one network of the document's kind in standard deviations of null models: before their first step, "
        "and trained on shuffled labels. Colours end at ±10; larger values are as dark.",
    ),
    "agreement": Drawing(charts.agreement,
        "Correlation between maps of the same class (less the mean over the classes), averaged over the ten: mean and "
        "half the 95 % interval over n networks (no interval for fewer than five; each pair of maps once). A network with "
        "convolutions has no causal index.",
    ),
    "agreement_measures": Drawing(charts.agreement_measures, "The document's network by three measures of agreement."),
    "single_and_mean": Drawing(
        single_and_mean,
        "Causal index of two networks that differ only in their seed, the mean of the population on the same scale, and "
        "the mean over its standard error (white: not known to differ from zero; colours end at ±10).",
    ),
    "depth": Drawing(charts.depth,
        "ReLU networks of one width and growing depth: how far the causal index agrees with the mean Jacobian, and how "
        "far either resembles the digits; mean and 95 % interval over networks.",
    ),
    "curves": Drawing(charts.curves,
        "Probability of the right class while the pixels of test images are blanked (deletion) or appear on blank "
        "(insertion), highest in the map of the class first; numbers: area under the curve.",
    ),
}  # fmt: skip

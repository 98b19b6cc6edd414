"""Figures of a network trained elsewhere, whichever reading it was given."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from research.figures import DOUBLE, Drawing, maps, tiles


def ten_maps(results: xr.Dataset, width: float = DOUBLE) -> Figure | None:
    """The map of every class, both ways, above what the digits are like."""
    if "map" not in results:
        return None
    k = results.sizes["class"]
    figure, axes = plt.subplots(3, k, figsize=(width, 3 * width / (k + 2) + 0.35), squeeze=False)
    one = results["map"].values
    maps.grey(axes[0], one)
    shown = maps.signed(axes[1], one)
    maps.signed(axes[2], results.contrast.values)
    for ax, digit, r in zip(axes[0], results["class"].values, results.resemblance.values):
        ax.set_title(str(digit), loc="center")
        ax.set_xlabel(f"r {r:+.2f}", fontsize=6, labelpad=2)
    for ax, text in zip(axes[:, 0], ("dark = high", "signed", "the digits")):
        maps.label_row(ax, text)
    maps.bar(figure, shown, axes[1, :].tolist(), "")
    return figure


def drawn(results: xr.Dataset, width: float = DOUBLE) -> Figure | None:
    """Every identikit with its confidence, and their mean."""
    if "confidence" not in results:
        return None
    one = results.isel(network=0)
    rows = min(4, one.sizes["restart"])
    k = one.sizes["digit"]
    figure, axes = plt.subplots(rows + 1, k, figsize=(width, 1.2 * width / k * (rows + 1)), squeeze=False)
    for row, restart in zip(axes, range(rows)):
        tiles(row, one.image.isel(restart=restart).values)
        for ax, sure in zip(row, one.confidence.isel(restart=restart).values):
            ax.set_xlabel(f"{np.floor(float(sure) * 1000) / 1000:.3f}", fontsize=6, labelpad=2)
    maps.grey(axes[rows], one.image.mean("restart").values)
    for ax, digit in zip(axes[0], one.digit.values):
        ax.set_title(str(digit), loc="center")
    maps.label_row(axes[rows, 0], f"mean of {one.sizes['restart']}")
    return figure


FIGURES = {
    "maps": Drawing(
        ten_maps,
        "What each pixel means to each class: in the document's rendering (dark is high, every map on its own "
        "scale), signed on one scale with zero at white, and the class mean minus the mean of all digits; r: the "
        "correlation of the two.",
    ),
    "identikits": Drawing(
        drawn, "Images that the network takes for each digit, with its confidence, and their mean."
    ),
}

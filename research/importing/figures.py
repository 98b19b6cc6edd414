"""Figures of a network trained elsewhere, whichever reading it was given."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from research.plotting import maps
from research.plotting.style import DOUBLE, Drawing
from research.plotting.tiles import tiles


def ten_maps(results: xr.Dataset, width: float = DOUBLE) -> Figure | None:
    """The map of every class, both ways, above what the digits are like."""
    if "map" not in results:
        return None
    k = results.sizes["class"]
    compared = "contrast" in results
    names = ["dark = high", "signed", *(["the digits"] if compared else [])]
    figure, axes = plt.subplots(len(names), 1, figsize=(width, len(names) * width / (k + 2) + 0.35))
    one = results["map"].values
    rows = [maps.grey(axes[0], one), maps.signed(axes[1], one)]
    if compared:
        rows.append(maps.signed(axes[2], results.contrast.values))
    for i, digit in enumerate(results["class"].values):
        rows[0].name(i, str(digit), above=True, fontsize="medium", fontweight="bold")
        if compared:
            rows[0].name(i, f"r {results.resemblance.values[i]:+.2f}", fontsize="x-small")
    for row, text in zip(rows, names):
        row.name_row(text)
    maps.bar(figure, rows[1], list(axes), "")  # of all rows, so that their tiles stay below each other
    return figure


def drawn(results: xr.Dataset, width: float = DOUBLE) -> Figure | None:
    """Every identikit with its confidence at the start and at the end, and their mean."""
    if "confidence" not in results:
        return None
    one = results.isel(network=0)
    rows = min(4, one.sizes["restart"])
    k = one.sizes["digit"]
    figure, axes = plt.subplots(rows + 1, 1, figsize=(width, 1.2 * width / k * (rows + 1)))
    for restart in range(rows):
        shown = tiles(axes[restart], one.image.isel(restart=restart).values)
        ends = one.confidence.isel(restart=restart).values, one.start_confidence.isel(restart=restart).values
        for i, (sure, before) in enumerate(zip(*ends)):
            shown.name(i, f"{before:.2f} → {np.floor(float(sure) * 1000) / 1000:.3f}", fontsize="x-small")
        if restart == 0:
            for i, digit in enumerate(one.digit.values):
                shown.name(i, str(digit), above=True, fontsize="medium", fontweight="bold")
    mean = maps.grey(axes[rows], one.image.mean("restart").values)
    mean.name_row(f"mean of {one.sizes['restart']}")
    return figure


FIGURES = {
    "maps": Drawing(
        ten_maps,
        "What each pixel means to each class: in the document's rendering (dark is high, every map on its own "
        "scale), signed on one scale with zero at white, and the class mean minus the mean of all digits; r: the "
        "correlation of the two.",
    ),
    "identikits": Drawing(
        drawn,
        "Images that the network takes for each digit, its confidence at the start and at the end, and their mean.",
    ),
}

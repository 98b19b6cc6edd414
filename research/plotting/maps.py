"""Ten maps in a row: in the document's grey, or signed with zero at white."""

from typing import Any

import numpy as np
from jaxtyping import Float

from research.plotting.style import DIVERGING, FAINT
from research.plotting.tiles import Tiles, tiles

NAMES = {
    "causal_index": "causal index",
    "mean_jacobian": "mean Jacobian",
    "integrated_gradients": "integrated gradients",
    "identikit": "mean identikit",
    "class_mean": "class mean − mean",
}


def grey(ax, maps: Float[np.ndarray, "n h w"]) -> Tiles:
    """Draws maps as the document does: dark is high, each map scaled between its own minimum and maximum."""
    maps = np.asarray(maps)
    low, high = (edge((1, 2), keepdims=True) for edge in (maps.min, maps.max))
    return tiles(ax, (maps - low) / np.where(high > low, high - low, 1))


def signed(ax, maps: Float[np.ndarray, "n h w"], *, most: float | None = None) -> Tiles:
    """Draws signed maps on one scale from −most to most: red is positive, blue negative, white zero.

    most: by default the 99.5th percentile of the absolute values.
    """
    most = float(np.nanpercentile(np.abs(maps), 99.5)) if most is None else most
    return tiles(ax, maps, vmin=-most, vmax=most, cmap=DIVERGING)


def bar(figure, shown: Tiles, axes, label: str) -> Any:
    """Adds a thin colour bar to the right of some axes, and returns it."""
    colours = figure.colorbar(shown.image, ax=axes, fraction=0.012, pad=0.01, aspect=30)
    colours.outline.set(edgecolor=FAINT, linewidth=0.5)
    colours.ax.tick_params(length=2, labelsize="x-small")
    colours.set_label(label, fontsize="small")
    return colours

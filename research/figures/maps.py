"""Ten maps in a row: in the document's grey, or signed with zero at white."""

import numpy as np

from research.figures import DIVERGING, FAINT, tiles

NAMES = {
    "causal_index": "causal index",
    "mean_jacobian": "mean Jacobian",
    "integrated_gradients": "integrated gradients",
    "identikit": "mean identikit",
    "class_mean": "class mean − mean",
}


def grey(axes, maps) -> None:
    """The document's rendering: dark is high, each map scaled between its own least and largest value."""
    for ax, image in zip(axes, maps):
        tiles([ax], [image], vmin=image.min(), vmax=image.max())


def signed(axes, maps, *, most: float | None = None):
    """Red is positive, blue negative, white zero; one scale for all, up to `most` (its 99.5th percentile).

    Returns what a colour bar needs.
    """
    most = float(np.nanpercentile(np.abs(maps), 99.5)) if most is None else most
    tiles(axes, maps, vmin=-most, vmax=most, cmap=DIVERGING)
    return axes[0].images[0]


def label_row(ax, text: str) -> None:
    """A name to the left of a row of tiles."""
    ax.set_ylabel(text, rotation=0, ha="right", va="center", labelpad=6)


def bar(figure, mappable, axes, label: str) -> None:
    """A thin colour bar to the right of some axes."""
    colours = figure.colorbar(mappable, ax=axes, fraction=0.012, pad=0.01, aspect=30)
    colours.outline.set(edgecolor=FAINT, linewidth=0.5)
    colours.ax.tick_params(length=2, labelsize=6)
    colours.set_label(label, fontsize=6.5)

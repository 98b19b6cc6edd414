"""Numbers of the saved results that claims, findings and figures share."""

import numpy as np
import xarray as xr

from research import evidence as e
from research.studies.drawings.study import EDGE, WIDE


def name_of(results: xr.Dataset, kind: str) -> str:
    """The name of a recogniser in figures and sentences."""
    return f"{int(results.k)} nearest neighbours" if kind == "knn" else str(results.attrs[kind])


def of_kind(results: xr.Dataset, read: xr.DataArray, kind: str) -> xr.DataArray:
    """The rows of one kind of recogniser in a table of predictions."""
    return read.isel(recogniser=(results.kind == kind).values)


def cell(results: xr.Dataset, width: float = WIDE, shift: int = EDGE) -> xr.DataArray:
    """Predictions of every recogniser for every seven of this width and shift [recogniser seven]."""
    return results.grid.sel(width=width, shift=shift)


def sevens_read(results: xr.Dataset, read: xr.DataArray, kind: str) -> np.ndarray:
    """Whether each network of a kind reads each seven right [network seven]."""
    return (of_kind(results, read, kind) == 7).transpose("recogniser", "seven").values


def pattern(results: xr.Dataset, read: xr.DataArray) -> tuple[np.ndarray, np.ndarray]:
    """Whether pairs of a dense network and a CNN show the document's pattern, and its reverse [pair seven].

    The pattern: the dense network and the nearest neighbours are wrong, and the CNN is right.
    """
    dense, cnn, knn = (sevens_read(results, read, kind) for kind in ("dense3", "cnn_small", "knn"))
    return ~dense & ~knn & cnn, dense & knn & ~cnn


def all_right(results: xr.Dataset, read: xr.DataArray) -> np.ndarray:
    """Whether a pair of networks and the nearest neighbours all read the seven right [pair seven]."""
    dense, cnn, knn = (sevens_read(results, read, kind) for kind in ("dense3", "cnn_small", "knn"))
    return dense & cnn & knn


def share_of(hits: np.ndarray) -> e.Interval:
    """Share of the images, for new networks and new images [network image]."""
    return e.crossed(hits.astype(float), bounds=(0, 1))


def right(results: xr.Dataset, kind: str, which: str, family: str, step: int) -> np.ndarray:
    """Whether each network reads each deformed image right [network image]; which: "sevens" or "all"."""
    part = slice(int(results.sevens)) if which == "sevens" else slice(int(results.sevens), None)
    read = of_kind(results, results.predicted.sel(family=family).isel(step=step), kind)
    return (read == results.label).transpose("recogniser", "image").values[:, part]


def step_of(results: xr.Dataset, family: str, strength: float) -> int:
    """The step at which a family has a strength."""
    return int(np.abs(results.strength.sel(family=family).values - strength).argmin())


def of_tenths(results: xr.Dataset, name: str, **at) -> np.ndarray:
    """A measurement on every tenth of the data, for example ("pca_near", state="funky", digit=6) [tenth]."""
    chosen = results[f"tenth_{name}"]
    labels = {dim: value for dim, value in at.items() if dim in results.coords}
    return chosen.sel(labels).isel({dim: value for dim, value in at.items() if dim not in labels}).values


def positive_ink(results: xr.Dataset, state: str) -> np.ndarray:
    """Share of the ink on the positive pixels of a component, mean over the two components [tenth]."""
    return results.tenth_positive.sel(state=state).mean("axis").values


def weaker_filter(results: xr.Dataset, training: str = "trained") -> np.ndarray:
    """AUC of the weaker of each CNN's two filters for bar and slash [cnn]."""
    return results.filter_auc.sel(training=training).min("part").values

"""Numbers of the saved results that claims, findings and figures share."""

import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Float

from research import evidence as e
from research.studies import documents
from research.studies.causal_maps.correlations import own, resemblance

DOCUMENT = "sigmoid200"  # the kind of network that document 000 reads
SURE = 2.0  # |z| from which a pixel counts as moved by training


def not_documents(results: xr.Dataset) -> str:
    """Why the document cannot be judged on these networks; empty if it can."""
    if DOCUMENT not in results.kind.values:
        return f"no network {DOCUMENT} was read"
    return documents.not_documents(results)


def top1_match(matrix: Float[np.ndarray, "... k k"]) -> Float[np.ndarray, "..."]:
    """Share of a network's maps that resemble their own class most."""
    return (matrix.argmax(-1) == np.arange(matrix.shape[-1])).mean(-1)


def kinds(results: xr.Dataset) -> list[str]:
    """The kinds of networks that were read, in order."""
    return list(dict.fromkeys(results.kind.values.tolist()))


def label(results: xr.Dataset, kind: str) -> str:
    """The name of a kind of network in figures and sentences."""
    return str(results.label.sel(group=kind).item())


def of(results: xr.Dataset, kind: str) -> xr.Dataset:
    """The networks of one kind."""
    return results.isel(network=np.flatnonzero(results.kind.values == kind))


def resembles(results: xr.Dataset, kind: str, method: str) -> Float[np.ndarray, " m"]:
    """Correlation of map and own digit for each network, mean over ten maps; empty without such maps."""
    if method not in results.reading:
        return np.zeros(0)
    values = own(of(results, kind).resemblance.sel(reading=method).values).mean(-1)
    return values[~np.isnan(values)]


def null_resembles(results: xr.Dataset, kind: str, training: str, method: str) -> Float[np.ndarray, " m"]:
    """The same for null models, "untrained" or "shuffled"; empty where there are none."""
    if "null_kind" not in results.coords or method not in results.known:
        return np.zeros(0)
    chosen = (results.null_kind.values == kind) & (results.null_training.values == training)
    values = own(results.null_resemblance.sel(known=method).values[chosen]).mean(-1)
    return values[~np.isnan(values)]


def above_null(results: xr.Dataset, kind: str, method: str) -> e.Interval | None:
    """Resemblance of the maps minus that of the closest null model.

    None unless both null models, untrained and trained on shuffled labels, were measured.
    """
    mine = resembles(results, kind, method)
    nulls = [null_resembles(results, kind, training, method) for training in ("untrained", "shuffled")]
    if not all(map(len, (mine, *nulls))):
        return None
    return min((e.difference(mine, null) for null in nulls), key=lambda gap: gap.low)


def agreement(results: xr.Dataset, kind: str) -> Float[np.ndarray, " m"]:
    """Correlation of causal index and mean Jacobian, both less their mean over classes, for each network."""
    if "causal_index" not in results.reading:
        return np.zeros(0)
    mine = of(results, kind).agreement
    values = mine.sel(measure="pearson", reading="causal_index", other="mean_jacobian").values
    return values[~np.isnan(values)]


def loss_with_depth(results: xr.Dataset) -> e.Interval | None:
    """Agreement of causal index and mean Jacobian in the deepest networks minus that in the shallowest."""
    if results.sizes.get("depth", 0) < 2:
        return None
    by_depth = results.depth_agreement.sortby("depth").values
    return e.difference(by_depth[-1], by_depth[0])


def z_maps(results: xr.Dataset, training: str) -> Float[np.ndarray, "m k h w"] | None:
    """Causal indices of the document's networks as z-scores, with mean and deviation of null models at every pixel."""
    if training not in results.coords.get("training", ()):
        return None
    null = results.sel(training=training)
    maps = of(results, DOCUMENT)["map"].values.astype(np.float64)
    return (maps - null.null_mean.values) / null.null_spread.values


def of_mean(results: xr.Dataset, kind: str) -> Float[np.ndarray, " m"]:
    """Resemblance of the mean map of the first j networks, for j = 1, …, m."""
    maps = of(results, kind)["map"].values.astype(np.float32)
    means = np.cumsum(maps, 0) / np.arange(1, len(maps) + 1, dtype=np.float32)[:, None, None, None]
    return own(np.asarray(resemblance(jnp.asarray(means), jnp.asarray(results.contrast.values)))).mean(-1)

"""What claims, findings and figures of the study "causal_maps" measure on the saved results."""

import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Float

from research import evidence as e
from research.studies.causal_maps.correlations import own, resemblance

DOCUMENT = "sigmoid200"  # the kind of network that document 000 reads
SURE = 2.0  # |z| from which a pixel counts as moved by training


def not_documents(results: xr.Dataset) -> str:
    """Why the document's statements cannot be judged on these networks; empty where they can."""
    said = results.attrs
    if DOCUMENT not in results.kind.values:
        return f"no network {DOCUMENT} was read"
    if said["of_document"]:
        return ""
    if said["data"] != "mnist":
        return f"the data are {said['data']}, the document's are mnist"
    if said["network"] == said["document_network"]:
        return f"the network is {said['network']} with other settings than the document's"
    return f"the network is {said['network']}, the document's is {said['document_network']}"


def top1_match(matrix: Float[np.ndarray, "... k k"]) -> Float[np.ndarray, "..."]:
    """Share of a network's maps that resemble their own class most."""
    return (matrix.argmax(-1) == np.arange(matrix.shape[-1])).mean(-1)


def kinds(results: xr.Dataset) -> list[str]:
    """The kinds of networks that were read, in order."""
    return list(dict.fromkeys(results.kind.values.tolist()))


def label(results: xr.Dataset, kind: str) -> str:
    """What figures and sentences call this kind of network."""
    return str(results.label.sel(group=kind).item())


def of(results: xr.Dataset, kind: str) -> xr.Dataset:
    """The networks of one kind."""
    return results.isel(network=np.flatnonzero(results.kind.values == kind))


def resembles(results: xr.Dataset, kind: str, method: str) -> Float[np.ndarray, " m"]:
    """Each network's mean over its ten maps of the correlation with the own digit; empty without such maps."""
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
    """How much more the maps resemble their digits than those of the null models that come closest.

    None unless both null models, untrained and trained on shuffled labels, were read.
    """
    mine = resembles(results, kind, method)
    nulls = [null_resembles(results, kind, training, method) for training in ("untrained", "shuffled")]
    if not all(map(len, (mine, *nulls))):
        return None
    return min((e.difference(mine, null) for null in nulls), key=lambda gap: gap.low)


def agreement(results: xr.Dataset, kind: str) -> Float[np.ndarray, " m"]:
    """Each network's correlation of causal index and mean Jacobian, less the mean over classes; mean of ten maps."""
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
    """Causal indices of the document's networks in standard deviations of the null models' maps, pixel by pixel."""
    if training not in results.coords.get("training", ()):
        return None
    null = results.sel(training=training)
    maps = of(results, DOCUMENT)["map"].values.astype(np.float64)
    return (maps - null.null_mean.values) / null.null_spread.values


def of_mean(results: xr.Dataset, kind: str) -> Float[np.ndarray, " m"]:
    """Resemblance of the mean map of the first 1, 2, ... m networks."""
    maps = of(results, kind)["map"].values.astype(np.float32)
    means = np.cumsum(maps, 0) / np.arange(1, len(maps) + 1, dtype=np.float32)[:, None, None, None]
    return own(np.asarray(resemblance(jnp.asarray(means), jnp.asarray(results.contrast.values)))).mean(-1)

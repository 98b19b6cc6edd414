"""What claims, findings and figures measure on the saved results."""

import numpy as np
import xarray as xr
from jaxtyping import Float
from scipy.stats import rankdata, spearmanr

from research import evidence as e

PAIRS = np.triu_indices(10, 1)


def not_documents(results: xr.Dataset) -> str:
    """Why the document's statements cannot be judged on these networks; empty where they can."""
    of = results.attrs
    if of["of_document"]:
        return ""
    if of["data"] != "mnist":
        return f"the data are {of['data']}, the document's are mnist"
    if of["network"] == of["document_network"]:
        return f"the network is {of['network']} with other settings than the document's"
    return f"the network is {of['network']}, the document's is {of['document_network']}"


def within(results: xr.Dataset) -> str:
    """What each pair of a network and a t-SNE holds."""
    return f"{results.sizes['mapped']:,} random test digits" if "mapped" in results.dims else ""


def rank_correlation(a: Float[np.ndarray, "10 10"], b: Float[np.ndarray, "10 10"]) -> float:
    """Spearman's correlation of the 45 distances between classes in two matrices; in [-1, 1]."""
    return float(spearmanr(a[PAIRS], b[PAIRS])[0])


def likenesses(results: xr.Dataset) -> Float[np.ndarray, " seed"]:
    """For each pair of a network and a t-SNE the rank correlation of the distances between class centroids."""
    there, here = (results.distance.sel(map=name).values for name in ("tsne", "bottleneck"))
    return np.array([rank_correlation(a, b) for a, b in zip(there, here)])


def likeness(results: xr.Dataset) -> e.Interval | None:
    """Mean of `likenesses` over the pairs; None where there is no t-SNE."""
    return e.share(likenesses(results), (-1, 1)) if "distance" in results else None


def disparity(results: xr.Dataset) -> e.Interval | None:
    """Mean Procrustes disparity of a network's plane from its t-SNE; None where there is no t-SNE."""
    return e.share(results.disparity.values) if "disparity" in results else None


def by_chance(results: xr.Dataset, permutations: int = 1000) -> float:
    """Mantel's test: share of random relabellings of the digits that give at least the likeness seen.

    Source: Mantel (1967), Cancer Research 27.
    """
    there, here = (results.distance.sel(map=name).values for name in ("tsne", "bottleneck"))
    rng = np.random.default_rng(0)

    def ranks(distances: Float[np.ndarray, "seed 10 10"]) -> Float[np.ndarray, "seed 45"]:
        ranked = rankdata(distances[:, *PAIRS], axis=1)
        ranked -= ranked.mean(1, keepdims=True)
        return ranked / np.linalg.norm(ranked, axis=1, keepdims=True)

    fixed = ranks(here)

    def mean(order: np.ndarray) -> float:
        return float((ranks(there[:, order][:, :, order]) * fixed).sum(1).mean())

    seen = mean(np.arange(10)) - 1e-12
    return (1 + sum(mean(rng.permutation(10)) >= seen for _ in range(permutations))) / (1 + permutations)

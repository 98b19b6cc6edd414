"""Numbers of the saved results that claims, findings and figures share."""

import numpy as np
import xarray as xr
from jaxtyping import Float
from scipy.stats import rankdata, spearmanr

from research import evidence as e

PAIRS = np.triu_indices(10, 1)


def within(results: xr.Dataset) -> str:
    """The number of digits in each pair of a network and a t-SNE, in words."""
    return f"{results.sizes['mapped']:,} random test digits" if "mapped" in results.dims else ""


def rank_correlation(a: Float[np.ndarray, "10 10"], b: Float[np.ndarray, "10 10"]) -> float:
    """Spearman's correlation of the 45 distances between classes in two matrices; in [-1, 1]."""
    return float(spearmanr(a[PAIRS], b[PAIRS])[0])


def likenesses(results: xr.Dataset) -> Float[np.ndarray, " seed"]:
    """Rank correlation of the distances between class centroids, for each pair of a network and a t-SNE."""
    there, here = (results.distance.sel(map=name).values for name in ("tsne", "bottleneck"))
    return np.array([rank_correlation(a, b) for a, b in zip(there, here)])


def likeness(results: xr.Dataset) -> e.Interval | None:
    """Mean of `likenesses` over the pairs; None without a t-SNE."""
    return e.share(likenesses(results), (-1, 1)) if "distance" in results else None


def disparity(results: xr.Dataset) -> e.Interval | None:
    """Mean Procrustes disparity between a network's plane and its t-SNE; None without a t-SNE."""
    return e.share(results.disparity.values) if "disparity" in results else None


def by_chance(results: xr.Dataset, permutations: int = 1000) -> float:
    """Mantel's test: p-value of the mean likeness, from random relabellings of the digits.

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

"""Principal components, exactly.

The covariance S = (1/(n-1)) Σ (x - mean)(x - mean)ᵀ is diagonalised in float64, S = VᵀΛV. A component is a row of V. Its
sign is arbitrary; we make the entry of largest magnitude (the first of several) positive, as scikit-learn does since 1.5.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Array, Float


@dataclass(frozen=True)
class PCA:
    """A fitted projection."""

    mean: Float[np.ndarray, " d"]
    components: Float[np.ndarray, "k d"]  # orthonormal rows
    explained_variance_ratio: Float[np.ndarray, " k"]  # share of the variance of each component

    def transform(self, x: Float[Array, "m d"] | np.ndarray) -> Float[np.ndarray, "m k"]:
        """Codes (x - mean) Vᵀ."""
        return (np.asarray(x, np.float32) - self.mean) @ self.components.T

    def inverse(self, codes: Float[Array, "m k"] | np.ndarray) -> Float[np.ndarray, "m d"]:
        """Reconstructions codes·V + mean, which have the smallest squared error for k components."""
        return np.asarray(codes, np.float32) @ self.components + self.mean


def fit(x: Float[Array, "n d"] | np.ndarray, k: int) -> PCA:
    """The k directions of largest variance of n points.

    Constant columns get entries of 0. If the points span fewer than k directions, the other components are orthonormal
    directions without variance.

    Args:
        x: points, finite.
        k: in 1..min(n, d).

    Raises:
        ValueError: if x is not [n d] with n >= 2, is not finite, does not vary, or k is not in 1..min(n, d).
    """
    x = np.asarray(x, np.float32)
    if x.ndim != 2 or len(x) < 2:
        raise ValueError(f"x must be [n d] with at least 2 points, got shape {x.shape}; flatten images first")
    n, d = x.shape
    if not 1 <= k <= min(n, d):
        raise ValueError(f"k must be in 1..{min(n, d)} for {n} points of {d} values, got {k}")
    if not np.isfinite(x).all():
        raise ValueError(f"x must be finite, got NaN or infinity in {(~np.isfinite(x)).any(1).sum()} rows")
    mean = x.mean(0, dtype=np.float64)
    variance, directions = np.linalg.eigh(_covariance(x, mean))
    total = variance.clip(0).sum()
    if total == 0:
        raise ValueError(f"x must vary, but all {n} points are equal")
    components = directions.T[::-1][:k]
    largest = np.take_along_axis(components, np.abs(components).argmax(1)[:, None], 1)
    components = components * np.sign(largest)
    ratio = variance[::-1][:k].clip(0) / total
    return PCA(mean.astype(np.float32), components.astype(np.float32), ratio.astype(np.float32))


def _covariance(x, mean, block=5_000):
    total = np.zeros((x.shape[1], x.shape[1]))
    for start in range(0, len(x), block):
        centred = x[start : start + block] - mean
        total += centred.T @ centred
    return total / (len(x) - 1)

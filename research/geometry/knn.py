"""Nearest neighbours: exact, Euclidean, in blocks.

|x - y|² = |x|² + 2 (|y|²/2 - x·y): one matrix product scores a block of queries against all points. The k
best of a row are found in two levels: the points form groups of consecutive indices; the k best groups by
their minimum must hold the k best points, so only those are looked at again. The product rounds, so a few
spare candidates are kept, and all of them are ranked by their directly summed differences.

Ties: of two points at the same distance the smaller index comes first; of two classes with the same number
of votes the smaller label wins. Both are scikit-learn's rules. "The same distance" is meant in float32, where
whole numbers up to 2²⁴ are exact: pixels 0..255 tie exactly when they should, and equal points always do.
"""

import functools
import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

SPARE = 8
BLOCK = 256


@functools.partial(
    jax.tree_util.register_dataclass, data_fields=["points", "mean", "scorer"], meta_fields=["size"]
)
@dataclass(frozen=True)
class Index:
    """Points arranged for searching.

    points: as given [n d].
    mean: their mean, subtracted before the product so that it rounds less [d].
    scorer: rows (-y, |y|²/2) of the centred points; point b·size + a is row a·m + b, so that the m groups of
        `size` consecutive points each lie side by side [size·m d+1].
    size: points in a group.
    """

    points: Float[Array, "n d"]
    mean: Float[Array, " d"]
    scorer: Float[Array, "rows d_1"]
    size: int


def build(points: Float[Array, "n d"] | np.ndarray, k: int) -> Index:
    """Arrange points for searches of about k neighbours; keep it when many searches follow.

    Raises: ValueError for an array that is not [n d], is empty or holds NaN or infinity.
    """
    points = _checked(points, "points")
    n = len(points)
    size = max(1, math.isqrt(n // min(k + SPARE, n)))
    groups = -(-n // size)
    mean = points.mean(0)
    centred = points - mean
    half_norm = (centred**2).sum(1, keepdims=True) / 2
    rows = np.concatenate([-centred, half_norm], axis=1)
    missing = np.zeros((size * groups - n, rows.shape[1]), np.float32)
    missing[:, -1] = np.inf
    rows = np.concatenate([rows, missing]).reshape(groups, size, -1).swapaxes(0, 1).reshape(size * groups, -1)
    return Index(jnp.asarray(points), jnp.asarray(mean), jnp.asarray(rows), size)


def search(
    index: Index, x: Float[Array, "q d"] | np.ndarray, k: int
) -> tuple[Int[np.ndarray, "q k"], Float[np.ndarray, "q k"]]:
    """The k nearest points of each query, nearest first: their indices and distances.

    Raises: ValueError if k is not in 1..n, or x does not fit the points.
    """
    return _blocks(index, x, k, np.full(len(x), -1, np.int32))


def neighbours(
    x: Float[Array, "n d"] | np.ndarray, k: int
) -> tuple[Int[np.ndarray, "n k"], Float[np.ndarray, "n k"]]:
    """The k nearest others of each point: indices and distances. A twin is a neighbour, the point itself not.

    Raises: ValueError if k is not in 1..n-1, or x is not [n d] or not finite.
    """
    if not 1 <= k <= len(x) - 1:
        raise ValueError(f"k must be in 1..{len(x) - 1} for {len(x)} points without themselves, got {k}")
    return _blocks(build(x, k), x, k, np.arange(len(x), dtype=np.int32))


def vote(labels: Int[Array, "q k"] | np.ndarray) -> Int[np.ndarray, " q"]:
    """The most frequent label of each row; of equally frequent ones the smallest."""
    labels = np.sort(np.asarray(labels), axis=1)
    count = (labels[:, :, None] == labels[:, None, :]).sum(2)
    return np.take_along_axis(labels, count.argmax(1)[:, None], 1)[:, 0]


def classify(
    train_x: Float[Array, "n d"] | np.ndarray,
    train_y: Int[Array, " n"] | np.ndarray,
    x: Float[Array, "q d"] | np.ndarray,
    k: int,
) -> tuple[Int[np.ndarray, " q"], Int[np.ndarray, "q k"], Float[np.ndarray, "q k"]]:
    """Label each query by its k nearest training points: labels, neighbour indices, distances.

    Raises: ValueError if there is not one label a point, k is not in 1..n, or shapes do not fit.
    """
    train_y = np.asarray(train_y)
    if train_y.shape != (len(train_x),):
        raise ValueError(f"one label a training point: expected shape ({len(train_x)},), got {train_y.shape}")
    indices, distances = search(build(train_x, k), x, k)
    return vote(train_y[indices]), indices, distances


def _checked(x: Float[Array, "n d"] | np.ndarray, name: str) -> np.ndarray:
    x = np.asarray(x, np.float32)
    if x.ndim != 2 or 0 in x.shape:
        raise ValueError(f"{name} must be a non-empty array [n d], got shape {x.shape}; flatten images first")
    if not np.isfinite(x).all():
        raise ValueError(
            f"{name} must be finite, got NaN or infinity in {(~np.isfinite(x)).any(1).sum()} rows"
        )
    return x


def _blocks(index, x, k, own):
    x = _checked(x, "x")
    n, d = index.points.shape
    if x.shape[1] != d:
        raise ValueError(f"queries must have the points' {d} values each, got {x.shape[1]}")
    if not 1 <= k <= n:
        raise ValueError(f"k must be in 1..{n}, the number of points, got {k}")
    block = min(BLOCK, len(x))
    found = []
    for start in range(0, len(x), block):
        take = np.minimum(np.arange(start, start + block), len(x) - 1)
        found.append(_nearest(index, x[take], own[take], k))
    indices, distances = (
        np.concatenate([np.asarray(part) for part in parts])[: len(x)] for parts in zip(*found)
    )
    return indices, distances


@functools.partial(jax.jit, static_argnames="k")
def _nearest(index: Index, x: Float[Array, "q d"], own: Int[Array, " q"], k: int):
    """k nearest points of every query, its own index excepted (-1 for none)."""
    n = len(index.points)
    candidates = min(k + SPARE, n)
    queries = jnp.pad(x - index.mean[None], ((0, 0), (0, 1)), constant_values=1)
    scores = (queries @ index.scorer.T).reshape(len(x), index.size, -1)
    _, groups = jax.lax.top_k(-scores.min(1), min(candidates, scores.shape[2]))
    groups = jnp.sort(groups, axis=1)
    inside = jnp.take_along_axis(scores, groups[:, None], axis=2).swapaxes(1, 2).reshape(len(x), -1)
    _, places = jax.lax.top_k(-inside, candidates)
    places = jnp.sort(places, axis=1)
    indices = jnp.take_along_axis(groups, places // index.size, axis=1) * index.size + places % index.size
    squared = ((x[:, None] - index.points[indices]) ** 2).sum(2)
    squared = jnp.where(indices == own[:, None], jnp.inf, squared)
    nearest, order = jax.lax.top_k(-squared, k)
    return jnp.take_along_axis(indices, order, axis=1), jnp.sqrt(-nearest)

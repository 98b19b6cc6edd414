"""Exact Euclidean nearest neighbours, in blocks.

1. *Score.* In a basis of r leading directions, with the projection Px and the length rx of the remainder of x,
   |x - y|² >= |Px - Py|² + (rx - ry)² =: bound(x, y), with equality for r = d. One matrix product of r + 2 columns
   gives the bounds between a block of queries and all points.
2. *Select* the c smallest bounds of a row in two levels: points with consecutive indices form groups, and only the c
   groups with the smallest minimum are searched, because they contain the c best points.
3. *Rank* the c candidates by their distances, summed directly.
4. *Certify.* No other point is closer than the largest bound among the candidates. If the k-th distance is not below it
   (with an allowance for rounding), the query is repeated with four times as many candidates.

Ties: of two points at the same distance the smaller index comes first; of two classes with the same number
of votes the smaller label wins. Both are scikit-learn's rules. "The same distance" is meant in float32, where
whole numbers up to 2²⁴ are exact: pixels 0..255 tie exactly when they should, and equal points always do.
"""

import functools
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

DIRECTIONS = 128  # r, if the points have more values
SAMPLE = 5_000  # approximate number of points from which the directions are computed
ROUNDS = 3  # of subspace iteration
BUILD_BLOCK = 2_048  # points at a time while the index is built
BLOCK = 64  # queries at a time: their bounds to 60,000 points fit a CPU's last-level cache
GATHERED = 2**23  # largest number of values of the candidates of one block
ROUNDING = 1e-5  # largest error of a bound, relative to |x|² + |y|²
WORKERS = 2  # blocks in progress, so that one selects while the other multiplies


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Index:
    """A search index.

    The rows of `scorer` are (-Py, -ry, |y|²/2). Point b·size + a is row a·m + b, so that the minima over the m groups of
    `size` consecutive points are minima over contiguous arrays [size·m r+2].
    """

    points: Float[Array, "n d"]  # as given
    mean: Float[Array, " d"]  # subtracted first, for smaller rounding errors
    basis: Float[Array, "d r"]  # orthonormal columns
    scorer: Float[Array, "rows r_2"]
    slack: Float[Array, ""]  # the points' share of the allowance for rounding
    size: int = field(metadata={"static": True})  # points in a group


def build(points: Float[Array, "n d"] | np.ndarray, k: int, directions: int = DIRECTIONS) -> Index:
    """Build a search index.

    Args:
        points: [n d], finite.
        k: typical number of neighbours of a search, which determines the group size.
        directions: r; fewer directions give cheaper but looser bounds, which pays off for few queries at a time.

    Raises:
        ValueError: for an array that is not [n d], is empty or holds NaN or infinity.
    """
    points = _checked(points, "points")
    n, d = points.shape
    mean = points.mean(0)
    basis = (
        _directions(points[:: math.ceil(n / SAMPLE)] - mean, directions)
        if min(n, d) > directions
        else np.eye(d, dtype=np.float32)
    )
    size = max(1, math.isqrt(n // candidates(k, n, *basis.shape)))
    groups = -(-n // size)
    rows = np.zeros((size, groups, basis.shape[1] + 2), np.float32)
    rows[..., -1] = np.inf
    longest = 0.0
    step = size * max(1, BUILD_BLOCK // size)  # whole groups; the temporaries fit a CPU's cache
    for start in range(0, n, step):
        centred = points[start : start + step] - mean
        projected = centred @ basis
        rest = np.linalg.norm(centred - projected @ basis.T, axis=1, keepdims=True)
        squared = np.einsum("nd,nd->n", centred, centred)[:, None]
        longest = max(longest, squared.max())
        scored = np.concatenate([-projected, -rest, squared / 2], axis=1)
        whole, left = divmod(len(scored), size)
        first = start // size
        rows[:, first : first + whole] = scored[: whole * size].reshape(whole, size, -1).swapaxes(0, 1)
        if left:
            rows[:left, first + whole] = scored[whole * size :]
    return Index(
        points=jnp.asarray(points),
        mean=jnp.asarray(mean),
        basis=jnp.asarray(basis),
        scorer=jnp.asarray(rows.reshape(size * groups, -1)),
        slack=jnp.float32(ROUNDING * longest),
        size=size,
    )


def _directions(centred: Float[np.ndarray, "n d"], r: int) -> Float[np.ndarray, "d r"]:
    """Orthonormal columns with nearly the largest variance, by subspace iteration.

    Any orthonormal basis is correct; a better one prunes more.
    """
    centred = centred / max(np.abs(centred).max(), 1e-30)
    covariance = (centred.T @ centred).astype(np.float64)
    basis = np.random.default_rng(0).normal(size=(len(covariance), r))
    for _ in range(ROUNDS):
        basis, _ = np.linalg.qr(covariance @ basis)
    return basis.astype(np.float32)


def search(
    index: Index, x: Float[Array, "q d"] | np.ndarray, k: int, own: Int[np.ndarray, " q"] | None = None
) -> tuple[Int[np.ndarray, "q k"], Float[np.ndarray, "q k"]]:
    """Indices and distances of the k nearest points of each query, nearest first.

    Args:
        index: of n points.
        x: queries, finite.
        k: in 1..n.
        own: index of the point that is excluded from each query's neighbours, or -1. Default: none is.

    Raises:
        ValueError: if k is not in 1..n, or x does not fit the points.
    """
    x = queries(index, x)
    n, d = index.points.shape
    if not 1 <= k <= n:
        raise ValueError(f"k must be in 1..{n}, the number of points, got {k}")
    own = np.full(len(x), -1, np.int32) if own is None else own
    indices, distances = np.zeros((len(x), k), np.int32), np.zeros((len(x), k), np.float32)
    open_queries, count = np.arange(len(x)), candidates(k, n, d, index.basis.shape[1])
    while len(open_queries):
        last = len(open_queries) - 1
        block = max(1, min(BLOCK, GATHERED // (count * d))) if last else 1
        starts = range(0, last + 1, block)
        rows = [open_queries[np.minimum(np.arange(start, start + block), last)] for start in starts]

        def search_block(at, count=count):
            return jax.device_get(nearest(index, x[at], own[at], k=k, candidates=count))

        unsure = []
        with ThreadPoolExecutor(WORKERS) as pool:
            for at, (found, distance, sure) in zip(rows, pool.map(search_block, rows)):
                indices[at], distances[at] = found, distance
                unsure.append(at[~sure])
        open_queries, count = np.unique(np.concatenate(unsure)), min(4 * count, n)
    return indices, distances


def neighbours(
    x: Float[Array, "n d"] | np.ndarray, k: int
) -> tuple[Int[np.ndarray, "n k"], Float[np.ndarray, "n k"]]:
    """Indices and distances of the k nearest other points of each point, nearest first.

    A point is not its own neighbour, but equal points are neighbours of each other.

    Args:
        x: points, finite.
        k: in 1..n-1.

    Raises:
        ValueError: if k is not in 1..n-1, or x is not [n d] or not finite.
    """
    if not 1 <= k <= len(x) - 1:
        raise ValueError(f"k must be in 1..{len(x) - 1} for {len(x)} points without themselves, got {k}")
    return search(build(x, k + 1), x, k, np.arange(len(x), dtype=np.int32))


def vote(labels: Int[Array, "q k"] | np.ndarray) -> Int[np.ndarray, " q"]:
    """The most frequent label of each row; the smallest of equally frequent ones."""
    labels = np.sort(np.asarray(labels), axis=1)
    count = (labels[:, :, None] == labels[:, None, :]).sum(2)
    return np.take_along_axis(labels, count.argmax(1)[:, None], 1)[:, 0]


def accuracy(points: Float[Array, "n d"] | np.ndarray, labels: Int[np.ndarray, " n"], k: int) -> float:
    """Share of the points whose label wins the vote of their k nearest others."""
    return float(np.mean(vote(labels[neighbours(points, k)[0]]) == labels))


def classify(
    train_x: Float[Array, "n d"] | np.ndarray,
    train_y: Int[Array, " n"] | np.ndarray,
    x: Float[Array, "q d"] | np.ndarray,
    k: int,
) -> tuple[Int[np.ndarray, " q"], Int[np.ndarray, "q k"], Float[np.ndarray, "q k"]]:
    """Classify each query by the vote of its k nearest training points.

    Args:
        train_x: training points.
        train_y: their labels.
        x: queries.
        k: in 1..n.

    Returns:
        Labels [q], indices of the neighbours [q k], their distances [q k].

    Raises:
        ValueError: if the number of labels is not that of the points, k is not in 1..n, or shapes do not fit.
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


def candidates(k: int, n: int, d: int, r: int) -> int:
    """Candidates in the first round of a search for k of n points; more if r < d, where bounds are not exact."""
    return min(k + (8 if r == d else 35), n)


def queries(index: Index, x: Float[Array, "q d"] | np.ndarray) -> Float[np.ndarray, "q d"]:
    """x as float32.

    Raises:
        ValueError: if it does not fit the points or is not finite.
    """
    x = _checked(x, "x")
    d = index.points.shape[1]
    if x.shape[1] != d:
        raise ValueError(f"queries must have the points' {d} values each, got {x.shape[1]}")
    return x


@functools.partial(jax.jit, static_argnames=["k", "candidates"])
def nearest(
    index: Index, x: Float[Array, "q d"], own: Int[Array, " q"], *, k: int, candidates: int
) -> tuple[Int[Array, "q k"], Float[Array, "q k"], Bool[Array, " q"]]:
    """One round of a search.

    Args:
        index: the points.
        x: queries.
        own: index of the point that is excluded from each query's neighbours, or -1.
        k: number of neighbours.
        candidates: number of points whose distances are computed.

    Returns:
        Indices and distances of the k nearest candidates, and whether these are certified as the k nearest points.
    """
    matmul = functools.partial(jnp.matmul, precision="highest")
    n = len(index.points)
    centred = x - index.mean[None]
    projected = matmul(centred, index.basis)
    rest = jnp.linalg.norm(centred - matmul(projected, index.basis.T), axis=1, keepdims=True)
    query = jnp.concatenate([projected, rest, jnp.ones_like(rest)], axis=1)
    score = matmul(query, index.scorer.T).reshape(len(x), index.size, -1)  # (bound - |x|²) / 2

    _, groups = jax.lax.top_k(-score.min(1), min(candidates, score.shape[2]))
    groups = jnp.sort(groups, axis=1)
    inside = jnp.take_along_axis(score, groups[:, None], axis=2).swapaxes(1, 2).reshape(len(x), -1)
    _, places = jax.lax.top_k(-inside, candidates)
    kept = jnp.take_along_axis(inside, places, axis=1)
    places = jnp.sort(places, axis=1)
    indices = jnp.take_along_axis(groups, places // index.size, axis=1) * index.size + places % index.size

    squared = ((x[:, None] - index.points[indices]) ** 2).sum(2)
    squared = jnp.where(indices == own[:, None], jnp.inf, squared)
    _, order = jax.lax.top_k(-squared, k)
    squared = jnp.take_along_axis(squared, order, axis=1)
    length = (centred**2).sum(1)
    bound = 2 * kept.max(1) + length - ROUNDING * length - index.slack
    sure = (squared.max(1) < bound) | (candidates == n)
    return jnp.take_along_axis(indices, order, axis=1), jnp.sqrt(squared), sure

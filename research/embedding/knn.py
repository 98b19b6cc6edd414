"""Nearest neighbours: exact, Euclidean, in blocks.

1. *Score.* In a basis of r leading directions, with Px the projection and rx the length of what is left of x,
   |x - y|² >= |Px - Py|² + (rx - ry)² =: bound(x, y), an equality for r = d. One matrix product of r + 2 columns
   gives the bounds of a block of queries to all points.
2. *Select* the c smallest bounds of a row in two levels: the points form groups of consecutive indices; the c
   best groups by their minimum must hold the c best points, so only those are looked at again.
3. *Rank* the c candidates by their directly summed differences.
4. *Certify.* No point left out is closer than the largest bound kept. Where the k-th distance is not below that
   (rounding allowed for), the query is asked again with four times as many candidates.

Ties: of two points at the same distance the smaller index comes first; of two classes with the same number
of votes the smaller label wins. Both are scikit-learn's rules. "The same distance" is meant in float32, where
whole numbers up to 2²⁴ are exact: pixels 0..255 tie exactly when they should, and equal points always do.
"""

import functools
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

DIRECTIONS = 128  # r, if the points have more values
SAMPLE = 5_000  # about so many points say which directions lead
ROUNDS = 3  # of the iteration that finds them
ARRANGED = 2_048  # points at a time when they are arranged
BLOCK = 64  # queries at a time: their bounds to 60,000 points stay in a CPU's last cache
GATHERED = 2**23  # most values of candidates that one block may look at
ROUNDING = 1e-5  # of |x|² + |y|²: what a bound may be wrong by
WORKERS = 2  # blocks under way: one selects while the other multiplies


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=["points", "mean", "basis", "scorer", "slack"],
    meta_fields=["size"],
)
@dataclass(frozen=True)
class Index:
    """Points arranged for searching.

    points: as given [n d].
    mean: their mean, subtracted first so that products round less [d].
    basis: r orthonormal columns [d r].
    scorer: rows (-Py, -ry, |y|²/2); point b·size + a is row a·m + b, so that the m groups of `size` consecutive
        points each lie side by side [size·m r+2].
    slack: the rounding allowed for, without the query's part.
    size: points in a group.
    """

    points: Float[Array, "n d"]
    mean: Float[Array, " d"]
    basis: Float[Array, "d r"]
    scorer: Float[Array, "rows r_2"]
    slack: Float[Array, ""]
    size: int


def build(points: Float[Array, "n d"] | np.ndarray, k: int, directions: int = DIRECTIONS) -> Index:
    """Arrange points for searches of about k neighbours; keep it when many searches follow.

    Fewer directions make bounds cheaper and looser: good where few queries come at a time.

    Raises: ValueError for an array that is not [n d], is empty or holds NaN or infinity.
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
    step = size * max(1, ARRANGED // size)  # whole groups whose temporaries stay in a CPU's cache
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
    """Orthonormal columns with nearly the largest variance: subspace iteration. Any would do; good ones decide early."""
    centred = centred / max(np.abs(centred).max(), 1e-30)
    covariance = (centred.T @ centred).astype(np.float64)
    basis = np.random.default_rng(0).normal(size=(len(covariance), r))
    for _ in range(ROUNDS):
        basis, _ = np.linalg.qr(covariance @ basis)
    return basis.astype(np.float32)


def search(
    index: Index, x: Float[Array, "q d"] | np.ndarray, k: int
) -> tuple[Int[np.ndarray, "q k"], Float[np.ndarray, "q k"]]:
    """The k nearest points of each query, nearest first: their indices and distances.

    Raises: ValueError if k is not in 1..n, or x does not fit the points.
    """
    return _search(index, x, k, np.full(len(x), -1, np.int32))


def neighbours(
    x: Float[Array, "n d"] | np.ndarray, k: int
) -> tuple[Int[np.ndarray, "n k"], Float[np.ndarray, "n k"]]:
    """The k nearest others of each point: indices and distances. A twin is a neighbour, the point itself not.

    Raises: ValueError if k is not in 1..n-1, or x is not [n d] or not finite.
    """
    if not 1 <= k <= len(x) - 1:
        raise ValueError(f"k must be in 1..{len(x) - 1} for {len(x)} points without themselves, got {k}")
    return _search(build(x, k + 1), x, k, np.arange(len(x), dtype=np.int32))


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


def candidates(k: int, n: int, d: int, r: int) -> int:
    """How many of n points a search for k neighbours looks at first: more where r directions only bound d."""
    return min(k + (8 if r == d else 35), n)


def queries(index: Index, x: Float[Array, "q d"] | np.ndarray) -> Float[np.ndarray, "q d"]:
    """x as it is searched for. Raises: ValueError if it does not fit the points, or is not finite."""
    x = _checked(x, "x")
    d = index.points.shape[1]
    if x.shape[1] != d:
        raise ValueError(f"queries must have the points' {d} values each, got {x.shape[1]}")
    return x


def _search(index, x, k, own):
    x = queries(index, x)
    n, d = index.points.shape
    if not 1 <= k <= n:
        raise ValueError(f"k must be in 1..{n}, the number of points, got {k}")
    indices, distances = np.zeros((len(x), k), np.int32), np.zeros((len(x), k), np.float32)
    asked, looked_at = np.arange(len(x)), candidates(k, n, d, index.basis.shape[1])
    while len(asked):
        block = max(1, min(BLOCK, GATHERED // (looked_at * d))) if len(asked) > 1 else 1
        ask = functools.partial(_ask, index, x, own, k, looked_at)
        starts = range(0, len(asked), block)
        rows = [asked[np.minimum(np.arange(start, start + block), len(asked) - 1)] for start in starts]
        unsure = []
        for at, (found, distance, sure) in zip(rows, _side_by_side(ask, rows)):
            indices[at], distances[at] = found, distance
            unsure.append(at[~sure])
        asked, looked_at = np.unique(np.concatenate(unsure)), min(4 * looked_at, n)
    return indices, distances


def _side_by_side(ask, rows):
    """The answers in order; a single question needs no threads."""
    if len(rows) == 1:
        return [ask(rows[0])]
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(ask, rows))


def _ask(index, x, own, k, candidates, at):
    return jax.device_get(nearest(index, x[at], own[at], k=k, candidates=candidates))


@functools.partial(jax.jit, static_argnames=["k", "candidates"])
def nearest(
    index: Index, x: Float[Array, "q d"], own: Int[Array, " q"], *, k: int, candidates: int
) -> tuple[Int[Array, "q k"], Float[Array, "q k"], Bool[Array, " q"]]:
    """The k nearest points of every query, its own index (-1 for none) excepted, and whether that is certain."""
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

"""Scores of labelled points: how well do they separate into their classes?

Each score is written for one set, points [n d] with labels [n] in 0..k-1, and has fixed sizes, so that `jax.vmap` or
`over_sets` scores thousands of sets in one call. `summary` computes all of them.

    kmeans_ari            adjusted Rand index of k-means and the labels (`research.embedding.kmeans`)
    silhouette            nearest other class against the own class, in [-1, 1]
    purity                share of a point's k nearest neighbours that have its label
    knn_accuracy          leave-one-out vote of the k nearest: a non-linear classifier without parameters, for any number
                          of dimensions
    linear_accuracy       softmax regression, fitted to the same points
    class_components      connected components of each class in the k-nearest-neighbour graph
    scatter_ratio         between-class over within-class scatter

Two scores compare a map with the original data, without labels: `trustworthiness` and `shared_neighbours`.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from research.embedding.kmeans import adjusted_rand_index, kmeans
from research.runtime.parallel import sharded_map

BLOCK = 8  # sets that a device scores at a time


class Scores(NamedTuple):
    """All scores of one labelled set, or of many sets along leading axes."""

    kmeans_ari: Float[Array, "*sets"]  # adjusted Rand index of k-means against the labels
    silhouette: Float[Array, "*sets"]
    purity: Float[Array, "*sets"]  # 5 neighbours
    linear: Float[Array, "*sets"]  # accuracy of softmax regression
    knn: Float[Array, "*sets"]  # accuracy of 5 neighbours, leave-one-out
    components: Int[Array, "*sets"]  # of all classes in the graph of 10 neighbours, at least k
    scatter: Float[Array, "*sets"]  # between-class over within-class scatter


def squared_distances(points: Float[Array, "n d"]) -> Float[Array, "n n"]:
    """|x_i − x_j|², summed from the differences, so that it is exactly 0 for equal points."""
    columns = points.T
    return functools.reduce(jnp.add, [(column[:, None] - column[None]) ** 2 for column in columns])


def neighbours(squared: Float[Array, "n n"], k: int) -> Int[Array, "n k"]:
    """Indices of the k nearest other points of each point, nearest first; ties are sorted by index.

    Raises:
        ValueError: if k is not in 1..n-1.
    """
    n = len(squared)
    if not 0 < k < n:
        raise ValueError(f"k must be in 1..{n - 1} for {n} points, got {k}")
    others = jnp.where(jnp.eye(n, dtype=bool), jnp.inf, squared)
    # Without the barrier XLA turns the selection into a full sort if the caller slices the result.
    return jax.lax.optimization_barrier(jax.lax.top_k(-others, k)[1])


def silhouette(squared: Float[Array, "n n"], labels: Int[Array, " n"], k: int) -> Float[Array, ""]:
    """mean_i (b_i − a_i) / max(a_i, b_i), with the mean distances a_i to the own and b_i to the nearest other class.

    A point alone in its class counts 0. Classes without points are ignored.

    Source: Rousseeuw (1987).
    """
    member = jax.nn.one_hot(labels, k)
    count = member.sum(0)
    total = jnp.sqrt(squared) @ member  # [n k]
    own = member.astype(bool)
    a = jnp.sum(total * member, axis=1) / jnp.maximum(count[labels] - 1, 1)
    mean = jnp.where(own | (count == 0)[None], jnp.inf, total / jnp.maximum(count, 1)[None])
    b = jnp.min(mean, axis=1)
    most = jnp.maximum(a, b)
    return jnp.mean(jnp.where((count[labels] > 1) & (most > 0), (b - a) / jnp.where(most > 0, most, 1), 0.0))


def knn_accuracy(nearest: Int[Array, "n k_near"], labels: Int[Array, " n"], k: int) -> Float[Array, ""]:
    """Share of points whose label wins the vote of their neighbours; ties go to the smaller label."""
    votes = jnp.sum(jax.nn.one_hot(labels[nearest], k), axis=1)
    return jnp.mean(jnp.argmax(votes, axis=1) == labels)


def linear_accuracy(
    points: Float[Array, "n d"], labels: Int[Array, " n"], k: int, ridge: float = 1.0, steps: int = 12
) -> Float[Array, ""]:
    """Training accuracy of softmax regression.

    W minimises Σ_p −log softmax(W [x_p, 1])_{y_p} + ridge/2 |W|² (the offset is free) on points scaled to mean 0
    and standard deviation 1, by `steps` Newton steps from W = 0: scikit-learn's LogisticRegression with C = 1/ridge.
    """
    spread = jnp.std(points, axis=0)
    x = (points - points.mean(0)[None]) / jnp.where(spread > 0, spread, 1)[None]
    x = jnp.concatenate([x, jnp.ones((len(x), 1))], axis=1)
    onehot = jax.nn.one_hot(labels, k)
    width = x.shape[1]
    penalty = (
        jnp.full((width, k), ridge).at[-1].set(1e-3)
    )  # a small penalty: the offsets' common part is undetermined

    def newton(_, weights):
        p = jax.nn.softmax(x @ weights, axis=1)
        gradient = x.T @ (p - onehot) + penalty * weights
        curvature = p[:, :, None] * (jnp.eye(k)[None] - p[:, None, :])  # [n k k]
        hessian = jnp.einsum("ni,nj,nab->iajb", x, x, curvature, optimize=True).reshape(width * k, width * k)
        hessian = hessian + jnp.diag(penalty.reshape(-1))
        return weights - _solve(hessian, gradient.reshape(-1)).reshape(width, k)

    weights = jax.lax.fori_loop(0, steps, newton, jnp.zeros((width, k)))
    return jnp.mean(jnp.argmax(x @ weights, axis=1) == labels)


def _solve(a: Float[Array, "d d"], b: Float[Array, " d"]) -> Float[Array, " d"]:
    """Solve a x = b for a symmetric positive definite a by Gauss-Jordan elimination, which needs no pivoting then.

    LAPACK's batched solvers are not used, because they deadlock when there are as many devices as cores (jaxlib 0.10).
    """

    def eliminate(i, table):
        row = table[i] / table[i, i]
        return (table - table[:, i][:, None] * row[None]).at[i].set(row)

    return jax.lax.fori_loop(0, len(b), eliminate, jnp.concatenate([a, b[:, None]], axis=1))[:, -1]


def class_components(nearest: Int[Array, "n k_near"], labels: Int[Array, " n"], k: int) -> Int[Array, " k"]:
    """Number of connected components of each class in the graph that joins points to their nearest points of that class.

    Every point repeatedly takes the smallest index among its neighbours, with pointer jumping, until nothing changes.
    """
    n = len(labels)
    same = labels[nearest] == labels[:, None]

    def spread(carry):
        root, _ = carry
        lowest = jnp.minimum(root, jnp.min(jnp.where(same, root[nearest], n), axis=1))
        lowest = lowest.at[nearest].min(jnp.where(same, lowest[:, None], n))
        lowest = lowest[lowest]
        return lowest, jnp.any(lowest != root)

    root, _ = jax.lax.while_loop(lambda carry: carry[1], spread, (jnp.arange(n), jnp.bool_(True)))
    is_root = (root == jnp.arange(n)).astype(jnp.int32)
    return jnp.zeros(k, jnp.int32).at[labels].add(is_root)


def scatter_ratio(points: Float[Array, "n d"], labels: Int[Array, " n"], k: int) -> Float[Array, ""]:
    """trace(S_between) / trace(S_within): Σ_c n_c |m_c − m|² / Σ_p |x_p − m_{y_p}|²."""
    member = jax.nn.one_hot(labels, k, axis=0)
    count = member.sum(1, keepdims=True)
    x = points - points.mean(0)[None]
    centres = member @ x / jnp.maximum(count, 1)
    return jnp.sum(count * centres**2) / jnp.sum((x - centres[labels]) ** 2)


@jax.jit
def trustworthiness(points: Float[Array, "n d"], nearest: Int[Array, "n k_near"]) -> Float[Array, ""]:
    """1 − 2/(nk(2n − 3k − 1)) Σ_i Σ_j max(0, r_ij − k): 1 if every neighbour in the map is one in the original.

    r_ij is the rank of j among the others by its distance from i in the original; equal distances share the lowest rank.

    Args:
        points: the original points.
        nearest: the k nearest others of each point in the map; k < n/2.

    Source:
        Venna & Kaski (2001).
    """
    n, k = nearest.shape
    x = points - points.mean(0)[None]
    half = jnp.sum(x**2, axis=1) / 2

    def misplaced(row):
        i, near = row
        far = half - jnp.matmul(x, x[i], precision="highest")  # (|x_j − x_i|² − |x_i|²) / 2
        closer = (far[None] < far[near][:, None]) & (jnp.arange(n) != i)[None]
        return jnp.sum(jnp.maximum(1 + jnp.sum(closer, axis=1) - k, 0)).astype(jnp.float32)

    total = jax.lax.map(misplaced, (jnp.arange(n), nearest), batch_size=64).sum()
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * total


@jax.jit
def shared_neighbours(
    nearest: Int[Array, "n k_near"], nearest_too: Int[Array, "n k_near"]
) -> Float[Array, " k_near"]:
    """Mean overlap of the two j-nearest sets for j = 1..k, as a share of j; both arguments list the nearest first."""
    n, k = nearest.shape

    def add(both, row):
        return both + (row[0][:, None] == row[1][None]), None

    both, _ = jax.lax.scan(add, jnp.zeros((k, k), jnp.int32), (nearest, nearest_too))
    return jnp.diagonal(both.cumsum(0).cumsum(1)) / (n * jnp.arange(1, k + 1))


def summary(key: Key[Array, ""], points: Float[Array, "n d"], labels: Int[Array, " n"], k: int) -> Scores:
    """All scores of one set; NaN, and 0 components, if a point is not finite.

    Args:
        key: of the starts of k-means.
        points: [n d].
        labels: in 0..k-1.
        k: number of classes.
    """
    squared = squared_distances(points)
    near = neighbours(squared, 10)
    clusters, _ = kmeans(key, points, k)
    values = Scores(
        kmeans_ari=adjusted_rand_index(clusters, labels, k),
        silhouette=silhouette(squared, labels, k),
        purity=jnp.mean(labels[near[:, :5]] == labels[:, None]),
        linear=linear_accuracy(points, labels, k),
        knn=knn_accuracy(near[:, :5], labels, k),
        components=jnp.sum(class_components(near, labels, k)),
        scatter=scatter_ratio(points, labels, k),
    )
    finite = jnp.isfinite(points).all()
    return jax.tree.map(
        lambda v: jnp.where(finite, v, jnp.nan if jnp.issubdtype(v.dtype, jnp.floating) else 0), values
    )


def over_sets(
    key: Key[Array, ""], points: Float[Array, "m n d"], labels: Int[Array, "m n"], k: int
) -> Scores:
    """`summary` of m sets; set i has the key fold_in(key, i)."""
    return _over_sets(summary, key, points, labels, k)


def separation(
    points: Float[Array, "m n d"], labels: Int[Array, "m n"], k: int
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """Silhouette and linear accuracy of m sets, at a quarter of the cost of all scores."""
    return _over_sets(_separation, jax.random.key(0), points, labels, k)


def _separation(_, points, labels, k):
    return silhouette(squared_distances(points), labels, k), linear_accuracy(points, labels, k)


def _over_sets(score, key, points, labels, k):
    """Scores of m sets; the last set is repeated to fill the last block, so that similar m share a compiled program."""
    m, step = len(points), BLOCK * jax.device_count()
    filled = np.minimum(np.arange(-(-m // step) * step), m - 1)
    points, labels = (np.asarray(array)[filled] for array in (points, labels))
    values = _sharded(key, points, labels, score=score, k=k)
    return jax.tree.map(lambda leaf: np.asarray(leaf)[:m], values)


@functools.partial(jax.jit, static_argnames=("score", "k"))
def _sharded(key, points, labels, *, score, k):
    keys = jax.vmap(functools.partial(jax.random.fold_in, key))(jnp.arange(len(points)))
    one = functools.partial(score, k=k)
    return sharded_map(lambda sets: jax.vmap(one)(*sets), (keys, points, labels), block=BLOCK)

"""How well a labelled set of points falls into its classes.

Every score is written for one set, points [n d] with labels [n] in 0..k-1, and has fixed sizes: `jax.vmap` or
`over_sets` scores thousands of sets in one call. `summary` computes all of them at once.

    adjusted_rand_index   do two partitions agree, 0 by chance, 1 if equal (Hubert & Arabie 1985)
    kmeans                Lloyd's algorithm from k-means++ starts (Arthur & Vassilvitskii 2007)
    silhouette            nearest other class against the own class, in [-1, 1] (Rousseeuw 1987)
    knn_purity            share of a point's k nearest neighbours that have its label
    knn_accuracy          leave-one-out vote of the k nearest: the simple non-linear classifier, because it has
                          nothing to fit and works alike in 2 and in 30 dimensions
    linear_accuracy       softmax regression on the points themselves
    class_components      clumps: connected components of each class in the k-nearest-neighbour graph
    scatter_ratio         between-class over within-class scatter

Two more compare a map with what it was made from, labels apart:

    trustworthiness       are neighbours in the map neighbours in the original? (Venna & Kaski 2001)
    shared_neighbours     share of the nearest in both, for every size of the neighbourhood
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from research.runtime.parallel import sharded_map


class Scores(NamedTuple):
    """All scores of one labelled set; with leading axes, of many."""

    kmeans_ari: Float[Array, "*sets"]  # adjusted Rand index of k-means against the labels
    silhouette: Float[Array, "*sets"]
    purity: Float[Array, "*sets"]  # 5 neighbours
    linear: Float[Array, "*sets"]  # accuracy of softmax regression
    knn: Float[Array, "*sets"]  # accuracy of 5 neighbours, leave-one-out
    components: Int[Array, "*sets"]  # clumps of all classes in the graph of 10 neighbours; k is the least
    scatter: Float[Array, "*sets"]  # between-class over within-class scatter


def squared_distances(points: Float[Array, "n d"]) -> Float[Array, "n n"]:
    """|x_i − x_j|² from the differences themselves, so that equal points are at 0 and no digits cancel."""
    columns = points.T
    return functools.reduce(jnp.add, [(column[:, None] - column[None]) ** 2 for column in columns])


def neighbours(squared: Float[Array, "n n"], k: int) -> Int[Array, "n k"]:
    """The k nearest others of each point, nearest first; of two at one distance the smaller index comes first."""
    n = len(squared)
    if not 0 < k < n:
        raise ValueError(f"k must be in 1..{n - 1} for {n} points, got {k}")
    others = jnp.where(jnp.eye(n, dtype=bool), jnp.inf, squared)
    # The barrier keeps a caller's slice of the result from turning the selection into a full sort.
    return jax.lax.optimization_barrier(jax.lax.top_k(-others, k)[1])


def adjusted_rand_index(a: Int[Array, " n"], b: Int[Array, " n"], k: int) -> Float[Array, ""]:
    """ARI = (Σ_ij C(n_ij,2) − E) / ((Σ_i C(a_i,2) + Σ_j C(b_j,2))/2 − E), E = Σ_i C(a_i,2) Σ_j C(b_j,2) / C(n,2).

    Both partitions have labels in 0..k-1. Two partitions that both are one single class agree: 1.
    """
    table = jax.nn.one_hot(a, k).T @ jax.nn.one_hot(b, k)

    def pairs(counts):
        return jnp.sum(counts * (counts - 1) / 2)

    together, in_a, in_b = pairs(table), pairs(table.sum(1)), pairs(table.sum(0))
    expected = in_a * in_b / (len(a) * (len(a) - 1) / 2)
    most = (in_a + in_b) / 2
    return jnp.where(most == expected, 1.0, (together - expected) / (most - expected))


def kmeans(
    key: Key[Array, ""], points: Float[Array, "n d"], k: int, restarts: int = 10, iterations: int = 30
) -> tuple[Int[Array, " n"], Float[Array, ""]]:
    """The best of `restarts` runs of Lloyd's algorithm: each point's cluster, and the sum of squared distances.

    A start takes a random point, then k-1 times a point with probability proportional to its squared distance
    from the nearest start so far (k-means++). A cluster that loses all of its points keeps its centre.
    """

    x = points.T
    uniform = jax.random.uniform(key, (restarts, k))

    def nearness(centres):
        """c·x − |c|²/2, largest for the nearest centre [k n]."""
        return centres @ x - jnp.sum(centres**2, axis=1, keepdims=True) / 2

    def squared_distance(centre):
        return jnp.sum((x - centre[:, None]) ** 2, axis=0)

    def start(uniform):
        centres, far = [], jnp.ones(x.shape[1])
        for u in uniform:
            mass = jnp.cumsum(far)
            centres.append(points[jnp.sum(mass < u * mass[-1])])
            nearest = squared_distance(centres[-1])
            far = nearest if len(centres) == 1 else jnp.minimum(far, nearest)
        return jnp.stack(centres)

    def lloyd(_, centres):
        member = jax.nn.one_hot(jnp.argmax(nearness(centres), axis=0), k, axis=0)
        count = member.sum(1, keepdims=True)
        return jnp.where(count > 0, member @ points / jnp.maximum(count, 1), centres)

    def one(uniform):
        centres = jax.lax.fori_loop(0, iterations, lloyd, start(uniform))
        cluster = jnp.argmax(nearness(centres), axis=0)
        return cluster, jnp.sum((x - centres[cluster].T) ** 2)

    clusters, inertia = jax.vmap(one)(uniform)
    best = jnp.argmin(inertia)
    return clusters[best], inertia[best]


def silhouette(squared: Float[Array, "n n"], labels: Int[Array, " n"], k: int) -> Float[Array, ""]:
    """mean_i (b_i − a_i) / max(a_i, b_i): a_i mean distance to the own class, b_i to the nearest other class.

    A point alone in its class counts 0. Classes without points are left out.
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


def knn_purity(nearest: Int[Array, "n k_near"], labels: Int[Array, " n"]) -> Float[Array, ""]:
    """Share of all neighbours that have the label of their point."""
    return jnp.mean(labels[nearest] == labels[:, None])


def knn_accuracy(nearest: Int[Array, "n k_near"], labels: Int[Array, " n"], k: int) -> Float[Array, ""]:
    """Share of points whose neighbours outvote every other class; ties go to the smaller label."""
    votes = jnp.sum(jax.nn.one_hot(labels[nearest], k), axis=1)
    return jnp.mean(jnp.argmax(votes, axis=1) == labels)


def linear_accuracy(
    points: Float[Array, "n d"], labels: Int[Array, " n"], k: int, ridge: float = 1.0, steps: int = 12
) -> Float[Array, ""]:
    """Share of the points that softmax regression puts into their class, after being fitted to them.

    W minimises Σ_p −log softmax(W [x_p, 1])_{y_p} + ridge/2 |W|² (the offset is free) on points scaled to mean 0
    and spread 1, by `steps` Newton steps from W = 0: scikit-learn's LogisticRegression with C = 1/ridge.
    """
    spread = jnp.std(points, axis=0)
    x = (points - points.mean(0)[None]) / jnp.where(spread > 0, spread, 1)[None]
    x = jnp.concatenate([x, jnp.ones((len(x), 1))], axis=1)
    onehot = jax.nn.one_hot(labels, k)
    width = x.shape[1]
    penalty = jnp.full((width, k), ridge).at[-1].set(1e-3)  # the offsets' common part is free: hold it

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
    """x with a x = b for a symmetric positive definite a: Gauss and Jordan's elimination, which needs no pivoting.

    LAPACK's batched solvers wait for threads of the pool that they themselves run in: with as many devices as
    cores they may wait for ever (jaxlib 0.10).
    """

    def eliminate(i, table):
        row = table[i] / table[i, i]
        return (table - table[:, i][:, None] * row[None]).at[i].set(row)

    return jax.lax.fori_loop(0, len(b), eliminate, jnp.concatenate([a, b[:, None]], axis=1))[:, -1]


def class_components(nearest: Int[Array, "n k_near"], labels: Int[Array, " n"], k: int) -> Int[Array, " k"]:
    """Connected components of each class: its points, joined where one is among the other's nearest of all points.

    Every point takes the smallest index among its neighbours' until nothing changes, jumping along the way.
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

    points: the original. nearest: the k nearest others of each point in the map; k < n/2. r_ij is the rank of j
    among the others by its distance from i in the original; equally distant points share the lowest rank.
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
    """For 1, 2, ... k: the share of a point's so many nearest (nearest first) that it has in both, mean over points."""
    n, k = nearest.shape

    def add(both, row):
        return both + (row[0][:, None] == row[1][None]), None

    both, _ = jax.lax.scan(add, jnp.zeros((k, k), jnp.int32), (nearest, nearest_too))
    return jnp.diagonal(both.cumsum(0).cumsum(1)) / (n * jnp.arange(1, k + 1))


def separated(
    silhouette: Float[Array | np.ndarray, "*sets"], linear: Float[Array | np.ndarray, "*sets"]
) -> Bool[Array | np.ndarray, "*sets"]:
    """The rule of the study "input_clusters": silhouette > 0.5 and linear accuracy > 0.95."""
    return (silhouette > 0.5) & (linear > 0.95)


def summary(key: Key[Array, ""], points: Float[Array, "n d"], labels: Int[Array, " n"], k: int) -> Scores:
    """All scores of one set. The key feeds the starts of k-means. A set that is not finite scores NaN and 0."""
    squared = squared_distances(points)
    near = neighbours(squared, 10)
    clusters, _ = kmeans(key, points, k)
    values = Scores(
        kmeans_ari=adjusted_rand_index(clusters, labels, k),
        silhouette=silhouette(squared, labels, k),
        purity=knn_purity(near[:, :5], labels),
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
    key: Key[Array, ""], points: Float[Array, "m n d"], labels: Int[Array, "m n"], k: int, block: int = 8
) -> Scores:
    """`summary` of m sets, `block` of them at a time on each device; set i has the key fold_in(key, i)."""
    return Scores(*_of_every(_summaries, key, points, labels, k, block))


def separation(
    points: Float[Array, "m n d"], labels: Int[Array, "m n"], k: int, block: int = 8
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """Silhouette and linear accuracy of m sets: what `separated` asks for, at a quarter of the cost of all scores."""
    silhouettes, linear = _of_every(_separations, None, points, labels, k, block)
    return silhouettes, linear


def _of_every(scored, key, points, labels, k, block):
    """The scores of m sets, the last one repeated to fill the last blocks: many m share a compiled program."""
    m, step = len(points), block * jax.device_count()
    filled = np.minimum(np.arange(-(-m // step) * step), m - 1)
    points, labels = (np.asarray(array)[filled] for array in (points, labels))
    return [np.asarray(values)[:m] for values in scored(key, points, labels, k=k, block=block)]


@functools.partial(jax.jit, static_argnames=("k", "block"))
def _summaries(key, points, labels, k, block):
    keys = jax.vmap(functools.partial(jax.random.fold_in, key))(jnp.arange(len(points)))
    one = functools.partial(summary, k=k)
    return sharded_map(lambda sets: jax.vmap(one)(*sets), (keys, points, labels), block=block)


@functools.partial(jax.jit, static_argnames=("k", "block"))
def _separations(_, points, labels, k, block):
    def one(points, labels):
        return silhouette(squared_distances(points), labels, k), linear_accuracy(points, labels, k)

    return sharded_map(lambda sets: jax.vmap(one)(*sets), (points, labels), block=block)

"""Affinities of t-SNE: the probabilities p_ij that two points are neighbours, and the attraction between them.

    p_j|i = exp(-β_i |x_i - x_j|²) / Σ_k exp(-β_i |x_i - x_k|²)      j among the 3·perplexity nearest of i
    p_ij  = (p_j|i + p_i|j) / 2n

Bisection finds the β_i for which row i has the given perplexity exp(-Σ_j p_j|i log p_j|i), the effective number of
neighbours. Sources: van der Maaten & Hinton (2008); van der Maaten (2014) for the nearest neighbours only.
"""

import functools
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse
from jax import lax
from jaxtyping import Array, Float, Int

LANES = 32


def calibrate(distances: Float[Array, "n k"] | np.ndarray, perplexity: float) -> Float[Array, "n k"]:
    """Conditional probabilities p_j|i of each point's k neighbours.

    If a point has more neighbours at distance 0 than the perplexity, they share the probability equally.

    Args:
        distances: to the k nearest neighbours.
        perplexity: effective number of neighbours, in 1..k.
    """
    squared = jnp.asarray(distances, jnp.float32) ** 2
    return _bisect(squared - squared.min(1, keepdims=True), jnp.log(jnp.float32(perplexity)))


def symmetrise(
    neighbours: Int[np.ndarray, "n k"], conditional: Float[Array, "n k"] | np.ndarray
) -> scipy.sparse.csr_array:
    """p_ij as a sparse n x n matrix whose entries sum to 1."""
    n, k = neighbours.shape
    rows = np.arange(0, n * k + 1, k, dtype=np.int32)
    p = scipy.sparse.csr_array((np.asarray(conditional).ravel(), neighbours.ravel(), rows), shape=(n, n))
    return ((p + p.T) / (2 * n)).tocsr()


@jax.jit
def _bisect(squared: Float[Array, "n k"], entropy: Float[Array, ""]) -> Float[Array, "n k"]:
    scale = squared.mean(1, keepdims=True)
    squared = squared / jnp.where(scale > 0, scale, 1)

    def probabilities(log_beta):
        return jax.nn.softmax(-jnp.exp(log_beta)[:, None] * squared, axis=1)

    def halve(_, bounds):
        low, high = bounds
        middle = (low + high) / 2
        p = probabilities(middle)
        wide = -jax.scipy.special.xlogy(p, p).sum(1) > entropy
        return jnp.where(wide, middle, low), jnp.where(wide, high, middle)

    ends = jnp.full(len(squared), -20.0), jnp.full(len(squared), 40.0)
    low, high = lax.fori_loop(0, 32, halve, ends)
    return probabilities((low + high) / 2)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Edges:
    """P's non-zero entries in rows of 32, each of which belongs to one point; entries of weight 0 are padding."""

    other: Int[Array, "32 rows"]  # index of the neighbour
    weight: Float[Array, "32 rows"]  # p_ij
    owner: Int[Array, " rows"]  # index of the point, ascending


def edges(p: scipy.sparse.csr_array) -> Edges:
    """P as `Edges`. The number of rows is rounded up, so that problems of similar size share a compiled program."""
    n = p.shape[0]
    degree = np.diff(p.indptr)
    rows = -(-degree // LANES)
    first = np.cumsum(rows) - rows
    total = rows.sum()
    step = max(64, n // 16)
    total += -total % step

    owner = np.full(total, n - 1, np.int32)
    owner[: rows.sum()] = np.repeat(np.arange(n, dtype=np.int32), rows)
    other = np.tile(owner, (LANES, 1))
    weight = np.zeros((LANES, total), np.float32)
    place = np.arange(p.nnz) - np.repeat(p.indptr[:-1], degree)
    row = np.repeat(first, degree) + place // LANES
    other[place % LANES, row] = p.indices
    weight[place % LANES, row] = p.data
    return Edges(jnp.asarray(other), jnp.asarray(weight), jnp.asarray(owner))


def attraction(edges: Edges, points: Float[Array, "2 n"]) -> Float[Array, "2 n"]:
    """Σ_j p_ij (y_i - y_j) / (1 + |y_i - y_j|²) of every point i."""
    y, own = _numbers(edges, points)

    def add(lane, total):
        d = own - _at(y, edges.other[lane])
        pull = edges.weight[lane] / (1 + d.real**2 + d.imag**2)
        return total[0] + pull * d.real, total[1] + pull * d.imag

    rows = lax.fori_loop(0, LANES, add, (jnp.zeros_like(own.real), jnp.zeros_like(own.real)))
    add_up = functools.partial(
        jax.ops.segment_sum,
        segment_ids=edges.owner,
        num_segments=points.shape[1],
        indices_are_sorted=True,
        mode="promise_in_bounds",
    )
    return jnp.stack([add_up(rows[0]), add_up(rows[1])])


def stretch(edges: Edges, points: Float[Array, "2 n"]) -> Float[Array, ""]:
    """Σ_ij p_ij log(1 + |y_i - y_j|²), the part of the KL divergence that attraction reduces."""
    y, own = _numbers(edges, points)

    def add(lane, total):
        d = own - _at(y, edges.other[lane])
        return total + edges.weight[lane] * jnp.log1p(d.real**2 + d.imag**2)

    return lax.fori_loop(0, LANES, add, jnp.zeros_like(own.real)).sum()


def _numbers(edges, points):
    """All points, and the owner of every row, as complex numbers, so that a point is one read instead of two."""
    y = lax.complex(*points)
    return y, _at(y, edges.owner)


def _at(values, indices):
    return values.at[indices].get(mode="promise_in_bounds")

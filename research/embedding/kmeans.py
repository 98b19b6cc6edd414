"""k-means, and how well its partition agrees with another."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key


def adjusted_rand_index(a: Int[Array, " n"], b: Int[Array, " n"], k: int) -> Float[Array, ""]:
    """ARI = (Σ_ij C(n_ij,2) − E) / ((Σ_i C(a_i,2) + Σ_j C(b_j,2))/2 − E), E = Σ_i C(a_i,2) Σ_j C(b_j,2) / C(n,2).

    Args:
        a: labels in 0..k-1.
        b: labels in 0..k-1 of the same points; their order and names do not matter.

    Returns:
        0 by chance, 1 if the partitions are equal, even if both have one class only.

    Source:
        Hubert & Arabie (1985).
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
    """k-means: the best of `restarts` runs of Lloyd's algorithm from k-means++ starts.

    The first centre is a random point; each further one is drawn with probability proportional to the squared distance
    from the nearest centre so far. A cluster that loses all of its points keeps its centre.

    Args:
        key: of the starts.
        points: [n d].
        k: number of clusters.
        restarts: runs; the one with the smallest inertia is returned.
        iterations: of Lloyd's algorithm in each run.

    Returns:
        The cluster of each point in 0..k-1 [n], and the inertia, the sum of squared distances from the centres.

    Source:
        Arthur & Vassilvitskii (2007).
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

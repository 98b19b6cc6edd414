import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse
import scipy.stats

from research.embedding import tsne_affinities


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("perplexity", [2, 10, 29])
def test_perplexities_hit_their_target_at_any_scale(scale, perplexity):
    distances = scale * np.sort(np.random.default_rng(0).gamma(3, size=(200, 90)), axis=1)
    conditional = tsne_affinities.calibrate(distances, perplexity)
    found = np.exp(scipy.stats.entropy(np.asarray(conditional, np.float64), axis=1))
    np.testing.assert_allclose(found, perplexity, rtol=1e-4)
    np.testing.assert_allclose(conditional.sum(1), 1, rtol=1e-5)
    assert (jnp.diff(conditional, axis=1) <= 0).all()  # nearer is likelier


def test_more_twins_than_perplexity_share_equally():
    distances = np.array([[0.0] * 6 + [1.0] * 3, [0.0] * 9])
    conditional = tsne_affinities.calibrate(distances, 3)
    np.testing.assert_allclose(conditional, [[1 / 6] * 6 + [0] * 3, [1 / 9] * 9], atol=1e-6)


def test_symmetrised_is_symmetric_and_sums_to_one():
    rng = np.random.default_rng(1)
    neighbours = np.stack([rng.choice(np.delete(np.arange(30), i), 5, replace=False) for i in range(30)])
    conditional = rng.dirichlet(np.ones(5), size=30)
    p = tsne_affinities.symmetrise(neighbours, conditional).toarray()
    np.testing.assert_allclose(p, p.T)
    assert p.sum() == pytest.approx(1)
    there = np.zeros((30, 30))
    np.put_along_axis(there, neighbours, conditional, axis=1)
    np.testing.assert_allclose(p, (there + there.T) / 60)


@pytest.mark.parametrize("n", [5, 40, 130])
def test_edges_hold_all_of_p_and_nothing_else(n):
    rng = np.random.default_rng(n)
    dense = np.where(rng.random((n, n)) < 0.4, rng.random((n, n)), 0).astype(np.float32)
    dense[2] = 0  # a point without neighbours
    points = rng.normal(size=(2, n)).astype(np.float32)
    edges = tsne_affinities.edges(scipy.sparse.csr_array(dense))
    back = np.zeros((n, n))
    np.add.at(back, (np.broadcast_to(edges.owner, edges.other.shape), edges.other), edges.weight)
    np.testing.assert_array_equal(back, dense)
    assert (np.diff(edges.owner) >= 0).all()

    d = points[:, :, None] - points[:, None, :]
    squared = (d**2).sum(0)
    attraction = tsne_affinities.attraction(edges, jnp.asarray(points))
    np.testing.assert_allclose(attraction, (dense / (1 + squared) * d).sum(2), atol=1e-4)
    stretch = tsne_affinities.stretch(edges, jnp.asarray(points))
    assert float(stretch) == pytest.approx((dense * np.log1p(squared)).sum(), rel=1e-5)

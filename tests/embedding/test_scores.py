"""Scores of labelled point sets, against scikit-learn and SciPy on blobs, moons and noise."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.sparse as sparse
from sklearn import datasets, metrics
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import trustworthiness
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
from sklearn.preprocessing import StandardScaler

from research.embedding import scores
from research.embedding.kmeans import adjusted_rand_index, kmeans

KEY = jax.random.key(0)
N, K = 150, 3


def noise(d=2):
    rng = np.random.default_rng(5)
    return rng.uniform(-1000, 1000, (N, d)), rng.integers(0, K, N)


def moons():
    points, labels = datasets.make_moons(N, noise=0.1, random_state=0)
    return points, np.where(points[:, 0] > 1.2, 2, labels)


SETS = {
    "blobs": datasets.make_blobs(N, centers=3, cluster_std=2.0, random_state=1),
    "far blobs": datasets.make_blobs(
        N, n_features=3, centers=3, cluster_std=0.1, center_box=(-1e3, 1e3), random_state=2
    ),
    "moons": moons(),
    "noise": noise(),
    "noise in 20 dimensions": noise(20),
}
SETS = {name: (np.float32(points), np.int32(labels)) for name, (points, labels) in SETS.items()}


@pytest.fixture(params=sorted(SETS))
def labelled(request):
    return SETS[request.param]


@pytest.fixture(scope="module")
def summaries():
    """All scores of every set, by `summary` itself."""
    every = jax.jit(scores.summary, static_argnames="k")
    return {
        name: every(KEY, jnp.array(points), jnp.array(labels), K) for name, (points, labels) in SETS.items()
    }


@pytest.mark.parametrize("name", sorted(SETS))
def test_the_summary_agrees_with_scikit_learn(summaries, name):
    points, labels = SETS[name]
    ours = summaries[name]
    assert ours.silhouette == pytest.approx(metrics.silhouette_score(points, labels), abs=1e-5)
    clusters = KMeans(K, n_init=20, random_state=0).fit_predict(points)
    if "blobs" in name:  # elsewhere the best partition is nearly a tie
        assert ours.kmeans_ari == pytest.approx(metrics.adjusted_rand_score(labels, clusters), abs=1e-5)
    near = NearestNeighbors(n_neighbors=10).fit(points).kneighbors(return_distance=False)
    assert ours.purity == pytest.approx(np.mean(labels[near[:, :5]] == labels[:, None]), abs=1e-6)
    vote = cross_val_predict(KNeighborsClassifier(5), points, labels, cv=LeaveOneOut())
    assert ours.knn == pytest.approx(np.mean(vote == labels), abs=1e-6)
    scaled = StandardScaler().fit_transform(points)
    linear = LogisticRegression(max_iter=1000).fit(scaled, labels).score(scaled, labels)
    assert ours.linear == pytest.approx(linear, abs=1.01 / N)
    rows, columns = np.repeat(np.arange(N), 10), near.reshape(-1)
    kept = labels[rows] == labels[columns]  # edges that are there but weigh 0 would still connect
    graph = sparse.coo_array((np.ones(kept.sum()), (rows[kept], columns[kept])), (N, N))
    assert ours.components == sparse.csgraph.connected_components(graph, directed=False)[0]
    within = sum(((points[labels == c] - points[labels == c].mean(0)) ** 2).sum() for c in range(K))
    total = ((points - points.mean(0)) ** 2).sum()
    assert ours.scatter == pytest.approx((total - within) / within, rel=1e-4)


def test_the_inertia_of_kmeans_is_as_small_as_scikit_learns(labelled):
    points, _ = labelled
    _, inertia = kmeans(KEY, jnp.array(points), K)
    best = KMeans(K, n_init=20, random_state=0).fit(points).inertia_
    assert 0.999 < inertia / best < 1.03


@pytest.mark.parametrize("seed", range(4))
def test_the_rand_index_is_scikit_learns(seed):
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 4, 60)
    b = np.where(rng.random(60) < 0.5, a, rng.integers(0, 4, 60))
    ours = adjusted_rand_index(jnp.array(a), jnp.array(b), 4)
    assert ours == pytest.approx(metrics.adjusted_rand_score(a, b), abs=1e-6)


def test_the_rand_index_knows_no_names_and_no_order():
    a = jnp.array([0, 0, 1, 1, 2, 2])
    assert adjusted_rand_index(a, jnp.array([2, 2, 0, 0, 1, 1]), 3) == 1
    assert adjusted_rand_index(jnp.zeros(6, int), jnp.zeros(6, int), 3) == 1
    assert adjusted_rand_index(a, jnp.zeros(6, int), 3) == 0


def test_components_count_the_clumps_that_were_planted():
    """Class 0 in three far clumps, class 1 in two, class 2 in one; a chain counts as one."""
    rng = np.random.default_rng(0)
    centres = np.array([[0, 0], [100, 0], [0, 100], [100, 100], [200, 200]])
    clumps = [centre + rng.normal(size=(12, 2)) for centre in centres]
    chain = np.stack([np.full(40, -500.0), np.arange(40) * 3.0], axis=1)
    points = jnp.array(np.concatenate([*clumps, chain]), jnp.float32)
    labels = jnp.array(np.repeat([0, 0, 0, 1, 1, 2], [12] * 5 + [40]))
    near = scores.neighbours(scores.squared_distances(points), 5)
    assert scores.class_components(near, labels, 3).tolist() == [3, 2, 1]


def test_silhouette_of_a_lone_point_is_0_and_missing_classes_are_left_out():
    points = jnp.array([[0.0, 0.0], [0.0, 1.0], [5.0, 5.0]])
    squared = scores.squared_distances(points)
    expected = metrics.silhouette_score(points, [0, 0, 2])
    assert scores.silhouette(squared, jnp.array([0, 0, 2]), 4) == pytest.approx(expected, abs=1e-6)


def test_linear_accuracy_is_full_where_a_plane_separates_and_not_on_a_ring():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(N, 2)).astype(np.float32)
    inside = (points**2).sum(1) < 1
    ring = scores.linear_accuracy(jnp.array(points), jnp.array(inside, int), 2)
    assert ring < 0.7
    split = scores.linear_accuracy(jnp.array(points + 9 * inside[:, None]), jnp.array(inside, int), 2)
    assert split == 1


def test_many_sets_at_once_are_the_sets_one_by_one(summaries):
    names = ["blobs", "moons", "noise"]
    points, labels = (jnp.stack([jnp.array(SETS[name][i]) for name in names]) for i in range(2))
    together = scores.over_sets(KEY, points, labels, K)
    for field in ("silhouette", "linear", "purity", "components"):
        np.testing.assert_allclose(
            getattr(together, field), [getattr(summaries[name], field) for name in names], atol=1e-6
        )
    sil, linear = scores.separation(points, labels, K)
    np.testing.assert_allclose(sil, together.silhouette, atol=1e-6)
    np.testing.assert_allclose(linear, together.linear, atol=1e-6)


def test_the_order_of_the_points_does_not_matter(summaries):
    order = np.random.default_rng(1).permutation(N)
    points, labels = SETS["moons"]
    every = jax.jit(scores.summary, static_argnames="k")
    shuffled = every(KEY, jnp.array(points[order]), jnp.array(labels[order]), K)
    for field in ("silhouette", "linear", "purity", "knn", "components", "scatter"):
        assert getattr(shuffled, field) == pytest.approx(float(getattr(summaries["moons"], field)), abs=1e-5)


def test_a_set_that_is_not_finite_scores_nan(summaries):
    points = jnp.array(SETS["blobs"][0]).at[3, 0].set(jnp.nan)
    ours = jax.jit(scores.summary, static_argnames="k")(KEY, points, jnp.array(SETS["blobs"][1]), K)
    assert np.isnan(
        [ours.silhouette, ours.linear, ours.kmeans_ari, ours.purity, ours.knn, ours.scatter]
    ).all()
    assert ours.components == 0


@pytest.mark.parametrize("k", [1, 7, 30])
@pytest.mark.parametrize("d", [3, 40])
def test_trustworthiness_is_scikit_learns(k, d):
    points = np.random.default_rng(d).normal(size=(100, d)).astype(np.float32) + 5
    mapped = points[:, :2] + np.float32(0.3) * np.random.default_rng(0).normal(size=(100, 2)).astype(
        np.float32
    )
    near = NearestNeighbors(n_neighbors=k).fit(mapped).kneighbors(return_distance=False)
    ours = scores.trustworthiness(jnp.array(points), jnp.array(near))
    assert ours == pytest.approx(trustworthiness(points, mapped, n_neighbors=k), abs=1e-5)


def test_trust_is_full_in_the_original_itself():
    points = jnp.array(SETS["noise in 20 dimensions"][0])
    assert scores.trustworthiness(points, scores.neighbours(scores.squared_distances(points), 5)) == 1


def test_shared_neighbours_are_counted_at_every_size():
    rng = np.random.default_rng(0)
    a, b = (np.stack([rng.permutation(12)[:6] for _ in range(50)]) for _ in range(2))
    shared = [np.mean([len(set(x[:k]) & set(y[:k])) / k for x, y in zip(a, b)]) for k in range(1, 7)]
    np.testing.assert_allclose(scores.shared_neighbours(jnp.array(a), jnp.array(b)), shared, rtol=1e-6)
    np.testing.assert_array_equal(scores.shared_neighbours(jnp.array(a), jnp.array(a)), 1)


@pytest.mark.parametrize("k", [0, 4])
def test_too_few_points_for_the_neighbours_say_so(k):
    with pytest.raises(ValueError, match=rf"k must be in 1..3 for 4 points, got {k}"):
        scores.neighbours(jnp.zeros((4, 4)), k)

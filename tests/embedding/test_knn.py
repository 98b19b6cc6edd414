import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from research.embedding import knn


def plainly(points, x, k):
    """Sort all distances, ties by index."""
    squared = ((x[:, None].astype(np.int64) - points[None]) ** 2).sum(2)
    order = np.argsort(squared, axis=1, kind="stable")[:, :k]
    return order, np.sqrt(np.take_along_axis(squared, order, 1))


@pytest.mark.parametrize(("n", "k"), [(3, 3), (50, 1), (1000, 5), (2003, 20)])
def test_neighbours_and_their_ties_equal_a_stable_sort(n, k):
    rng = np.random.default_rng(n)
    points, x = rng.integers(0, 4, (n, 5)), rng.integers(0, 4, (300, 5))  # 4⁵ places: many ties, many twins
    indices, distances = knn.search(knn.build(points, k), x, k)
    expected, expected_distances = plainly(points, x, k)
    np.testing.assert_array_equal(np.sort(indices), np.sort(expected))
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_allclose(distances, expected_distances, rtol=1e-6)


@pytest.mark.parametrize("classes", [2, 3, 200])
def test_classification_equals_scikit_learn(classes):
    rng = np.random.default_rng(classes)
    train_x, x = (rng.normal(size=(m, 8)).astype(np.float32) for m in (2000, 400))
    train_y = rng.integers(0, classes, 2000)
    labels, indices, distances = knn.classify(train_x, train_y, x, 6)
    reference = KNeighborsClassifier(6).fit(train_x, train_y)
    expected_distances, expected = reference.kneighbors(x)
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_allclose(distances, expected_distances, rtol=1e-5)
    np.testing.assert_array_equal(labels, reference.predict(x))


@pytest.mark.parametrize("directions", [1, 6, 20])
def test_few_directions_give_looser_bounds_and_the_same_answer(directions):
    rng = np.random.default_rng(7)
    points, x = rng.integers(0, 4, (1500, 20)), rng.integers(0, 4, (40, 20))
    index = knn.build(points, 5, directions)
    assert index.basis.shape == (20, directions)
    np.testing.assert_allclose(index.basis.T @ index.basis, np.eye(directions), atol=1e-6)
    indices, distances = knn.search(index, x, 5)
    expected, expected_distances = plainly(points, x, 5)
    np.testing.assert_array_equal(indices, expected)
    np.testing.assert_allclose(distances, expected_distances, rtol=1e-6)


def test_points_without_variance_can_be_searched():
    index = knn.build(np.ones((300, 9)), 2, directions=4)
    indices, distances = knn.search(index, np.zeros((1, 9)), 3)
    np.testing.assert_array_equal(indices, [[0, 1, 2]])
    np.testing.assert_allclose(distances, 3)


def test_tied_votes_go_to_the_smaller_label():
    np.testing.assert_array_equal(knn.vote(np.array([[9, 2, 2, 9], [7, 5, 3, 1], [4, 4, 0, 1]])), [2, 1, 4])


def test_far_from_the_origin_the_answer_stays():
    rng = np.random.default_rng(5)
    points, x = rng.integers(0, 50, (3000, 4)), rng.integers(0, 50, (64, 4))
    near, far = (knn.search(knn.build(points + shift, 5), x + shift, 5)[0] for shift in (0, 60_000))
    np.testing.assert_array_equal(near, far)


def test_a_point_is_not_its_own_neighbour_but_its_twin_is():
    x = np.repeat(np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32), 3, axis=0)
    indices, distances = knn.neighbours(x, 3)
    own = np.arange(120)[:, None]
    assert (indices != own).all()
    np.testing.assert_array_equal(indices[:, :2] // 3, np.repeat(own // 3, 2, axis=1))
    assert (distances[:, :2] == 0).all()
    assert (distances[:, 2] > 0).all()


def test_a_query_does_not_depend_on_its_company():
    rng = np.random.default_rng(2)
    points, x = (rng.normal(size=(m, 20)).astype(np.float32) for m in (500, 700))
    index = knn.build(points, 4)
    together = knn.search(index, x, 4)
    for i in (0, 255, 256, 699):
        np.testing.assert_array_equal(knn.search(index, x[i : i + 1], 4)[0][0], together[0][i])


def test_refusals():
    x = np.eye(4, dtype=np.float32)
    with pytest.raises(ValueError, match=r"1\.\.4"):
        knn.search(knn.build(x, 1), x, 5)
    with pytest.raises(ValueError, match=r"1\.\.3"):
        knn.neighbours(x, 4)
    with pytest.raises(ValueError, match="4 values"):
        knn.search(knn.build(x, 1), x[:, :3], 1)
    with pytest.raises(ValueError, match="finite, got NaN or infinity in 1 rows"):
        knn.build(np.where(np.eye(4) * [1, 0, 0, 0], np.nan, x), 1)
    with pytest.raises(ValueError, match="one label"):
        knn.classify(x, np.arange(3), x, 1)
    with pytest.raises(ValueError, match="flatten"):
        knn.build(np.zeros((3, 28, 28)), 1)

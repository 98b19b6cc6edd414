import numpy as np
import pytest
from sklearn.decomposition import PCA as Reference

from research.embedding import pca


@pytest.fixture
def points():
    rng = np.random.default_rng(0)
    return (rng.normal(size=(300, 12)) @ rng.normal(size=(12, 12)) + 3).astype(np.float32)


@pytest.mark.parametrize("k", [1, 5, 12])
def test_equals_scikit_learn_with_signs(points, k):
    ours, reference = pca.fit(points, k), Reference(k, svd_solver="full").fit(points.astype(np.float64))
    np.testing.assert_allclose(ours.components, reference.components_, atol=1e-5)
    np.testing.assert_allclose(ours.explained_variance_ratio, reference.explained_variance_ratio_, atol=1e-6)
    np.testing.assert_allclose(ours.transform(points), reference.transform(points), atol=1e-4)


def test_sign_rule_holds_for_mirrored_data(points):
    largest = lambda rows: rows[np.arange(len(rows)), np.abs(rows).argmax(1)]  # noqa: E731
    assert (largest(pca.fit(points, 4).components) > 0).all()
    assert (largest(pca.fit(-points, 4).components) > 0).all()


def test_all_components_invert_exactly_and_fewer_project(points):
    full, some = pca.fit(points, 12), pca.fit(points, 3)
    np.testing.assert_allclose(full.inverse(full.transform(points)), points, atol=1e-4)
    residual = points - some.inverse(some.transform(points))
    np.testing.assert_allclose(residual @ some.components.T, 0, atol=1e-3)
    np.testing.assert_allclose((residual**2).sum() / ((points - points.mean(0)) ** 2).sum(),
                               1 - some.explained_variance_ratio.sum(), atol=1e-5)  # fmt: skip


def test_constant_columns_take_no_part(points):
    widened = np.insert(points, [0, 6], 7.5, axis=1)
    components = pca.fit(widened, 5).components
    np.testing.assert_allclose(components[:, [0, 7]], 0, atol=1e-7)
    np.testing.assert_allclose(np.delete(components, [0, 7], 1), pca.fit(points, 5).components, atol=1e-5)


def test_fewer_points_than_values():
    x = np.random.default_rng(1).normal(size=(6, 40)).astype(np.float32)
    codes = pca.fit(x, 5).transform(x)
    distances = lambda a: ((a[:, None] - a[None]) ** 2).sum(2)  # noqa: E731
    np.testing.assert_allclose(distances(codes), distances(x), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    ("x", "k", "says"),
    [
        (np.ones((5, 3)), 1, "all 5 points are equal"),
        (np.full((5, 3), np.nan), 1, "finite"),
        (np.eye(4), 5, r"1\.\.4"),
        (np.eye(4), 0, r"1\.\.4"),
        (np.zeros((3, 2, 2)), 1, "flatten"),
    ],
)
def test_refusals(x, k, says):
    with pytest.raises(ValueError, match=says):
        pca.fit(x, k)

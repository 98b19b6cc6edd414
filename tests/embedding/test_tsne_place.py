import numpy as np
import openTSNE
import pytest

from research.embedding import knn, tsne, tsne_place


@pytest.fixture(scope="module")
def new(digits):
    """60 new digits, half way between two that are near each other."""
    neighbour = knn.neighbours(digits[:60], 3)[0][:, 2]
    return (digits[:60] + digits[:60][neighbour]) / 2


def test_places_are_those_of_opentsne(digits, mapped, new):
    affinities = openTSNE.affinity.PerplexityBasedNN(digits, perplexity=30, method="exact")
    points = np.asarray(mapped.points, np.float64)
    reference = openTSNE.TSNEEmbedding(points, affinities, negative_gradient_method="bh")
    theirs = (
        reference.transform(new) + (mapped.points.max(0) + mapped.points.min(0)) / 2
    )  # it centres its map
    away = np.linalg.norm(mapped.place(new) - theirs, axis=1)
    radius = np.ptp(mapped.points, axis=0).max() / 2
    assert np.median(away) < 0.002 * radius
    assert np.quantile(away, 0.9) < 0.02 * radius


def test_points_do_not_feel_each_other_and_the_map_stays(mapped, new):
    before = mapped.points.copy()
    together = mapped.place(new)
    alone = np.concatenate([mapped.place(new[i : i + 1]) for i in range(5)])
    np.testing.assert_allclose(alone, together[:5], atol=1e-3)
    np.testing.assert_array_equal(mapped.points, before)


def test_a_known_point_lands_near_itself(mapped):
    away = np.linalg.norm(mapped.place(mapped.data[:100]) - mapped.points[:100], axis=1)
    assert np.median(away) < 0.05 * np.abs(mapped.points).max()


def test_an_outlier_stays_in_the_room_around_the_map(mapped):
    spot = mapped.place(np.full((1, 50), 1e3))
    low, high = mapped.points.min(0), mapped.points.max(0)
    assert np.linalg.norm(spot - (low + high) / 2) <= tsne_place.ROOM * (high - low).max() / 2 * 1.001


def test_small_maps_can_be_placed_in():
    x = np.random.default_rng(1).normal(size=(5, 2)).astype(np.float32)
    placed = tsne.Embedding(x, 10 * x, np.nan, tsne.Settings()).place(x[:3])
    assert np.isfinite(placed).all()
    assert np.linalg.norm(placed, axis=1).max() < 2 * np.abs(10 * x).max()


def test_refusals(mapped, new):
    with pytest.raises(ValueError, match="50 values"):
        mapped.place(new[:, :5])
    with pytest.raises(ValueError, match="finite"):
        mapped.place(new * np.nan)
    with pytest.raises(ValueError, match="expected 1050, got 3"):
        tsne_place.field(mapped.data, mapped.points[:3])

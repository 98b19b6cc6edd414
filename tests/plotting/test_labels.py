"""Labels: apart by the gap, in order, moved as little as possible."""

import numpy as np

from research.plotting.labels import spread


def test_labels_that_fit_stay():
    np.testing.assert_allclose(spread(np.array([3.0, 1.0, 2.0]), 0.5), [3, 1, 2])


def test_crowded_labels_part_around_their_middle():
    np.testing.assert_allclose(spread(np.array([1.0, 1.0, 1.0]), 0.5), [0.5, 1.0, 1.5])
    placed = spread(np.array([0.0, 0.1, 0.15, 2.0]), 0.4)
    assert (np.diff(placed) >= 0.4 - 1e-12).all()
    assert placed[3] == 2.0

"""Labels: apart by the gap, in order, moved as little as possible."""

import matplotlib.pyplot as plt
import numpy as np

from research.plotting import charts, legible
from research.plotting.labels import spread
from research.plotting.style import INK, paper_style


def test_labels_that_fit_stay():
    np.testing.assert_allclose(spread(np.array([3.0, 1.0, 2.0]), 0.5), [3, 1, 2])


def test_crowded_labels_part_around_their_middle():
    np.testing.assert_allclose(spread(np.array([1.0, 1.0, 1.0]), 0.5), [0.5, 1.0, 1.5])
    placed = spread(np.array([0.0, 0.1, 0.15, 2.0]), 0.4)
    assert (np.diff(placed) >= 0.4 - 1e-12).all()
    assert placed[3] == 2.0


def test_names_beside_lines_that_end_together_do_not_overlap_and_keep_their_order():
    with paper_style():
        figure, ax = plt.subplots(figsize=(3.4, 2))
        ax.set_ylim(0, 100)
        charts.name_ends(ax, [(50.0, "c", INK), (49.9, "b", INK), (10.0, "a", INK), (50.1, "d", INK)])
        assert legible.flaws(figure) == []
        heights = {text.get_text(): text.xy[1] for text in ax.texts}
    assert sorted(heights, key=heights.__getitem__) == ["a", "b", "c", "d"]
    assert heights["a"] == 10


def test_a_logarithmic_axis_has_only_the_ticks_in_view():
    with paper_style():
        _, ax = plt.subplots()
        ax.set_xlim(2, 20_000)
        charts.logarithmic(ax, "x", (1, 10, 10_000, 100_000))
    assert [text.get_text() for text in ax.get_xticklabels()] == ["10", "10,000"]
    assert ax.get_xscale() == "log"

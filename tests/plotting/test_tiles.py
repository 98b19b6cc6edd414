"""Rows of tiles: every image in its place, names where they belong."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

from research.plotting import legible, maps
from research.plotting.style import FAINT, SECOND, paper_style
from research.plotting.tiles import tiles

IMAGES = np.random.default_rng(0).random((3, 4, 10), np.float32)


def test_a_row_holds_every_image_in_its_place_and_room_for_more():
    figure, ax = plt.subplots()
    row = tiles(ax, IMAGES, columns=5, marked=[False, True, False])
    canvas = np.ma.filled(row.image.get_array(), np.nan)
    left = [round(row.place(i) + 0.5) for i in range(5)]
    assert left == [0, 11, 22, 33, 44]
    for x, image in zip(left, IMAGES):
        np.testing.assert_array_equal(canvas[:, x : x + 10], image)
    assert np.isnan(np.delete(canvas, [x + j for x in left[:3] for j in range(10)], axis=1)).all()
    assert ax.get_xlim() == (-0.5, 53.5)
    (frames,) = ax.collections
    assert [to_hex(colour) for colour in frames.get_edgecolor()] == [FAINT, SECOND, FAINT]
    plt.close(figure)


def test_names_stand_at_their_tile_and_do_not_overlap():
    with paper_style():
        figure, axes = plt.subplots(2, 1, figsize=(5, 1.6))
        for ax, word in zip(axes, ("one", "other")):
            row = tiles(ax, IMAGES)
            row.name_row(word)
            for i in range(len(IMAGES)):
                row.name(i, f"tile {i}")
                row.name(i, f"{i}", above=True, at=1.0)
        assert [text.xy for text in axes[0].texts[:2]] == [(4.5, 3.5), (9.5, -0.5)]
        assert legible.flaws(figure) == []
        plt.close(figure)


@pytest.mark.parametrize("name", ["low", "a name of\nsome length", "a name that needs much room"])
def test_names_of_rows_stay_on_the_page(name):
    """The first layout does not know how far the colour bar and the images' shape will move the names."""
    with paper_style():
        figure, axes = plt.subplots(4, 1, figsize=(7, 2.6))
        for ax in axes:
            shown = maps.signed(ax, np.linspace(-1, 1, 10 * 28 * 28).reshape(10, 28, 28))
            shown.name_row(name)
        maps.bar(figure, shown, axes[:3].tolist(), "")
        maps.bar(figure, shown, axes[3], "")
        assert legible.flaws(figure) == []
        plt.close(figure)

"""Labels that overlap or are cut off are found, others are not, and a figure is drawn as narrow as it can be."""

import io
import re
import zlib

import matplotlib.pyplot as plt
import numpy as np
import pytest
from fontTools.ttLib import TTFont

from research.plotting import files, legible, style


@pytest.fixture(autouse=True)
def _styled():
    with style.paper_style():
        yield
    plt.close("all")


def panels(width, *, columns=4, title="a long title"):
    figure, axes = plt.subplots(1, columns, figsize=(width, 2), squeeze=False)
    for i, ax in enumerate(axes[0]):
        ax.plot([0, 1])
        ax.set_xticks([0, 1])
        ax.set_title(f"{title} {i}")
    return figure


def test_a_clean_figure_has_no_flaws_also_where_ticks_lie_outside_of_the_view():
    figure = panels(7.0)
    assert legible.flaws(figure) == []
    figure.axes[0].set_xlim(0.2, 1.0)  # matplotlib keeps the label of the tick at 0
    assert legible.flaws(figure) == []


def test_what_overlaps_and_what_is_cut_off_is_named():
    figure = panels(7.0)
    figure.axes[0].set_title("x" * 70)
    figure.text(0.999, 0.01, "outside")
    assert sorted(legible.flaws(figure)) == [
        "'outside' is cut off",
        f"'{'x' * 70}' overlaps 'a long title 1'",
        f"'{'x' * 70}' overlaps 'a long title 2'",
    ]


@pytest.mark.parametrize(("columns", "width"), [(1, 3.4), (4, 5.1)])
def test_the_narrowest_legible_width_is_taken(columns, width):
    figure = legible.narrowest(lambda w: panels(w, columns=columns), (3.4, 5.1))
    assert figure.get_figwidth() == pytest.approx(width)
    assert legible.flaws(figure) == []
    assert plt.get_fignums() == [figure.number]


def test_what_is_no_better_at_full_width_is_drawn_narrow_if_its_axes_have_room():
    def draw(w):
        return panels(w, title="a title that is much too long " * 2)

    assert legible.flaws(draw(3.4)) == [legible.NO_ROOM]
    assert legible.narrowest(draw, (3.4,), 99) is None
    figure = legible.narrowest(draw, (3.4, 7.0), 99)
    assert figure.get_figwidth() == 7.0
    assert legible.narrowest(draw, (7.0,), len(legible.flaws(figure)) - 1) is None


def test_pdfs_hold_their_fonts_without_rules_for_setting_text(tmp_path):
    files.save(panels(3.4, columns=1), tmp_path / "one")
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", (tmp_path / "one.pdf").read_bytes(), re.DOTALL)
    plain = [zlib.decompress(stream) for stream in streams if stream[:1] == b"x"]
    fonts = [TTFont(io.BytesIO(stream)) for stream in plain if stream.startswith(b"\0\1\0\0")]
    assert fonts
    for font in fonts:
        assert "glyf" in font
        assert not {"GSUB", "GPOS", "GDEF"} & set(font.keys())


def test_names_of_classes_that_lie_on_each_other_stand_beside_each_other():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 20)
    for shape in ([1, 1], [2, 3]):
        figure, axes = plt.subplots(*shape, figsize=(3.4, 3.0), squeeze=False)
        for ax in axes.flat:
            points = np.stack([rng.normal(size=200), 1e-3 * rng.normal(size=200)], 1)
            ax.scatter(*points.T)
            ax.set(xticks=[], yticks=[])
            style.name_classes(ax, points, labels, size=8)
        assert legible.flaws(figure) == []


def test_names_of_classes_with_room_stand_at_their_medians():
    _, ax = plt.subplots(figsize=(3.4, 3.0))
    points = np.array([[0.0, 0.0], [1.0, 1.0], [1.2, 1.0], [9.0, 1.0]])
    ax.scatter(*points.T)
    style.name_classes(ax, points, np.array([3, 5, 5, 5]))
    assert {text.get_text(): text.get_position() for text in ax.texts} == {"3": (0.0, 0.0), "5": (1.2, 1.0)}

"""The study "drawings": claims from results alone, sevens that keep their ink, what tenths and filters measure."""

import jax
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from configs.drawings import get_config
from research import studies
from research.data import Digits
from research.plotting import style
from research.runs.store import Run
from research.studies.drawings import claims, filters, findings, measures, study, tenths
from research.studies.drawings.sevens import bars, box, centred, funky
from research.studies.preparing import prepared
from research.training import populations
from research.training.recipes import recipe

PAIRS, SEVENS, TENTHS = 5, 200, 5
DOCUMENTS = {"dense3_is_documents": 1, "cnn_small_is_documents": 1}


def some(share, shape, seed):
    """About that share of the entries is true, not the same in every row."""
    return np.random.default_rng(seed).random(shape) < share


def around(value, *shape, seed=0):
    """Values of each tenth that differ a little."""
    return np.clip(value + np.random.default_rng(seed).normal(0, 0.01, (TENTHS, *shape)), -1, 1)


def hand_made(
    dense=0.3, knn=0.3, cnn=0.9, plain=0.95, tenth=0.8, moved=-0.5, ink=0.1, auc=(0.9, 0.6), **attrs
):
    """Funky sevens read right with these chances; plain ones; what tenths say; AUCs after and before training."""
    kinds = ["dense3"] * PAIRS + ["cnn_small"] * PAIRS + ["knn"]
    grid = np.full((len(kinds), len(study.WIDTHS), len(study.SHIFTS), SEVENS), 2, np.uint8)
    for row, kind in enumerate(kinds):
        shown = some({"dense3": dense, "cnn_small": cnn, "knn": knn}[kind], SEVENS, row)
        grid[row][:] = np.where(shown, 7, 2)
        grid[row, 0, 0] = np.where(some(plain, SEVENS, 100 + row), 7, 2)
    near = np.zeros((TENTHS, 2, 10))
    near[..., 6] = around(tenth, 2)
    near[..., 7] = 1 - near[..., 6]
    states = lambda plain, change: np.stack([around(plain), around(plain + change, seed=1)], 1)  # noqa: E731
    tenth_data = {
        "pca_near": (("tenth", "state", "digit"), near),
        "tsne_near": (("tenth", "state", "digit"), near),
        "off": (("tenth", "state"), states(tenth, 0)),
        "knn_right": (("tenth", "state"), states(knn, 0)),
        "centre": (("tenth", "state"), states(0.8, moved)),
        "positive": (("tenth", "state", "axis"), np.stack([states(0.5, ink)] * 2, -1)),
        **{
            f"{name}_{what}": (("tenth", "digit"), np.repeat(around(tenth, 1), 10, 1))
            for name in ("slash", "centred")
            for what in ("nearest", "r")
        },
    }
    of_cnns = np.stack([around(value, 2, seed=seed) for seed, value in enumerate(auc)])
    return xr.Dataset(
        {
            "grid": (("recogniser", "width", "shift", "seven"), grid),
            **{f"tenth_{name}": value for name, value in tenth_data.items()},
            "filter_auc": (("training", "cnn", "part"), of_cnns),
        },
        {
            "kind": ("recogniser", kinds),
            "width": list(study.WIDTHS),
            "shift": list(study.SHIFTS),
            "state": ["plain", "funky"],
            "training": ["trained", "untrained"],
        },
        {"sevens": SEVENS, "k": 5, "dense3": "784-10", "cnn_small": "CNN", **DOCUMENTS, **attrs},
    )


def verdicts(**how):
    return {row.id: row.verdict for row in claims.claims(hand_made(**how))}


def test_every_statement_has_one_primary_row_and_independent_units():
    rows = claims.claims(hand_made())
    primary = {row.id: row.quote for row in rows if row.primary}
    assert list(primary) == [
        "plain-seven-read", "plain-seven-off", "plain-seven-slash", "funky-seven", "funky-seven-pca",
        "funky-seven-positive", "funky-seven-filters",
    ]  # fmt: skip
    assert len(set(primary.values())) == len(primary)
    assert {row.id for row in rows} >= {
        f"funky-seven-{name}" for name in ("dense", "knn", "cnn", "pca-centre")
    }
    assert {row.n for row in rows} == {5}
    assert all(row.claimed is None for row in rows)


def test_claims_follow_from_what_is_read():
    assert set(verdicts().values()) == {"reproduced"}
    reverse = verdicts(dense=0.9, knn=0.9, cnn=0.3, plain=0.3, tenth=0.2, moved=0.1, ink=-0.1, auc=(0.6, 0.7))
    assert set(reverse.values()) == {"not reproduced"}
    assert verdicts(dense=0.5, knn=0.5, cnn=0.5)["funky-seven"] == "inconclusive"  # as often as the reverse
    lead = verdicts(dense=0.7, knn=0.7, cnn=0.9)
    assert lead["funky-seven"] == "reproduced"  # more often than the reverse, yet most sevens are read
    assert lead["funky-seven-dense"] == lead["funky-seven-knn"] == "not reproduced"


def test_the_pattern_is_dense_and_neighbours_wrong_and_the_cnn_right():
    results = hand_made()
    read = measures.cell(results)
    read[:] = 7
    read[0, :2], read[-1, :3] = 2, 2  # the first dense network misreads 2 sevens, the neighbours 3
    read[PAIRS, 1], read[PAIRS + 1, 5:9] = 2, 2  # the first CNN misreads one of those 2, the second 4 others
    shows, against = measures.pattern(results, read)
    assert shows.sum(1).tolist() == [1, 0, 0, 0, 0]
    assert against.sum(1).tolist() == [0, 4, 0, 0, 0]
    assert measures.all_right(results, read).sum(1).tolist() == [SEVENS - 3, SEVENS - 7, *[SEVENS - 3] * 3]


def test_other_networks_are_not_judged():
    by = verdicts(dense3_is_documents=0)
    assert [name for name, verdict in by.items() if verdict == "not run"] == [
        "plain-seven-read", "funky-seven", "funky-seven-dense",
    ]  # fmt: skip
    by = verdicts(cnn_small_is_documents=0)
    assert by["funky-seven-filters"] == by["funky-seven-cnn"] == "not run"
    assert by["funky-seven-pca"] == "reproduced"


def a_seven(left=8, right=19, top=4, bottom=23):
    """A bar and a vertical slash under its right end."""
    image = np.zeros((28, 28), np.uint8)
    image[top : top + 2, left : right + 1] = 255
    image[top : bottom + 1, right - 1 : right + 1] = 255
    return image


@pytest.mark.parametrize(
    ("width", "shift", "towards"), [(1.4, 4, "right"), (1.6, 20, "upper right"), (3.0, 9, "left")]
)
def test_a_funky_seven_keeps_its_ink_in_the_frame(width, shift, towards):
    sevens = np.stack([a_seven(), a_seven(2, 15), a_seven(10, 25)])
    made = funky(sevens, width, shift, towards)
    stretched = [min(width, 13.5 / (ink / 2 - 0.5)) for ink in (12, 14, 16)]
    np.testing.assert_allclose(made.sum((1, 2)) / sevens.sum((1, 2)), stretched, rtol=0.12)
    spans = [right - left for _, _, left, right in map(box, made)]
    assert all(span > box(seven)[3] - box(seven)[2] for span, seven in zip(spans, sevens))
    if shift > 8:  # pressed to the edges
        assert all(
            box(image)[2 if towards == "left" else 3] == (0 if towards == "left" else 27) for image in made
        )
        assert all(box(image)[0] == (0 if towards == "upper right" else 4) for image in made)


def test_moving_alone_changes_no_pixel():
    seven = a_seven()[None]
    np.testing.assert_array_equal(funky(seven, 1.0, 0), seven)
    np.testing.assert_array_equal(funky(seven, 1.0, 4), np.roll(seven, 4, 2))
    np.testing.assert_array_equal(funky(seven, 1.0, 99, "up"), np.roll(seven, -4, 1))


def test_bar_and_slash_are_parts_of_the_seven():
    seven = a_seven()[None]
    bar = bars(seven)[0]
    np.testing.assert_array_equal(bar.all(1), np.arange(28) < 10)  # .3 of the 20 rows from the fourth on
    moved = centred(np.where(bar, 0, seven[0]).astype(np.uint8))
    top, bottom, left, right = box(moved)
    assert max(abs(top + bottom - 27), abs(left + right - 27)) <= 1


def test_a_slash_is_a_one_where_ones_are():
    """A slash in the middle of the frame is a 1; one at its right edge is so only after it is moved."""
    means = np.random.default_rng(0).random((10, 784)).astype(np.float32) * 0.1
    one = np.zeros((28, 28), np.float32)
    one[7:21, 13:15] = 1
    means[1] += one.reshape(-1)
    found = tenths.slash(np.stack([a_seven(2, 14), a_seven(14, 26)]), means)
    assert found["slash_nearest"][1] == 0.5
    assert found["centred_nearest"][1] == 1
    assert found["centred_r"][1] > found["slash_r"][1]


def test_tenths_share_no_digit():
    train = Digits(np.arange(100, dtype=np.uint8)[:, None, None], np.zeros(100, np.int32))
    sevens = np.arange(50, dtype=np.uint8)[:, None, None]
    parts = tenths.split(train, sevens, sevens + 100, tenths.TENTHS, seed=3)
    assert sorted(np.concatenate([part.train.images.reshape(-1) for part in parts])) == list(range(100))
    assert sorted(np.concatenate([part.plain.reshape(-1) for part in parts])) == list(range(50))
    assert all((part.funky == part.plain + 100).all() for part in parts)


def test_filters_for_lines_are_found_and_blind_ones_are_not():
    """A filter for horizontal lines and one for vertical lines tell the bar from a vertical slash; zeros do not."""
    how = recipe("cnn_small")
    how.model.channels = (1, 2)
    config = populations.resolved(how)
    params = jax.tree.map(lambda leaf: 0 * leaf, populations.untrained(config, 2))
    flat = {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(params)}
    first, second = (next(name for name in flat if f"conv{i}" in name and "kernel" in name) for i in (1, 2))
    line = np.array([[-1.0, -1.0, -1.0], [2.0, 2.0, 2.0], [-1.0, -1.0, -1.0]], np.float32)

    def planted(path, leaf):
        leaf, name = np.array(leaf), jax.tree_util.keystr(path)
        if name == first:
            leaf[0, 1, 1] = 1
        if name == second:
            leaf[0, :, :, 0, 0], leaf[0, :, :, 0, 1] = line, line.T
        return leaf

    params = jax.tree_util.tree_map_with_path(planted, params)
    curve, none, seen = np.zeros((2, 1, 4), np.float32), np.zeros(2), np.zeros(2, int)
    population = populations.Population(config, params, curve, none, none, seen)
    sevens = np.stack([a_seven(left, left + 14) for left in (3, 5, 7, 9)])
    auc, shown = filters.measure(population, params, sevens)
    assert (auc[0] > 0.8).all()
    np.testing.assert_allclose(auc[1], 0.5)
    assert shown.shape == (2, 2, 2, 24, 24)
    assert shown[0, 0, :, :6].max() > shown[0, 0, :, 12:].max()  # the bar's filter answers above, to the bar


def test_what_was_read_is_not_read_again():
    asked = []

    def read(images):
        asked.append(images)
        return images.sum((1, 2))

    answer = study._once(read)
    plain, moved = np.zeros((3, 28, 28), np.uint8), np.ones((3, 28, 28), np.uint8)
    for images in (plain, moved, plain.copy(), moved):
        np.testing.assert_array_equal(answer(images), images.sum((1, 2)))
    assert len(asked) == 2


def test_findings_say_what_the_results_show():
    results = hand_made()
    made = findings._pattern(results)
    shows, _ = measures.pattern(results, measures.cell(results))
    assert made.numbers["shows"].value == pytest.approx(shows.mean())
    assert "the 5 nearest neighbours wrong, CNN right" in made.statement
    assert findings._pattern(hand_made(dense=0.9, knn=0.9, cnn=0.3)) is None
    slash = xr.where(results.tenth_slash_nearest < 2, 0.1, 0) * results.tenth_centred_nearest
    assert findings._slash(results.assign(tenth_slash_nearest=slash)) is not None
    assert findings._slash(results) is None


def test_a_run_gives_claims_findings_and_figures(cache, tmp_path):
    config = get_config("smoke")
    config.sevens, config.others, config.neighbours_among, config.tenths = 6, 6, 200, 1
    config.dense3.model.widths, config.dense3.examples = (8,), 300
    config.cnn_small.examples = 300
    run = Run(tmp_path / "run")
    run.save(prepared(config), study.run(prepared(config), run), 1.0)
    results = run.results()
    rows = {row.id: row.verdict for row in claims.claims(results)}
    assert set(rows.values()) == {"inconclusive", "not run"}
    assert rows["funky-seven-dense"] == "not run"  # 784-8-10 is not the document's
    findings.findings(results)
    plain = results.grid.sel(width=1.0, shift=0).values
    undeformed = results.predicted.sel(family="width").isel(
        step=study.STEPS["width"].index(1.0), image=slice(6)
    )
    np.testing.assert_array_equal(plain, undeformed.values)
    with style.paper_style():
        for drawing in studies.part("drawings", "figures").FIGURES.values():
            plt.close(drawing.draw(results, style.SINGLE))


def test_there_are_ten_tenths():
    with pytest.raises(ValueError, match="tenths must be at most 10, got 11"):
        study.Config(tenths=11).validate()

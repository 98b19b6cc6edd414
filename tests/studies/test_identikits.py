"""The study "identikits": claims from runs alone with networks as units, and what is measured on the runs."""

import dataclasses

import jax
import numpy as np
import pytest
import xarray as xr

from configs.identikits import get_config
from research import studies
from research.identikits.perturbations import DenseGaussian
from research.identikits.random_search import RandomSearch
from research.identikits.types import FORWARD
from research.plotting import files
from research.runs.store import Run
from research.studies.identikits import claims, findings, measures, runs, study
from research.studies.preparing import prepared


@pytest.fixture(scope="module")
def config():
    config = get_config("smoke")
    config.asked = {"softmax": {"low_frequency": (2, 2), "from_uniform_noise": (1, 1)}}
    config.digits, config.images = (0, 3, 7), 20
    config.masks, config.generations = 50, 30
    return config


@pytest.fixture(scope="module")
def results(config, tmp_path_factory):
    return study.run(prepared(config), Run(tmp_path_factory.mktemp("run")))


def hand_made(reached, networks=6, conditions=(measures.PICTURES, measures.CONVERGENCE), document=1):
    """Runs of a few networks; reached[digit][i] says which of the runs of network i for the digit get to 0.99."""
    rows = [
        (condition, network, digit, restart, hit)
        for condition in conditions
        for digit, of_networks in reached.items()
        for network in range(networks)
        for restart, hit in enumerate(of_networks[network % len(of_networks)])
    ]
    condition, network, digit, restart, hits = (np.array(column) for column in zip(*rows))
    n, hits = len(rows), hits.astype(bool)
    images = np.zeros((n, 28, 28), np.float32)
    images[np.arange(n), digit] = 1.0  # each class draws a line of its own
    images[:, 20, :3] = np.random.default_rng(0).uniform(size=(n, 3))
    class_mean = np.zeros((10, 28, 28), np.float32)
    class_mean[np.arange(10), np.arange(10)] = 1.0
    judge = [*(f"softmax {i}" for i in range(2)), *(f"cnn {i}" for i in range(networks))]
    rng = np.random.default_rng(1)
    return xr.Dataset(
        {
            "image": (("run", "y", "x"), images),
            "confidence": ("run", np.where(hits, 0.995, 0.6)),
            "distance": ("run", np.where(hits, 2.0, 1.0)),
            "evaluations": ("run", np.where(hits, 1001.0, 20_001.0)),
            "evaluations_to": (("run", "target"), np.where(hits, 1001.0, np.nan)[:, None]),
            "stalled": ("run", (~hits).astype(np.uint8)),
            "judged": (("judge", "run"), np.full((len(judge), n), 0.7)),
            "named": (("judge", "run"), np.tile(digit, (len(judge), 1))),
            "random_top": (("judge", "noise", "example"), rng.uniform(0.4, 0.5, (len(judge), 6, 100))),
            "digit_top": (("judge", "example"), rng.uniform(0.991, 1, (len(judge), 100))),
            "class_mean": (("class", "y", "x"), class_mean),
        },
        {
            "kind": ("run", ["cnn"] * n), "condition": ("run", condition), "digit": ("run", digit),
            "network": ("run", network), "restart": ("run", restart), "target": [0.99], "judge": judge,
            "noise": list(measures.NOISES), "kind_name": ["softmax", "cnn"],
            "label": ("kind_name", ["softmax regression", "CNN of five"]),
        },
        {"documents_network": document},
    )  # fmt: skip


def rows_of(results):
    return {claim.id: claim for claim in claims.claims(results)}


EASY = {digit: [[1, 1]] for digit in range(10)}
AS_SAID = EASY | {  # three kinds of network, whose means are the document's 50 % and 30 %
    7: [[1] * k + [0] * (10 - k) for k in (4, 5, 6)],
    9: [[1] * k + [0] * (10 - k) for k in (2, 3, 4)],
}


def test_how_sure_networks_are_of_images_is_judged_over_networks_and_images():
    made = hand_made(EASY)
    rows = rows_of(made)
    assert rows["random-below-0.6"].verdict == rows["digits-above-0.9"].verdict == "reproduced"
    assert (rows["random-below-0.6"].claimed, rows["digits-above-0.9"].claimed) == (0.6, 0.9)
    assert rows["digits-close-to-1"].claimed is None
    made["random_top"][2:, 0, :20], made["digit_top"][2:, :60] = 0.7, 0.8
    rows = rows_of(made)
    assert rows["random-below-0.6"].n == 6
    assert rows["random-below-0.6"].measured == pytest.approx(0.7, abs=0.01)  # one image in five exceeds 0.6
    assert rows["random-below-0.6"].verdict == rows["digits-above-0.9"].verdict == "not reproduced"
    assert rows["digits-close-to-1"].measured == pytest.approx(0.4)
    assert rows["random-below-0.6-uniform"].verdict == "reproduced"  # its images did not change
    assert not rows["random-below-0.6-uniform"].primary


def test_a_document_that_is_right_is_reproduced():
    rows = rows_of(hand_made(AS_SAID, networks=30))
    for id in ("identikit-reaches-0.99", "seven-nine-hardest", "local-minima", "within-class-similar"):
        assert rows[id].verdict == "reproduced", id
    assert rows["seven-nine-hardest"].measured == pytest.approx(1.5)
    assert (rows["seven-half"].measured, rows["nine-third"].measured) == pytest.approx((0.5, 0.3))
    assert (rows["seven-half"].verdict, rows["nine-third"].verdict) == ("reproduced", "reproduced")
    assert (rows["seven-half"].claimed, rows["nine-third"].claimed) == (0.5, 0.3)
    assert rows["local-minima"].measured == pytest.approx((0.5 + 0.7) / 10)


def test_n_counts_networks_and_runs_stand_within():
    many = {7: [[1, 0] * 20] * 3 + [[1, 1] * 20] * 3, 9: [[1, 0] * 20]}
    row = rows_of(hand_made(many))["seven-half"]
    assert (row.n, row.unit, row.measured) == (6, "networks", 0.75)
    assert "2 digits × 40 restarts" in row.within
    assert row.verdict == "inconclusive"  # networks differ too much, however many runs each has
    assert rows_of(hand_made(AS_SAID, networks=4))["identikit-reaches-0.99"].verdict == "inconclusive"


def test_easy_runs_refute_the_hard_digits():
    rows = rows_of(hand_made(EASY, networks=30))
    for id in ("seven-half", "nine-third", "seven-nine-hardest"):
        assert rows[id].verdict == "not reproduced", id
    assert rows["seven-nine-hardest"].measured == pytest.approx(5.5)
    assert rows["local-minima"].measured == 0


def test_convergence_is_judged_on_dense_masks_and_pictures_on_low_frequency_ones():
    both = xr.concat(
        [
            hand_made(AS_SAID, conditions=(measures.CONVERGENCE,)),
            hand_made(EASY, conditions=(measures.PICTURES,)),
        ],
        "run", data_vars="minimal",
    )  # fmt: skip
    rows = rows_of(both)
    primary = {id: claim.within for id, claim in rows.items() if claim.primary and "masks" in claim.within}
    on = {id: within.split(";")[0] for id, within in primary.items()}
    for id in ("identikit-reaches-0.99", "seven-half", "nine-third", "seven-nine-hardest", "local-minima"):
        assert on.pop(id) == "masks Gauss 0.1"
    assert set(on) == {"within-class-similar", "zero-six-visible", "one-nine-mess"}
    assert set(on.values()) == {"masks low-frequency"}
    assert (rows["seven-half"].measured, rows["seven-half-low_frequency"].measured) == pytest.approx((0.5, 1))
    assert not rows["seven-half-low_frequency"].primary


def test_pictures_are_named_by_networks_of_other_kinds():
    made = hand_made(EASY)
    digit = made.digit.values
    made["named"][:2, np.isin(digit, (1, 9))] = 8  # what the softmax networks call 1 and 9
    made["named"][2:] = 8  # the networks' own word does not count
    rows = rows_of(made)
    assert rows["zero-six-visible"].measured == 1
    assert rows["one-nine-mess"].measured == -1
    assert rows["one-nine-mess"].verdict == "reproduced"
    assert rows["zero-six-against-the-rest"].measured == pytest.approx(1 - 6 / 8)
    assert rows["zero-six-like-the-mean"].measured == pytest.approx(0, abs=0.02)
    made["named"][0, np.isin(digit, (0, 6))] = 8
    assert rows_of(made)["zero-six-visible"].measured == 0.5


def test_what_was_not_measured_says_why():
    rows = rows_of(hand_made({0: [[1]], 3: [[1]]}, conditions=(measures.PICTURES,)))
    reasons = {id: claim.note for id, claim in rows.items() if claim.verdict == "not run"}
    assert "masks gauss_0.1" in reasons["seven-half"]
    assert reasons["seven-half-low_frequency"] == "no search for 7"
    assert "two restarts" in reasons["within-class-similar"]
    assert "people" in reasons["three-like-f"]
    alone = hand_made(EASY)
    assert "another kind" in rows_of(alone.isel(judge=slice(2, None)))["zero-six-visible"].note


def test_another_network_is_not_judged_in_the_documents_place():
    rows = rows_of(hand_made(AS_SAID, document=0))
    assert {claim.verdict for claim in rows.values()} == {"not run"}
    assert "CNN of five" in rows["seven-half"].note


def test_ties_share_a_rank():
    ranks = measures.difficulty(hand_made({0: [[0]], 1: [[1]], 2: [[1]]}, networks=2))
    np.testing.assert_array_equal(ranks, [[1, 2.5, 2.5]] * 2)


def test_findings_hold_or_are_left_out():
    easy = {each.id: each for each in findings.findings(hand_made(EASY))}
    hard = {
        each.id: each for each in findings.findings(hand_made(AS_SAID | {3: [[0]], 4: [[0, 0, 0, 0, 1]]}))
    }
    assert "seven-nine-easy" in easy
    assert "hardest-digits" not in easy
    assert "seven-nine-easy" not in hard
    assert hard["hardest-digits"].numbers["first"].value == 0
    assert "are 3 and 4" in hard["hardest-digits"].statement
    assert "noise-is-sure" not in easy
    sure = hand_made(EASY)
    sure["random_top"][:, 3, :30] = 0.9  # uniform noise
    found = {each.id: each for each in findings.findings(sure)}["noise-is-sure"]
    assert found.numbers["uniform"].value == pytest.approx(0.3)
    assert found.numbers["uniform"].n == 6


def test_survival_counts_censored_runs():
    curve = measures.survival(hand_made({0: [[1, 1, 1, 0]]}, 1, (measures.PICTURES,)), 0.99)
    assert curve.below[-1] == pytest.approx(0.25)
    early = hand_made({0: [[1, 1, 1, 0]]}, 1, (measures.PICTURES,))
    early["evaluations"] = ("run", [1001.0, 1001.0, 1001.0, 501.0])  # gave up before the others got there
    assert measures.survival(early, 0.99).below[-1] == pytest.approx(0.0)


def test_similarity_knows_the_own_class_and_stays_within_a_network():
    made = hand_made({0: [[1] * 4], 3: [[1] * 4]}, 2, (measures.PICTURES,))
    within, between = measures.similarity(made)
    assert within.shape == (2, 2)
    assert (within > 0.8).all()
    assert (between < 0.2).all()
    made["image"][np.flatnonzero(made.network.values == 1)] = np.random.default_rng(2).uniform(
        size=(8, 28, 28)
    )
    np.testing.assert_array_equal(measures.similarity(made).within[0], within[0])


def test_the_images_are_what_the_table_says(results, config):
    sizes = {
        name: m * restarts * len(config.digits) for name, (m, restarts) in config.asked["softmax"].items()
    }
    assert {name: int((results.condition == name).sum()) for name in set(results.condition.values)} == sizes
    own = [list(results.judge.values).index(f"softmax {i}") for i in results.network.values]
    each = np.arange(results.sizes["run"])
    np.testing.assert_allclose(results.judged.values[own, each], results.confidence.values, atol=5e-3)
    sure = results.confidence.values > 0.6
    np.testing.assert_array_equal(results.named.values[own, each][sure], results.digit.values[sure])
    np.testing.assert_array_equal(
        results.evaluations.values, FORWARD + config.masks * results.generations.values
    )
    np.testing.assert_array_equal(results.image.values * 256 % 1, 0)  # rounded, so that they compress


def test_the_documents_random_images_are_the_first_candidates_of_its_search(results):

    images = runs.first_candidates(RandomSearch(400, DenseGaussian(0.1), False), jax.random.key(0))
    assert images.shape == (400, 28, 28)
    assert images.std() == pytest.approx(0.1, rel=0.01)
    assert abs(images.mean()) < 0.001
    assert results.noise.values.tolist() == list(measures.NOISES)


def test_an_evolution_begins_blank_and_ends_as_sure_as_it_says(results):
    one = results.isel(of=0)
    assert np.all(one.evolution.values[0] == 0)
    assert (np.diff(one.evolution_confidence.values) >= 0).all()


def test_finished_askings_are_not_asked_again(config, tmp_path, monkeypatch, results):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(study, "judged", killed)
        with pytest.raises(KeyboardInterrupt):
            study.run(config, Run(tmp_path))
    asked = []
    monkeypatch.setattr(study, "table", lambda *a: asked.append(a))
    xr.testing.assert_identical(study.run(config, Run(tmp_path)), results)
    assert asked == []


def test_figures_and_claims_of_a_study_without_the_documents_network(results, tmp_path):
    drawn = files.draw_all(studies.part("identikits", "figures"), results, tmp_path)
    assert {"gallery", "evolution", "survival", "rates", "becoming"} <= set(drawn)
    assert {claim.verdict for claim in claims.claims(results)} == {"not run"}
    findings.findings(results)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"asked": {}}, "asked names no network; known: softmax, mlp100, cnn"),
        ({"asked": {"perceptron": {}}}, "unknown network 'perceptron' in asked; known: softmax"),
        ({"asked": {"cnn": {"sparse": (1, 1)}}}, "lacks 'low_frequency'"),
        (
            {"asked": {"cnn": {"low_frequency": (1, 1), "louder": (1, 1)}}},
            "unknown condition 'louder' of cnn; known: low_f",
        ),
    ],
)
def test_a_config_that_cannot_be_asked_is_one_line(config, change, says):
    with pytest.raises(ValueError, match=says):
        dataclasses.replace(config, **change).validate()

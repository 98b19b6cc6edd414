"""The study "recognisers": claims from results alone, what its scores mean, a second implementation, times."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from configs.recognisers import get_config
from research import studies
from research.plotting import files
from research.runs.store import Run
from research.studies.preparing import prepared
from research.studies.recognisers import claims as judged
from research.studies.recognisers import figures as drawn
from research.studies.recognisers import findings, measures, reimplementation, study, timing

IMAGES = 10_000
GOOD = {
    "softmax": [0.9250, 0.9262, 0.9255, 0.9251, 0.9259],
    "mlp100": [0.9780, 0.9790, 0.9785, 0.9788, 0.9782],
    "mlp3": [0.9830, 0.9820, 0.9826, 0.9835, 0.9818],
    "sigmoid200": [0.9810, 0.9806, 0.9812, 0.9808, 0.9804],
    "cnn": [0.9905, 0.9901, 0.9908, 0.9904, 0.9910],
}
SECONDS = {"softmax": [1.0, 1.2, 1.1, 1.0, 1.3], "mlp100": [3.0, 3.1, 2.9, 3.3, 3.0]}
SECONDS["mlp3"] = [9.0, 9.5, 9.1, 9.8, 9.0]


def hand_made(accuracies=None, seconds=None, again=(0.9770, 0.9780, 0.9775, 0.9779, 0.9772), other=()):
    """Results in which every network misreads the first images; those in `other` are not the document's."""
    accuracies, seconds = accuracies or GOOD, seconds or SECONDS
    names, most = list(accuracies), max(map(len, accuracies.values()))
    predicted = np.full((len(names), most, IMAGES), study.NOBODY, np.uint8)
    for kind, name in enumerate(names):
        for i, share in enumerate(accuracies[name]):
            predicted[kind, i] = np.arange(IMAGES) < round((1 - share) * IMAGES)
    pad = lambda values, n: [*values, *[np.nan] * (n - len(values))]  # noqa: E731
    return xr.Dataset(
        {
            "accuracy": (("network", "seed"), [pad(accuracies[name], most) for name in names]),
            "predicted": (("network", "seed", "image"), predicted),
            "label": ("image", np.zeros(IMAGES, np.uint8)),
            "seconds_alone": (("network", "repetition"), [pad(seconds.get(name, []), 5) for name in names]),
            "reimplemented": ("copy", np.array(again, float)),
            "ece": (("network", "seed"), [pad([0.01] * len(accuracies[name]), most) for name in names]),
        },
        {
            "network": names,
            "seed": np.arange(most),
            "called": ("network", [f"our {name}" for name in names]),
            "documents": ("network", names),
            "of_document": ("network", [name not in other for name in names]),
        },
        {"k": 5},
    )


def verdicts(results, primary=True):
    return {claim.id: claim.verdict for claim in judged.claims(results) if claim.primary == primary}


def test_claims_follow_from_the_networks():
    assert verdicts(hand_made()) == dict.fromkeys(
        (
            "softmax-accuracy", "mlp100-accuracy", "mlp3-accuracy", "cnn-accuracy", "sigmoid200-error",
            "better-than-logistic", "three-layers-beat-one", "deep-takes-longer", "reimplementation-same",
        ),
        "reproduced",
    )  # fmt: skip
    rows = {claim.id: claim for claim in judged.claims(hand_made())}
    assert rows["sigmoid200-error"].measured == pytest.approx(0.0192)
    assert (rows["mlp3-accuracy"].n, rows["mlp3-accuracy"].unit) == (5, "networks")
    assert rows["deep-takes-longer"].claimed is None


def test_other_numbers_give_other_verdicts():
    minus = lambda name, by: GOOD | {name: [x - by for x in GOOD[name]]}  # noqa: E731
    low = hand_made(minus("mlp100", 0.06), again=[0.93] * 4 + [0.931])
    assert verdicts(low)["mlp100-accuracy"] == "not reproduced"
    assert verdicts(low)["better-than-logistic"] == "not reproduced"
    assert verdicts(low)["reimplementation-same"] == "not reproduced"
    swapped = hand_made(GOOD | {"mlp100": GOOD["mlp3"], "mlp3": GOOD["mlp100"]})
    assert verdicts(swapped)["three-layers-beat-one"] == "not reproduced"
    quick = hand_made(seconds=SECONDS | {"mlp3": [1.5, 1.7, 1.6, 1.5, 1.8]})
    assert verdicts(quick)["deep-takes-longer"] == "not reproduced"
    better = {claim.id: claim for claim in judged.claims(hand_made(minus("sigmoid200", -0.005)))}
    assert (better["sigmoid200-error"].verdict, better["sigmoid200-error"].note) == (
        "not reproduced",
        "better",
    )


def test_new_images_widen_the_interval():
    rows = {claim.id: claim for claim in judged.claims(hand_made())}
    for id in ("softmax-accuracy", "mlp100-accuracy", "mlp3-accuracy", "cnn-accuracy", "sigmoid200-error"):
        one, both = rows[id], rows[f"{id}-new-images"]
        assert both.measured == pytest.approx(one.measured)
        assert both.high - both.low > 2 * (one.high - one.low)
        assert not both.primary


def test_few_networks_decide_nothing_and_what_is_missing_was_not_run():
    few = verdicts(hand_made({name: values[:4] for name, values in GOOD.items()}))
    assert set(few.values()) - {"reproduced"} == {"inconclusive"}
    assert [id for id, verdict in few.items() if verdict == "reproduced"] == [
        "deep-takes-longer"
    ]  # 5 are timed
    rows = {claim.id: claim for claim in judged.claims(hand_made({"softmax": GOOD["softmax"]}, again=()))}
    assert {claim.verdict for id, claim in rows.items() if not id.startswith("softmax")} == {"not run"}
    assert rows["mlp3-accuracy"].note == "this run leaves mlp3 out"


def test_a_document_is_judged_on_its_own_network_only():
    rows = {claim.id: claim for claim in judged.claims(hand_made(other=("cnn", "mlp100")))}
    assert rows["cnn-accuracy"].verdict == "not run"
    assert rows["cnn-accuracy"].note == "the network is our cnn, the document's is cnn"
    assert rows["reimplementation-same"].verdict == rows["three-layers-beat-one"].verdict == "not run"
    assert rows["better-than-logistic"].verdict == "reproduced"  # by the others
    least, _ = measures.smallest_gain(hand_made(other=("mlp100",)))
    assert least == "sigmoid200"


def test_measures_on_hand_made_errors():
    results = hand_made({"softmax": [0.9, 0.8], "mlp3": [0.96, 0.94]})
    assert measures.removed(results, "mlp3", "softmax").value == pytest.approx(1 - 0.05 / 0.15)
    # every network misreads the first images, so the better one's errors are all among the worse one's
    np.testing.assert_allclose(measures.shared_errors(results, "mlp3", "softmax"), [1, 1])
    np.testing.assert_allclose(measures.shared_errors(results, "softmax", "softmax"), [1, 0.5])
    around = measures.apart(np.array([0.1, 0.2, 0.3]), np.array([0.1, 0.2, 0.31]))
    assert around.low == 0
    assert around.value == pytest.approx(0.01 / 3)
    beside = measures.apart(np.array([0.1, 0.11, 0.12]), np.array([0.8, 0.81, 0.82]))
    assert 0 < beside.low < beside.value < beside.high
    assert not math.isfinite(measures.apart(np.array([0.1]), np.array([0.2])).high)


def test_findings_hold_or_are_silent():
    said = {each.id: each.statement for each in findings.findings(hand_made())}
    removed = 100 * measures.removed(hand_made(), "mlp100", "softmax").value
    assert f"our mlp100 makes {removed:.1f} %" in said["one-hidden-layer-does-most"]
    assert "90 of the 10,000" in said["hard-for-all"]  # what the best CNN misreads
    assert findings.findings(hand_made({"softmax": GOOD["softmax"]})) == []


def test_scores_count_what_they_say():
    labels = np.array([0, 0, 1, 2])
    predicted = np.array([[0, 1, 1, 2], [0, 0, 1, 1]])
    confidence = np.array([[0.9, 0.9, 0.9, 0.9], [0.5, 0.5, 0.5, 0.5]])
    scores = study._scores((predicted == labels).mean(1), predicted, confidence, labels)
    assert scores.confusion.values[0, 1] == 1
    assert scores.confusion.values[2, 1] == 1
    assert scores.confusion.values.sum() == 8
    np.testing.assert_allclose(scores.ece, [0.15, 0.25])
    np.testing.assert_allclose(scores.bin_accuracy.values[[7, 13]], [0.75, 0.75])
    assert scores.bin_count.sum() == 8


def test_a_run_keeps_what_claims_and_figures_need(cache, tmp_path):
    config = get_config("smoke")
    config.include, config.neighbours_among = ("softmax", "mlp100", "knn"), 500
    config.mlp100.model.widths, config.mlp100.training.epochs = (8,), 2  # not as many as softmax
    run = Run(tmp_path / "run")
    run.save(config, study.run(prepared(config), run), 1.0)
    results = run.results()
    for name in config.include:
        shares = measures.hits(results, name).mean(1)
        np.testing.assert_allclose(shares, measures.accuracy(results, name), atol=1e-6)
    assert (results.predicted.sel(network="knn").values[1] == study.NOBODY).all()
    assert results.called.values.tolist() == ["softmax regression", "784-8-10", "5 nearest neighbours"]
    rows = {claim.id: claim for claim in judged.claims(results)}
    assert rows["softmax-accuracy"].verdict == "inconclusive"
    assert rows["mlp100-accuracy"].note == "the network is 784-8-10, the document's is 784-100-10"
    assert all(each.statement.endswith(".") for each in findings.findings(results))
    names = files.draw_all(studies.part("recognisers", "figures"), results, tmp_path / "figures")
    assert names == list(drawn.FIGURES)


def test_the_gradient_of_the_second_implementation_is_that_of_finite_differences():
    rng = np.random.default_rng(0)
    x, labels = rng.random((7, 12)), rng.integers(0, 10, 7)
    weights = [w.astype(float) for w in reimplementation.start(12, rng)]

    def loss():
        decay = reimplementation.ALPHA / 2 / len(x) * sum((w**2).sum() for w in weights if w.ndim == 2)
        return decay - np.mean(np.log(reimplementation.forward(weights, x)[1][np.arange(7), labels]))

    for w, g in zip(weights, reimplementation.gradient(weights, x, labels)):
        for at in ((0,) * w.ndim, (-1,) * w.ndim):
            w[at] += 1e-6
            above = loss()
            w[at] -= 2e-6
            slope = (above - loss()) / 2e-6
            w[at] += 1e-6
            assert g[at] == pytest.approx(slope, abs=1e-8)


def test_the_second_implementation_learns_and_starts_as_it_says():
    rng = np.random.default_rng(1)
    bounds = [np.sqrt(6 / 884)] * 2 + [np.sqrt(6 / 110)] * 2
    for w, bound in zip(reimplementation.start(784, rng), bounds):
        assert 0.85 * bound < np.abs(w).max() <= bound
    labels = rng.integers(0, 10, 1200)
    x = (0.3 * rng.random((1200, 20)) + np.eye(20)[labels]).astype(np.float32)
    score = reimplementation.accuracy((x[:1000], labels[:1000]), (x[1000:], labels[1000:]), (0, 0))
    assert score > 0.9
    assert score == reimplementation.accuracy((x[:1000], labels[:1000]), (x[1000:], labels[1000:]), (0, 0))


def test_times_are_of_one_epoch_without_compilation_times_the_epochs(monkeypatch):
    calls = []

    def train(config, indices):
        calls.append((config.training.epochs, config.training.batch, indices))
        return SimpleNamespace(seconds=5.0 + indices[0], compile_seconds=2.0)

    monkeypatch.setattr(timing.train, "train", train)
    config = prepared(get_config("quick"))
    times = timing.alone({"softmax": config.softmax, "mlp3": config.mlp3}, 2)
    assert times.seconds_alone.sel(network="softmax").values.tolist() == [6 * 3.0, 6 * 4.0]
    assert times.seconds_alone.sel(network="mlp3").values.tolist() == [4 * 3.0, 4 * 4.0]
    assert calls == [(1, 500, [0]), (1, 256, [0]), (1, 500, [1]), (1, 256, [1])]
    assert config.softmax.training.epochs == 6  # the study's config is left alone
    assert timing.alone({"softmax": config.softmax}, 0).sizes["repetition"] == 0


def test_learning_curves_end_at_each_networks_own_seconds():
    """Two trained together share the clock of the whole; one trained alone has its own."""
    clock = np.array([[[10.0, 20.0], [10.0, 20.0]], [[8.0, np.nan], [6.0, np.nan]]])
    results = xr.Dataset(
        {
            "test_accuracy": (("network", "seed", "epoch"), np.where(np.isnan(clock), np.nan, 0.9)),
            "seconds_at": (("network", "seed", "epoch"), clock),
            "seconds": (("network", "seed"), [[10.0, 10.0], [8.0, 6.0]]),
        },
        {"network": ["softmax", "cnn"], "called": ("network", ["softmax regression", "my CNN"])},
    )
    axes = drawn.learning(results).axes[0]
    assert {text.get_text() for text in axes.texts} == {"softmax regression", "my CNN"}
    ends = sorted(
        line.get_xdata()[np.isfinite(line.get_xdata())][-1] for line in axes.lines if line.get_marker() == "o"
    )
    assert ends == [6.0, 8.0, 10.0, 10.0]

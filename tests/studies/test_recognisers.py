"""The study "recognisers": claims from results alone, the same bits for the same config, the same bytes drawn."""

import numpy as np
import pytest
import xarray as xr

from configs.recognisers import get_config
from research import studies
from research.evidence import claims as c
from research.plotting import files
from research.runs.store import Run
from research.studies.recognisers import figures as drawn
from research.studies.recognisers import study


@pytest.fixture
def config():
    config = get_config("smoke")
    config.include, config.neighbours_among = ("softmax", "mlp100", "knn"), 500
    config.mlp100.model.widths, config.mlp100.training.epochs = (8,), 2  # not as many as softmax
    return config


def hand_made(**accuracies):
    names, values = list(accuracies), list(accuracies.values())
    seeds = max(map(len, values))
    padded = [[*v, *[np.nan] * (seeds - len(v))] for v in values]
    return xr.Dataset(
        {"accuracy": (("network", "seed"), padded)}, {"network": names, "seed": np.arange(seeds)}
    )


def test_claims_follow_from_the_accuracies():
    results = hand_made(
        softmax=[0.925, 0.926, 0.927],
        mlp100=[0.976, 0.974, 0.977],
        sigmoid200=[0.982, 0.9821, 0.9822],
        cnn=[0.991],
    )
    verdicts = {claim.id: claim.verdict for claim in study.claims(results)}
    assert verdicts == {
        "softmax-accuracy": "reproduced",
        "mlp100-accuracy": "partly",  # the mean is above 97.5 %, the interval is not
        "mlp3-accuracy": "not run",
        "cnn-accuracy": "partly",  # one network has no interval
        "sigmoid200-error": "reproduced",
        "better-than-logistic": "partly",
    }
    worse = hand_made(softmax=[0.925, 0.926], mlp100=[0.90, 0.91])
    assert {x.id: x.verdict for x in study.claims(worse)}["better-than-logistic"] == "not reproduced"


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


def test_the_same_config_gives_the_same_bits_and_the_same_pictures(cache, config, tmp_path, monkeypatch):
    first = study.run(config, Run(tmp_path / "one"))
    monkeypatch.setenv("IDENTIKIT_CACHE", str(cache.parent / "other"))
    (cache.parent / "other").mkdir()
    (cache.parent / "other" / "data").symlink_to((cache / "data").resolve())
    second = study.run(config, Run(tmp_path / "two"))
    clocks = ["seconds", "compile_seconds", "seconds_at"]
    xr.testing.assert_identical(first.drop_vars(clocks), second.drop_vars(clocks))
    assert first.predicted.sizes["image"] == 10_000
    assert c.to_json(study.claims(first)) == c.to_json(study.claims(second))
    names = files.draw_all(studies.part("recognisers", "figures"), first, tmp_path / "a")
    assert names == list(studies.part("recognisers", "figures").FIGURES)
    files.draw_all(studies.part("recognisers", "figures"), first, tmp_path / "b")
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_learning_curves_end_at_each_networks_own_seconds():
    """Two trained together share the clock of the whole; one trained alone has its own."""
    clock = np.array([[[10.0, 20.0], [10.0, 20.0]], [[8.0, np.nan], [6.0, np.nan]]])
    results = xr.Dataset(
        {
            "test_accuracy": (("network", "seed", "epoch"), np.where(np.isnan(clock), np.nan, 0.9)),
            "seconds_at": (("network", "seed", "epoch"), clock),
            "seconds": (("network", "seed"), [[10.0, 10.0], [8.0, 6.0]]),
            "clock": ("network", ["processor", "processor"]),
        },
        {"network": ["softmax", "cnn"]},
    )
    axes = drawn.learning(results).axes[0]
    assert axes.get_xlabel().startswith("processor seconds")
    mixed = results.assign(clock=("network", ["processor", "processor and wall"]))
    assert drawn.learning(mixed).axes[0].get_xlabel().startswith("processor and wall seconds")
    ends = sorted(
        line.get_xdata()[np.isfinite(line.get_xdata())][-1] for line in axes.lines if line.get_marker() == "o"
    )
    assert ends == [6.0, 8.0, 10.0, 10.0]

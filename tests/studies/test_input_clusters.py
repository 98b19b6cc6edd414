"""The study "input_clusters": claims and regimes from results alone, the same bits, the same bytes drawn."""

from dataclasses import replace

import jax
import numpy as np
import pytest
import xarray as xr

from configs.input_clusters import get_config
from research import studies
from research.evidence import claims as c
from research.joint_descent.descent import setting
from research.plotting import files, surprises
from research.runs.store import Run
from research.studies.input_clusters import measures, runs, study
from research.studies.preparing import prepared


def hand_made(separated, at_500=0.02, linear=1.0, falling=True, faster=(), waiting=()):
    """52 runs of either experiment; so many of the first are separated at the end."""
    n, epochs = 52, np.array([0, 500, 7000])
    silhouette = np.full((3, 2 * n), 0.0)
    silhouette[-1, :separated] = 0.8
    loss = np.array([3.0, 2.0, 1.0 if falling else 2.5])
    times = np.tile(np.linspace(4900.0, 5100.0, n), 2)
    times[n : n + len(faster)] = faster
    times[: len(waiting)] = waiting
    return xr.Dataset(
        {
            "silhouette": (("epoch", "run"), silhouette),
            "linear": (("epoch", "run"), np.full((3, 2 * n), linear)),
            "kmeans_ari": (("epoch", "run"), np.full((3, 2 * n), at_500)),
            "loss": (("epoch", "run"), np.tile(loss[:, None], (1, 2 * n))),
            "linear_at": ("run", times),
            "silhouette_at": ("run", times),
        },
        {"epoch": epochs, "group": ("run", ["document 2-D"] * n + ["document 3-D"] * n)},
        {"epochs": 7000},
    )


def verdicts(results):
    return {claim.id: claim.verdict for claim in study.claims(results)}


def test_claims_follow_from_the_runs():
    rng = np.random.default_rng(0)
    good = verdicts(hand_made(50, faster=rng.normal(3000, 800, 52)))
    assert good == {
        "clusters-form": "reproduced",
        "little-at-500": "reproduced",
        "simple-classifier": "reproduced",
        "loss-falls": "reproduced",
        "faster-in-3d": "reproduced",
        "faster-in-3d-silhouette": "reproduced",
    }
    bad = verdicts(hand_made(20, at_500=0.4, linear=0.5, falling=False))
    assert set(bad.values()) == {"not reproduced"}
    assert verdicts(hand_made(50, faster=rng.normal(4300, 300, 52)))["faster-in-3d"] == "partly"
    assert verdicts(hand_made(28))["clusters-form"] == "partly"


def test_a_run_that_never_separates_counts_with_the_last_epoch():
    never = hand_made(50, waiting=[np.nan] * 51 + [6948.0])
    assert measures.gain(never, "document 2-D", "document 3-D", "linear").value == pytest.approx(1999)
    assert measures.logrank(never, "document 2-D", "document 3-D", "linear") < 1e-9
    same = hand_made(50)
    assert measures.gain(same, "document 2-D", "document 3-D", "linear").value == pytest.approx(0)


def test_regimes_are_told_apart():
    end = xr.Dataset(
        {
            "silhouette": ("run", [0.7, 0.1, 0.0, 0.0, np.nan]),
            "linear": ("run", [1.0, 0.6, 0.4, 0.4, np.nan]),
            "purity": ("run", [1.0, 0.95, 0.34, 0.34, np.nan]),
            "accuracy": ("run", [1.0, 1.0, 0.9, 0.4, np.nan]),
            "first_bad": ("run", [-1, -1, -1, -1, 500]),
        }
    )
    found = [measures.REGIMES[i] for i in measures.regime(end).values]
    assert found == [
        "one cluster a class", "many clumps", "network fits, points stay", "not ordered", "left the numbers"
    ]  # fmt: skip


def test_bad_configs_say_what_is_wrong():
    for field, value, message in (
        ("features", (2, 5), "must include 2 and 3"),
        ("by_features", (4,), "at least 2 runs for each of"),
        ("grid", 0, "grid must be at least 1"),
    ):
        config = get_config("smoke")
        setattr(config, field, value)
        with pytest.raises(ValueError, match=message):
            config.validate()
    group = runs.Group("x", 2, labels="spiral")
    with pytest.raises(ValueError, match="unknown labels 'spiral'; known: random, sectors"):
        runs.follow(runs.Batch(setting("A"), (group,), (0,)), jax.random.key(0))


@pytest.fixture
def config():
    """No more than two features: one shape to compile for the experiment, its controls and the comparison."""
    config = get_config("smoke")
    config.runs, config.controls, config.epochs, config.every, config.frames = 2, 1, 20, 10, 20
    config.by_features, config.grid, config.phase_epochs = (2, 2), 1, 10
    return config


def test_the_same_config_gives_the_same_bits_and_the_same_pictures(config, tmp_path, monkeypatch):
    monkeypatch.setattr(study, "batches", few_points(study.batches))
    first, second = (study.run(prepared(config), Run(tmp_path / name)) for name in ("one", "two"))
    xr.testing.assert_identical(first, second)
    assert c.to_json(study.claims(first)) == c.to_json(study.claims(second))
    still = measures.of(first, "inputs frozen")
    assert np.ptp(still.extent.dropna("epoch").values) == 0
    moved = measures.of(first, "document 2-D")
    assert np.ptp(moved.extent.dropna("epoch").values, axis=0).min() > 0
    monkeypatch.setattr(figures, "animations", lambda name: {})
    for folder in ("a", "b"):
        names = files.draw_all(studies.part("input_clusters", "figures"), first, tmp_path / folder)
    assert all(text.endswith(".") for text in surprises.of("input_clusters", first))
    assert names == list(studies.part("input_clusters", "figures").FIGURES)
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def few_points(batches):
    """The plan with 30 points a run in place of 500."""
    return lambda config: [
        replace(batch, setting=replace(batch.setting, points=30)) for batch in batches(config)
    ]

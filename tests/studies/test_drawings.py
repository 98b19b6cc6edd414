"""The study "drawings": claims from results alone, the same bits for the same config, the same bytes drawn."""

import numpy as np
import pytest
import xarray as xr

from configs.drawings import get_config
from research import studies
from research.evidence import claims as c
from research.plotting import files, surprises
from research.runs.store import Run
from research.studies.drawings import study
from research.studies.preparing import prepared


def hand_made(dense, knn, cnn, outwards=1.0):
    """100 sevens and one other digit; so many widened sevens are read right; points move so far from (5, 0)."""
    n, steps = 100, len(study.STEPS["width"])
    families = list(study.STEPS)
    predicted = np.full((4, len(families), steps, n + 1), 7, np.uint8)
    for i, right in enumerate((dense, cnn, cnn, knn)):
        predicted[i, 0, study.STEPS["width"].index(study.WIDE), right:n] = 2
    codes = np.zeros((len(families), steps, n, 2), np.float32)
    codes[..., 0] = 5
    codes[..., 1] = 0.01 * np.arange(n)
    codes[0, study.STEPS["width"].index(study.WIDE), :, 0] -= outwards
    means = np.zeros((10, 2), np.float32)
    means[7] = 5, 0
    return xr.Dataset(
        {
            "strength": (("family", "step"), np.array(list(study.STEPS.values()))),
            "predicted": (("recogniser", "family", "step", "image"), predicted),
            "label": ("image", np.array([7] * n + [0], np.uint8)),
            "codes": (("family", "step", "seven", "axis"), codes),
            "means": (("digit", "axis"), means),
        },
        {"family": families, "kind": ("recogniser", ["dense3", "cnn_small", "cnn_small", "knn"])},
        {"sevens": n},
    )


def test_claims_follow_from_what_is_read():
    verdicts = lambda **how: [claim.verdict for claim in study.claims(hand_made(**how))]  # noqa: E731
    assert verdicts(dense=20, knn=30, cnn=95) == ["reproduced"] * 6
    assert verdicts(dense=95, knn=96, cnn=20, outwards=-1.0)[:4] == ["not reproduced"] * 4
    assert verdicts(dense=95, knn=96, cnn=20, outwards=-1.0)[5] == "not reproduced"
    best = study.claims(hand_made(dense=80, knn=30, cnn=95))[0]
    assert best.measured == pytest.approx(0.15)
    assert best.n == 100


def test_the_mean_over_networks_is_what_counts():
    results = hand_made(dense=0, knn=0, cnn=90)
    results["predicted"][2] = 0  # the second CNN is always wrong
    hits = study.right(results, "cnn_small", "sevens")
    step = study.step_of(results, "width", study.WIDE)
    assert study.accuracy(hits.sel(family="width").isel(step=step))[0] == pytest.approx(0.45)
    assert study.right(results, "knn", "all").sizes["image"] == 1


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


def test_the_same_config_gives_the_same_bits_and_the_same_pictures(cache, tmp_path, monkeypatch):
    config = get_config("smoke")
    config.sevens, config.others, config.neighbours_among = 6, 6, 200
    config.dense3.model.widths, config.dense3.examples = (8,), 300
    config.cnn_small.examples = 300
    monkeypatch.setattr(study, "STEPS", {name: steps[2:4] for name, steps in study.STEPS.items()})
    first, second = (study.run(prepared(config), Run(tmp_path / name)) for name in ("one", "two"))
    xr.testing.assert_identical(first, second)
    assert c.to_json(study.claims(first)) == c.to_json(study.claims(second))
    for folder in ("a", "b"):
        names = files.draw_all(studies.part("drawings", "figures"), first, tmp_path / folder)
    assert all(text.endswith(".") for text in surprises.of("drawings", first))
    assert names == list(studies.part("drawings", "figures").FIGURES)
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name

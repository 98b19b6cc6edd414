"""The study "embeddings": its claim, what a map's rates mean, the same bits, the same bytes drawn."""

import dataclasses

import numpy as np
import pytest
import xarray as xr

from configs.embeddings import get_config
from research import studies
from research.plotting import files, surprises
from research.runs.store import Run
from research.studies.embeddings import study
from research.studies.preparing import prepared


@pytest.fixture(scope="module")
def config():
    config = get_config("smoke")
    config.mapped, config.held_out, config.iterations = 300, 60, 20
    config.bottleneck.model.encoder, config.bottleneck.model.decoder = (20,), (10,)
    config.bottleneck.examples = 500
    config.cnn.model.channels, config.cnn.model.dense, config.cnn.examples = (2, 3), 60, 256
    return config


@pytest.fixture(scope="module")
def twice(config, tmp_path_factory):
    """The results of the same config, twice."""
    return [study.run(prepared(config), Run(tmp_path_factory.mktemp("run"))) for _ in range(2)]


@pytest.mark.parametrize(
    ("accuracy", "verdict"), [(0.94, "reproduced"), (0.921, "partly"), (0.45, "not reproduced")]
)
def test_the_claim_follows_from_the_map(accuracy, verdict):
    results = xr.Dataset(
        {"accuracy": ("map", [0.1, accuracy])}, {"map": ["pca", "tsne"], "digit": range(2000)}
    )
    (claim,) = study.claims(results)
    assert (claim.id, claim.verdict, claim.n) == ("tsne-separates", verdict, 2000)
    assert claim.measured == accuracy


def test_far_blobs_rate_full_and_shuffled_labels_rate_as_chance():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 30)
    points = np.float32(100 * np.stack([labels % 4, labels // 4], 1) + rng.normal(size=(300, 2)))
    accuracy, silhouette = study.rate(points, labels)
    assert accuracy == 1
    assert silhouette > 0.95
    accuracy, silhouette = study.rate(points, rng.permutation(labels))
    assert accuracy < 0.25
    assert silhouette < 0


def test_the_same_config_gives_the_same_bits(twice):
    xr.testing.assert_identical(*twice)
    results = twice[0]
    assert float(results.accuracy.sel(map="tsne")) > float(results.accuracy.sel(map="pca"))


def test_the_maps_are_of_the_digits_they_say(twice):
    """The first two principal components of the images in the order of their labels."""
    results = twice[0]
    components = results.component.values[:2].reshape(2, -1)
    codes = (
        results.placed_image.values.reshape(-1, 784) / 255 - results["mean"].values.reshape(1, -1)
    ) @ components.T
    low, high = results.points.sel(map="pca").values.min(0), results.points.sel(map="pca").values.max(0)
    assert ((codes > low - 2) & (codes < high + 2)).mean() > 0.9  # held-out digits may lie a little outside
    again = study.knn_accuracy(results.points.sel(map="cnn").values, results.label.values.astype(int))
    assert again == float(results.accuracy.sel(map="cnn"))
    room = np.abs(results.points.sel(map="tsne").values).max()
    assert np.abs(results.placed.values).max() < 2 * room


def test_figures_drawn_twice_are_the_same_bytes(twice, tmp_path):
    drawn = [
        files.draw_all(studies.part("embeddings", "figures"), twice[0], tmp_path / name) for name in "ab"
    ]
    assert all(text.endswith(".") for text in surprises.of("embeddings", twice[0]))
    assert drawn[0] == drawn[1] == list(studies.part("embeddings", "figures").FIGURES)
    for file in sorted((tmp_path / "a").iterdir()):
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes(), file.name


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"mapped": 80}, "mapped must be at least 101, got 80"),
        ({"mapped": 200, "perplexity": 70.0}, "perplexity must be below mapped / 3, got 70 for 200 digits"),
        ({"held_out": 0}, "held_out must be at least 1, got 0"),
    ],
)
def test_a_config_that_cannot_be_run_is_one_line(config, change, says):
    with pytest.raises(ValueError, match=says):
        dataclasses.replace(config, **change).validate()


def test_more_digits_than_there_are_is_one_line(config, tmp_path):
    with pytest.raises(ValueError, match="at most 10000"):
        study.run(dataclasses.replace(config, mapped=9_990, held_out=20), Run(tmp_path))

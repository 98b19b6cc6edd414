"""The study "embeddings": its claim, what a map's rates mean, and that its maps are of the digits they say."""

import dataclasses

import numpy as np
import pytest
import xarray as xr

from configs.embeddings import get_config
from research import studies
from research.plotting import files
from research.runs.store import Run
from research.studies.embeddings import claims as judged
from research.studies.embeddings import figures as drawn
from research.studies.embeddings import findings, study
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
def results(config, tmp_path_factory):
    """The saved results of two experiments, of which the first has networks."""
    run = Run(tmp_path_factory.mktemp("run"))
    run.save(config, study.run(prepared(config), run), 1.0)
    return run.results()


def hand_made(tsne, silhouette=0.4, pca=0.45):
    """Experiments with these accuracies of t-SNE."""
    n = len(tsne)
    around = silhouette + 0.001 * np.arange(n)
    return xr.Dataset(
        {
            "accuracy": (("experiment", "map"), np.stack([np.full(n, pca), tsne], 1)),
            "silhouette": (("experiment", "map"), np.stack([np.zeros(n), around], 1)),
        },
        {"map": ["pca", "tsne"]},
        {"mapped": 5000},
    )


@pytest.mark.parametrize(
    ("accuracies", "verdict"),
    [
        ([0.941, 0.943, 0.940, 0.944, 0.942], "reproduced"),
        ([0.921, 0.918, 0.925, 0.919, 0.920], "inconclusive"),
        ([0.451, 0.453, 0.450, 0.454, 0.452], "not reproduced"),
        ([0.941, 0.943, 0.940, 0.944], "inconclusive"),  # four experiments
    ],
)
def test_the_claim_follows_from_the_experiments(accuracies, verdict):
    first, *others = judged.claims(hand_made(accuracies))
    assert (first.id, first.verdict, first.n) == ("tsne-separates", verdict, len(accuracies))
    assert first.measured == pytest.approx(np.mean(accuracies))
    assert first.primary
    assert first.claimed is None  # the document gives no number
    assert not any(claim.primary for claim in others)


def test_secondary_rows_are_about_the_same_experiments():
    rows = {claim.id: claim for claim in judged.claims(hand_made([0.94, 0.95, 0.94, 0.95, 0.945], 0.2, 0.96))}
    assert rows["tsne-silhouette"].verdict == rows["tsne-beats-pca"].verdict == "not reproduced"
    assert {claim.n for claim in rows.values()} == {5}


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


def test_experiments_map_other_digits_and_the_first_ones_have_networks(results):
    assert results.sizes["experiment"] == 2
    tsne, pixels = results.accuracy.sel(map="tsne").values, results.pixel_accuracy.values
    assert tsne[0] != tsne[1] or pixels[0] != pixels[1]
    assert np.isfinite(results.accuracy.values[0]).all()
    assert np.isnan(results.accuracy.sel(map=["bottleneck", "cnn"]).values[1]).all()
    assert (results.accuracy.sel(map="tsne") > results.accuracy.sel(map="pca")).all()


def test_the_maps_are_of_the_digits_they_say(results):
    """The first two principal components of the images in the order of their labels."""
    components = results.component.values[:2].reshape(2, -1)
    codes = (
        results.placed_image.values.reshape(-1, 784) / 255 - results["mean"].values.reshape(1, -1)
    ) @ components.T
    low, high = results.points.sel(map="pca").values.min(0), results.points.sel(map="pca").values.max(0)
    assert ((codes > low - 2) & (codes < high + 2)).mean() > 0.9  # held-out digits may lie a little outside
    for name in study.MAPS:
        again, _ = study.rate(results.points.sel(map=name).values, results.label.values.astype(int))
        assert again == float(results.accuracy.sel(map=name)[0])
    room = np.abs(results.points.sel(map="tsne").values).max()
    assert np.abs(results.placed.values).max() < 2 * room
    assert float((results.placed_said == results.placed_label).mean()) == float(results.placed_accuracy[0])


def test_trial_results_are_judged_told_and_drawn(results, tmp_path):
    assert {claim.verdict for claim in judged.claims(results)} == {"inconclusive"}
    assert all(each.statement.endswith(".") for each in findings.findings(results))
    names = files.draw_all(studies.part("embeddings", "figures"), results, tmp_path)
    assert names == list(drawn.FIGURES)


def test_names_come_from_the_config(results):
    assert drawn.names(results)["cnn"] == "t-SNE inside CNN 5×5×2-3-60"
    assert drawn.names(results)["bottleneck"] == "two neurons of 784-20-2-10-10"
    other = results.assign_attrs(cnn="784-100-10")
    assert drawn.names(other, brief=True)["cnn"] == "784-100-10, t-SNE"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"mapped": 200, "perplexity": 70.0}, "perplexity must be below mapped / 3, got 70 for 200 digits"),
        ({"networks": 3}, "networks must be at most 2, the experiments; got 3"),
    ],
)
def test_a_config_that_cannot_be_run_is_one_line(config, change, says):
    with pytest.raises(ValueError, match=says):
        dataclasses.replace(config, **change).validate()

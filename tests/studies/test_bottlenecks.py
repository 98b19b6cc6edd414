"""The study "bottlenecks": its claims, what likeness means, the same bits, the same bytes drawn."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr
from scipy.stats import spearmanr

from configs.bottlenecks import get_config
from research import data, studies
from research.plotting import files, surprises
from research.runs.store import Run
from research.studies.bottlenecks import plane as bottlenecks_plane
from research.studies.bottlenecks import study
from research.studies.preparing import prepared
from research.training import populations
from research.training.recipes import recipe

DIGITS = np.arange(10)


@pytest.fixture(scope="module")
def config():
    config = get_config("smoke")
    config.bottleneck.model.encoder, config.bottleneck.model.decoder = (30,), (20,)
    config.widths, config.bottleneck_activations, config.iterations = (1, 3), ("linear", "tanh"), 20
    return config


@pytest.fixture(scope="module")
def twice(config, tmp_path_factory):
    """The results of the same config, twice."""
    return [study.run(prepared(config), Run(tmp_path_factory.mktemp("run"))) for _ in range(2)]


def distances(seed):
    points = np.random.default_rng(seed).normal(size=(10, 2))
    return study.centroid_distances(points, DIGITS)


def hand_made(accuracies, here=()):
    results = xr.Dataset({"accuracy": ("seed", accuracies)})
    if len(here):
        results["tsne_distance"] = (("a", "b"), distances(0))
        results["code_distance"] = (("seed", "a", "b"), np.stack(here))
    return results


@pytest.mark.parametrize(
    ("accuracies", "here", "verdicts"),
    [
        ([0.966, 0.967, 0.968], [distances(0)] * 3, ["reproduced", "reproduced"]),
        ([0.95, 0.965, 0.97], [10 - distances(0)] * 3, ["partly", "not reproduced"]),
        ([0.95, 0.951, 0.952], [], ["not reproduced", "not run"]),
    ],
)
def test_claims_follow_from_the_results(accuracies, here, verdicts):
    claims = study.claims(hand_made(accuracies, here))
    assert [claim.id for claim in claims] == ["bottleneck-96", "bottleneck-like-tsne"]
    assert [claim.verdict for claim in claims] == verdicts


def test_rank_correlation_is_spearmans_and_repeated_digits_make_no_pair():
    there, here = distances(1), distances(2)
    pairs = np.triu_indices(10, 1)
    assert study.rank_correlation(there, here, DIGITS) == pytest.approx(
        spearmanr(there[pairs], here[pairs])[0]
    )
    assert study.rank_correlation(there, 2 * there + 1, DIGITS) == pytest.approx(1)
    some = np.array([4, 7, 1, 9])
    repeated = np.array([4, 4, 7, 1, 9])  # its pair (4, 4) is no distance between classes
    few = np.triu_indices(4, 1)
    alone = spearmanr(there[np.ix_(some, some)][few], here[np.ix_(some, some)][few])[0]
    assert study.rank_correlation(there, here, some) == pytest.approx(alone)
    assert study.rank_correlation(there, there, repeated) == pytest.approx(1)
    assert np.isnan(study.rank_correlation(there, here, np.array([3, 3, 8])))


def test_chance_is_small_for_the_same_map_and_large_for_another():
    assert study.by_chance(hand_made([0.9], [distances(0)]), 200) < 0.01
    assert study.by_chance(hand_made([0.9], [distances(5)]), 200) > 0.05


def test_the_same_config_gives_the_same_bits(twice):
    xr.testing.assert_identical(*twice)


def test_codes_regions_and_answers_are_one_network(twice, config):
    """The region in which a digit's code lies is what the network says of the digit."""
    results = twice[0]
    x, y = (np.abs(results[f"place_{axis}"].values[:, None] - results.code.values[None, :, i]).argmin(0)
            for i, axis in enumerate("xy"))  # fmt: skip
    inside = (results.code.values > [results.place_x[0], results.place_y[0]]).all(1)
    inside &= (results.code.values < [results.place_x[-1], results.place_y[-1]]).all(1)
    assert inside.mean() > 0.9
    assert np.mean(results.region.values[y, x][inside] == results.said.values[inside]) > 0.95
    population = populations.train_or_load(config.bottleneck, 1)
    image = jnp.asarray(data.load("mnist", "test").images[7], jnp.float32) / 255
    logits, activations = population.apply(population.network(0), image)
    np.testing.assert_allclose(results.code.values[7], activations["code"], atol=1e-4)
    assert results.said.values[7] == int(logits.argmax())


def test_identikits_land_where_they_were_sent(twice):
    results = twice[0]
    scale = results.code.values.std(0)
    away = np.linalg.norm((results.path_reached.values - results.path.values) / scale, axis=1)
    assert np.median(away) < 0.3


def test_equal_numbers_of_epochs_at_every_width(config):
    wide = study.variant(config, width=30)
    assert wide.model.width == 30
    assert wide.training.epochs == config.curve_epochs
    assert (config.bottleneck.model.width, wide.model.encoder) == (2, config.bottleneck.model.encoder)


def test_figures_drawn_twice_are_the_same_bytes(twice, tmp_path):
    drawn = [
        files.draw_all(studies.part("bottlenecks", "figures"), twice[0], tmp_path / name) for name in "ab"
    ]
    assert all(text.endswith(".") for text in surprises.of("bottlenecks", twice[0]))
    assert drawn[0] == drawn[1] == list(studies.part("bottlenecks", "figures").FIGURES)
    for file in sorted((tmp_path / "a").iterdir()):
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes(), file.name
    without = twice[0].drop_vars(["tsne", "tsne_distance", "code_distance"])
    assert studies.part("bottlenecks", "figures").FIGURES["beside_tsne"].draw(without) is None


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"widths": (0, 2)}, r"widths must be at least 1 each, got \(0, 2\)"),
        ({"bottleneck_activations": ("square",)}, "unknown activation 'square'; known: elu"),
        ({"networks": 0}, "networks must be at least 1, got 0"),
    ],
)
def test_a_config_that_cannot_be_run_is_one_line(config, change, says):
    with pytest.raises(ValueError, match=says):
        dataclasses.replace(config, **change).validate()


def test_the_plane_has_two_axes(config):
    wide = recipe("bottleneck")
    wide.model.width = 3
    with pytest.raises(ValueError, match="must be 2, the plane's; got 3"):
        dataclasses.replace(config, bottleneck=wide).validate()


def test_codes_are_written_for_one_image(config):
    population = populations.train_or_load(config.bottleneck, 2)
    images = data.load("mnist", "test").images[:3]
    codes = bottlenecks_plane.codes(population, images)
    assert codes.shape == (2, 3, 2)
    np.testing.assert_allclose(codes[:, 1:2], bottlenecks_plane.codes(population, images[1:2]), atol=1e-4)

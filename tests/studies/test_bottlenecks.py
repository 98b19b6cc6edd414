"""The study "bottlenecks": its claims, what likeness and difference mean, one network behind codes, regions and answers."""

import dataclasses

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from scipy.stats import spearmanr

from configs.bottlenecks import get_config
from research import data, studies
from research.plotting import style
from research.runs.store import Run
from research.studies.bottlenecks import claims, findings, geometry, measures, plane, study
from research.studies.preparing import prepared
from research.training import populations
from research.training.recipes import recipe

DIGITS = np.arange(10)
IDS = ("bottleneck-96", "bottleneck-96-new-images", "bottleneck-looks-different", "bottleneck-like-tsne")


@pytest.fixture(scope="module")
def config():
    config = get_config("smoke")
    config.bottleneck.model.encoder, config.bottleneck.model.decoder = (30,), (20,)
    config.widths, config.bottleneck_activations, config.iterations = (1, 3), ("linear", "tanh"), 20
    return config


@pytest.fixture(scope="module")
def results(config, tmp_path_factory):
    return study.run(prepared(config), Run(tmp_path_factory.mktemp("run")))


def distances(seed):
    points = np.random.default_rng(seed).normal(size=(10, 2))
    return geometry.centroid_distances(points, DIGITS)


def hand_made(accuracies, here=None, disparity=0.8, **attrs):
    """Networks that read that share of 1,000 images, and planes whose class distances are `here` or nearly so."""
    n, random = len(accuracies), np.random.default_rng(7)
    right = np.array([random.permutation(1000) < 1000 * accuracy for accuracy in accuracies])
    of = {"of_document": 1, "data": "mnist", "network": "784-2-10", "document_network": "784-2-10"}
    results = xr.Dataset({"right": (("seed", "image"), right.astype(np.uint8))}, attrs=of | attrs)
    if here is not None:
        both = np.stack([np.stack([distances(0)] * n), here + random.normal(0, 0.01, (n, 10, 10))], 1)
        results["distance"] = (("seed", "map", "a", "b"), both)
        results["disparity"] = ("seed", disparity + 0.01 * np.arange(n))
        results = results.assign_coords(map=["tsne", "bottleneck"])
    return results


def verdicts(results):
    rows = claims.claims(results)
    assert tuple(row.id for row in rows) == IDS
    return [row.verdict for row in rows]


HIGH = [0.981, 0.982, 0.983, 0.984, 0.985]


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (hand_made(HIGH, distances(0)), ["reproduced"] * 4),
        (hand_made([0.93, 0.931, 0.932, 0.933, 0.934], -distances(0), 0.1), ["not reproduced"] * 4),
        (hand_made(HIGH), ["reproduced", "reproduced", "not run", "not run"]),
        (hand_made(HIGH[:4], distances(0)), ["inconclusive"] * 4),
        (hand_made(HIGH, distances(0), of_document=0, network="784-3-10"), ["not run"] * 4),
    ],
)
def test_claims_follow_from_the_results(results, expected):
    assert verdicts(results) == expected


def test_images_count_as_drawn_too_where_the_row_says_so():
    """All misread nearly the same images: new networks stay above .96 on these images, on new images they may not."""
    order = np.random.default_rng(0).permutation(1000)
    results = hand_made(HIGH)
    results["right"] = (("seed", "image"), np.array([order < 965 + extra for extra in range(5)], np.uint8))
    these, new, *_ = claims.claims(results)
    assert (these.verdict, new.verdict) == ("reproduced", "inconclusive")
    assert new.low < these.low


def test_another_network_is_named_as_the_reason():
    row, *_ = claims.claims(hand_made(HIGH, of_document=0, network="784-3-10"))
    assert row.note == "the network is 784-3-10, the document's is 784-2-10"
    row, *_ = claims.claims(hand_made(HIGH, of_document=0))
    assert row.note == "the network is 784-2-10 with other settings than the document's"
    assert claims.claims(hand_made(HIGH))[-1].note == "no t-SNE was made"
    row, *_ = claims.claims(hand_made(HIGH, of_document=0, data="fashion"))
    assert row.note == "the data are fashion, the document's are mnist"


def test_likeness_is_one_spearman_correlation_a_pair():
    results = hand_made([0.9] * 3, distances(2))
    pairs = np.triu_indices(10, 1)
    for value, (there, here) in zip(measures.likenesses(results), results.distance.values, strict=True):
        assert value == pytest.approx(spearmanr(there[pairs], here[pairs])[0])
    assert measures.likeness(results).n == 3
    assert measures.rank_correlation(distances(1), 2 * distances(1) + 1) == pytest.approx(1)


def test_chance_is_small_for_the_same_map_and_large_for_another():
    assert measures.by_chance(hand_made([0.9], distances(0)), 200) < 0.01
    assert measures.by_chance(hand_made([0.9], distances(5)), 200) > 0.05


def test_disparity_forgives_moving_turning_mirroring_and_scaling():
    points = np.random.default_rng(3).normal(size=(400, 2))
    turned = 5 * points @ np.array([[0.6, 0.8], [0.8, -0.6]]) + [7, -3]  # a reflection
    assert geometry.disparity(points, turned) == pytest.approx(0, abs=1e-9)
    assert geometry.disparity(points, np.random.default_rng(4).normal(size=(400, 2))) > 0.95
    half = points + np.random.default_rng(5).normal(size=(400, 2))  # half of its variance is the map's
    assert geometry.disparity(points, half) == pytest.approx(0.5, abs=0.06)


def test_elongation_is_length_over_width():
    random = np.random.default_rng(0)
    turn = np.array([[0.6, 0.8], [-0.8, 0.6]])
    points = random.normal(size=(10_000, 2)) * [10, 1] @ turn
    assert geometry.elongation(points, DIGITS.repeat(1000)) == pytest.approx(10, rel=0.05)


def test_the_same_map_shares_all_neighbours_and_another_one_few():
    a, b = np.random.default_rng(0).normal(size=(2, 500, 2))
    assert geometry.shared_neighbours(a, 3 * a + 1) == 1
    assert geometry.shared_neighbours(a, b) == pytest.approx(10 / 500, abs=0.02)


def test_every_network_has_a_tsne_with_digits_of_its_own(results, config):
    assert results.distance.sizes["seed"] == results.sizes["seed"] == config.networks == 2
    first, second = results.distance.sel(map="tsne").values
    assert np.abs(first / first.mean() - second / second.mean()).max() > 0.05
    shown, label = results.mapped_image.values, results.label.values.astype(int)
    assert len(np.unique(shown)) == config.mapped
    assert np.ptp(shown) > 5000  # random, not the first ones
    for name, points in (("tsne", results.tsne.values), ("bottleneck", results.code.values[shown])):
        np.testing.assert_allclose(
            geometry.centroid_distances(points, label[shown]),
            results.distance.sel(map=name)[0],
            rtol=1e-4,
            atol=1e-4,
        )


def test_codes_regions_and_answers_are_one_network(results, config):
    """The region in which a digit's code lies is what the network says of the digit."""
    x, y = (np.abs(results[f"place_{axis}"].values[:, None] - results.code.values[None, :, i]).argmin(0)
            for i, axis in enumerate("xy"))  # fmt: skip
    inside = (results.code.values > [results.place_x[0], results.place_y[0]]).all(1)
    inside &= (results.code.values < [results.place_x[-1], results.place_y[-1]]).all(1)
    assert inside.mean() > 0.9
    assert np.mean(results.region.values[y, x][inside] == results.said.values[inside]) > 0.95
    assert np.array_equal(results.right.values[0], results.said.values == results.label.values)
    population = populations.train_or_load(prepared(config).bottleneck, 1)
    image = jnp.asarray(data.load("mnist", "test").images[7], jnp.float32) / 255
    logits, activations = population.apply(population.network(0), image)
    np.testing.assert_allclose(results.code.values[7], activations["code"], atol=1e-4)
    assert results.said.values[7] == int(logits.argmax())


def test_identikits_land_where_they_were_sent(results):
    scale = results.code.values.std(0)
    away = np.linalg.norm((results.path_reached.values - results.path.values) / scale, axis=1)
    assert np.median(away) < 0.3


def test_equal_numbers_of_epochs_at_every_width(config):
    wide = study.variant(config, width=30)
    assert wide.model.width == 30
    assert wide.training.epochs == config.curve_epochs
    assert (config.bottleneck.model.width, wide.model.encoder) == (2, config.bottleneck.model.encoder)


def test_in_full_the_curves_pass_through_the_network_of_the_claims():
    full = get_config("full")
    assert study.variant(full, width=2) == full.bottleneck == recipe("bottleneck")
    assert full.networks >= 30


def test_a_trial_run_is_judged_told_and_drawn(results):
    assert verdicts(results) == ["not run"] * 4  # the test's network is smaller than the document's
    for part in (results, results.drop_vars(["distance", "disparity", "elongation", "shared_neighbours"])):
        assert all(one.statement.endswith(".") for one in findings.findings(part))
    with style.paper_style():
        for name, drawing in studies.part("bottlenecks", "figures").FIGURES.items():
            figure = drawing.draw(results, style.DOUBLE)
            assert figure is not None, name
            plt.close(figure)
        without = results.drop_vars("tsne")
        assert studies.part("bottlenecks", "figures").FIGURES["beside_tsne"].draw(without) is None


def test_the_plane_has_two_axes(config):
    wide = recipe("bottleneck")
    wide.model.width = 3
    with pytest.raises(ValueError, match="must be 2, the plane's; got 3"):
        dataclasses.replace(config, bottleneck=wide).validate()


def test_codes_are_written_for_one_image(config):
    population = populations.train_or_load(config.bottleneck, 2)
    images = data.load("mnist", "test").images[:3]
    codes = plane.codes(population, images)
    assert codes.shape == (2, 3, 2)
    np.testing.assert_allclose(codes[:, 1:2], plane.codes(population, images[1:2]), atol=1e-4)

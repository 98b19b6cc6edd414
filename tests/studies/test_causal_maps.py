"""The study "causal_maps": claims from maps alone, null models, depth, names from the config."""

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from configs.causal_maps import get_config
from research import studies
from research.attribution import comparison
from research.plotting import style
from research.runs.store import Run
from research.studies.causal_maps import (
    charts,
    claims,
    correlations,
    findings,
    identikit_maps,
    measures,
    study,
)
from research.studies.preparing import prepared
from research.training import populations

IDS = ("maps-like-digits", "maps-like-digits-own", "index-suits-simple", "index-suits-deeper-less")
SPREAD = 0.001 * np.array([-4, -3, -2, -1, 1, 2, 3, 4])


pytestmark = pytest.mark.usefixtures("quick_compiles")


@pytest.fixture(scope="module")
def config():
    config = get_config("smoke")
    config.include, config.sigmoid200.model.widths = ("sigmoid200",), (16,)
    config.deep.model.widths, config.depths = (8,), (1, 2)
    return config


@pytest.fixture(scope="module")
def results(config, tmp_path_factory):
    return study.run(prepared(config), Run(tmp_path_factory.mktemp("run")))


def hand_made(alike, untrained, shuffled, *, agreement=0.95, depths=((1, 0.95), (5, 0.5)), m=8, **attrs):
    """m networks whose maps correlate by about `alike` with their own digit, and null models by the others."""

    def matrices(*centres):
        values = np.concatenate([centre + SPREAD[:m] for centre in centres])
        return np.stack([np.eye(10) * r for r in values])[:, None]

    agree = np.ones((m, 1, 2, 2))
    agree[:, 0, [0, 1], [1, 0]] = agreement + SPREAD[:m, None]
    of = {"of_document": 1, "data": "mnist", "network": "784-200-10", "document_network": "784-200-10"}
    results = xr.Dataset(
        {
            "resemblance": (
                ("network", "reading", "class", "like"),
                np.concatenate([matrices(alike), np.zeros((m, 1, 10, 10))], 1),
            ),
            "null_resemblance": (("null", "known", "class", "like"), matrices(untrained, shuffled)),
            "agreement": (("network", "measure", "reading", "other"), agree),
        },
        {
            "kind": ("network", ["sigmoid200"] * m), "reading": ["causal_index", "mean_jacobian"],
            "other": ["causal_index", "mean_jacobian"], "known": ["causal_index"], "measure": ["pearson"],
            "null_kind": ("null", ["sigmoid200"] * 2 * m),
            "null_training": ("null", ["untrained"] * m + ["shuffled"] * m),
        },
        of | attrs,
    )  # fmt: skip
    if depths:
        values = np.stack([centre + SPREAD[:m] for _, centre in depths])
        results["depth_agreement"] = (("depth", "member"), values)
        results = results.assign_coords(depth=[depth for depth, _ in depths])
    return results


def verdicts(results):
    rows = claims.claims(results)
    assert tuple(row.id for row in rows) == IDS
    return [row.verdict for row in rows]


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (hand_made(0.4, 0.0, 0.01), ["reproduced"] * 4),
        (hand_made(0.1, 0.0, 0.3), ["not reproduced", "reproduced", "reproduced", "reproduced"]),
        (hand_made(-0.3, 0.3, 0.0, agreement=0.8, depths=((5, 0.9), (1, 0.5))), ["not reproduced"] * 4),
        (hand_made(0.4, 0.0, 0.01, m=4), ["inconclusive"] * 4),
        (hand_made(0.4, 0.0, 0.01, depths=()), ["reproduced"] * 3 + ["not run"]),
        (hand_made(0.4, 0.0, 0.01, of_document=0, network="784-9-10"), ["not run"] * 3 + ["reproduced"]),
    ],
)
def test_claims_follow_from_the_maps(results, expected):
    assert verdicts(results) == expected


def test_the_closest_null_model_decides():
    row, *_ = claims.claims(hand_made(0.4, 0.1, 0.3))
    assert row.measured == pytest.approx(0.1)
    row, *_ = claims.claims(hand_made(0.4, 0.3, 0.1))
    assert row.measured == pytest.approx(0.1)


def test_one_null_model_alone_does_not_decide():
    both = hand_made(0.4, 0.0, 0.01)
    row, *_ = claims.claims(both.isel(null=np.flatnonzero(both.null_training == "untrained")))
    assert (row.verdict, row.note) == ("not run", "a null model is missing")


def test_what_is_not_the_documents_network_is_not_judged():
    rows = claims.claims(hand_made(0.4, 0.0, 0.01, of_document=0, network="784-9-10"))
    assert rows[0].note == "the network is 784-9-10, the document's is 784-200-10"
    other = hand_made(0.4, 0.0, 0.01)
    other["kind"] = ("network", ["softmax"] * 8)
    rows = claims.claims(other)
    assert [row.verdict for row in rows[:3]] == ["not run"] * 3
    assert rows[0].note == "no network sigmoid200 was read"


def test_centred_maps_have_lost_what_all_classes_share():
    maps = np.random.default_rng(0).normal(size=(2, 10, 4, 4))
    assert_allclose(correlations.centred(maps + 7.0), correlations.centred(maps), atol=1e-12)
    assert_allclose(correlations.centred(maps).sum(1), 0, atol=1e-12)


def test_resemblance_is_the_correlation_of_every_map_with_every_digit():
    random = np.random.default_rng(1)
    maps, contrast = random.normal(size=(2, 3, 5, 5)), random.normal(size=(3, 5, 5))
    r = correlations.resemblance(jnp.asarray(maps, jnp.float32), jnp.asarray(contrast, jnp.float32))
    assert r.shape == (2, 3, 3)
    assert_allclose(r[1, 2, 0], np.corrcoef(maps[1, 2].ravel(), contrast[0].ravel())[0, 1], atol=1e-5)
    assert_allclose(
        comparison.pearson(jnp.asarray(maps[0, 1]), jnp.asarray(contrast[1])), r[0, 1, 1], atol=1e-5
    )


def test_maps_of_a_trained_network_know_more_than_those_of_null_models(results, config):
    assert results["map"].sizes["network"] == config.networks
    mine = measures.resembles(results, "sigmoid200", "mean_jacobian")
    for training in ("untrained", "shuffled"):
        null = measures.null_resembles(results, "sigmoid200", training, "mean_jacobian")
        assert len(null) == 2
        assert null.max() < mine.min()
    assert_allclose(results.agreement.sel(measure="pearson").values[0].diagonal(), 1, atol=1e-5)
    deletion, insertion = (
        results.curves.sel(ranking="random").mean("network").transpose("curve", "point").values
    )
    assert_allclose(deletion[0], insertion[-1], atol=1e-5)  # the whole image
    assert_allclose(deletion[-1], insertion[0], atol=1e-5)  # a blank one


def test_z_maps_count_in_standard_deviations_of_the_null_models_maps(results, config):
    how = prepared(config)
    nulls = populations.untrained(how.sigmoid200, how.untrained)
    population = populations.train_or_load(how.sigmoid200, how.networks)
    read = identikit_maps.indices(population, nulls, np.zeros((1, 28, 28), np.float32))["causal_index"]
    flat = read.reshape(-1, 28, 28)
    expected = (results["map"].values[1, 3] - flat.mean(0)) / flat.std(0, ddof=1)
    z = measures.z_maps(results, "untrained")
    assert z.shape == (2, 10, 28, 28)
    assert_allclose(z[1, 3], expected, atol=1e-3, rtol=1e-3)
    assert measures.z_maps(results, "asleep") is None


def test_names_come_from_the_config(results):
    assert measures.label(results, "sigmoid200") == "784-16-10"
    assert results.attrs["of_document"] == 0
    row, *_ = claims.claims(results)
    assert row.note == "the network is 784-16-10, the document's is 784-200-10"
    assert charts.wrapped("784-500-200-50-10") == "784-500-\n200-50-10"


def test_presets_hold_enough_networks_for_their_claims():
    quick, full = get_config("quick"), get_config("full")
    assert min(quick.networks, quick.untrained, quick.shuffled, quick.deep_networks) >= 5
    assert min(full.networks, full.untrained, full.shuffled, full.deep_networks) >= 30
    assert full.shuffled_epochs == full.sigmoid200.training.epochs


def test_a_trial_run_is_told_and_drawn(results):
    assert all(one.statement.endswith(".") for one in findings.findings(results))
    with style.paper_style():
        for name, drawing in studies.part("causal_maps", "figures").FIGURES.items():
            figure = drawing.draw(results, style.DOUBLE)
            assert figure is not None, name
            plt.close(figure)


def test_each_agreement_stands_in_the_figure_once_and_with_no_interval_from_few():
    two = xr.DataArray(np.full((2, 3, 3), 0.5), dims=("network", "reading", "other"))
    two = two.assign_coords(reading=["causal_index", "mean_jacobian", "identikit"])
    with style.paper_style():
        figure = charts._matrices([("a", two)], style.DOUBLE)
    words = [text.get_text() for text in figure.axes[0].texts]
    plt.close(figure)
    assert words == ["0.50"] * 3

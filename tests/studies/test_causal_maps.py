"""The study "causal_maps": claims from maps alone, the same bits for the same config, the same bytes drawn."""

import dataclasses

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from numpy.testing import assert_allclose

from configs.causal_maps import get_config
from research import studies
from research.attribution import comparison as agreement
from research.plotting import files, style, surprises
from research.runs.store import Run
from research.studies.causal_maps import measures, study
from research.studies.preparing import prepared


@pytest.fixture(scope="module", autouse=True)
def quick_compiles():
    """Unoptimised programs: these tests spend their time compiling, not computing."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture(scope="module")
def config():
    config = get_config("smoke")
    config.include, config.sigmoid200.model.widths = ("sigmoid200",), (16,)
    config.deep.model.widths, config.depths = (8,), (1, 2)
    return config


@pytest.fixture(scope="module")
def twice(config, tmp_path_factory):
    """The results of the same config, twice."""
    return [study.run(prepared(config), Run(tmp_path_factory.mktemp("run"))) for _ in range(2)]


def hand_made(alike, null, error=0.018):
    """Networks whose maps correlate by `alike` with their own digit, nulls by `null`."""

    def matrices(own):
        return np.stack([np.eye(10) * r for r in own])[:, None]

    m, n = len(alike), len(null)
    return xr.Dataset(
        {
            "resemblance": (("network", "reading", "class", "like"), matrices(alike)),
            "null_resemblance": (("null", "known", "class", "like"), matrices(null)),
            "accuracy": ("network", 1 - error + 1e-4 * np.arange(m)),
        },
        {
            "kind": ("network", ["sigmoid200"] * m), "reading": ["causal_index"], "known": ["causal_index"],
            "null_kind": ("null", ["sigmoid200"] * n), "null_training": ("null", ["shuffled"] * n),
        },
    )  # fmt: skip


def verdicts(results):
    return {claim.id: claim.verdict for claim in study.claims(results)}


def test_claims_follow_from_the_maps():
    assert verdicts(hand_made([0.4, 0.42, 0.41], [0.01, -0.02, 0.0])) == {
        "maps-like-digits": "reproduced",
        "maps-like-digits-own": "reproduced",
        "maps-network-error": "reproduced",
    }
    (gain, *_) = study.claims(hand_made([0.4, 0.42, 0.41], [0.01, -0.02, 0.0]))
    assert gain.measured == pytest.approx(0.41 + 0.01 / 3)


def test_maps_no_better_than_null_models_refute():
    assert verdicts(hand_made([0.1, 0.2, 0.0], [0.1, 0.21, 0.05]))["maps-like-digits"] == "not reproduced"
    assert verdicts(hand_made([-0.2, -0.3], [0.0, 0.1], error=0.03)) == {
        "maps-like-digits": "not reproduced",
        "maps-like-digits-own": "not reproduced",
        "maps-network-error": "not reproduced",
    }


def test_what_is_not_measured_is_not_run():
    other = hand_made([0.4, 0.5], [0.0, 0.1])
    other["kind"] = ("network", ["softmax", "softmax"])
    assert set(verdicts(other).values()) == {"not run"}


def test_centred_maps_have_lost_what_all_classes_share():
    maps = np.random.default_rng(0).normal(size=(2, 10, 4, 4))
    assert_allclose(measures.centred(maps + 7.0), measures.centred(maps), atol=1e-12)
    assert_allclose(measures.centred(maps).sum(1), 0, atol=1e-12)


def test_resemblance_is_the_correlation_of_every_map_with_every_digit():
    random = np.random.default_rng(1)
    maps, contrast = random.normal(size=(2, 3, 5, 5)), random.normal(size=(3, 5, 5))
    r = measures.resemblance(jnp.asarray(maps, jnp.float32), jnp.asarray(contrast, jnp.float32))
    assert r.shape == (2, 3, 3)
    assert_allclose(r[1, 2, 0], np.corrcoef(maps[1, 2].ravel(), contrast[0].ravel())[0, 1], atol=1e-5)
    assert_allclose(
        agreement.pearson(jnp.asarray(maps[0, 1]), jnp.asarray(contrast[1])), r[0, 1, 1], atol=1e-5
    )


def test_the_same_config_gives_the_same_bits(twice):
    xr.testing.assert_identical(*twice)


def test_maps_of_a_trained_network_know_more_than_those_of_ignorant_ones(twice, config):
    results = twice[0]
    assert results["map"].sizes["network"] == config.networks
    mine = measures.resembles(results, "sigmoid200", "mean_jacobian")
    for training in ("untrained", "shuffled"):
        null = measures.null_resembles(results, "sigmoid200", training, "mean_jacobian")
        assert len(null) == 2
        assert null.max() < mine.min()
    z = measures.z_maps(results, "sigmoid200", "untrained")
    assert z.shape == (10, 28, 28)
    assert_allclose(results.agreement.sel(measure="pearson").values[0].diagonal(), 1, atol=1e-5)
    deletion, insertion = (
        results.curves.sel(ranking="random").mean("network").transpose("curve", "point").values
    )
    assert_allclose(deletion[0], insertion[-1], atol=1e-5)  # the whole image
    assert_allclose(deletion[-1], insertion[0], atol=1e-5)  # a blank one


def test_every_figure_finds_its_results(twice):
    with style.paper_style():
        for name, drawing in studies.part("causal_maps", "figures").FIGURES.items():
            figure = drawing.draw(twice[0], style.DOUBLE)
            assert figure is not None, name
            plt.close(figure)


def test_figures_drawn_twice_are_the_same_bytes(twice, tmp_path, monkeypatch):
    some = {name: studies.part("causal_maps", "figures").FIGURES[name] for name in ("z_maps", "depth")}
    monkeypatch.setattr("research.studies.causal_maps.figures.FIGURES", some)
    drawn = [
        files.draw_all(studies.part("causal_maps", "figures"), twice[0], tmp_path / name) for name in "ab"
    ]
    assert all(text.endswith(".") for text in surprises.of("causal_maps", twice[0]))
    assert drawn[0] == drawn[1] == list(some)
    for file in sorted((tmp_path / "a").iterdir()):
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes(), file.name


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"images": 0}, "images must be at least 1, got 0"),
        ({"include": ("perceptron",)}, "unknown network 'perceptron'; known: softmax"),
        ({"depths": (0, 2)}, "at least 1 each"),
    ],
)
def test_a_config_that_cannot_be_read_is_one_line(config, change, says):
    with pytest.raises(ValueError, match=says):
        dataclasses.replace(config, **change).validate()

"""The study "denoising": its claims, the strength it looks for, the same bits, the same bytes drawn."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from configs.denoising import get_config
from research import studies
from research.data.noise import NOISES
from research.plotting import files, surprises
from research.runs.store import Run
from research.studies.denoising import study
from research.studies.denoising.measures import LEVEL, Bench
from research.studies.preparing import prepared


@pytest.fixture(scope="module")
def config():
    config = get_config("smoke")
    config.include, config.images, config.curve_images = ("mlp3",), 200, 100
    config.mlp3.model.widths, config.mlp3.training.epochs = (16,), 2
    for how in (config.autoencoder, config.denoiser):
        how.model.encoder, how.model.code, how.model.decoder = (), 20, ()
        how.training.epochs = 1
    return config


@pytest.fixture(scope="module")
def twice(config, tmp_path_factory):
    """The results of the same config, twice."""
    return [study.run(prepared(config), Run(tmp_path_factory.mktemp("run"))) for _ in range(2)]


def hand_made(noisy, before, after, clean=0.98):
    """Accuracies of the pairs under the author's noise as it is, at its 89 %, and cleaned there."""
    pairs = len(after)
    at_one = np.stack([noisy, np.full(pairs, 0.9), np.full(pairs, 0.9)], -1)
    at_level = np.stack([before, after, np.full(pairs, 0.5)], -1)
    return xr.Dataset(
        {
            "kept": (("condition", "pair", "reader", "cleaning"), np.stack([at_level, at_one])[:, :, None]),
            "accuracy": (
                ("noise", "pair", "level", "reader", "cleaning"), np.full((1, pairs, 1, 1, 3), clean),
            ),
        },
        {
            "condition": [study.AUTHORS, f"{study.AUTHORS} at 1"], "reader": [study.JUDGED],
            "cleaning": list(study.CLEANINGS), "noise": [study.AUTHORS],
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    ("noisy", "after", "verdicts"),
    [
        ([0.88, 0.89, 0.90], [0.945, 0.944, 0.946], ["reproduced", "reproduced", "reproduced"]),
        ([0.77, 0.78, 0.79], [0.96, 0.93, 0.95], ["partly", "partly", "reproduced"]),
        ([0.77, 0.78, 0.79], [0.92, 0.921, 0.922], ["partly", "not reproduced", "partly"]),
        ([0.88, 0.89, 0.90], [0.85, 0.86, 0.87], ["reproduced", "not reproduced", "not reproduced"]),
        ([0.88, 0.89, 0.90], [np.nan] * 3, ["reproduced", "not run", "not run"]),
    ],
)
def test_claims_follow_from_what_is_kept(noisy, after, verdicts):
    claims = study.claims(hand_made(np.array(noisy), np.full(3, LEVEL), np.array(after)))
    assert [claim.id for claim in claims] == ["noisy-89", "denoised-94", "errors-halved"]
    assert [claim.verdict for claim in claims] == verdicts
    assert {claim.n for claim in claims if claim.measured is not None} == {3}


class Fake:
    """As many networks as limits; each says 0 while the image's mean ink is below its limit, else 1."""

    def __init__(self, *limits):
        self.params = jnp.array(limits, jnp.float32)

    def __len__(self):
        return len(self.params)

    @staticmethod
    def predict(limit, image):
        return jnp.where(image.mean() < limit, 1.0, -1.0) * jnp.array([1.0, -1.0])


class Eraser:
    """Cleans by wiping everything off."""

    def __init__(self, m):
        self.params = jnp.zeros(m)

    def __len__(self):
        return len(self.params)

    @staticmethod
    def predict(_, image):
        return jnp.zeros(image.size)


def test_the_strength_found_leaves_the_level_and_cleaning_is_what_it_says():
    """Blank images under uniform noise s have a mean ink of s/4: a limit of 0.1 is crossed near s = 0.4."""
    bench = Bench({"reader": Fake(0.1, 0.2, 0.9)}, {"eraser": Eraser(3)}, jax.random.key(0))
    images, labels = jnp.zeros((200, 28, 28), jnp.uint8), jnp.zeros(200, jnp.int32)
    which = jnp.int32(list(NOISES).index("uniform"))
    falls = bench.falls_to("reader", which, jnp.float32(1.0), images, labels)
    np.testing.assert_allclose(falls[:2], [0.4, 0.8], rtol=0.1)
    assert np.isnan(falls[2])  # it bears any strength in reach
    strengths = jnp.array([[0.0, falls[0]], [0.0, falls[1]], [0.0, 1.0]], jnp.float32)
    accuracy, error = bench.measure(which, strengths, images, labels)
    np.testing.assert_array_equal(accuracy[:, 0], 1)
    np.testing.assert_allclose(accuracy[:2, 1, 0, 0], LEVEL, atol=0.03)  # 0.015: the last halving
    np.testing.assert_array_equal(accuracy[:, 1, 0, 1], 1)
    np.testing.assert_array_equal(error[:, :, 1], 0)  # wiped: as blank as the original
    np.testing.assert_allclose(error[2, 1, 0], 1 / 6, rtol=0.02)  # E max(u, 0)² for u ~ U(-1, 1)


def test_the_same_config_gives_the_same_bits(twice, config):
    xr.testing.assert_identical(*twice)
    results = twice[0]
    assert results.sizes["pair"] == config.pairs
    assert results.original.dtype == np.uint8
    ranks = results.accuracy.sel(reader="mlp3", cleaning="none").mean("pair")
    assert (ranks.isel(level=0) > ranks.isel(level=-1)).all()  # noise costs something


def test_figures_drawn_twice_are_the_same_bytes(twice, tmp_path):
    drawn = [files.draw_all(studies.part("denoising", "figures"), twice[0], tmp_path / name) for name in "ab"]
    assert all(text.endswith(".") for text in surprises.of("denoising", twice[0]))
    assert drawn[0] == drawn[1] == list(studies.part("denoising", "figures").FIGURES)
    for file in sorted((tmp_path / "a").iterdir()):
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes(), file.name


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"include": ("softmax",)}, "include must name 'mlp3'"),
        ({"include": ("mlp3", "perceptron")}, "unknown network 'perceptron'; known: softmax"),
        ({"pairs": 0}, "pairs must be at least 1, got 0"),
    ],
)
def test_a_config_that_cannot_be_run_is_one_line(config, change, says):
    with pytest.raises(ValueError, match=says):
        dataclasses.replace(config, **change).validate()

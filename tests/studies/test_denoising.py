"""The study "denoising": its claims, the strength it looks for, one run with its findings and figures."""

import dataclasses

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from configs.denoising import get_config
from research import studies
from research.data.noise import NOISES
from research.plotting import style
from research.runs.store import Run
from research.studies.denoising import claims, findings, measures, study
from research.studies.denoising.noisy_pairs import LEVEL, Bench
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
def results(config, tmp_path_factory):
    """The saved results of the config."""
    run = Run(tmp_path_factory.mktemp("run"))
    run.save(prepared(config), study.run(prepared(config), run), 1.0)
    return run.results()


def hand_made(noisy, after, clean=0.98, read=0.978, explained=0.95, mean_error=0.07, **attrs):
    """Five pairs: accuracies near these under the author's noise as it is, cleaned, and without noise."""
    around = lambda value, seed: value + np.random.default_rng(seed).normal(0, 0.0005, 5)  # noqa: E731
    rows = [[around(LEVEL, 0), around(0.945, 1), around(0.92, 2)] for _ in NOISES]
    rows += [[around(noisy, 3), around(after, 4), around(after, 5)]]  # the author's noise as it is
    rows += [[around(clean, 6), around(read, 7), around(read - 0.01, 8)]]  # no noise
    kept = np.array(rows)
    kept_error = np.full(kept.shape, (1 - explained) * mean_error) * around(1, 9)
    dims = ("condition", "cleaning", "pair")
    return xr.Dataset(
        {"kept": (dims, kept), "kept_error": (dims, kept_error), "mean_image_error": mean_error, "pca_error": 0.001},
        {
            "condition": [*NOISES, study.AS_IS, study.CLEAN], "cleaning": list(study.CLEANINGS), "noise": list(NOISES),
        },
        {
            "images": 1000, "network": "784-9-10", "autoencoder": "784-9-784", "network_is_documents": 1,
            "autoencoder_is_documents": 1, **attrs,
        },
    )  # fmt: skip


PRIMARY = ("noisy-89", "denoised-94", "errors-halved", "autoencoder-reproduces")


@pytest.mark.parametrize(
    ("how", "verdicts"),
    [
        ({"noisy": 0.89, "after": 0.94}, ["reproduced"] * 4),
        (
            {"noisy": 0.88, "after": 0.94},
            ["inconclusive", "reproduced", "reproduced", "reproduced"],
        ),  # on the margin
        ({"noisy": 0.78, "after": 0.91}, ["partly", "partly", "reproduced", "reproduced"]),
        # five times fewer errors
        ({"noisy": 0.78, "after": 0.96}, [*["partly"] * 3, "reproduced"]),
        ({"noisy": 0.89, "after": 0.86}, ["reproduced", "not reproduced", "not reproduced", "reproduced"]),
        ({"noisy": 0.89, "after": 0.94, "explained": 0.8}, [*["reproduced"] * 3, "not reproduced"]),
        ({"noisy": 0.99, "after": 0.94}, ["not reproduced", "reproduced", "not reproduced", "reproduced"]),
    ],
)
def test_claims_follow_from_what_is_kept(how, verdicts):
    rows = {row.id: row for row in claims.claims(hand_made(**how))}
    assert [row.id for row in rows.values() if row.primary] == list(PRIMARY)
    assert [rows[id].verdict for id in PRIMARY] == verdicts
    assert {row.n for row in rows.values()} == {5}
    assert {row.claimed for row in rows.values()} == {0.89, 0.94, 2, None}


def test_no_direction_where_the_neutral_value_is_within_the_margin():
    assert measures.nearest(0.89, 0.01, neutral=0.98).neutral == 0.98
    assert measures.nearest(0.89, 0.01, neutral=0.885).neutral is None
    assert measures.nearest(0.89, 0.01, neutral=np.nan).neutral is None


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


def test_a_run_gives_claims_findings_and_figures(results, config):
    assert results.sizes["pair"] == config.pairs
    assert results.original.dtype == np.uint8
    read = results.accuracy.sel(reader="mlp3", cleaning="none").mean("pair")
    assert (read.isel(level=0) > read.isel(level=-1)).all()  # noise costs something
    assert {row.verdict for row in claims.claims(results)} == {
        "not run"
    }  # other networks than the document's
    findings.findings(results)
    with style.paper_style():
        for drawing in studies.part("denoising", "figures").FIGURES.values():
            plt.close(drawing.draw(results, style.SINGLE))


def test_baselines_are_errors_of_the_mean_image_and_of_components(results, config):
    assert 0 < float(results.pca_error) < float(results.mean_image_error) < 0.1
    clean = results.kept_error.sel(condition=study.CLEAN)
    np.testing.assert_array_equal(clean.sel(cleaning="none"), 0)
    expected = 1 - clean.sel(cleaning="autoencoder") / float(results.mean_image_error)
    np.testing.assert_allclose(measures.reproduced(results), expected, rtol=1e-4)


def test_findings_hold_where_the_results_say_so():
    assert findings._which_cleaner(hand_made(0.8, 0.93)) is not None
    assert findings._cleaning_pays(hand_made(0.8, 0.93)).numbers["cleaned"].value == pytest.approx(
        0.93, abs=0.001
    )
    assert findings._cleaning_pays(hand_made(0.93, 0.8)) is None
    tied = hand_made(0.8, 0.93)
    tied["kept"].loc[{"cleaning": "denoiser"}] = tied.kept.sel(cleaning="autoencoder").values
    assert findings._which_cleaner(tied) is None


def test_the_network_of_the_claims_takes_part(config):
    with pytest.raises(ValueError, match="include must name 'mlp3'"):
        dataclasses.replace(config, include=("softmax",)).validate()

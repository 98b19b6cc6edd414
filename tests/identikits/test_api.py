"""`identikits`: planted truths, costs, starts, and one clear line for bad input."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from research.identikits import api, identikits
from research.identikits.initial_images import STARTS, Blank, GaussianNoise, UniformNoise, start_images
from research.identikits.objectives import Ink, Logit, LogProbability
from research.identikits.random_search import RandomSearch

pytestmark = pytest.mark.usefixtures("quick_compiles")

SHAPE = (8, 8)
KEY = jax.random.key(2)
SQUARES = [(slice(0, 3), slice(0, 3)), (slice(4, 7), slice(5, 8))]


def square_seeker(image):
    """Class d wants light in its own square and dark everywhere else; a third class wants nothing."""
    light = jnp.stack([image[square].mean() for square in SQUARES])
    return jnp.append(10 * (light - image.mean()), 2.0)


@pytest.fixture(scope="module", params=["search", "ascent"])
def found(request):
    options = (
        {"num_candidates": 60, "perturbation": "sparse", "share": 0.04}
        if request.param == "search"
        else {"learning_rate": 0.1}
    )
    return identikits(
        square_seeker, [0, 1], KEY, request.param, restarts=3, shape=SHAPE, target=[0.5, 0.9, 0.99], **options
    )


def test_both_methods_find_the_planted_square(found):
    assert found.reached.all()
    assert (found.confidence >= 0.99).all()
    for d, square in enumerate(SQUARES):
        inside = np.zeros(SHAPE, bool)
        inside[square] = True
        mean = found.image.sel(digit=d).mean(("network", "restart")).values
        assert mean[inside].mean() > 0.6
        assert mean[~inside].mean() < 0.2


def test_an_accelerator_takes_as_many_runs_as_the_images_it_may_look_at():
    few, many = RandomSearch(500), RandomSearch(10**9)
    assert api._largest_block(sequential=False, platform="gpu", method=few) == api.ACCELERATOR_IMAGES // 500
    assert api._largest_block(sequential=False, platform="gpu", method=many) == 1
    assert api._largest_block(sequential=False, platform="cpu", method=few) == api.BLOCK[False]
    assert api._largest_block(sequential=True, platform="gpu", method=few) == api.BLOCK[True]


def test_confidence_is_that_of_the_image(found):
    for d in (0, 1):
        for image, told in zip(found.image.sel(network=0, digit=d), found.confidence.sel(network=0, digit=d)):
            logits = square_seeker(jnp.asarray(image.values))
            np.testing.assert_allclose(told, jax.nn.softmax(logits)[d], rtol=1e-5)
    blank = jax.nn.softmax(square_seeker(jnp.zeros(SHAPE)))[0]
    np.testing.assert_allclose(found.start_confidence, blank, rtol=1e-5)


def test_the_ledger_adds_up(found):
    start, step = found.attrs["start_cost"], found.attrs["step_cost"]
    assert (start, step) == ((1, 60) if found.attrs["method"] == "RandomSearch" else (3, 3))
    np.testing.assert_array_equal(found.evaluations, start + step * found.generations)
    np.testing.assert_array_equal(found.evaluations_to.sel(target=0.99), found.evaluations)
    for target in found.target.values:
        sure = found.confidence_history >= np.float32(target)
        first = found.evaluations_history.where(sure).min("generation")
        np.testing.assert_array_equal(found.evaluations_to.sel(target=target), first)


def test_the_history_leads_from_the_start_to_the_end(found):
    np.testing.assert_array_equal(found.confidence_history[..., 0], found.start_confidence)
    np.testing.assert_array_equal(found.confidence_history[..., -1], found.confidence)
    assert (found.confidence_history.diff("generation") >= 0).all()
    np.testing.assert_allclose(
        found.distance, np.sqrt(((found.image - found.start) ** 2).sum(("y", "x"))), rtol=1e-5
    )
    assert (found.path >= found.distance - 1e-5).all()
    np.testing.assert_array_equal(found.path_history[..., -1], found.path)
    assert (found.distance_history[..., 0] == 0).all()


def test_it_can_be_saved_and_read_back(found, tmp_path):
    found.to_netcdf(tmp_path / "found.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "found.nc", engine="h5netcdf") as back:
        xr.testing.assert_equal(found, back.load())


def test_the_gradient_identikit_of_a_linear_network_is_its_weights_even_when_they_change():
    """And no compiled program remembers the weights of a closure."""
    held = {}
    for seed in (3, 4):
        held["weights"] = weights = jax.random.normal(jax.random.key(seed), (64, 4))
        result = identikits(
            held.setdefault("predict", lambda image: image.reshape(-1) @ held["weights"]),
            [1, 3],
            KEY,
            "ascent",
            objective=Logit(),
            target=None,
            budget=3 + 3 * 6,
            shape=SHAPE,
            optimiser="sgd",
            learning_rate=0.05,
        )
        rows = weights.T[jnp.array([1, 3])].reshape(2, *SHAPE)
        np.testing.assert_allclose(result.image[0, :, 0], np.clip(0.3 * rows, 0, 1), atol=1e-5)
    assert (result.generations == 6).all()
    assert not (result.reached.any())
    assert not (result.stalled.any())
    assert result.evaluations_to.sizes["target"] == 0


def test_a_penalty_is_paid_for():
    """Ink at a price leaves all dark but the one pixel that is worth it, and that only as bright as it pays.

    log σ(6x) − 12·x/16 has its maximum at 6(1 − σ(6x)) = 12/16, x = log(7) / 6.
    """
    result = identikits(
        lambda image: jnp.stack([6 * image[0, 0], 0.0]),
        [0],
        KEY,
        "ascent",
        objective=LogProbability() - 12 * Ink(),
        target=None,
        budget=1500,
        start=np.full((4, 4), 0.1, np.float32),
        learning_rate=0.01,
    )
    expected = np.zeros((4, 4))
    expected[0, 0] = np.log(7) / 6
    np.testing.assert_allclose(result.image[0, 0, 0], expected, atol=0.005)
    np.testing.assert_allclose(result.score, np.log(result.confidence) - 12 * result.image.mean(), rtol=1e-4)


def test_a_run_that_cannot_gain_stalls_after_its_patience_and_one_that_is_sure_never_starts():
    def deaf(image):
        return jnp.array([0.0, 9.0]) + 0 * image.sum()

    with pytest.warns(UserWarning, match=r"exactly 0 at the start image of 1 of 2 runs \(class 0\)"):
        result = identikits(deaf, [0, 1], KEY, "ascent", patience=7, shape=SHAPE)
    np.testing.assert_array_equal(result.generations[0, :, 0], [7, 0])
    np.testing.assert_array_equal(result.stalled[0, :, 0], [True, False])
    np.testing.assert_array_equal(result.reached[0, :, 0], [False, True])
    np.testing.assert_array_equal(result.evaluations[0, :, 0], [24, 3])
    np.testing.assert_array_equal(result.evaluations_to[0, :, 0, 0], [np.nan, 3])
    np.testing.assert_array_equal(result.image, result.start)
    assert result.start_confidence[0, 1, 0] > 0.99


def test_activations_can_be_asked_for():
    def model(image):
        hidden = image.reshape(-1)[:3] * jnp.array([1.0, 2.0, 3.0])
        return hidden[:2], {"hidden": hidden}

    from research.identikits.objectives import Neuron

    result = identikits(
        model, [0], KEY, "ascent", objective=Neuron("hidden", 2), target=None, budget=200, shape=SHAPE
    )
    image = result.image.values.ravel()
    np.testing.assert_allclose(image[2], 1.0)
    assert np.abs(np.delete(image, 2)).max() == 0
    with pytest.raises(ValueError, match="unknown layer 'deep'; known: hidden"):
        identikits(model, [0], KEY, objective=Neuron("deep", 2), shape=SHAPE)


def test_starts_are_drawn_as_they_say():
    keys = jax.random.split(KEY, 400)
    gaussian, uniform = (
        start_images(start, keys, (4, 10, 10), (9, 7))
        for start in (GaussianNoise(0.4, 0.05), UniformNoise(0.2, 0.6))
    )
    np.testing.assert_allclose([gaussian.mean(), gaussian.std()], [0.4, 0.05], atol=0.002)
    assert uniform.min() >= 0.2
    assert uniform.max() < 0.6
    np.testing.assert_allclose([uniform.mean(), uniform.std()], [0.4, 0.4 / np.sqrt(12)], atol=0.002)
    assert (start_images(Blank(), keys, (4, 10, 10), (9, 7)) == 0).all()
    assert len({image.tobytes() for image in gaussian}) == 400, "no two runs begin alike"


@pytest.fixture(scope="module")
def half_dead():
    """A ReLU network whose second half has zero biases: classes 2 and 3 have no gradient at a blank image."""
    key_in, key_out = jax.random.split(jax.random.key(6))
    hidden = jax.random.normal(key_in, (64, 16)) / 8
    bias = jnp.repeat(jnp.array([1.0, 0.0]), 8)
    output = jax.scipy.linalg.block_diag(*jax.random.normal(key_out, (2, 8, 2)))
    return lambda image: jax.nn.relu(image.reshape(-1) @ hidden + bias) @ output


def climb(predict, **changes):
    settings = {"objective": "logit", "target": None, "budget": 60, "shape": SHAPE, "restarts": 2, **changes}
    return identikits(predict, [1, 2], KEY, "ascent", **settings)


def test_an_ascent_that_cannot_move_from_blank_is_warned_of_by_its_class(half_dead):
    """Found as confidence .1, distance 0, stalled, without a word."""
    with pytest.warns(UserWarning, match=r"2 of 4 runs \(class 2\).*try start=\"auto\"") as warned:
        result = climb(half_dead)
    assert len(warned) == 1
    assert "\n" not in str(warned[0].message)
    np.testing.assert_array_equal(result.distance.sel(digit=2), 0)
    assert (result.distance.sel(digit=1) > 0.1).all()
    assert (result.start_kind == "blank").all()


def test_auto_starts_from_noise_where_blank_has_no_gradient_and_there_alone(half_dead):
    """Each run is, to the bit, that of the start it says it had."""
    auto, noise = climb(half_dead, start="auto"), climb(half_dead, start="low_noise")
    with pytest.warns(UserWarning, match="cannot move"):
        blank = climb(half_dead)
    assert (auto.start_kind.sel(digit=1) == "blank").all()
    assert (auto.start_kind.sel(digit=2) == "low_noise").all()
    assert auto.attrs["start"] == "auto"
    xr.testing.assert_identical(auto.sel(digit=1).drop_attrs(), blank.sel(digit=1).drop_attrs())
    xr.testing.assert_identical(auto.sel(digit=2).drop_attrs(), noise.sel(digit=2).drop_attrs())
    assert (auto.distance > 0.1).all()
    assert 0 < auto.start.sel(digit=2).max() < 0.05


def test_a_search_may_start_so_too(half_dead):
    settings = {"objective": "logit", "start": "auto", "budget": 101, "num_candidates": 50}
    result = identikits(half_dead, [1, 2], KEY, target=None, shape=SHAPE, **settings)
    assert result.start_kind.values.ravel().tolist() == ["blank", "low_noise"]
    assert (result.generations == 2).all()


def test_every_start_has_a_name(half_dead):
    assert "auto" not in STARTS
    given = climb(half_dead, start=np.full(SHAPE, 0.5, np.float32))
    drawn = climb(half_dead, start=UniformNoise(0.1, 0.2))
    assert set(given.start_kind.values.ravel()) == {"images"}
    assert set(drawn.start_kind.values.ravel()) == {"UniformNoise(low=0.1, high=0.2)"}


def test_given_starts_go_to_their_digits():
    given = np.zeros((2, 1, *SHAPE), np.float32)
    given[1] = 0.25
    chosen = start_images(given, None, (1, 2, 3), (28, 28)).reshape(1, 2, 3, *SHAPE)
    assert (chosen[:, 0] == 0).all()
    assert (chosen[:, 1] == 0.25).all()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"target": 1.0}, "strictly between 0 and 1, it is 1.0"),
        ({"target": [0.5, 0.0]}, "strictly between 0 and 1, it is 0.0"),
        ({"num_candidates": 0}, "at least one candidate a generation, it has 0"),
        ({"classes": []}, "classes is empty"),
        ({"classes": [3]}, "there is no class 3: the network has 3 classes, 0 to 2"),
        ({"classes": [-1]}, "there is no class -1"),
        ({"classes": [1, 1]}, "each class may be named once"),
        ({"restarts": 0}, "restarts must be at least 1"),
        ({"patience": 0}, "patience must be at least 1"),
        ({"block": 0}, "block must be at least 1"),
        ({"budget": 500}, "budget of 500 evaluations pays for no generation; the first needs 501"),
        ({"method": "evolution"}, "unknown method 'evolution'; known: ascent, search"),
        ({"perturbation": "dense"}, "unknown perturbation 'dense'; known: dense_gaussian, dense_uniform"),
        (
            {"perturbation": "sparse", "sigma": 1.0},
            "'sparse' has no option 'sigma'; it has: share, amplitude, sign",
        ),
        (
            {"method": "ascent", "num_candidates": 3},
            "has no option 'num_candidates'; it has: optimiser, learning_rate",
        ),
        (
            {"method": RandomSearch(), "num_candidates": 3},
            "option 'num_candidates' belongs into the RandomSearch itself",
        ),
        ({"objective": "beauty"}, "unknown objective 'beauty'; known: channel"),
        (
            {"start": "snow"},
            "unknown start 'snow'; known: auto, blank, gaussian_noise, low_frequency, low_noise",
        ),
        ({"start": np.zeros((3, 3, 8, 8), np.float32)}, r"theirs are \[3, 3, 8, 8\]"),
        ({"start": np.full(SHAPE, 1.5, np.float32)}, "must lie in .0, 1., they reach from 1.5 to 1.5"),
        ({"start": np.full(SHAPE, np.nan, np.float32)}, "must lie in"),
        ({"start": np.zeros(8, np.float32)}, "start images must be"),
        ({"runs": "fast"}, "unknown way to run, runs='fast'; known: auto, map, vmap"),
        ({"predict": lambda image: image.sum()}, r"predict must return .* it returned float32 of shape \[\]"),
        ({"predict": lambda image: image}, r"predict must return .* of shape \[8, 8\]"),
        ({"predict": lambda image: jnp.zeros(3, jnp.int32)}, "it returned int32"),
        ({"predict": lambda image: {"logits": image[0]}}, "predict must return logits"),
        (
            {"predict": lambda image: image.reshape(-1)[:3] / image.sum()},
            "predict returned NaN for network 0",
        ),
        ({"params": {"a": np.zeros((2, 3)), "b": np.zeros((3, 3))}}, "one common leading axis of networks"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(changes, complaint):
    settings = {"predict": square_seeker, "classes": [0], "shape": SHAPE, **changes}
    with pytest.raises(ValueError, match=complaint) as error:
        identikits(settings.pop("predict"), settings.pop("classes"), KEY, **settings)
    assert "\n" not in str(error.value)


def test_nan_on_the_way_is_said_too():
    def brittle(image):
        return jnp.stack([image.sum(), jnp.where(image[0, 0] > 0.04, jnp.nan, 0.0)])

    with pytest.raises(ValueError, match="predict returned NaN for network 0, class 0, at generation 1"):
        identikits(brittle, [0], KEY, "ascent", learning_rate=0.05, shape=SHAPE)


def test_importing_the_readings_starts_nothing():
    program = "import sys, research.identikits; sys.exit(bool({'jax', 'xarray', 'optax'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

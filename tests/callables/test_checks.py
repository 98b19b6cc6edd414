"""Mistakes of a caller, each with the one line that says what to do."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from research.attribution import causal_index, comparison, saliency
from research.callables import checks, memory
from research.identikits import arguments, identikits
from research.identikits.gradient_ascent import GradientAscent, _coordinates
from research.identikits.objectives import Roughness, View
from research.identikits.perturbations import PERTURBATIONS
from research.identikits.random_search import RandomSearch

pytestmark = pytest.mark.usefixtures("quick_compiles")
KERNEL = jnp.asarray(np.random.default_rng(0).normal(size=(36, 4)), jnp.float32)
IMAGE = jnp.asarray(np.random.default_rng(1).random((6, 6)), jnp.float32)
BYTES = np.asarray(np.random.default_rng(2).integers(0, 256, (6, 6)), np.uint8)
FLOATS = jnp.asarray(BYTES, jnp.float32) / 255


def linear(image):
    return image.reshape(-1) @ KERNEL


ATTRIBUTIONS = {
    "gradient": saliency.gradient,
    "gradient_times_input": saliency.gradient_times_input,
    "smoothgrad": lambda predict, image, digit: saliency.smoothgrad(predict, image, digit, 3, samples=2),
    "integrated_gradients": lambda *args: saliency.integrated_gradients(*args, steps=2),
    "occlusion": saliency.occlusion,
    "replacement_curves": lambda predict, image, digit: jnp.stack(
        comparison.replacement_curves(predict, image, digit, IMAGE, steps=3)
    ),
}


@pytest.mark.parametrize("method", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS)
def test_a_class_that_does_not_exist_is_refused_or_nan_where_it_is_traced(method):
    """Indexing in JAX clamps: class 12 was answered with the map of the last class."""
    with pytest.raises(ValueError, match="there is no class 4: the network has 4 classes, 0 to 3"):
        method(linear, IMAGE, 4)
    with pytest.raises(ValueError, match=r"digit must be one whole number, a class, got 1\.5"):
        method(linear, IMAGE, 1.5)
    found = jax.jit(jax.vmap(lambda digit: method(linear, IMAGE, digit)))(jnp.array([3, 4, -1]))
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1:]).all()


@pytest.mark.parametrize("method", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS)
def test_bytes_activations_and_half_precision_change_nothing(method):
    def half(image):
        return linear(image).astype(jnp.bfloat16), {"none": image}

    expected = method(lambda image: half(image)[0].astype(jnp.float32), FLOATS, np.int64(2))
    found = method(half, BYTES, 2)
    assert found.dtype == jnp.float32
    assert_array_equal(found, expected)


def test_the_mean_jacobian_takes_bytes_and_half_precision_too():
    half = lambda image: linear(image.astype(jnp.bfloat16))  # noqa: E731
    of_bytes, of_floats = (causal_index.mean_jacobian(half, x[None]) for x in (BYTES, np.asarray(FLOATS)))
    assert of_bytes.dtype == jnp.float32
    assert_array_equal(of_bytes, of_floats)


def test_one_key_in_three_forms():
    forms = (7, np.int64(7), jax.random.key(7), jax.random.PRNGKey(7), np.asarray(jax.random.PRNGKey(7)))
    assert len({jax.random.key_data(checks.typed_key(key)).tobytes() for key in forms}) == 1


def of_kernel(shape):
    return lambda x: jnp.tensordot(x, KERNEL.reshape(*shape, 4), len(shape))


@pytest.mark.parametrize(
    ("predict", "hint"),
    [
        (lambda x: x @ KERNEL, r"predict\(image\.reshape\(-1\)\)"),
        (lambda x: x.reshape(len(x), -1) @ KERNEL, r"predict\(image\[None\]\)\[0\]"),
        (of_kernel((1, 6, 6)), r"predict\(image\[None\]\)(?!\[)"),
        (of_kernel((6, 6, 1)), r"predict\(image\[\.\.\., None\]\)"),
        (lambda x: of_kernel((1, 6, 6))(x[:, [0]]), r"predict\(image\[None, None\]\)\[0\]"),
        (lambda x: np.asarray(x).reshape(-1) @ np.asarray(KERNEL), "must be computed by JAX"),
    ],
)
def test_a_predict_that_takes_no_image_is_told_what_it_gets(predict, hint):
    with pytest.raises(ValueError, match=hint) as error:
        saliency.gradient(predict, IMAGE, 1)
    assert "\n" not in str(error.value)


def test_an_error_inside_predict_is_left_as_it_is():
    with pytest.raises(ZeroDivisionError):
        saliency.gradient(lambda image: linear(image) / (1 // 0), IMAGE, 1)


def drawn(predict=linear, classes=(1,), key=3, method="search", **settings):
    more = {"num_candidates": 4} if method == "search" else {}
    return identikits(predict, classes, key, method, **{"shape": (6, 6), "budget": 9, **more, **settings})


def badly(view):
    return view.image


class Odd:
    __hash__ = None

    def __call__(self, *args):
        return jnp.float32(0)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: checks.image_shape(28), r"shape must be \(h, w\) or \(h, w, channels\)"),
        (lambda: checks.image_shape((3, 28, 28)), r"channels last.*try \(28, 28, 3\)"),
        (lambda: arguments.distinct_classes(3), r"classes must be a sequence, such as \[3\]"),
        (lambda: arguments.distinct_classes([1.5]), "each of classes must be one whole number, .* got 1.5"),
        (lambda: jax.jit(arguments.distinct_classes)([1]), "classes must be known numbers"),
        (lambda: checks.outputs("net.onnx", IMAGE), r"function of one image \[6, 6\], got "),
    ],
)
def test_an_argument_of_a_wrong_type_is_one_line(call, complaint):
    with pytest.raises(ValueError, match=complaint) as error:
        call()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"key": jnp.zeros(3)}, r"key must be one key.* got float32 of shape \[3\]"),
        ({"key": 2**32}, "key must be one key.* got 4294967296"),
        ({"objective": Odd()}, "objective must be hashable.* Odd is not"),
        ({"perturbation": Odd()}, "perturbation must be hashable"),
        ({"perturbation": lambda key, shape: jnp.zeros(3)}, r"perturbation must be .* \[6, 6\], it is \[3\]"),
        ({"objective": badly}, r"objective must give one number for an image, it gives shape \[6, 6\]"),
        ({"restart": 3}, "has no option 'restart'.*did you mean 'restarts'"),
        ({"method": RandomSearch(4), "restart": 3}, "'restart' belongs into .*did you mean 'restarts'"),
        ({"method": "ascend"}, "unknown method 'ascend'.*did you mean 'ascent'"),
        ({"start": lambda key, shape: jnp.zeros(3)}, r"start must draw images of shape \[6, 6\]"),
        ({"start": np.zeros((6, 6), np.int32)}, r"start must hold floats or bytes \(uint8\), it holds int32"),
    ],
)
def test_a_mistake_is_one_line(settings, complaint):
    with pytest.raises(ValueError, match=complaint) as error:
        drawn(**settings)
    assert "\n" not in str(error.value)


def test_runs_larger_than_memory_are_refused_before_they_are_laid_out(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 10**6)
    with pytest.raises(
        ValueError, match=r"2,000 runs need about \d+ .B, this machine has 1 MB; take fewer restarts"
    ):
        drawn(restarts=2000)


def test_nan_of_the_objective_is_not_blamed_on_predict():
    def root(view):
        return jnp.sqrt(-view.image.sum())

    with pytest.raises(ValueError, match="the objective is NaN for network 0, class 1, at generation 1"):
        drawn(objective=root)
    with pytest.raises(ValueError, match="the gradient is NaN for network 0, class 1, at generation"):
        drawn(lambda image: linear(image) + jnp.sqrt(0 * image).sum(), method="ascent")


def test_probabilities_are_warned_of():
    with pytest.warns(UserWarning, match=r"seems to return probabilities.*no confidence can exceed 0\.475"):
        drawn(lambda image: jax.nn.softmax(linear(image)))


def test_a_half_precision_network_gives_float32_results():
    found = drawn(lambda image: linear(image.astype(jnp.bfloat16)).astype(jnp.bfloat16))
    assert {found[name].dtype for name in ("confidence", "score", "confidence_history")} == {
        np.dtype("float32")
    }
    assert np.isfinite(found.confidence.mean())


COLOUR = jnp.asarray(np.random.default_rng(3).normal(size=(6, 5, 3, 12)), jnp.float32)


def in_colour(image):
    return jnp.tensordot(image, COLOUR, 3)


def test_a_search_in_colour_and_among_12_classes():
    found = drawn(in_colour, [0, 11], shape=(6, 5, 3), budget=50, target=None, frames=2)
    assert found.image.dims == ("network", "digit", "restart", "y", "x", "channel")
    image = found.image.values[0, 1, 0]
    assert_allclose(found.score[0, 1, 0], jax.nn.log_softmax(in_colour(image))[11], rtol=1e-4)
    assert_allclose(found.distance[0, 1, 0], np.linalg.norm(image.ravel()), rtol=1e-5)
    assert_array_equal(found.frames[0, 1, 0, -1], image)


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_channels_are_perturbed_like_pixels(name):
    perturbation = PERTURBATIONS[name]()
    keys = jax.random.split(jax.random.key(0), 200)
    grey, colour = (jax.vmap(lambda key, s=s: perturbation(key, s))(keys) for s in ((8, 6), (8, 6, 3)))
    assert colour.shape == (200, 8, 6, 3)
    share = 3 if name == "single_pixel" else 1  # one value of one channel
    assert_allclose(colour.std(), grey.std() / np.sqrt(share), rtol=0.15)


def test_the_ascent_of_a_linear_network_in_colour_is_its_weights():
    settings = {
        "method": "ascent",
        "shape": (6, 5, 3),
        "objective": "logit",
        "optimiser": "sgd",
        "target": None,
    }
    found = drawn(
        in_colour, [11], learning_rate=0.05, start=np.full((6, 5, 3), 51, np.uint8), budget=6, **settings
    )
    assert_allclose(found.image[0, 0, 0], np.clip(0.2 + 0.05 * COLOUR[..., 11], 0, 1), atol=1e-6)


def test_each_channel_has_its_frequencies_and_moves_with_the_others():
    image = jnp.asarray(np.random.default_rng(5).random((6, 5, 3)), jnp.float32)
    for turn, of_one in zip(_coordinates("frequency", (6, 5, 3)), _coordinates("frequency", (6, 5))):
        assert_allclose(turn(image)[..., 1], of_one(image[..., 1]), atol=1e-6)
    ascent = GradientAscent(jitter=2, scale=0.2)
    moved, of_one = (ascent.transform(x, jax.random.key(1)) for x in (image, image[..., 1]))
    assert_allclose(moved[..., 1], of_one, atol=1e-6)


def test_maps_in_colour_are_the_weights():
    image = jnp.asarray(np.random.default_rng(4).random((6, 5, 3)), jnp.float32)
    own = COLOUR[..., 11]
    assert_allclose(saliency.gradient(in_colour, image, 11), own, atol=1e-5)
    assert_allclose(saliency.integrated_gradients(in_colour, image, 11, steps=2), own * image, atol=1e-5)
    whole = saliency.occlusion(in_colour, image, 11, patch=1, stride=1)
    assert_allclose(whole, np.broadcast_to((own * image).sum(-1, keepdims=True), own.shape), atol=1e-4)
    curves = comparison.replacement_curves(in_colour, image, 11, whole[..., 0], steps=3)
    assert_allclose(curves.deletion[0], jax.nn.softmax(in_colour(image))[11], rtol=1e-5)


def test_roughness_looks_at_neighbours_of_the_same_channel():
    flat = jnp.broadcast_to(jnp.array([0.0, 0.5, 1.0]), (6, 5, 3))
    assert Roughness()(View(flat, None, {}, None)) < 1e-12


@pytest.mark.parametrize("method", ["search", "ascent"])
def test_doubles_and_searches_for_nan_do_no_harm(method):
    """Histories begin as NaN, which JAX_DEBUG_NANS took for an error; a search had float64 candidates of a float32 base."""
    with jax.enable_x64(True), jax.debug_nans(True):
        found = drawn(method=method, target=None, start="low_noise", frames=2)
    assert np.isfinite(found.frames).all()
    assert found.generations[0, 0, 0] == 2

"""One unit of a network: its weights, the training digits that excite it most, and the image that it likes best."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Int, UInt8

from research.app.model import Model
from research.app.reader import Reader
from research.app.wire import SIDE
from research.identikits.gradient_ascent import GradientAscent
from research.identikits.initial_images import LowFrequencyNoise

AMONG = 2_000  # training digits, of those on the maps, that are searched for the most exciting
MOST = 10  # of them are shown
STEPS = 60  # of the ascent to the image that a unit likes best
ASCENT = GradientAscent(learning_rate=0.05)


def describe(reader: Reader, number: int, layer: str, unit: int) -> dict[str, Any]:
    """What the page tells about a unit: a map of a convolution or pool, or one neuron.

    Args:
        reader: has the networks and the training digits.
        number: of the network.
        layer: name of one of its activations.
        unit: of the layer; the first axis of what `Model.activations` gives.

    Returns: kernel [inputs k k] and bias of a convolution, the layer that it reads ("" for the image, which it sees as
        (image - mean) / std) and whether its border is padded; the weights to the ten digits of a neuron in the last
        layer; the most exciting digits as [index, label, activation] and the liked image [784]. What a unit lacks is
        None.

    Raises:
        LookupError: if there is no such layer or unit; lists what there is.
    """
    model = reader.models[number]
    sizes = {field.name: field.shape[0] for field in model.layout if not field.name.endswith("/max")}
    if layer not in sizes:
        raise LookupError(f"no layer {layer[:40]!r}; there are {', '.join(sizes)}")
    if not 0 <= unit < sizes[layer]:
        raise LookupError(f"{layer} has units 0 to {sizes[layer] - 1}")
    before = ["", *sizes][list(sizes).index(layer)]
    indices, strengths = (found[layer][unit] for found in _excited(reader, model))
    excited = [[int(i), int(reader.base.labels[i]), round(float(s), 3)] for i, s in zip(indices, strengths)]
    liked = _liked(model.population.apply, layer, model.params, unit)
    return {
        **_weights(model.population.model(0), layer, unit, layer == list(sizes)[-1]),
        "reads": before,
        "among": min(AMONG, reader.settings.points),
        "excited": excited,
        "liked": np.asarray(liked).ravel().round(3).tolist(),
    }


def _weights(network: nnx.Module, layer: str, unit: int, last: bool) -> dict[str, Any]:
    found = getattr(network, layer, None)
    told: dict[str, Any] = dict.fromkeys(("kernel", "bias", "padded", "mean", "std", "weights"))
    if isinstance(found, nnx.Conv):
        config: Any = getattr(network, "config")  # noqa: B009
        told |= {
            "kernel": np.moveaxis(np.asarray(found.kernel[...])[..., unit], -1, 0).tolist(),
            "bias": float(found.bias[...][unit]),  # type: ignore[index]
            "padded": found.padding == "SAME",
            "mean": config.mean,
            "std": config.std,
        }
    output = getattr(network, "dense2", None) or (getattr(network, "layers", None) or [None])[-1]
    if last and output is not None:
        told["weights"] = np.asarray(output.kernel[...])[unit].tolist()
    return told


@functools.lru_cache(maxsize=16)
def _excited(reader: Reader, model: Model) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """For every unit of every layer the digits that excite it most, and how much: by layer, [units MOST]."""
    images = jnp.asarray(reader.base.images[: min(AMONG, reader.settings.points)])

    def strongest(image: UInt8[Array, "h w"]) -> dict[str, Array]:
        layers = model.population.apply(model.params, image.astype(jnp.float32) / 255)[1]
        return {name: values.max(tuple(range(values.ndim - 1))) for name, values in layers.items()}

    found = jax.jit(lambda x: jax.lax.map(strongest, x, batch_size=100))(images)
    top = {name: jax.lax.top_k(values.T, min(MOST, len(images))) for name, values in found.items()}
    return (
        {name: np.asarray(indices) for name, (_, indices) in top.items()},
        {name: np.asarray(strengths) for name, (strengths, _) in top.items()},
    )


@functools.partial(jax.jit, static_argnums=(0, 1))
def _liked(apply: Any, layer: str, params: Any, unit: Int[Array, ""] | int) -> Float[Array, "h w"]:
    """The image at which a unit's mean activation is highest, by gradient ascent from soft blobs."""

    def evaluate(image: Array) -> tuple[Array, Array]:
        mean = apply(params, image)[1][layer][..., unit].mean()
        return mean, mean

    stepper = ASCENT.stepper(evaluate)
    key_start, key_steps = jax.random.split(jax.random.key(0))
    begin = LowFrequencyNoise()(key_start, (SIDE, SIDE))
    state = stepper.init(begin, key_steps)
    return jax.lax.fori_loop(0, STEPS, lambda _, state: stepper.step(state)[0], state).image

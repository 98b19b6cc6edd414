"""The plane of the two neurons: codes of digits, decoded classes, and images optimised to have given codes."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr
from jaxtyping import Array, Float, UInt8

from research import data
from research.identikits.objectives import TotalVariation, View
from research.training.populations import Population

GRID = 240  # places per side
STEPS = 300  # of gradient descent for the images of the walk
RATE, SMOOTHNESS = 0.03, 0.3
NEAREST = 25  # real digits around a place of the walk


def codes(population: Population, images: UInt8[np.ndarray, "n h w"]) -> Float[np.ndarray, "m n width"]:
    """The bottleneck's activations of every network on every image."""

    @jax.jit
    def of_all(params, images):
        def one(params):
            code = lambda image: population.apply(params, image.astype(jnp.float32) / 255)[1]["code"]  # noqa: E731
            return jax.lax.map(code, images, batch_size=min(500, len(images)))

        return jax.lax.map(one, params)

    return np.asarray(of_all(population.params, images))


def regions(population: Population, codes: Float[np.ndarray, "n 2"]) -> xr.Dataset:
    """The class that the first network's decoding half assigns to each place of a grid around its codes."""
    low, high = np.percentile(codes, [0.1, 99.9], axis=0)
    margin = 0.06 * (high - low)
    x, y = np.linspace(low - margin, high + margin, GRID).T
    places = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2).astype(np.float32)
    p = _decoded(population, places).reshape(GRID, GRID, -1)
    return xr.Dataset(
        {"region": (("place_y", "place_x"), np.asarray(p.argmax(-1), np.uint8))}, {"place_x": x, "place_y": y}
    )


def _decoded(population: Population, places: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n k"]:
    """Class probabilities of the first network's decoding half at these places."""
    model: Any = population.model(0)
    decoded = jax.jit(jax.vmap(lambda place: jax.nn.softmax(model.decode(place)[0])))
    return np.asarray(decoded(places))


def walk(population: Population, codes: Float[np.ndarray, "n 2"], test: data.Digits) -> xr.Dataset:
    """A round trip through the medians of the classes in the plane, with a stop half-way between neighbours.

    Each stop z has the class that the decoding half assigns, an image with code z from `backwards`, and the mean of the
    nearest real digits.
    """
    medians = np.stack([np.median(codes[test.labels == d], 0) for d in range(10)])
    offset = medians - np.median(medians, 0)
    stops = medians[np.argsort(np.arctan2(offset[:, 1], offset[:, 0]))]
    halfway = (stops + np.roll(stops, -1, 0)) / 2
    path = np.stack([stops, halfway], 1).reshape(-1, 2).astype(np.float32)
    images, reached = backwards(population, jnp.asarray(path), jnp.asarray(codes.std(0)))
    near = np.linalg.norm(codes[None] - path[:, None], axis=-1).argsort(1)[:, :NEAREST]
    p = _decoded(population, path)
    return xr.Dataset(
        {
            "path": (("stop", "axis"), path),
            "path_reached": (("stop", "axis"), np.asarray(reached)),
            "path_image": (("stop", "y", "x"), np.rint(255 * np.asarray(images)).astype(np.uint8)),
            "path_mean": (("stop", "y", "x"), np.rint(test.images[near].mean(1)).astype(np.uint8)),
            "path_said": ("stop", np.asarray(p.argmax(-1), np.uint8)),
            "path_confidence": ("stop", np.asarray(p.max(-1), np.float32)),
        }
    )


def backwards(
    population: Population, targets: Float[Array, "n 2"], scale: Float[Array, "2"]
) -> tuple[Float[Array, "n h w"], Float[Array, "n 2"]]:
    """Images that are optimised to have the target codes in the first network, and the codes that they reach.

        x = argmin over images of Σ_i ((code_i(x) − z_i) / scale_i)² + 0.3 TV(x)

    by Adam from a blank image, clipped to [0, 1] after each step; TV is the total variation per pixel.
    """
    params = population.network(0)
    optimiser = optax.adam(RATE)
    smooth = TotalVariation()

    def code(image):
        return population.apply(params, image)[1]["code"]

    def loss(image, target):
        view = View(image, jnp.zeros(1), {}, jnp.int32(0))
        return jnp.sum(((code(image) - target) / scale) ** 2) + SMOOTHNESS * smooth(view)

    def one(target):
        def step(carry, _):
            image, memory = carry
            update, memory = optimiser.update(jax.grad(loss)(image, target), memory)
            return (jnp.clip(image + update, 0, 1), memory), None

        blank = jnp.zeros((28, 28))
        (image, _), _ = jax.lax.scan(step, (blank, optimiser.init(blank)), length=STEPS)
        return image, code(image)

    return jax.jit(jax.vmap(one))(targets)

"""One of the networks that a page can choose: its opinion of a drawing, and what happens inside it."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from research.app import wire
from research.app.settings import TITLES
from research.app.wire import Field

SIZES = (1, 8, 32)  # drawings in one call


@dataclass(eq=False)
class Model:
    """One of the networks that can be chosen: `look(params, images [b h w])` -> probabilities."""

    name: str
    population: Any  # a Population, or a network that a page brought (`own.Brought`)
    title: str = ""
    owner: str = ""  # the page that brought it and alone may ask it; empty: everyone

    def __post_init__(self):
        self.title = self.title or TITLES[self.name]
        apply = _plainly(self.population).apply  # matrix products pay for many images, not for one
        self.params = self.population.network(0)

        def look(params, x):
            several = self.population.apply if len(x) > 1 else apply
            return jax.nn.softmax(jax.vmap(lambda image: several(params, image)[0])(x))

        self.look = jax.jit(look)
        order: list[str] = []  # of the layers, which a compiled function forgets

        def inside(params, image):
            activations = apply(params, image)[1]
            order[:] = activations
            return _quantised(activations)

        self.inside = jax.jit(inside)
        self.slope = jax.jit(lambda params, image: jax.jacrev(lambda i: apply(params, i)[0])(image))
        shapes = jax.eval_shape(self.inside, self.params, jnp.zeros((wire.SIDE, wire.SIDE)))
        largest = [Field(f"{name}/max", "float32", ()) for name in order]
        maps = [Field(name, "uint8", shapes[name][0].shape) for name in order]
        self.layout = [*largest, *maps]

    def warm(self) -> None:
        """Compiles what every drawing needs."""
        for size in SIZES:
            jax.block_until_ready(self.look(self.params, jnp.zeros((size, wire.SIDE, wire.SIDE))))

    def activations(self, image: Float[np.ndarray, "28 28"]) -> dict[str, np.ndarray]:
        """Every intermediate, one byte a value, channels first, and the value that 255 stands for."""
        found = jax.device_get(self.inside(self.params, image))
        maps = {name: values for name, (values, _) in found.items()}
        return maps | {f"{name}/max": largest for name, (_, largest) in found.items()}

    def jacobian(self, image: Float[np.ndarray, "28 28"]) -> Float[np.ndarray, "k 28 28"]:
        """d logit_k / d pixel at this image."""
        return np.asarray(self.slope(self.params, image))


def _plainly(population: Any) -> Any:
    """The same networks, their convolutions in the plain form."""
    config = population.config
    if not hasattr(getattr(config, "model", None), "form"):
        return population
    plain = dataclasses.replace(config, model=dataclasses.replace(config.model, form="plain"))
    return dataclasses.replace(population, config=plain)


def _quantised(activations: dict[str, Array]) -> dict[str, tuple[Array, Array]]:
    """Each layer as bytes, channels first, and what 255 stands for; below zero counts as zero."""

    def one(values):
        largest = jnp.maximum(values.max(), 1e-6)
        return jnp.round(255 * jnp.clip(jnp.moveaxis(values, -1, 0) / largest, 0, 1)).astype(
            jnp.uint8
        ), largest

    return {name: one(values) for name, values in activations.items()}

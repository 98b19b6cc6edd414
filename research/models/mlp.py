"""Multi-layer perceptrons of any widths and activation (documents 000, 001 and 002)."""

import itertools
from dataclasses import dataclass

import jax
from flax import nnx
from jaxtyping import Array, Float, Key

ACTIVATIONS = {
    "relu": jax.nn.relu,
    "logistic": jax.nn.sigmoid,
    "tanh": jax.numpy.tanh,
    "elu": jax.nn.elu,
    "linear": lambda x: x,
}
INITS = {
    "he": nnx.initializers.he_normal(),
    "glorot": nnx.initializers.glorot_uniform(),
    "lecun": nnx.initializers.lecun_normal(),
}


def activation(name: str):
    """The elementwise function called `name`; an unknown name lists the known ones."""
    if name not in ACTIVATIONS:
        raise ValueError(f"unknown activation {name!r}; known: {', '.join(sorted(ACTIVATIONS))}")
    return ACTIVATIONS[name]


@dataclass
class MLPConfig:
    """Widths of the hidden layers, and the pixel range [low, high] that the network wants to see."""

    widths: tuple[int, ...] = (100,)
    activation: str = "relu"
    low: float = 0.0
    high: float = 1.0
    init: str = "he"
    pixels: int = 784
    classes: int = 10


class MLP(nnx.Module):
    """x₀ = low + (high − low)·image;  xₗ = φ(xₗ₋₁Wₗ + bₗ);  logits = x_L W + b."""

    def __init__(self, config: MLPConfig, *, rngs: nnx.Rngs):
        if config.init not in INITS:
            raise ValueError(f"unknown initialisation {config.init!r}; known: {', '.join(sorted(INITS))}")
        self.activation = activation(config.activation)
        self.low, self.high = config.low, config.high
        sizes = (config.pixels, *config.widths, config.classes)
        self.layers = nnx.List(
            nnx.Linear(fan_in, fan_out, kernel_init=INITS[config.init], rngs=rngs)
            for fan_in, fan_out in itertools.pairwise(sizes)
        )

    def __call__(
        self, image: Float[Array, "h w"], *, key: Key[Array, ""] | None = None
    ) -> tuple[Float[Array, " k"], dict[str, Array]]:
        x = self.low + (self.high - self.low) * image.reshape(-1)
        activations = {}
        for i, layer in enumerate(self.layers[:-1], start=1):
            x = activations[f"hidden{i}"] = self.activation(layer(x))
        return self.layers[-1](x), activations

    def kernels(self) -> list[Array]:
        """The weight matrices from pixels to classes, each [fan_in, fan_out]."""
        return [layer.kernel[...] for layer in self.layers]

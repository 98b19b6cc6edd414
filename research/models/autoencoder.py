"""Autoencoders: an image in, the same image out, through a narrow layer (document 002)."""

import itertools
from dataclasses import dataclass

from flax import nnx
from jaxtyping import Array, Float, Key

from research.models.mlp import INITS, activation


@dataclass
class AutoencoderConfig:
    """Widths on the way to the code, of the code, and on the way back; `output` shapes the pixels."""

    encoder: tuple[int, ...] = (256,)
    code: int = 128
    decoder: tuple[int, ...] = (256,)
    activation: str = "relu"
    output: str = "relu"
    init: str = "he"
    pixels: int = 784


class Autoencoder(nnx.Module):
    """x₀ = image;  xₗ = φ(xₗ₋₁Wₗ + bₗ);  output = ψ(x_L W + b), one value a pixel, row by row.

    The narrow layer's activation is called `code`, those around it `hidden1`, `hidden2`, ... in order.
    With ReLU at the output (the default, as in the course material of document 002's author) values are
    at least 0 but may exceed 1: clip them to look at them.
    """

    def __init__(self, config: AutoencoderConfig, *, rngs: nnx.Rngs):
        if config.init not in INITS:
            raise ValueError(f"unknown initialisation {config.init!r}; known: {', '.join(sorted(INITS))}")
        self.activation, self.output = activation(config.activation), activation(config.output)
        self.shape = (*config.encoder, config.code, *config.decoder)
        self.code = len(config.encoder)
        sizes = (config.pixels, *self.shape, config.pixels)
        self.layers = nnx.List(
            nnx.Linear(fan_in, fan_out, kernel_init=INITS[config.init], rngs=rngs)
            for fan_in, fan_out in itertools.pairwise(sizes)
        )

    def __call__(
        self, image: Float[Array, "h w"], *, key: Key[Array, ""] | None = None
    ) -> tuple[Float[Array, " pixels"], dict[str, Array]]:
        x, activations = image.reshape(-1), {}
        for i, layer in enumerate(self.layers[:-1]):
            name = "code" if i == self.code else f"hidden{i + (i < self.code)}"
            x = activations[name] = self.activation(layer(x))
        return self.output(self.layers[-1](x)), activations

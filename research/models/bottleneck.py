"""Classifiers that squeeze a digit through a few neurons and still name it (document 002)."""

import itertools
from dataclasses import dataclass

from flax import nnx
from jaxtyping import Array, Float, Key

from research.models.mlp import INITS, activation


@dataclass
class BottleneckConfig:
    """Widths before the bottleneck, of it, and behind it; `squeeze` is the bottleneck's own activation."""

    encoder: tuple[int, ...] = (500, 100)
    width: int = 2
    decoder: tuple[int, ...] = (100,)
    activation: str = "relu"
    squeeze: str = "linear"
    init: str = "he"
    pixels: int = 784
    classes: int = 10


class Bottleneck(nnx.Module):
    """code = ψ(φ(... φ(image W₁ + b₁) ...) W + b);  logits = decode(code).

    Not an autoencoder: what comes out are the classes. The activation of the narrow layer is called `code`,
    the others `hidden1`, `hidden2`, ... in order.
    """

    def __init__(self, config: BottleneckConfig, *, rngs: nnx.Rngs):
        if config.init not in INITS:
            raise ValueError(f"unknown initialisation {config.init!r}; known: {', '.join(sorted(INITS))}")
        self.activation, self.squeeze = activation(config.activation), activation(config.squeeze)

        def chain(*sizes: int):
            return nnx.List(
                nnx.Linear(fan_in, fan_out, kernel_init=INITS[config.init], rngs=rngs)
                for fan_in, fan_out in itertools.pairwise(sizes)
            )

        self.encoder = chain(config.pixels, *config.encoder, config.width)
        self.decoder = chain(config.width, *config.decoder, config.classes)

    def __call__(
        self, image: Float[Array, "h w"], *, key: Key[Array, ""] | None = None
    ) -> tuple[Float[Array, " k"], dict[str, Array]]:
        x, activations = image.reshape(-1), {}
        for i, layer in enumerate(self.encoder[:-1], start=1):
            x = activations[f"hidden{i}"] = self.activation(layer(x))
        code = activations["code"] = self.squeeze(self.encoder[-1](x))
        logits, behind = self.decode(code)
        return logits, activations | behind

    def decode(self, code: Float[Array, " width"]) -> tuple[Float[Array, " k"], dict[str, Array]]:
        """Logits and activations of the half of the network behind the bottleneck."""
        x, activations = code, {}
        for i, layer in enumerate(self.decoder[:-1], start=len(self.encoder)):
            x = activations[f"hidden{i}"] = self.activation(layer(x))
        return self.decoder[-1](x), activations

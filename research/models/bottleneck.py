"""Classifiers that squeeze a digit through a few neurons and still name it (document 002)."""

from dataclasses import dataclass

from flax import nnx
from jaxtyping import Array, Float, Key

from research.models.mlp import activation, chain, hidden, through


@dataclass
class BottleneckConfig:
    """Widths before the bottleneck, of it, and behind it; `bottleneck_activation` is the bottleneck's own activation."""

    encoder: tuple[int, ...] = (500, 100)
    width: int = 2
    decoder: tuple[int, ...] = (100,)
    activation: str = "relu"
    bottleneck_activation: str = "linear"
    init: str = "he"
    pixels: int = 784
    classes: int = 10

    def build(self, rngs: nnx.Rngs) -> nnx.Module:
        """The network that this config describes."""
        return Bottleneck(self, rngs=rngs)

    @property
    def label(self) -> str:
        """What figures and tables call it."""
        return "-".join(map(str, (self.pixels, *self.encoder, self.width, *self.decoder, self.classes)))


class Bottleneck(nnx.Module):
    """code = ψ(φ(... φ(image W₁ + b₁) ...) W + b);  logits = decode(code).

    Not an autoencoder: what comes out are the classes. The activation of the narrow layer is called `code`,
    the others `hidden1`, `hidden2`, ... in order.
    """

    def __init__(self, config: BottleneckConfig, *, rngs: nnx.Rngs):
        self.activation, self.bottleneck_activation = (
            activation(config.activation),
            activation(config.bottleneck_activation),
        )
        self.encoder = chain(config.pixels, *config.encoder, config.width, init=config.init, rngs=rngs)
        self.decoder = chain(config.width, *config.decoder, config.classes, init=config.init, rngs=rngs)

    def __call__(
        self, image: Float[Array, "h w"], *, key: Key[Array, ""] | None = None
    ) -> tuple[Float[Array, " k"], dict[str, Array]]:
        names = hidden(len(self.encoder) - 1)
        narrow, before = through(self.encoder, self.activation, image.reshape(-1), names)
        code = self.bottleneck_activation(narrow)
        logits, behind = self.decode(code)
        return logits, before | {"code": code} | behind

    def decode(self, code: Float[Array, " width"]) -> tuple[Float[Array, " k"], dict[str, Array]]:
        """Logits and activations of the half of the network behind the bottleneck."""
        names = hidden(len(self.decoder) - 1, first=len(self.encoder))
        return through(self.decoder, self.activation, code, names)

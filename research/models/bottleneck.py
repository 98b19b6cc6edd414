"""Classifiers that squeeze a digit through a few neurons and still name it (document 002)."""

from dataclasses import dataclass

from flax import nnx
from jaxtyping import Array, Float, Key

from research.fields import check
from research.fields.bounds import CLASSES, CODE, PIXELS, WIDTH, bounded, one_of
from research.models.mlp import ACTIVATIONS, INITS, activation, chain, hidden, through


@dataclass
class BottleneckConfig:
    """Widths before the bottleneck, of it, and behind it; `bottleneck_activation` is the bottleneck's own activation."""

    encoder: tuple[int, ...] = bounded((500, 100), WIDTH, empty=True)
    width: int = bounded(2, CODE)
    decoder: tuple[int, ...] = bounded((100,), WIDTH, empty=True)
    activation: str = one_of("relu", ACTIVATIONS, "activation")
    bottleneck_activation: str = one_of("linear", ACTIVATIONS, "activation")
    init: str = one_of("he", INITS, "initialisation")
    pixels: int = bounded(784, PIXELS)
    classes: int = bounded(10, CLASSES)

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
        check(config)
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

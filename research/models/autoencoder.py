"""Autoencoders: an image in, the same image out, through a narrow layer (document 002)."""

from dataclasses import dataclass

from flax import nnx
from jaxtyping import Array, Float, Key

from research.fields import check
from research.fields.bounds import CODE, PIXELS, WIDTH, bounded, one_of
from research.models.mlp import ACTIVATIONS, INITS, activation, chain, hidden, through


@dataclass
class AutoencoderConfig:
    """Widths on the way to the code, of the code, and on the way back; `output` shapes the pixels."""

    encoder: tuple[int, ...] = bounded((256,), WIDTH, empty=True)
    code: int = bounded(128, CODE)
    decoder: tuple[int, ...] = bounded((256,), WIDTH, empty=True)
    activation: str = one_of("relu", ACTIVATIONS, "activation")
    output: str = one_of("relu", ACTIVATIONS, "activation")
    init: str = one_of("he", INITS, "initialisation")
    pixels: int = bounded(784, PIXELS)

    def build(self, rngs: nnx.Rngs) -> nnx.Module:
        """The network that this config describes."""
        return Autoencoder(self, rngs=rngs)

    @property
    def label(self) -> str:
        """What figures and tables call it."""
        return "-".join(map(str, (self.pixels, *self.encoder, self.code, *self.decoder, self.pixels)))


class Autoencoder(nnx.Module):
    """x₀ = image;  xₗ = φ(xₗ₋₁Wₗ + bₗ);  output = ψ(x_L W + b), one value a pixel, row by row.

    The narrow layer's activation is called `code`, those around it `hidden1`, `hidden2`, ... in order.
    With ReLU at the output (the default, as in the course material of document 002's author) values are
    at least 0 but may exceed 1: clip them to look at them.
    """

    def __init__(self, config: AutoencoderConfig, *, rngs: nnx.Rngs):
        check(config)
        self.activation, self.output = activation(config.activation), activation(config.output)
        shape = (config.pixels, *config.encoder, config.code, *config.decoder, config.pixels)
        self.layers = chain(*shape, init=config.init, rngs=rngs)
        self.code = len(config.encoder)

    def __call__(
        self, image: Float[Array, "h w"], *, key: Key[Array, ""] | None = None
    ) -> tuple[Float[Array, " pixels"], dict[str, Array]]:
        names = hidden(len(self.layers) - 2)
        names.insert(self.code, "code")
        sums, activations = through(self.layers, self.activation, image.reshape(-1), names)
        return self.output(sums), activations

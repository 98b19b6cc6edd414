"""Softmax regression: ten weighted sums of the pixels (documents 002 and 003)."""

from dataclasses import dataclass

from flax import nnx
from jaxtyping import Array, Float, Key

from research.fields.bounds import CLASSES, PIXELS, bounded


@dataclass
class SoftmaxConfig:
    """784-10, no hidden layer; starts at zero, so only the order of the batches differs between seeds."""

    pixels: int = bounded(784, PIXELS)
    classes: int = bounded(10, CLASSES)

    def build(self, rngs: nnx.Rngs) -> nnx.Module:
        """The network that this config describes."""
        return Softmax(self, rngs=rngs)

    @property
    def label(self) -> str:
        """What figures and tables call it."""
        return "softmax regression"


class Softmax(nnx.Module):
    """logits = xᵀW + b for an image x in [0, 1]."""

    def __init__(self, config: SoftmaxConfig, *, rngs: nnx.Rngs):
        zeros = nnx.initializers.zeros_init()
        self.dense = nnx.Linear(config.pixels, config.classes, kernel_init=zeros, rngs=rngs)

    def __call__(
        self, image: Float[Array, "h w"], *, key: Key[Array, ""] | None = None
    ) -> tuple[Float[Array, " k"], dict[str, Array]]:
        return self.dense(image.reshape(-1)), {}

    def kernels(self) -> list[Array]:
        """The weight matrices from pixels to classes, each [fan_in, fan_out]."""
        return [self.dense.kernel[...]]

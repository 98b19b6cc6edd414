"""Multi-layer perceptrons of any widths and activation (documents 000, 001 and 002)."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
from flax import nnx
from jaxtyping import Array, Float, Key

from research.fields import check
from research.fields.bounds import CLASSES, DROPOUT, PIXELS, WIDTH, Bound, bounded, one_of
from research.models.dropout import dropped

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


RANGE = Bound(-1000, 1000, "the values that pixels are scaled to")


def activation(name: str):
    """The elementwise function called `name`; an unknown name lists the known ones."""
    if name not in ACTIVATIONS:
        raise ValueError(f"unknown activation {name!r}; known: {', '.join(sorted(ACTIVATIONS))}")
    return ACTIVATIONS[name]


def chain(*sizes: int, init: str, rngs: nnx.Rngs) -> Any:
    """An nnx.List of dense layers from each size to the next; an unknown initialisation lists the known ones."""
    if init not in INITS:
        raise ValueError(f"unknown initialisation {init!r}; known: {', '.join(sorted(INITS))}")
    return nnx.List(
        nnx.Linear(fan_in, fan_out, kernel_init=INITS[init], rngs=rngs)
        for fan_in, fan_out in itertools.pairwise(sizes)
    )


def through(
    layers: Sequence[nnx.Linear],
    phi: Callable[[Array], Array],
    x: Float[Array, " inputs"],
    names: Sequence[str],
) -> tuple[Float[Array, " outputs"], dict[str, Array]]:
    """xₗ = φ(xₗ₋₁Wₗ + bₗ) by these names, the last layer without φ: its sums, and the xₗ."""
    activations = {}
    for layer, name in zip(layers[:-1], names, strict=True):
        x = activations[name] = phi(layer(x))
    return layers[-1](x), activations


def hidden(count: int, first: int = 1) -> list[str]:
    """hidden1, hidden2, ... as the activations are called."""
    return [f"hidden{i}" for i in range(first, first + count)]


@dataclass
class MLPConfig:
    """Widths of the hidden layers, and the pixel range [low, high] that the network wants to see."""

    widths: tuple[int, ...] = bounded((100,), WIDTH, empty=True)
    activation: str = one_of("relu", ACTIVATIONS, "activation")
    low: float = bounded(0.0, RANGE)
    high: float = bounded(1.0, RANGE)
    init: str = one_of("he", INITS, "initialisation")
    dropout: float = bounded(0.0, DROPOUT)  # share of each hidden layer's outputs dropped
    pixels: int = bounded(784, PIXELS)
    classes: int = bounded(10, CLASSES)

    def check_together(self) -> None:
        """Raises: ValueError for an empty range of pixel values."""
        if self.low >= self.high:
            raise ValueError(f"low must be below high, {self.high}, got {self.low}")

    def build(self, rngs: nnx.Rngs) -> nnx.Module:
        """The network that this config describes."""
        return MLP(self, rngs=rngs)

    @property
    def label(self) -> str:
        """What figures and tables call it."""
        return "-".join(map(str, (self.pixels, *self.widths, self.classes)))


class MLP(nnx.Module):
    """x₀ = low + (high − low)·image;  xₗ = φ(xₗ₋₁Wₗ + bₗ);  logits = x_L W + b."""

    def __init__(self, config: MLPConfig, *, rngs: nnx.Rngs):
        check(config)
        self.dropout = config.dropout
        self.activation = activation(config.activation)
        self.low, self.high = config.low, config.high
        self.layers = chain(config.pixels, *config.widths, config.classes, init=config.init, rngs=rngs)

    def __call__(
        self, image: Float[Array, "h w"], *, key: Key[Array, ""] | None = None
    ) -> tuple[Float[Array, " k"], dict[str, Array]]:
        x = self.low + (self.high - self.low) * image.reshape(-1)
        activate = self.activation
        if key is not None and self.dropout:
            keys = iter(jax.random.split(key, len(self.layers) - 1))
            activate = lambda x: dropped(self.activation(x), self.dropout, next(keys))  # noqa: E731
        return through(self.layers, activate, x, hidden(len(self.layers) - 1))

    def kernels(self) -> list[Array]:
        """The weight matrices from pixels to classes, each [fan_in, fan_out]."""
        return [layer.kernel[...] for layer in self.layers]

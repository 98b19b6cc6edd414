"""The documents' convolutional networks, for one image; `jax.vmap` makes them many.

Both hold ordinary parameters (kernels [h w in out] and biases) and compute the same function in two forms:
"plain" by XLA's convolution, "matmul" by matrix products (`convolution.py`, `convolution_dft.py`), which on a
CPU is several times faster and the only one that trains well inside a loop. "auto" takes the one that suits
the default device.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Key

from research.models import convolution, convolution_dft
from research.models.dropout import check_share, dropped

FORMS = ("auto", "matmul", "plain")


@dataclass
class CNNConfig:
    """Document 003: 5×5×32, pool, 5×5×64, pool, dense 1024, dropout, 10."""

    channels: tuple[int, int] = (32, 64)
    kernel: int = 5
    dense: int = 1024
    dropout: float = 0.5  # share of the dense layer's outputs dropped
    mean: float = 0.1307  # of the training pixels; the network sees (image − mean)/std
    std: float = 0.3081
    form: str = "auto"  # auto | matmul | plain
    side: int = 28
    classes: int = 10

    def build(self, rngs: nnx.Rngs) -> nnx.Module:
        """The network that this config describes."""
        return CNN(self, rngs=rngs)

    @property
    def label(self) -> str:
        """What figures and tables call it."""
        return f"CNN {self.kernel}×{self.kernel}×{self.channels[0]}-{self.channels[1]}-{self.dense}"


@dataclass
class CNNSmallConfig:
    """Document 001, the drawing app's network: 3×3×32, 3×3×64, pool, dropout, dense 128, 10."""

    channels: tuple[int, int] = (32, 64)
    kernel: int = 3
    dense: int = 128
    dropout: float = 0.2  # share of the pooled outputs dropped
    mean: float = 0.1307
    std: float = 0.3081
    form: str = "auto"
    side: int = 28
    classes: int = 10

    def build(self, rngs: nnx.Rngs) -> nnx.Module:
        """The network that this config describes."""
        return CNNSmall(self, rngs=rngs)

    @property
    def label(self) -> str:
        """What figures and tables call it."""
        return f"CNN {self.kernel}×{self.kernel}×{self.channels[0]}-{self.channels[1]}-{self.dense}"


class Filters(nnx.Module):
    """Kernel [side side c d] and bias [d] of a convolution."""

    def __init__(self, side: int, c: int, d: int, *, rngs: nnx.Rngs):
        self.kernel = nnx.Param(nnx.initializers.he_normal()(rngs.params(), (side, side, c, d)))
        self.bias = nnx.Param(jnp.zeros(d))


class CNN(nnx.Module):
    """x = (image − mean)/std; twice x ← pool(relu(conv x + b)), SAME; x ← relu(xW + b); logits = xW + b."""

    def __init__(self, config: CNNConfig, *, rngs: nnx.Rngs):
        _check(config)
        first, second = config.channels
        self.config = config
        self.conv1 = Filters(config.kernel, 1, first, rngs=rngs)
        self.conv2 = Filters(config.kernel, first, second, rngs=rngs)
        self.dense1 = _dense((config.side // 4) ** 2 * second, config.dense, rngs)
        self.dense2 = _dense(config.dense, config.classes, rngs)

    def __call__(
        self, image: Float[Array, "h w"], *, key: Key[Array, ""] | None = None
    ) -> tuple[Float[Array, " k"], dict[str, Array]]:
        """Logits, and conv1 [28 28 32], pool1 [14 14 32], conv2 [14 14 64], pool2 [7 7 64], dense1 [1024]."""
        x = (image - self.config.mean) / self.config.std
        if _uses_matmul(self.config.form):
            cells = convolution.of_image_in_cells(x, self.conv1.kernel[...], self.conv1.bias[...], "SAME")
            conv1 = nnx.relu(convolution.from_cells(cells))
            pool1 = convolution.largest(cells)
            conv2 = convolution_dft.convolve(pool1, self.conv2.kernel[...], "SAME")
        else:
            conv1 = convolution.plain(x[:, :, None], self.conv1.kernel[...], "SAME")
            pool1 = convolution.pooled(conv1, self.conv1.bias[...])
            conv1 = nnx.relu(convolution.add_bias(conv1, self.conv1.bias[...]))
            conv2 = convolution.plain(pool1, self.conv2.kernel[...], "SAME")
        pool2 = convolution.pooled(conv2, self.conv2.bias[...])
        conv2 = nnx.relu(convolution.add_bias(conv2, self.conv2.bias[...]))
        dense1 = nnx.relu(self.dense1(convolution.to_front(pool2).reshape(-1)))
        logits = self.dense2(dropped(dense1, self.config.dropout, key))
        return logits, {"conv1": conv1, "pool1": pool1, "conv2": conv2, "pool2": pool2, "dense1": dense1}


class CNNSmall(nnx.Module):
    """x = (image − mean)/std; twice x ← relu(conv x + b), VALID; pool; x ← relu(xW + b); logits = xW + b."""

    def __init__(self, config: CNNSmallConfig, *, rngs: nnx.Rngs):
        _check(config)
        first, second = config.channels
        self.config = config
        self.conv1 = Filters(config.kernel, 1, first, rngs=rngs)
        self.conv2 = Filters(config.kernel, first, second, rngs=rngs)
        self.dense1 = _dense(((config.side - 2 * (config.kernel - 1)) // 2) ** 2 * second, config.dense, rngs)
        self.dense2 = _dense(config.dense, config.classes, rngs)

    def __call__(
        self, image: Float[Array, "h w"], *, key: Key[Array, ""] | None = None
    ) -> tuple[Float[Array, " k"], dict[str, Array]]:
        """Logits, and conv1 [26 26 32], conv2 [24 24 64], pool2 [12 12 64], dense1 [128]."""
        x = (image - self.config.mean) / self.config.std
        kernel1, kernel2 = self.conv1.kernel[...], self.conv2.kernel[...]
        if _uses_matmul(self.config.form):
            conv1 = convolution.of_image(x, kernel1, "VALID")
            conv1 = nnx.relu(convolution.add_bias(conv1, self.conv1.bias[...]))
            conv2 = convolution_dft.convolve(conv1, kernel2, "VALID")
        else:
            conv1 = convolution.plain(x[:, :, None], kernel1, "VALID")
            conv1 = nnx.relu(convolution.add_bias(conv1, self.conv1.bias[...]))
            conv2 = convolution.plain(conv1, kernel2, "VALID")
        pool2 = convolution.pooled(conv2, self.conv2.bias[...])
        conv2 = nnx.relu(convolution.add_bias(conv2, self.conv2.bias[...]))
        kept = dropped(convolution.to_front(pool2).reshape(-1), self.config.dropout, key)
        dense1 = nnx.relu(self.dense1(kept))
        logits = self.dense2(dense1)
        return logits, {"conv1": conv1, "conv2": conv2, "pool2": pool2, "dense1": dense1}


def _check(config: CNNConfig | CNNSmallConfig) -> None:
    if config.form not in FORMS:
        raise ValueError(f"unknown form {config.form!r} of a convolution; known: {', '.join(FORMS)}")
    check_share(config.dropout)


def _uses_matmul(form: str) -> bool:
    return form == "matmul" or (form == "auto" and jax.default_backend() == "cpu")


def _dense(inputs: int, outputs: int, rngs: nnx.Rngs) -> nnx.Linear:
    return nnx.Linear(inputs, outputs, kernel_init=nnx.initializers.he_normal(), rngs=rngs)

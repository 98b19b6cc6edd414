"""Convolutional networks of the documents 003 (5×5×32, 5×5×64, dense 1024) and 001 (3×3×32, 3×3×64, dense 128)."""

from dataclasses import dataclass

import jax
from flax import nnx
from jaxtyping import Array, Float, Key


@dataclass
class CNNConfig:
    """Document 003: two 5×5 convolutions (SAME), each pooled by 2, a dense layer, dropout."""

    channels: tuple[int, int] = (32, 64)
    kernel: int = 5
    dense: int = 1024
    dropout: float = 0.5
    mean: float = 0.1307
    std: float = 0.3081
    form: str = "auto"
    classes: int = 10


@dataclass
class CNNSmallConfig(CNNConfig):
    """Document 001: two 3×3 convolutions (VALID), pooled by 2 once at the end, dropout, a dense layer."""

    kernel: int = 3
    dense: int = 128
    dropout: float = 0.2


class CNN(nnx.Module):
    """Interim plain form."""

    padding, pools = "SAME", (True, True)

    def __init__(self, config: CNNConfig, *, rngs: nnx.Rngs):
        he = nnx.initializers.he_normal()
        self.config = config
        first, second = config.channels
        shape = (config.kernel, config.kernel)
        self.conv1 = nnx.Conv(1, first, shape, padding=self.padding, kernel_init=he, rngs=rngs)
        self.conv2 = nnx.Conv(first, second, shape, padding=self.padding, kernel_init=he, rngs=rngs)
        side = 7 if self.padding == "SAME" else 12
        self.dense1 = nnx.Linear(side * side * second, config.dense, kernel_init=he, rngs=rngs)
        self.dense2 = nnx.Linear(config.dense, config.classes, kernel_init=he, rngs=rngs)

    def __call__(
        self, image: Float[Array, "h w"], *, key: Key[Array, ""] | None = None
    ) -> tuple[Float[Array, " k"], dict[str, Array]]:
        x = ((image - self.config.mean) / self.config.std)[..., None]
        acts = {}
        x = acts["conv1"] = nnx.relu(self.conv1(x))
        if self.pools[0]:
            x = acts["pool1"] = nnx.max_pool(x, (2, 2), (2, 2))
        x = acts["conv2"] = nnx.relu(self.conv2(x))
        x = acts["pool2"] = nnx.max_pool(x, (2, 2), (2, 2))
        x = acts["dense1"] = nnx.relu(self.dense1(x.reshape(-1)))
        if key is not None:
            keep = jax.random.bernoulli(key, 1 - self.config.dropout, x.shape)
            x = jax.numpy.where(keep, x / (1 - self.config.dropout), 0)
        return self.dense2(x), acts


class CNNSmall(CNN):
    """Interim plain form."""

    padding, pools = "VALID", (False, True)

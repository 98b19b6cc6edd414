"""The documents' convolutional networks, for one image; `jax.vmap` makes them many."""

from dataclasses import dataclass

from flax import nnx
from jaxtyping import Array, Float, Key

from research.fields import check
from research.fields.bounds import CLASSES, DROPOUT, WIDTH, Bound, bounded, one_of
from research.models.cpu_conv import Conv, flatten
from research.models.cpu_conv.layer import FORMS
from research.models.dropout import dropped

CHANNELS = Bound(1, 4096, "layers of feature maps", liftable=True)
KERNEL = Bound(1, 28, "pixels of an image")
SIDE = Bound(4, 1024, "pixels along an image")
MEAN = Bound(0, 1, "pixels lie in [0, 1]")
SPREAD = Bound(0.001, 1, "pixels lie in [0, 1]")


@dataclass
class CNNConfig:
    """Document 003: 5×5×32, pool, 5×5×64, pool, dense 1024, dropout, 10."""

    channels: tuple[int, int] = bounded((32, 64), CHANNELS)
    kernel: int = bounded(5, KERNEL)
    dense: int = bounded(1024, WIDTH)
    dropout: float = bounded(0.5, DROPOUT)  # share of the dense layer's outputs dropped
    mean: float = bounded(0.1307, MEAN)  # of the training pixels; the network sees (image − mean)/std
    std: float = bounded(0.3081, SPREAD)
    form: str = one_of("auto", FORMS)  # of the convolutions: auto | matmul | plain
    side: int = bounded(28, SIDE)
    classes: int = bounded(10, CLASSES)

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

    channels: tuple[int, int] = bounded((32, 64), CHANNELS)
    kernel: int = bounded(3, KERNEL)
    dense: int = bounded(128, WIDTH)
    dropout: float = bounded(0.2, DROPOUT)  # share of the pooled outputs dropped
    mean: float = bounded(0.1307, MEAN)
    std: float = bounded(0.3081, SPREAD)
    form: str = one_of("auto", FORMS)
    side: int = bounded(28, SIDE)
    classes: int = bounded(10, CLASSES)

    def check_together(self) -> None:
        """Raises: ValueError for convolutions that leave nothing of the image."""
        if self.side - 2 * (self.kernel - 1) < 2:
            raise ValueError(
                f"kernel must be at most {self.side // 2}: two convolutions leave nothing of an image of {self.side} "
                f"pixels, got {self.kernel}"
            )

    def build(self, rngs: nnx.Rngs) -> nnx.Module:
        """The network that this config describes."""
        return CNNSmall(self, rngs=rngs)

    @property
    def label(self) -> str:
        """What figures and tables call it."""
        return f"CNN {self.kernel}×{self.kernel}×{self.channels[0]}-{self.channels[1]}-{self.dense}"


class CNN(nnx.Module):
    """x = (image − mean)/std; twice x ← pool(relu(conv x + b)), SAME; x ← relu(xW + b); logits = xW + b."""

    def __init__(self, config: CNNConfig, *, rngs: nnx.Rngs):
        check(config)
        self.config = config
        first, second = config.channels
        kernel = (config.kernel, config.kernel)
        self.conv1 = Conv(1, first, kernel, form=config.form, rngs=rngs)
        self.conv2 = Conv(first, second, kernel, form=config.form, rngs=rngs)
        self.dense1 = _dense((config.side // 4) ** 2 * second, config.dense, rngs)
        self.dense2 = _dense(config.dense, config.classes, rngs)

    def __call__(
        self, image: Float[Array, "h w"], *, key: Key[Array, ""] | None = None
    ) -> tuple[Float[Array, " k"], dict[str, Array]]:
        """Logits, and conv1 [28 28 32], pool1 [14 14 32], conv2 [14 14 64], pool2 [7 7 64], dense1 [1024]."""
        x = (image - self.config.mean) / self.config.std
        conv1, pool1 = self.conv1.relu_pool(x[:, :, None])
        conv2, pool2 = self.conv2.relu_pool(pool1)
        dense1 = nnx.relu(self.dense1(flatten(pool2)))
        logits = self.dense2(dropped(dense1, self.config.dropout, key))
        return logits, {"conv1": conv1, "pool1": pool1, "conv2": conv2, "pool2": pool2, "dense1": dense1}


class CNNSmall(nnx.Module):
    """x = (image − mean)/std; twice x ← relu(conv x + b), VALID; pool; x ← relu(xW + b); logits = xW + b."""

    def __init__(self, config: CNNSmallConfig, *, rngs: nnx.Rngs):
        check(config)
        self.config = config
        first, second = config.channels
        kernel = (config.kernel, config.kernel)
        self.conv1 = Conv(1, first, kernel, padding="VALID", form=config.form, rngs=rngs)
        self.conv2 = Conv(first, second, kernel, padding="VALID", form=config.form, rngs=rngs)
        self.dense1 = _dense(((config.side - 2 * (config.kernel - 1)) // 2) ** 2 * second, config.dense, rngs)
        self.dense2 = _dense(config.dense, config.classes, rngs)

    def __call__(
        self, image: Float[Array, "h w"], *, key: Key[Array, ""] | None = None
    ) -> tuple[Float[Array, " k"], dict[str, Array]]:
        """Logits, and conv1 [26 26 32], conv2 [24 24 64], pool2 [12 12 64], dense1 [128]."""
        x = (image - self.config.mean) / self.config.std
        conv1 = nnx.relu(self.conv1(x[:, :, None]))
        conv2, pool2 = self.conv2.relu_pool(conv1)
        dense1 = nnx.relu(self.dense1(dropped(flatten(pool2), self.config.dropout, key)))
        logits = self.dense2(dense1)
        return logits, {"conv1": conv1, "conv2": conv2, "pool2": pool2, "dense1": dense1}


def _dense(inputs: int, outputs: int, rngs: nnx.Rngs) -> nnx.Linear:
    return nnx.Linear(inputs, outputs, kernel_init=nnx.initializers.he_normal(), rngs=rngs)

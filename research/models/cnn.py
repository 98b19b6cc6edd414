"""The documents' convolutional networks: 003 (5×5×32, 5×5×64, dense 1024) and 001 (3×3×32, 3×3×64, dense 128)."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax
from jaxtyping import Array, Float, Key

from research.models import convolution as fast

FORMS = ("auto", "plain", "matmul")


@dataclass
class CNNConfig:
    """Document 003: two 5×5 convolutions (SAME), each pooled 2×2, one dense layer, dropout before the last."""

    channels: tuple[int, int] = (32, 64)
    dense: int = 1024
    dropout: float = 0.5
    mean: float = 0.1307  # of the training pixels; the network sees (image − mean) / std
    std: float = 0.3081
    form: str = "auto"  # plain: lax.conv | matmul: products, the fast form on CPUs | auto: by the backend
    classes: int = 10


@dataclass
class CNNSmallConfig:
    """Document 001: two 3×3 convolutions (VALID), one 2×2 pool after them, dropout, one dense layer."""

    channels: tuple[int, int] = (32, 64)
    dense: int = 128
    dropout: float = 0.2
    mean: float = 0.1307
    std: float = 0.3081
    form: str = "auto"
    classes: int = 10


def by_products(form: str) -> bool:
    """Whether convolutions are computed as matrix products: by the form, or by the backend for "auto"."""
    if form not in FORMS:
        raise ValueError(f"unknown form {form!r} of a convolution; known: {', '.join(FORMS)}")
    return form == "matmul" or (form == "auto" and jax.default_backend() == "cpu")


def conv(
    x: Float[Array, "h w c"], kernel: Float[Array, "kh kw c d"], padding: str
) -> Float[Array, "h2 w2 d"]:
    """Plain convolution (cross-correlation) at stride 1."""
    return lax.conv_general_dilated(
        x[None], kernel, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )[0]


def dropped(key: Key[Array, ""] | None, x: Float[Array, " n"], rate: float) -> Float[Array, " n"]:
    """Inverted dropout: each value is 0 with probability `rate`, else x / (1 − rate); without a key, x."""
    if key is None or rate == 0:
        return x
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0.0)


class Filters(nnx.Module):
    """Kernel [side side c d] and bias [d] of a convolution."""

    def __init__(self, side: int, c: int, d: int, *, rngs: nnx.Rngs):
        self.kernel = nnx.Param(nnx.initializers.he_normal()(rngs.params(), (side, side, c, d)))
        self.bias = nnx.Param(jnp.zeros(d))


class _CNN(nnx.Module):
    """What both networks share: parameters, and the layers after the convolutions."""

    def __init__(self, config: CNNConfig | CNNSmallConfig, kernel: int, flat: int, *, rngs: nnx.Rngs):
        by_products(config.form)
        he = nnx.initializers.he_normal()
        first, second = config.channels
        self.mean, self.std, self.dropout, self.form = config.mean, config.std, config.dropout, config.form
        self.conv1 = Filters(kernel, 1, first, rngs=rngs)
        self.conv2 = Filters(kernel, first, second, rngs=rngs)
        self.dense1 = nnx.Linear(flat * second, config.dense, kernel_init=he, rngs=rngs)
        self.dense2 = nnx.Linear(config.dense, config.classes, kernel_init=he, rngs=rngs)


class CNN(_CNN):
    """Document 003: conv 5×5×32, pool, conv 5×5×64, pool, dense 1024, dropout .5, dense 10; ReLU throughout."""

    def __init__(self, config: CNNConfig, *, rngs: nnx.Rngs):
        super().__init__(config, 5, 7 * 7, rngs=rngs)

    def __call__(
        self, image: Float[Array, "28 28"], *, key: Key[Array, ""] | None = None
    ) -> tuple[Float[Array, " k"], dict[str, Array]]:
        x = (image - self.mean) / self.std
        kernel1, bias1 = self.conv1.kernel[...], self.conv1.bias[...]
        kernel2, bias2 = self.conv2.kernel[...], self.conv2.bias[...]
        conv1 = nnx.relu(conv(x[..., None], kernel1, "SAME") + bias1[None, None])
        if by_products(self.form):
            pool1 = nnx.relu(fast.conv_pool(x, kernel1) + fast.bias(bias1, (14, 14)))
            raw2 = fast.conv_spectral(pool1, kernel2)
            pool2 = nnx.relu(fast.max_pool(raw2) + fast.bias(bias2, (7, 7)))
        else:
            pool1 = nnx.max_pool(conv1, (2, 2), (2, 2))
            raw2 = conv(pool1, kernel2, "SAME")
            pool2 = nnx.relu(nnx.max_pool(raw2, (2, 2), (2, 2)) + bias2[None, None])
        conv2 = nnx.relu(raw2 + bias2[None, None])
        dense1 = nnx.relu(self.dense1(pool2.reshape(-1)))
        logits = self.dense2(dropped(key, dense1, self.dropout))
        return logits, dict(conv1=conv1, pool1=pool1, conv2=conv2, pool2=pool2, dense1=dense1)


class CNNSmall(_CNN):
    """Document 001: conv 3×3×32, conv 3×3×64, pool, dropout .2, dense 128, dense 10; ReLU throughout."""

    def __init__(self, config: CNNSmallConfig, *, rngs: nnx.Rngs):
        super().__init__(config, 3, 12 * 12, rngs=rngs)

    def __call__(
        self, image: Float[Array, "28 28"], *, key: Key[Array, ""] | None = None
    ) -> tuple[Float[Array, " k"], dict[str, Array]]:
        x = ((image - self.mean) / self.std)[..., None]
        kernel1, bias1 = self.conv1.kernel[...], self.conv1.bias[...]
        kernel2, bias2 = self.conv2.kernel[...], self.conv2.bias[...]
        convolve = fast.conv_taps if by_products(self.form) else lambda x, kernel: conv(x, kernel, "VALID")
        conv1 = nnx.relu(convolve(x, kernel1) + bias1[None, None])
        raw2 = convolve(conv1, kernel2)
        pool2 = nnx.relu(fast.max_pool(raw2) + bias2[None, None])
        conv2 = nnx.relu(raw2 + bias2[None, None])
        dense1 = nnx.relu(self.dense1(dropped(key, pool2.reshape(-1), self.dropout)))
        return self.dense2(dense1), dict(conv1=conv1, conv2=conv2, pool2=pool2, dense1=dense1)

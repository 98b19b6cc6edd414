"""The layer: `flax.nnx.Conv` with the same parameters, in the form that suits the default device."""

import math
from typing import Any, Literal, cast

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax
from jaxtyping import Array, Float

from research.models.cpu_conv import fourier, windows
from research.models.cpu_conv.batching import add_bias
from research.models.cpu_conv.pooling import largest, pooled
from research.models.cpu_conv.windows import Padding, Pair

FORMS = ("auto", "matmul", "plain")
_LARGEST_SPECTRUM = 2**23  # numbers in the transform of a kernel


class Conv(nnx.Conv):
    """`flax.nnx.Conv` for images, its kernel [kh kw c/groups d] He-normal and its bias [d] zero.

    Args:
        in_features, out_features, kernel_size, strides, padding, kernel_dilation, feature_group_count: as in nnx.Conv,
            in two dimensions; padding is "SAME", "VALID" or zeros (before, after) of rows and of columns.
        form: "plain" is nnx.Conv, "matmul" the same function by matrix products, "auto" matmul where the default
            device is a CPU. Numbers other than float32 always take the plain form.

    Raises:
        ValueError: for an unknown form.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        kernel_size: Pair,
        strides: Pair = (1, 1),
        *,
        padding: Literal["SAME", "VALID"] | Padding = "SAME",
        kernel_dilation: Pair = (1, 1),
        feature_group_count: int = 1,
        form: str = "auto",
        rngs: nnx.Rngs,
    ):
        if form not in FORMS:
            raise ValueError(f"unknown form {form!r} of a convolution; known: {', '.join(FORMS)}")
        super().__init__(
            in_features,
            out_features,
            kernel_size,
            strides,
            padding=cast(Any, padding),
            kernel_dilation=kernel_dilation,
            feature_group_count=feature_group_count,
            kernel_init=nnx.initializers.he_normal(),
            use_bias=False,  # nnx.Conv would draw a key for the zeros, which would change the layers after it
            rngs=rngs,
        )
        self.use_bias = True
        self.bias: Any = nnx.Param(jnp.zeros(out_features))
        self.form = form

    def __call__(self, x: Float[Array, "*n h w c"], out_sharding=None) -> Float[Array, "*n h_out w_out d"]:
        """Return conv(x) + bias."""
        if not self._uses_matmul(x):
            return super().__call__(x, out_sharding)
        if x.ndim > 3:
            return jax.vmap(self)(x)
        return add_bias(self._products(x), self.bias[...])

    def relu_pool(self, x: Float[Array, "h w c"]) -> tuple[Float[Array, "a b d"], Float[Array, "a2 b2 d"]]:
        """Return relu(conv(x) + bias) and its maximum over 2×2 cells.

        Together they are cheaper than one after the other: the pool needs no copy of the larger array.
        """
        bias = self.bias[...]
        if self._uses_matmul(x) and self._fits_cells(x):
            cells = windows.of_image_in_cells(x[:, :, 0], self.kernel[...], bias, self._padding(x))
            return nnx.relu(windows.from_cells(cells)), largest(cells)
        y = self._products(x) if self._uses_matmul(x) else self._plain(x)
        h, w = (side // 2 * 2 for side in y.shape[:2])
        return nnx.relu(add_bias(y, bias)), pooled(y[:h, :w], bias)

    def _uses_matmul(self, x):
        on_cpu = self.form == "matmul" or (self.form == "auto" and jax.default_backend() == "cpu")
        return on_cpu and x.dtype == self.kernel[...].dtype == jnp.float32

    def _products(self, x):
        strides, dilations = cast(Any, (self.strides, self.kernel_dilation))
        padding = self._padding(x)
        return convolve(x, self.kernel[...], strides, padding, dilations, self.feature_group_count)

    def _plain(self, x):
        strides, padding, dilations = cast(Any, (self.strides, self.padding, self.kernel_dilation))
        return lax.conv_general_dilated(
            x[None],
            self.kernel[...],
            strides,
            padding,
            rhs_dilation=dilations,
            feature_group_count=self.feature_group_count,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )[0]

    def _padding(self, x) -> Any:
        if not isinstance(self.padding, str):
            return self.padding
        sizes, dilations = cast(Pair, self.kernel_size), cast(Pair, self.kernel_dilation)
        spans = [(k - 1) * dilation + 1 for k, dilation in zip(sizes, dilations)]
        return tuple(lax.padtype_to_pads(x.shape[:2], spans, cast(Pair, self.strides), self.padding))

    def _fits_cells(self, x):
        sides = (
            side + sum(pair) - k + 1
            for side, pair, k in zip(x.shape, self._padding(x), cast(Pair, self.kernel_size))
        )
        simple = self.strides == self.kernel_dilation == (1, 1)
        return simple and x.shape[-1] == 1 and all(side % 2 == 0 for side in sides)


def convolve(
    x: Float[Array, "h w c"],
    kernel: Float[Array, "kh kw c_in_group d"],
    strides: Pair = (1, 1),
    padding: Padding = ((0, 0), (0, 0)),
    dilations: Pair = (1, 1),
    groups: int = 1,
) -> Float[Array, "h_out w_out d"]:
    """Convolve by matrix products, in the form that needs the fewest operations; reverse-mode gradients only.

    Returns:
        y[i, j] = Σ x[i·stride + s·dilation, j·stride + t·dilation]·kernel[s, t] over taps (s, t) and the channels of
        the group, x padded with zeros.
    """
    if strides == dilations == (1, 1) and groups == 1:
        if x.shape[-1] == 1:
            return windows.of_image(x.reshape(x.shape[:2]), kernel, padding)
        if _transform_pays(x.shape, kernel.shape, padding):
            return fourier.convolve(x, kernel, padding)
    return windows.of_channels(x, kernel, strides, padding, dilations, groups)


def _transform_pays(shape, kernel_shape, padding):
    """Whether the transform needs fewer operations: 4 a frequency and pair of channels instead of 2 a tap and pixel."""
    frequencies = math.prod(side + max(*pair, 0) for side, pair in zip(shape, padding))
    pixels = math.prod(side + sum(pair) - k + 1 for side, pair, k in zip(shape, padding, kernel_shape))
    taps, channels = math.prod(kernel_shape[:2]), math.prod(kernel_shape[2:])
    return 2 * frequencies < taps * pixels and frequencies * channels <= _LARGEST_SPECTRUM

"""An imported network, and the settings that a file of weights leaves open."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from research.fields import check
from research.fields.bounds import CLASSES, Bound, bounded, one_of

INPUT_RANGES = {
    "0..1": (1.0, 0.0),
    "-1..1": (2.0, -1.0),
    "0..255": (255.0, 0.0),
    "standardised": (1 / 0.3081, -0.1307 / 0.3081),
}
PIXEL_ORDERS = ("rows", "columns")
SIDE = Bound(1, 4096, "pixels along an image")


class NetworkFileError(ValueError):
    """A network file cannot be read as asked; one line says what was expected, what came and what to do."""


@dataclass(frozen=True)
class Settings:
    """What the file does not say. Images here are [h w] in [0, 1], light ink on black (0).

    Attributes:
      input_range: the pixel values that the network was trained on: `0..1`, `-1..1`, `0..255`, or
        `standardised` (MNIST's mean .1307 and standard deviation .3081).
      inverted: trained on dark ink on white.
      pixel_order: `rows`, or `columns` where images were flattened column by column (MATLAB, Fortran, R).
      activation: of the hidden layers of a dense network in .npz or .safetensors.
      orientation: how square kernels are stored, [fan_in, fan_out] or the transpose; the shapes settle the
        others. `auto`: like the others.
      kernels, biases: names in the file from the input on, where its own names do not tell.
      output: name of the ONNX tensor to read, where a graph has several outputs.
      image_shape: the height and width of the images that are read, before `pad` and `resize`.
      pad: pixels of background added on every side.
      resize: height and width to which images are scaled, after padding (bilinear, antialiased).
      channels: how many equal channels an ONNX graph takes, 1 or 3.
      bias_row: where a kernel holds its bias as one more input, `last` or `first`.
      model: the recipe of ours (`research.training.recipes`) whose parameters are in the file.
      flatten: how the file's network flattened feature maps, `chw` or `hwc`, where it is read as a model of ours.
      max_memory: GB that the tensors of a file may take together.
      labels: the class that each output stands for, where outputs are not the classes 0, 1, 2, ... in order; -1 for
        none.
    """

    input_range: str = one_of("0..1", INPUT_RANGES)
    inverted: bool = False
    pixel_order: str = one_of("rows", PIXEL_ORDERS)
    activation: str | None = None
    orientation: str = one_of("auto", ("auto", "in_out", "out_in"))
    kernels: tuple[str, ...] = ()
    biases: tuple[str, ...] = ()
    output: str | None = None
    image_shape: tuple[int, int] = bounded((28, 28), SIDE)
    pad: int = bounded(0, replace(SIDE, low=0))
    resize: tuple[int, int] | None = bounded(None, SIDE)
    channels: int = bounded(1, SIDE)
    bias_row: str = one_of("last", ("last", "first"))
    model: str | None = None
    flatten: str = one_of("chw", ("chw", "hwc"))
    labels: tuple[int, ...] = bounded((), replace(CLASSES, low=-1), empty=True)
    max_memory: float = bounded(2.0, Bound(0, 100_000, "GB", above=True))

    def __post_init__(self):
        check(self)

    @property
    def seen_shape(self) -> tuple[int, int]:
        """Height and width of an image as the network sees it."""
        h, w = (self.image_shape[0] + 2 * self.pad, self.image_shape[1] + 2 * self.pad)
        return self.resize or ((w, h) if self.pixel_order == "columns" else (h, w))

    @property
    def pixel_scale(self) -> tuple[float, float]:
        """(a, c): the network sees a·pixel + c."""
        scale, shift = INPUT_RANGES[self.input_range]
        return (-scale, scale + shift) if self.inverted else (scale, shift)

    def prepare(self, image: Float[Array, "h w"]) -> Float[Array, "a b"]:
        """The image as the network was trained to see it; flattening it by rows gives the network's order."""
        scale, shift = self.pixel_scale
        image = jnp.pad(image, self.pad) if self.pad else image
        if self.resize:
            image = jax.image.resize(image, self.resize, "linear")
        return scale * (image.T if self.pixel_order == "columns" else image) + shift

    def fold(
        self, kernel: Float[Array, "inputs units"], bias: Float[Array, " units"]
    ) -> tuple[Float[Array, "pixels units"], Float[Array, " units"]]:
        """The first layer as a function of the image itself: `prepare` absorbed into kernel and bias."""

        def unit(column):
            sum_at_zero, back = jax.vjp(
                lambda image: jnp.vdot(self.prepare(image).reshape(-1), column), blank
            )
            return back(jnp.ones_like(sum_at_zero))[0].reshape(-1), sum_at_zero

        blank = jnp.zeros(self.image_shape)
        folded, at_zero = jax.vmap(unit, in_axes=1, out_axes=(1, 0))(kernel)
        return folded, bias + at_zero


@dataclass(frozen=True)
class Imported:
    """A network from a file.

    Attributes:
      network: the file's own function: prepared image -> logits.
      settings: how an image is prepared for it.
      description: one line for people.
      kernels, biases: of a dense network, from the image in [0, 1] flattened by rows to the logits, with the
        settings folded in; otherwise None.
      activation: between them, if they are there.
      alternatives: other functions that the same file may mean, by the setting that would choose them.
    """

    network: Callable[[Array], Array]
    settings: Settings
    description: str
    kernels: tuple[Float[Array, "_fan_in _fan_out"], ...] | None = None
    biases: tuple[Float[Array, " _fan_out"], ...] | None = None
    activation: str | None = None
    alternatives: Mapping[str, Callable[[Array], Array]] = field(default_factory=dict)

    def predict(self, image: Float[Array | np.ndarray, "h w"]) -> Float[Array, " k"]:
        """Logits of one image [h w] in [0, 1]."""
        return self.network(self.settings.prepare(jnp.asarray(image)))


def refuse_nan(arrays: Mapping[str, np.ndarray], source: str) -> None:
    """Raises: NetworkFileError, naming the tensor, if one holds NaN: such a network gives an answer that means nothing."""
    for name, array in arrays.items():
        if is_floating(array) and np.isnan(array).any():
            raise NetworkFileError(
                f"Expected numbers, but the weights of {source} hold NaN in tensor {name!r}; its training has failed, "
                "train it again."
            )


def is_floating(array: np.ndarray) -> bool:
    """Whether an array holds numbers that are not whole; bfloat16 is a type that NumPy does not know itself."""
    return array.dtype.kind == "f" or array.dtype.name == "bfloat16"


def first_line(error: Exception) -> str:
    """An error's message as one line, or its type where it has none."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__

"""How a network file of other people is understood: flags that all commands share which read one."""

from typing import Any

from absl import flags

NETWORK = flags.DEFINE_string("network", None, "Network file: .npz, .safetensors or .onnx.", required=True)
RANGE = flags.DEFINE_string(
    "input_range", "0..1", "Pixel values it was trained on: 0..1, -1..1, 0..255, standardised."
)
INVERTED = flags.DEFINE_bool("inverted", False, "It was trained on dark ink on white.")
ORDER = flags.DEFINE_string(
    "pixel_order", "rows", "How its images were flattened: rows, or columns (MATLAB, R)."
)
ACTIVATION = flags.DEFINE_string("activation", None, "Of the hidden layers, where the file does not say it.")
ORIENTATION = flags.DEFINE_string(
    "orientation", "auto", "Of square kernels: in_out, out_in, or auto: like the others."
)
KERNELS = flags.DEFINE_list(
    "kernels", [], "Names of the kernels from the input on, where the file's do not tell."
)
BIASES = flags.DEFINE_list("biases", [], "Names of the biases, where the file's do not tell.")
SHAPE = flags.DEFINE_list("image_shape", ["28", "28"], "Height and width of the images of --data.")
PAD = flags.DEFINE_integer("pad", 0, "Pixels of background added on every side.")
RESIZE = flags.DEFINE_list("resize", [], "Height and width to which images are scaled, after padding.")
CHANNELS = flags.DEFINE_integer("channels", 1, "How many equal channels an ONNX graph takes.")
BIAS_ROW = flags.DEFINE_string(
    "bias_row", "last", "Where kernels hold their biases as one more input: last or first."
)
MODEL = flags.DEFINE_string("model", None, "Recipe of ours whose parameters are in the file, such as cnn.")
FLATTEN = flags.DEFINE_string("flatten", "chw", "How feature maps were flattened, with --model: chw or hwc.")
LABELS = flags.DEFINE_list("labels", [], "The class that each output stands for, -1 for none.")
MAX_MEMORY = flags.DEFINE_float("max_memory", 2.0, "GB that the tensors of the file may take together.")
OUTPUT = flags.DEFINE_string("output", None, "The ONNX tensor to read, where a graph has several outputs.")


def _whole(name: str, values: list[str]) -> Any:
    """Whole numbers of a flag, as a tuple."""
    try:
        return tuple(map(int, values))
    except ValueError:
        raise ValueError(
            f"--{name} takes whole numbers with commas between, got {','.join(values)}"
        ) from None


def settings() -> Any:
    """The flags as `importing.Settings`.

    Raises:
        ValueError: for a value that cannot be one.
    """
    from research.importing import Settings

    return Settings(
        input_range=RANGE.value,
        inverted=INVERTED.value,
        pixel_order=ORDER.value,
        activation=ACTIVATION.value,
        orientation=ORIENTATION.value,
        kernels=tuple(KERNELS.value),
        biases=tuple(BIASES.value),
        output=OUTPUT.value,
        image_shape=_whole("image_shape", SHAPE.value),
        pad=PAD.value,
        resize=_whole("resize", RESIZE.value) or None,
        channels=CHANNELS.value,
        bias_row=BIAS_ROW.value,
        model=MODEL.value,
        flatten=FLATTEN.value,
        labels=_whole("labels", LABELS.value),
        max_memory=MAX_MEMORY.value,
    )

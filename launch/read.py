"""Read a network trained elsewhere: python -m launch.read --network=FILE --reading=causal_index --workdir=DIR"""

from pathlib import Path
from typing import Any

from absl import flags

from launch import cli

NETWORK = flags.DEFINE_string("network", None, "Network file: .npz, .safetensors or .onnx.", required=True)
READING = flags.DEFINE_string("reading", "causal_index", "causal_index, mean_jacobian or identikits.")
WORKDIR = flags.DEFINE_string(
    "workdir", None, "Run folder to write; results/read/NETWORK-READING if not set."
)
DATA = flags.DEFINE_string(
    "data", "mnist", "The digits to read: a data set, a folder of pictures, an .npz file or an IDX file."
)
PREPARE = flags.DEFINE_string(
    "prepare", "none", "Of a folder's or file's images: none, or mnist (20x20, centred)."
)
IMAGES = flags.DEFINE_integer("images", 10_000, "Training images over which mean_jacobian averages.")
RESTARTS = flags.DEFINE_integer("restarts", 4, "identikits of each digit.")
METHOD = flags.DEFINE_string("method", "search", "How identikits are found: search or ascent.")
START = flags.DEFINE_string(
    "start", "", "First image of identikits: blank, low_noise, uniform_noise, gaussian_noise, auto."
)
TARGET = flags.DEFINE_float("target", 0.99, "Confidence that ends an identikit.")
PATIENCE = flags.DEFINE_integer("patience", 50, "Generations without a gain that end an identikit.")
BUDGET = flags.DEFINE_integer("budget", 100_000, "Most evaluations of an identikit.")
RATE = flags.DEFINE_float("rate", 0.0, "Learning rate of the ascent; its own if 0.")
RAW = flags.DEFINE_bool(
    "raw_weights", False, "causal_index from the file's weights alone, without the scale of its input."
)
OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replace a different reading in the same folder.")
SEED = flags.DEFINE_integer("seed", 0, "Seed of the identikits.")

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
BIASES = flags.DEFINE_list("biases", [], "Names of the biases, likewise.")
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
OUTPUT = flags.DEFINE_string("output", None, "The ONNX tensor to read, where a graph has several outputs.")


def _whole(name: str, values: list[str]) -> Any:
    """Whole numbers of a flag, as a tuple."""
    try:
        return tuple(map(int, values))
    except ValueError:
        raise ValueError(
            f"--{name} takes whole numbers with commas between, got {','.join(values)}"
        ) from None


def main() -> int:
    from research.importing import Settings, read

    settings = Settings(
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
    )
    config = read.Config(
        NETWORK.value,
        READING.value,
        settings,
        DATA.value,
        PREPARE.value,
        IMAGES.value,
        RAW.value,
        RESTARTS.value,
        METHOD.value,
        START.value,
        TARGET.value,
        PATIENCE.value,
        BUDGET.value,
        RATE.value,
        SEED.value,
    )
    folder = Path(WORKDIR.value or f"results/read/{Path(NETWORK.value).stem}-{READING.value}")
    console = cli.console()
    say = lambda line: console.print(line, highlight=False, markup=False, soft_wrap=True)  # noqa: E731
    for line in read.read(config, folder, say, OVERWRITE.value):
        say(line)
    console.print(f"\nResults and figures in {folder}", style="dim", soft_wrap=True)
    return 0


if __name__ == "__main__":
    cli.start(main)

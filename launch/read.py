"""Read a network trained elsewhere: python -m launch.read --network=FILE --reading=causal_index --workdir=DIR"""

from pathlib import Path

from absl import flags

from launch import cli

NETWORK = flags.DEFINE_string("network", None, "Network file: .npz, .safetensors or .onnx.", required=True)
READING = flags.DEFINE_string("reading", "causal_index", "causal_index, mean_jacobian or identikits.")
WORKDIR = flags.DEFINE_string(
    "workdir", None, "Run folder to write; results/read/NETWORK-READING if not set."
)
DATA = flags.DEFINE_string("data", "mnist", "The digits that the network was trained to read.")
IMAGES = flags.DEFINE_integer("images", 10_000, "Training images over which mean_jacobian averages.")
RESTARTS = flags.DEFINE_integer("restarts", 4, "identikits of each digit.")
METHOD = flags.DEFINE_string("method", "search", "How identikits are found: search or ascent.")
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
OUTPUT = flags.DEFINE_string("output", None, "The ONNX tensor to read, where a graph has several outputs.")


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
    )
    config = read.Config(
        NETWORK.value,
        READING.value,
        settings,
        DATA.value,
        IMAGES.value,
        RESTARTS.value,
        METHOD.value,
        SEED.value,
    )
    folder = Path(WORKDIR.value or f"results/read/{Path(NETWORK.value).stem}-{READING.value}")
    console = cli.console()
    say = lambda line: console.print(line, highlight=False, markup=False, soft_wrap=True)  # noqa: E731
    for line in read.read(config, folder, say):
        say(line)
    console.print(f"\nResults and figures in {folder}", style="dim", soft_wrap=True)
    return 0


if __name__ == "__main__":
    cli.start(main)

"""Read a network trained elsewhere: python -m launch.read --network=FILE --reading=causal_index --workdir=DIR"""

from pathlib import Path

from absl import flags

from launch import cli, network_file

READING = flags.DEFINE_string(
    "reading",
    "causal_index",
    "causal_index, mean_jacobian, identikits, or one of your own, my_package.module:function, from `predict` "
    "and images [n h w] in [0, 1] to maps [k h w].",
)
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
    "start",
    "",
    "First image of identikits: blank, low_noise, low_frequency, uniform_noise, gaussian_noise, auto.",
)
TARGET = flags.DEFINE_float("target", 0.99, "Confidence that ends an identikit.")
PATIENCE = flags.DEFINE_integer("patience", 50, "Generations without a gain that end an identikit.")
BUDGET = flags.DEFINE_integer("budget", 100_000, "Most evaluations of an identikit.")
RATE = flags.DEFINE_float("rate", 0.0, "Learning rate of the ascent; its own if 0.")
RAW = flags.DEFINE_bool(
    "raw_weights", False, "causal_index from the file's weights alone, without the scale of its input."
)
FORCE = flags.DEFINE_bool("force", False, "Replace a different reading in the same folder.")
SEED = flags.DEFINE_integer("seed", 0, "Seed of the identikits.")


def main() -> int:
    from research.importing import read

    if ":" in READING.value:
        read.add_by_path(READING.value)
    config = read.Config(
        network_file.NETWORK.value,
        READING.value,
        network_file.settings(),
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
    folder = Path(
        WORKDIR.value
        or f"results/read/{Path(network_file.NETWORK.value).stem}-{READING.value.replace(':', '.')}"
    )
    for line in read.read(config, folder, cli.say, FORCE.value):
        cli.say(line)
    cli.say(f"\nResults and figures in {folder}", "dim")
    return 0


if __name__ == "__main__":
    cli.start(main)

"""Reconstruct our digits from a network: python -m launch.reconstruct --network=FILE --workdir=DIR

Writes its alphabet (the ten images that it is surest of, by several readings) and how many real digits a student reads
that has learned from its identikits alone.
"""

from pathlib import Path

from absl import flags

from launch import cli, network_file

WORKDIR = flags.DEFINE_string("workdir", None, "Folder to write; results/reconstruct/NETWORK if not set.")
IDENTIKITS = flags.DEFINE_integer("identikits", 1000, "How many the student learns from.")
START = flags.DEFINE_string(
    "start", "low_frequency", "Where these start: blank, low_frequency, uniform_noise or frequencies."
)
DATA = flags.DEFINE_string("data", "mnist", "The digits that the network and its student are scored on.")
SEED = flags.DEFINE_integer("seed", 0, "Seed of the identikits and of the student.")


def main() -> int:
    import json

    from research import data, importing
    from research.plotting import files
    from research.runs import store
    from research.studies.reconstruction import elsewhere

    network = importing.load(network_file.NETWORK.value, network_file.settings())
    config = elsewhere.Config(IDENTIKITS.value, START.value, DATA.value, SEED.value)
    config.validate()
    console = cli.console()
    say = lambda line: console.print(line, highlight=False, markup=False, soft_wrap=True)  # noqa: E731
    say(network.description)
    test = data.load(DATA.value, "test")
    say(str(importing.check(network, test.images, test.labels)))
    folder = Path(WORKDIR.value or f"results/reconstruct/{Path(network_file.NETWORK.value).stem}")
    results = elsewhere.reconstruct(network.predict, config)
    store.make_folder(folder)
    files.draw_all(elsewhere, results, folder / "figures")
    store.atomic_write(folder / "results.nc", store.packed(results))
    student = float(results.student)
    said = {"network": str(network_file.NETWORK.value), "student": student, **results.attrs}
    store.atomic_write(folder / "reconstruction.json", json.dumps(said, indent=2) + "\n")
    say(
        f"a student ({results.student_network}) that has seen {config.identikits:,} of its identikits and no digit "
        f"reads {100 * student:.1f} % of the {len(test.labels):,} test digits (n = 1; chance is 10 %)"
    )
    console.print(f"\nAlphabet and results in {folder}", style="dim", soft_wrap=True)
    return 0


if __name__ == "__main__":
    cli.start(main)

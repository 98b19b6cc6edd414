"""Reconstruct our digits from a network: python -m launch.reconstruct --network=FILE --workdir=DIR

Writes its alphabet (the ten images that it is surest of, by several readings) and how many real digits a student reads
that has learned from its identikits alone.
"""

import json
import time
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
FORCE = flags.DEFINE_bool("force", False, "Replace a different reconstruction in the same folder.")
HOLDS = "a reconstruction"


def main() -> int:
    from research import data, importing
    from research.plotting import files
    from research.runs import folders, store
    from research.studies.reconstruction import elsewhere

    network = importing.load(network_file.NETWORK.value, network_file.settings())
    config = elsewhere.Config(IDENTIKITS.value, START.value, DATA.value, SEED.value)
    config.validate()
    file = Path(network_file.NETWORK.value)
    folder = Path(WORKDIR.value or f"results/reconstruct/{file.stem}")
    asked = {
        **store.as_dict(config),
        "network": str(file),
        "sha256": folders.sha256(file),
        "settings": store.as_dict(network_file.settings()),
    }
    folders.check(folder, HOLDS, force=FORCE.value)
    if not FORCE.value and folder.is_dir():
        store.Run(folder).refuse_other(asked)
    cli.say(network.description)
    test = data.load(DATA.value, "test")
    cli.say(str(importing.check(network, test.images, test.labels)))
    begin = time.perf_counter()
    with folders.claimed(folder, HOLDS, force=FORCE.value):
        results = elsewhere.reconstruct(network.predict, config)
        seconds = round(time.perf_counter() - begin, 1)
        files.draw_all(elsewhere, results, folder / "figures")
        student = float(results.student)
        said = {"network": str(file), "student": student, **results.attrs}
        folders.atomic_write(folder / "reconstruction.json", json.dumps(said, indent=2) + "\n")
        store.Run(folder).write(asked, results, {**store.origin(), "seconds": seconds})
    cli.say(
        f"a student ({results.student_network}) that has seen {config.identikits:,} of its identikits and no digit "
        f"reads {100 * student:.1f} % of the {len(test.labels):,} test digits (n = 1; chance is 10 %)"
    )
    cli.say(f"\nAlphabet and results in {folder}", "dim")
    return 0


if __name__ == "__main__":
    cli.start(main)

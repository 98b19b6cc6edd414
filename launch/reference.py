"""Keep a finished paper as the reference run and show it in README and lab notes: python -m launch.reference --paper=DIR

Without --paper only what README.md and configs/ say of it is written anew from results/reference/.
"""

import json
from pathlib import Path

from absl import flags

from launch import cli

PAPER = flags.DEFINE_string("paper", None, "Folder of a finished paper to keep; none: keep what is there.")
ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    from research.evidence.claims import from_json
    from research.paper import reference
    from research.runs import store

    folder, page = ROOT / "results" / "reference", ROOT / "README.md"
    if PAPER.value:
        size = reference.export(Path(PAPER.value), folder)
        print(f"{folder}: {size / 1e6:.1f} MB")
    if not (folder / "claims.json").exists():
        return cli.fail(f"{folder} holds no reference run yet; give --paper=DIR of a finished one")
    store.atomic_write(page, reference.readme(page.read_text(), folder, "results/reference"))
    claims = from_json((folder / "claims.json").read_text())
    for name, origin in json.loads((folder / "provenance.json").read_text()).items():
        note = ROOT / "configs" / f"{name}.py"
        store.atomic_write(note, reference.lab_note(note.read_text(), claims, origin))
    print(page, ROOT / "configs", sep="\n")
    return 0


if __name__ == "__main__":
    cli.start(main)

"""Keep a finished paper as the reference run and show it in README and lab notes: python -m launch.reference --paper=DIR

Without --paper only what README.md and configs/ say of it is written anew from results/reference/.
"""

import json
from pathlib import Path

from absl import flags

from launch import cli

PAPER = flags.DEFINE_string("paper", None, "Folder of a finished paper to keep; none: keep what is there.")
ONLY_TIMES = flags.DEFINE_bool("only_times", False, "Keep only how long --paper took and its memory.")


def preset_of(paper: Path) -> str | None:
    """The preset whose lab notes have the configs of this paper; None if there is none."""
    from research import studies
    from research.runs.store import as_dict
    from research.studies.preparing import prepared

    saved = {name: json.loads((paper / name / "config.json").read_text()) for name in studies.names()}
    for preset in cli.PRESETS:
        if all(
            json.loads(json.dumps(as_dict(prepared(cli.lab_note(name, preset))))) == config
            for name, config in saved.items()
        ):
            return preset
    return None


def main() -> int:
    from research import studies
    from research.evidence.claims import from_json
    from research.paper import estimate, reference
    from research.runs import store

    folder, page = cli.ROOT / "results" / "reference", cli.ROOT / "README.md"
    if PAPER.value:
        paper = Path(PAPER.value)
        if not ONLY_TIMES.value:
            size = reference.export(paper, folder)
            print(f"{folder}: {size / 1e6:.1f} MB")
        preset = preset_of(paper)
        if preset:
            estimate.keep(folder / "seconds.json", preset, paper, studies.names())
        print(f"times of preset {preset}" if preset else "its configs are those of no preset: times not kept")
    if not (folder / "claims.json").exists():
        return cli.fail(f"{folder} holds no reference run yet; give --paper=DIR of a finished one")
    store.atomic_write(page, reference.readme(page.read_text(), folder, "results/reference"))
    claims = from_json((folder / "claims.json").read_text())
    for name, origin in json.loads((folder / "provenance.json").read_text()).items():
        note = cli.ROOT / "configs" / f"{name}.py"
        store.atomic_write(note, reference.lab_note(note.read_text(), claims, origin))
    print(page, cli.ROOT / "configs", sep="\n")
    return 0


if __name__ == "__main__":
    cli.start(main)

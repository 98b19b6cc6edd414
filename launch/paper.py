"""Run or reuse every study and write the report: python -m launch.paper --preset=quick --workdir=results/paper"""

import importlib
from pathlib import Path

from absl import flags

from launch import cli

PRESETS = ("smoke", "quick", "full")
PRESET = flags.DEFINE_string("preset", "quick", f"How much to run: {', '.join(PRESETS)}.")
WORKDIR = flags.DEFINE_string("workdir", "results/paper", "Folder for the report and the run folders.")
ONLY = flags.DEFINE_list("only", [], "Run only these studies; others are shown as they were.")
FORCE = flags.DEFINE_bool("force", False, "Run again what is already done.")
RETRAIN = flags.DEFINE_bool("retrain", False, "Run again, and train all networks again.")
TRIAL = "A trial run (preset smoke): networks trained on a twentieth of the digits. Its numbers mean nothing."


def lab_note(study: str, preset: str):
    """The config of a study at a preset, from configs/."""
    return importlib.import_module(f"configs.{study}").get_config(preset)


def main() -> int:
    from research import studies
    from research.evidence import claims
    from research.paper import pipeline
    from research.plotting import style
    from research.runs import store
    from research.runtime import multihost

    if PRESET.value not in PRESETS:
        return cli.fail(f"unknown preset {PRESET.value!r}; known: {', '.join(PRESETS)}")
    for name in ONLY.value:
        studies.part(name, "study")
    folder, console = store.make_folder(Path(WORKDIR.value)), cli.console()
    configs = {name: lab_note(name, PRESET.value) for name in ONLY.value or studies.names()}
    trial = PRESET.value == "smoke"
    with store.lock(folder):
        rows, failed = pipeline.conduct_all(
            configs,
            folder,
            force=FORCE.value,
            retrain=RETRAIN.value,
            note=TRIAL if trial else "",
            widths=(style.DOUBLE,) if trial else style.WIDTHS,
        )
    console.quiet = not multihost.is_process_zero()
    console.print()
    console.print(claims.table(rows))
    console.print(f"\nReport: {folder / 'report.html'}   Claims: {folder / 'claims.json'}", soft_wrap=True)
    for name, why in failed.items():
        console.print(f"{name} failed: {why}", style="red", soft_wrap=True, markup=False)
    return int(bool(failed))


if __name__ == "__main__":
    cli.start(main)

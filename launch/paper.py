"""Run or reuse every study and write the report: python -m launch.paper --preset=quick --workdir=results/paper"""

import importlib
import time
from pathlib import Path

from absl import flags

from launch import cli

PRESETS = ("smoke", "quick", "full")
PRESET = flags.DEFINE_string("preset", "quick", f"How much to run: {', '.join(PRESETS)}.")
WORKDIR = flags.DEFINE_string("workdir", "results/paper", "Folder for the report and the run folders.")
ONLY = flags.DEFINE_list("only", [], "Run only these studies; others are shown as they were.")
FORCE = flags.DEFINE_bool("force", False, "Run again what is already done.")


def lab_note(study: str, preset: str):
    """The config of a study at a preset, from configs/."""
    return importlib.import_module(f"configs.{study}").get_config(preset)


def main() -> int:
    from research import claims, report, studies
    from research.conduct import conduct
    from research.store import make_folder

    if PRESET.value not in PRESETS:
        return cli.fail(f"unknown preset {PRESET.value!r}; known: {', '.join(PRESETS)}")
    for name in ONLY.value:
        studies.study(name)
    folder = make_folder(Path(WORKDIR.value))
    console, chapters = cli.console(), []
    for name in studies.STUDIES:
        place, failure, begin = folder / name, None, time.perf_counter()
        if ONLY.value and name not in ONLY.value:
            if (place / "provenance.json").exists():
                chapters.append(report.Chapter(name, place))
            continue
        try:
            fresh = conduct(lab_note(name, PRESET.value), place, force=FORCE.value)
        except (ValueError, OSError, RuntimeError) as error:
            fresh, failure = True, str(error)
        chapters.append(report.Chapter(name, place, failure))
        word = "failed" if failure else "done" if fresh else "unchanged"
        console.print(f"{name:<20}{word:<11}{time.perf_counter() - begin:6.1f} s", highlight=False)
    console.print()
    console.print(claims.table(report.write(folder, chapters)))
    console.print(f"\nReport: {folder / 'report.html'}   Claims: {folder / 'claims.json'}", soft_wrap=True)
    for chapter in chapters:
        if chapter.failure:
            console.print(f"{chapter.study} failed: {chapter.failure}", style="red", soft_wrap=True)
    return int(any(chapter.failure for chapter in chapters))


if __name__ == "__main__":
    cli.start(main)

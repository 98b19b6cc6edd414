"""Run or reuse every study and write paper.pdf and report.html: python -m launch.paper --preset=quick --workdir=results/paper

--dry_run only says what that would take: time, memory, networks to train.
"""

from pathlib import Path

from absl import flags

from launch import cli

PRESET = flags.DEFINE_string("preset", "quick", f"How much to run: {', '.join(cli.PRESETS)}.")
WORKDIR = flags.DEFINE_string("workdir", "results/paper", "Folder for the report and the run folders.")
ONLY = flags.DEFINE_list("only", [], "Run only these studies; others are shown as they were.")
FORCE = flags.DEFINE_bool(
    "force", False, "Run again what is done, also by other settings; trained networks are used again."
)
RETRAIN = flags.DEFINE_bool("retrain", False, "Run again what is already done, and train its networks again.")
DRY_RUN = flags.DEFINE_bool("dry_run", False, "Print the expected time, memory and training, and do nothing.")
TRIAL = "A trial run (preset smoke): networks trained on a twentieth of the digits. Its numbers mean nothing."


def main() -> int:
    from research import studies
    from research.evidence import claims
    from research.paper import pipeline
    from research.plotting import style
    from research.runs import folders
    from research.runtime import multihost

    if PRESET.value not in cli.PRESETS:
        return cli.fail(f"unknown preset {PRESET.value!r}; known: {', '.join(cli.PRESETS)}")
    for name in ONLY.value:
        if name not in studies.names():
            known = ", ".join(studies.names())
            raise ValueError(f"unknown study {name!r}; known: {known}; launch.study runs one of your own")
    configs = {name: cli.lab_note(name, PRESET.value) for name in ONLY.value or studies.names()}
    folder, console = Path(WORKDIR.value), cli.console()
    again = {"force": FORCE.value, "retrain": RETRAIN.value}
    if multihost.is_process_zero():
        cli.print_estimate(configs, folder, **again)
    if DRY_RUN.value:
        return 0
    trial = PRESET.value == "smoke"
    with folders.claimed(folder, "a paper", force=FORCE.value or RETRAIN.value):
        rows, failed = pipeline.conduct_all(
            configs,
            folder,
            **again,
            note=TRIAL if trial else "",
            widths=(style.DOUBLE,) if trial else style.WIDTHS,
            seconds={name: took.seconds for name, took in cli.measured(configs)[0].items()},
        )
    console.quiet = not multihost.is_process_zero()
    console.print()
    console.print(claims.table(rows))
    written = {"Paper": "paper.pdf", "Report": "report.html", "Claims": "claims.json"}
    if multihost.is_process_zero():
        cli.say("\n" + "   ".join(f"{k}: {folder / v}" for k, v in written.items()))
        for name, why in failed.items():
            cli.say(f"{name} failed: {why}", "red")
    return int(bool(failed))


if __name__ == "__main__":
    cli.start(main)

"""Draw figures from saved results, without computing: python -m launch.figures [--study=identikits] [--figure=gallery]

By default every figure of the reference run. --source may also be the folder of a paper of your own.
"""

from pathlib import Path

from absl import flags

from launch import cli

STUDY = flags.DEFINE_list("study", [], "Only figures of these studies.")
FIGURE = flags.DEFINE_list("figure", [], "Only these figures; of one study.")
SOURCE = flags.DEFINE_string(
    "source", None, "Folder of a paper or of the reference run, which is the default."
)
WORKDIR = flags.DEFINE_string(
    "workdir", "results/figures", "Folder to draw into, in one folder for each study."
)


def main() -> int:
    from research import studies
    from research.paper import figure_files
    from research.runs import store

    source = Path(SOURCE.value) if SOURCE.value else cli.ROOT / "results" / "reference"
    names = STUDY.value or studies.names()
    if FIGURE.value and len(names) != 1:
        raise ValueError("--figure names figures of one study; say which by --study")
    saved = {name: figure_files.results_of(source, name) for name in names}
    for name, results in saved.items():
        folder = Path(WORKDIR.value) / name
        with store.lock(folder):
            if FIGURE.value:
                figure_files.draw(name, results, folder, FIGURE.value)
                word = f"drew {', '.join(FIGURE.value)}"
            else:
                word = "drawn" if figure_files.redraw(name, results, folder) else "unchanged"
        print(f"{folder}: {word}", flush=True)
    return 0


if __name__ == "__main__":
    cli.start(main)

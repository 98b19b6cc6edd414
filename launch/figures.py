"""Draw figures from saved results, without computing: python -m launch.figures [--study=identikits] [--figure=gallery]

By default every figure of the reference run. --source may also be the folder of a paper of your own.
For another paper: --study=identikits --figure=survival --width=3.4in --style=mine.mplstyle --format=pdf,svg,csv
"""

import re
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
WIDTH = flags.DEFINE_string("width", None, "Width of the figures, for example 3.4in or 85mm.")
STYLE = flags.DEFINE_string("style", None, "A matplotlib style sheet, applied after the paper's own.")
FORMAT = flags.DEFINE_list(
    "format", [], "Formats: pdf, svg, png, and csv, which is the data behind a figure."
)
INCHES = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4, "pt": 1 / 72.27}


def inches(width: str) -> float:
    """A width like 3.4in, 8.6cm, 86mm or 246pt in inches.

    Raises:
        ValueError: it is none, or not between 2 and 20 inches.
    """
    found = re.fullmatch(r"(\d+\.?\d*|\.\d+)(in|cm|mm|pt)", width.strip())
    if not found or not 2 <= (size := float(found[1]) * INCHES[found[2]]) <= 20:
        raise ValueError(f"--width is a number with in, cm, mm or pt, from 2in to 20in, but got {width!r}")
    return size


def main() -> int:
    from research import studies
    from research.paper import figure_files
    from research.plotting import export, style
    from research.runs import folders

    source = Path(SOURCE.value) if SOURCE.value else cli.ROOT / "results" / "reference"
    names = STUDY.value or studies.names()
    if FIGURE.value and len(names) != 1:
        raise ValueError("--figure names figures of one study; say which by --study")
    saved = {name: figure_files.results_of(source, name) for name in names}
    width = inches(WIDTH.value) if WIDTH.value else style.DOUBLE
    if unknown := [each for each in FORMAT.value if each not in export.FORMATS]:
        raise ValueError(f"unknown format {', '.join(unknown)}; known: {', '.join(export.FORMATS)}")
    for name, results in saved.items():
        folder = Path(WORKDIR.value) / name
        with folders.claimed(folder, f"figures of {name}", force=None):
            if WIDTH.value or STYLE.value or FORMAT.value:
                drawn = figure_files.draw_as(
                    name,
                    results,
                    folder,
                    FIGURE.value,
                    width=width,
                    formats=FORMAT.value or ("pdf",),
                    sheet=Path(STYLE.value) if STYLE.value else None,
                )
                word = f"drew {', '.join(drawn)}"
            elif FIGURE.value:
                figure_files.draw(name, results, folder, FIGURE.value)
                word = f"drew {', '.join(FIGURE.value)}"
            else:
                word = "drawn" if figure_files.redraw(name, results, folder) else "unchanged"
        print(f"{folder}: {word}", flush=True)
    return 0


if __name__ == "__main__":
    cli.start(main)

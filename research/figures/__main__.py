"""Draws a study's figures in a process of its own: python -m research.figures STUDY RUN_FOLDER WIDTH..."""

import sys
from pathlib import Path

from research.figures import redraw

study, folder = sys.argv[1], Path(sys.argv[2])
redraw(study, folder / "results.nc", folder / "figures", widths=[float(width) for width in sys.argv[3:]])

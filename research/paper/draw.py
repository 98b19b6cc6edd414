"""An artist: draws the studies that its standard input names, line by line; `apart.py` is the other end."""

import json
import sys
import traceback
from pathlib import Path

from research.paper.figure_files import redraw
from research.plotting.style import paper_style

answers, sys.stdout = sys.stdout, sys.stderr  # nothing that is printed by a figure gets among the answers
with paper_style():  # what drawing imports, while there is nothing to draw yet
    import fontTools.subset  # noqa: F401
    import matplotlib.pyplot  # noqa: F401
    import scipy.stats  # noqa: F401

    import research.runs.store  # noqa: F401

for line in sys.stdin:
    study, folder, widths = json.loads(line)
    failed = None
    try:
        redraw(study, Path(folder) / "results.nc", Path(folder) / "figures", widths=widths)
    except Exception:
        failed = traceback.format_exc()
    print(json.dumps(failed), file=answers, flush=True)

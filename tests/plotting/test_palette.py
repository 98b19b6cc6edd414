"""One palette: colours are named in research/plotting/style.py and nowhere else."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2] / "research"


def test_figures_take_their_colours_from_the_style():
    style = ROOT / "plotting" / "style.py"
    typed = {
        f"{path.relative_to(ROOT)}: {found}"
        for path in ROOT.rglob("*.py")
        if path != style
        for found in re.findall(r"""["']#[0-9a-fA-F]{6}["']""", path.read_text())
    }
    assert not typed

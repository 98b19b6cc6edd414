"""The README's examples run as they stand, and do what the README says."""

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from research import evidence as e
from research import studies
from research.evidence.claims import from_json
from research.paper import reference, tables
from research.plotting import style

README = Path(__file__).parents[1] / "README.md"


def example(section: str) -> str:
    """The Python example of a section."""
    text = README.read_text().split(f"## {section}\n")[1].split("\n## ")[0]
    return re.search(r"```python\n(.*?)```", text, re.DOTALL).group(1)


def test_ask_your_own_network(capsys):
    names: dict = {}
    exec(compile(example("Ask your own network"), "README.md", "exec"), names)
    drawn, by_gradient = names["drawn"], names["by_gradient"]
    assert drawn.image.dims == ("network", "digit", "restart", "y", "x")
    assert list(drawn.digit) == [3, 7]
    assert (drawn.confidence >= 0.99).all()
    assert (by_gradient.confidence >= 0.99).all()
    for digit in (3, 7):
        image = drawn.image.sel(digit=digit, network=0, restart=1).values
        assert names["predict"](image).argmax() == digit
    assert "[[" in capsys.readouterr().out


def test_claims_and_pictures_are_those_of_the_reference_run():
    kept = README.parent / "results" / "reference"
    text = README.read_text()
    if not (kept / "claims.json").exists():
        for part in ("claims", "pictures", "time"):
            assert reference.fill(text, part, "") == text  # the marks are there, and nothing between them
        pytest.skip("no reference run is kept yet")
    assert reference.readme(text, kept, "results/reference") == text, "run make readme"
    shown = tables.markdown(from_json((kept / "claims.json").read_text())).splitlines()
    assert {line.split("`")[1] for line in shown if line.startswith("| `")} == set(tables.IN_THE_README)


@pytest.mark.parametrize("name", studies.names())
def test_lab_notes_expect_what_the_reference_run_measured(name):
    kept = README.parent / "results" / "reference"
    origin = json.loads((kept / "provenance.json").read_text())[name]
    note = (README.parent / "configs" / f"{name}.py").read_text()
    measured = from_json((kept / "claims.json").read_text())
    assert reference.lab_note(note, measured, origin) == note, "run make readme"


def test_a_lab_note_is_filled_in_once_and_keeps_the_rest():
    claim = e.judge("a-claim", "000", "words", e.Above(0), e.Interval(0.25, 0.125, 0.375, 9), "networks")
    aside = e.judge("aside", "000", "words", e.Above(0), e.Interval(1, 0, 2, 9), "networks", primary=False)
    origin = {"claims": ["a-claim", "aside"]}
    bare = '"""A study?\n\nClaims   something\nRun      python -m launch.study\n"""\n\nCODE = 1\n'
    once = reference.lab_note(bare, [claim, aside], origin)
    assert "Claims   something\nExpect   a-claim  0.25 (0.125 to 0.375, n = 9 networks)\nRun " in once
    assert reference.lab_note(once, [claim, aside], origin) == once
    by_hand = bare.replace("Run ", "Time     an hour\nRun ")
    assert reference.lab_note(by_hand, [claim, aside], origin) == once
    assert once.endswith(bare[bare.index("Run ") :])
    other = e.judge("another", "000", "words", e.Above(0), None, "networks")
    assert "another  –" in reference.lab_note(once, [other], origin | {"claims": ["another"]})


def test_kept_figures_keep_their_hues(tmp_path):
    """Lines in the colours of the digits over the greys of an image, which are most of what is there."""
    hues = [np.array(to_rgb(colour)) * 255 for colour in (*style.DIGITS, style.ACCENT, style.SECOND)]
    picture = np.random.default_rng(0).integers(0, 256, (600, 1800, 1), np.uint8).repeat(3, 2)
    for i, hue in enumerate(hues):
        picture[48 * i + 8 : 48 * i + 32, :60] = hue
    Image.fromarray(picture).save(tmp_path / "full.png")
    small = Image.open(io.BytesIO(reference._smaller(tmp_path / "full.png", 100))).convert("RGB")
    kept = np.asarray(small, float)
    for i, hue in enumerate(hues):
        line = kept[(48 * i + 20) // 3, 5:15]
        assert np.abs(line - hue).max() < 40

"""The reference run: what is kept of a paper, and what README shows of it."""

import json
import re

import pytest
from toys import ROWS, configs, contents, write_paper

from research.evidence import claims as c
from research.paper import reference
from research.runs import store


def test_the_reference_run_is_what_the_paper_said(two, tmp_path, monkeypatch):
    from PIL import Image

    folder, kept = tmp_path / "paper", tmp_path / "kept"
    write_paper({"beta": two[1].Config()}, folder)
    with pytest.raises(store.StoreError, match="lacks the studies alpha; run python -m launch.paper"):
        reference.export(folder, kept)
    write_paper(configs(two), folder)
    size = reference.export(folder, kept)
    before = contents(kept)
    assert size == sum(map(len, before.values())) <= reference.MAX_BYTES
    assert before["claims.json"] == (folder / "claims.json").read_bytes()
    origin, run = json.loads(before["provenance.json"])["alpha"], store.Run(folder / "alpha")
    assert origin == run.provenance() | {"claims": [f"alpha-{row}" for row in ROWS]}
    with Image.open(kept / "figures" / "alpha-points.png") as picture:
        assert picture.width == 7 * reference.PNG_DPI[0]
    reference.export(folder, kept)
    assert contents(kept) == before
    monkeypatch.setattr(reference, "MAX_BYTES", 1000)
    with pytest.raises(store.StoreError, match="would be kept, more than 1,000; the largest: report.html"):
        reference.export(folder, kept)
    assert contents(kept) == before


def test_the_readme_shows_claims_and_pictures_between_its_marks(two, tmp_path, monkeypatch):
    monkeypatch.setattr(reference, "PICTURES", (("alpha", "points"), ("beta", "even")))
    folder, kept = tmp_path / "paper", tmp_path / "kept"
    claims, _ = write_paper(configs(two), folder)
    reference.export(folder, kept)
    text = (
        "# Title\n<!-- pictures -->\nold\n<!-- /pictures -->\nbetween\n<!-- claims --><!-- /claims -->\nend\n"
    )
    filled = reference.readme(text, kept, "at/kept")
    assert "old" not in filled
    assert "![Numbers ≥ 0, in %.](at/kept/figures/alpha-points.png)" in filled
    (row,) = re.findall(r"^\| `alpha-mean` .*$", filled, re.MULTILINE)
    low, high = c.number(claims[0].low), c.number(claims[0].high)
    assert row.startswith("| `alpha-mean` (002) | 3 | near 3: 3 ± 1 | ")
    assert row.endswith(f"| {low} … {high} | 20 numbers | {claims[0].verdict} |")
    assert "| `alpha-2` (003) | 0.05 | > 0.05 | – | – | – | not run |" in filled
    assert "alpha-aside" not in filled
    assert filled.startswith("# Title\n")
    assert filled.endswith("\nend\n")
    assert reference.readme(filled, kept, "at/kept") == filled
    with pytest.raises(
        ValueError, match="expected <!-- claims --> … <!-- /claims --> once, found it 0 times"
    ):
        reference.fill("nothing", "claims", "x")

"""The reference run: what is kept of a paper, and what README shows of it."""

import csv
import dataclasses
import io
import json
import re

import numpy as np
import pytest
import xarray as xr
from toys import ROWS, configs, contents, write_paper

from research import evidence as e
from research import studies
from research.evidence import claims as c
from research.paper import estimate, figure_files, reference, tables
from research.runs import store


def test_the_reference_run_is_what_the_paper_said(two, tmp_path, monkeypatch):
    from PIL import Image

    folder, kept = tmp_path / "paper", tmp_path / "kept"
    monkeypatch.setattr(reference, "PICTURES", (("alpha", "points"),))
    write_paper({"beta": two[1].Config()}, folder)
    with pytest.raises(store.StoreError, match="lacks the studies alpha; run python -m launch.paper"):
        reference.export(folder, kept)
    write_paper(configs(two), folder)
    size = reference.export(folder, kept)
    before = contents(kept)
    assert size == sum(map(len, before.values())) <= reference.MAX_BYTES
    assert before["paper.pdf"] == (folder / "paper.pdf").read_bytes()
    assert before["claims.json"] == (folder / "claims.json").read_bytes()
    origin, run = json.loads(before["provenance.json"])["alpha"], store.Run(folder / "alpha")
    assert origin == run.provenance() | {"claims": [f"alpha-{row}" for row in ROWS]}
    with Image.open(kept / "figures" / "alpha-points.png") as picture:
        assert picture.width == 7 * reference.DPI
    reference.export(folder, kept)
    assert contents(kept) == before
    monkeypatch.setattr(reference, "MAX_BYTES", 1000)
    with pytest.raises(
        store.StoreError, match="would be kept, more than 1,000; the largest: paper.pdf, report"
    ):
        reference.export(folder, kept)
    assert contents(kept) == before


def test_the_readme_shows_claims_and_pictures_between_its_marks(two, tmp_path, monkeypatch):
    monkeypatch.setattr(reference, "PICTURES", (("alpha", "points"), ("beta", "even")))
    folder, kept = tmp_path / "paper", tmp_path / "kept"
    claims, _ = write_paper(configs(two), folder)
    reference.export(folder, kept)
    text = (
        "# Title\n<!-- time --><!-- /time -->\n<!-- pictures -->\nold\n<!-- /pictures -->\nbetween\n"
        "<!-- claims --><!-- /claims -->\nend\n"
    )
    estimate.keep(kept / "seconds.json", "quick", folder, studies.names())
    filled = reference.readme(text, kept, "at/kept")
    assert "old" not in filled
    assert re.search(
        r"<!-- time -->\n`make paper` takes \d+ s and at most \d\.\d GB of memory on \d+ cores, ", filled
    )
    assert "![Numbers ≥ 0, in %.](at/kept/figures/alpha-points.png)" in filled
    assert "PRESET=full" not in filled
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


def test_the_readme_shows_some_rows_and_counts_the_others():
    row = e.judge(
        "a|b", "002_x.txt", "words", e.Above(0), e.Interval(1, 0.5, 2, 9), "networks", words="a | b"
    )
    assert "\n| `a\\|b` (002) | – | a \\| b: > 0 | 1 | 0.5 … 2 | 9 networks |" in tables.markdown([row])
    some = [dataclasses.replace(row, id=name) for name in ("softmax-accuracy", "other")]
    assert tables.markdown(some).count("\n| `") == 1
    some[1] = dataclasses.replace(some[1], verdict="not reproduced")
    said = tables.markdown(some)
    assert "All 2: 1 reproduced, 0 partly, 1 not reproduced, 0 inconclusive, 0 not run." in said
    assert "The other 1, and 0 secondary rows, are in the report." in said


def test_compact_results_keep_what_figures_show():
    rng = np.random.default_rng(0)
    scale = 10.0 ** rng.integers(-25, 30, (90, 1, 1))
    image = (rng.normal(size=(90, 28, 28)) * scale).astype(np.float32)
    image[0, 0, :3] = (np.nan, np.inf, -np.inf)
    image[1] = 0
    bytes_ = rng.integers(0, 256, (28, 28, 3), dtype=np.uint8)
    whole = xr.Dataset(
        {"image": (("n", "y", "x"), image), "share": ("n", rng.random(90)), "count": ("n", np.arange(90)),
         "bytes": (("y", "x", "m"), bytes_), "one": ((), 0.1)},
        {"strength": ("n", np.arange(90) / 10)},
        {"about": "words"},
    )  # fmt: skip
    small = reference.compact(whole, bits=6)
    kinds = [small[name].dtype for name in ("image", "share", "count", "bytes")]
    assert kinds == [np.float32, np.float32, np.int64, np.uint8]
    np.testing.assert_array_equal(small.image[0, 0, :3], image[0, 0, :3])
    assert not small.image[1].any()
    largest = np.abs(image[2:]).max((1, 2), keepdims=True)
    assert (np.abs(small.image[2:] - image[2:]) <= largest / 2**6).all()
    assert len(np.unique(small.image[2])) <= 2 * 2**6 + 1
    assert np.abs(small["bytes"].values.astype(int) - bytes_).max() <= 2
    assert small["bytes"].dims == ("y", "x", "m")
    assert float(small["one"]) == pytest.approx(0.1, rel=2.0**-13)
    np.testing.assert_allclose(small.share, whole.share, rtol=2.0**-13)
    xr.testing.assert_identical(small.strength, whole.strength)
    assert small.attrs == whole.attrs
    halves = image[np.isfinite(image) & (abs(image) < 6e4) & (abs(image) > 1e-4)]
    exact = halves.astype(np.float16).astype(np.float32)  # in this range
    np.testing.assert_array_equal(reference._rounded(halves, 10), exact)
    assert len(store.packed(small, 9)) < 0.7 * len(store.packed(whole, 9))


def test_figures_of_the_reference_are_drawn_without_computing(two, tmp_path, monkeypatch):
    folder, kept = tmp_path / "paper", tmp_path / "kept"
    write_paper(configs(two), folder)
    reference.export(folder, kept)
    for study in two:
        monkeypatch.setattr(study, "run", None)
    results, drawn = figure_files.results_of(kept, "alpha"), tmp_path / "drawn"
    assert figure_files.redraw("alpha", results, drawn)
    assert contents(drawn).keys() >= contents(folder / "alpha" / "figures").keys()
    assert not figure_files.redraw("alpha", results, drawn)
    figure_files.draw("alpha", results, tmp_path / "one", ["moving"])
    assert sorted(contents(tmp_path / "one")) == ["moving.gif", "moving.mp4"]
    with pytest.raises(ValueError, match="alpha has no figure plots; known: points, even, wide, moving"):
        figure_files.draw("alpha", results, tmp_path / "one", ["plots"])
    with pytest.raises(ValueError, match="holds no results of alpha: expected .*alpha.nc or .*results.nc"):
        figure_files.results_of(tmp_path, "alpha")
    sheet, mine = tmp_path / "mine.mplstyle", tmp_path / "mine"
    sheet.write_text("lines.linewidth: 3.5  # thick\n")
    how = {"width": 3.4, "formats": ("svg", "csv"), "sheet": sheet}
    assert figure_files.draw_as("alpha", results, mine, ["points"], **how) == ["points"]
    first = contents(mine)
    assert first.keys() == {"points.svg", "points.csv"}
    assert 'width="244.8pt"' in first["points.svg"].decode()
    assert "stroke-width: 3.5" in first["points.svg"].decode()
    y = [float(row["y"]) for row in csv.DictReader(io.StringIO(first["points.csv"].decode()))]
    np.testing.assert_allclose(y, xr.load_dataset(results, engine="h5netcdf").x, rtol=1e-5)
    figure_files.draw_as("alpha", results, mine, ["points"], **how)
    assert contents(mine) == first
    sheet.write_text("lines.width: 3\n")
    with pytest.raises(
        ValueError, match="mine.mplstyle is no matplotlib style sheet: matplotlib has no lines.width"
    ):
        figure_files.draw_as("alpha", results, mine, ["points"], **how)
    assert figure_files.results_of(folder, "beta") == folder / "beta" / "results.nc"

"""The paper: every study run or reused, figures and report drawn from what is saved, failures shown."""

import json
import re
import shutil
import subprocess
import sys
import warnings
from html.parser import HTMLParser

import numpy as np
import pytest
from research.paper.drawing_pool import Artists

from research import studies
from research.evidence import claims as c
from research.plotting import latex, pipeline, reference, style
from research.runs import store
from research.runtime.progress import Plan, duration

STUDY = '''
"""A study for the tests: the mean of some numbers."""
import dataclasses
import numpy as np
import xarray as xr
from research.evidence import claims as c

CHAPTER = {chapter}
TITLE, QUESTION = "{title}", "Is <b> larger & than a?"
METHOD, DIFFERENCES = "One. Two. Three.", ("We count 5 %.",)
RUNS = []

@dataclasses.dataclass
class Config:
    seed: int = 0
    data: str = "mnist"
    fails: str = ""
    def validate(self):
        pass

def run(config, run):
    RUNS.append(config.seed)
    if config.fails == "stop":
        raise KeyboardInterrupt
    if config.fails:
        raise TypeError(config.fails)
    return xr.Dataset({{"x": ("i", np.random.default_rng(config.seed).normal(3, 1, 20))}})

def claims(results):
    words = "{title} is < 3 & more than 5 %"
    return [c.judge("{name}-mean", "002_x.txt", words, 3.0, c.mean(results.x), "numbers"),
            c.judge("{name}-2", "003_x.txt", words, 3.0, None, "numbers")]
'''
DRAWING = '''
import matplotlib.pyplot as plt
import numpy as np
from research.plotting.style import DOUBLE, Drawing

def points(results, width=DOUBLE):
    """The numbers in their order."""
    figure, ax = plt.subplots(figsize=(width, 2))
    ax.plot(results.x)
    ax.set_ylabel("number")
    return figure

def even(results, width=DOUBLE):
    """Drawn for even seeds only."""
    return points(results, width) if results.x[0] > 3.1 else None

def moving(results):
    """Two frames."""
    return [np.full((8, 8, 3), v, np.uint8) for v in (0, 255)], 2

FIGURES = {"points": Drawing(points, "Numbers ≥ 0, in %."), "even": Drawing(even, "Seldom.")}
ANIMATIONS = {"moving": Drawing(moving, "Moving.")}
'''


@pytest.fixture
def two(tmp_path, monkeypatch):
    """Two studies of our own, alpha and beta, in place of the real ones."""
    monkeypatch.setattr(studies, "__path__", [str(tmp_path)])
    here = lambda _, *figures: pipeline._draw(*figures)  # noqa: E731
    monkeypatch.setattr(Artists, "draw", here)  # another process would not know them
    for chapter, name in enumerate(("alpha", "beta")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        source = STUDY.format(name=name, title=name.capitalize(), chapter=chapter)
        (tmp_path / name / "study.py").write_text(source)
        (tmp_path / name / "figures.py").write_text(DRAWING)
    yield [studies.study(name) for name in studies.names()]
    for name in [
        name for name in sys.modules if name.startswith(("research.studies.alpha", "research.studies.beta"))
    ]:
        del sys.modules[name]


def write_paper(configs, folder, **how):
    return pipeline.conduct_all(configs, folder, widths=how.pop("widths", (style.DOUBLE,)), **how)


def configs(two, **fields):
    return {module.__name__.split(".")[-2]: module.Config(**fields) for module in two}


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in (".lock", "drawn.json")
    }


def test_everything_is_there_and_a_second_call_changes_nothing(two, tmp_path, capsys):
    folder = tmp_path / "paper"
    claims, failed = write_paper(configs(two), folder, widths=style.WIDTHS)
    assert failed == {}
    assert [claim.id for claim in claims] == ["alpha-mean", "alpha-2", "beta-mean", "beta-2"]
    before = contents(folder)
    assert {f"figures/alpha-{name}" for name in ("points.pdf", "points-column.png", "moving.gif", "moving.mp4")} <= set(before)  # fmt: skip
    assert c.from_json(before["claims.json"].decode()) == claims
    moved = {path: path.stat().st_mtime_ns for path in folder.glob("*/figures/*")}
    again, _ = write_paper(configs(two), folder, widths=style.WIDTHS)
    assert again == claims
    assert [module.RUNS for module in two] == [[0], [0]]
    assert contents(folder) == before
    assert {path: path.stat().st_mtime_ns for path in folder.glob("*/figures/*")} == moved
    said = capsys.readouterr().out
    assert said.count("done") == said.count("unchanged") == 2


def test_redrawing_gives_the_same_bytes_and_forcing_runs_again(two, tmp_path):
    folder = tmp_path / "paper"
    write_paper(configs(two), folder)
    before = contents(folder)
    shutil.rmtree(folder / "figures")
    for name in ("alpha", "beta"):
        shutil.rmtree(folder / name / "figures")
    (folder / "report.html").unlink()
    write_paper(configs(two), folder)
    assert contents(folder) == before
    assert [module.RUNS for module in two] == [[0], [0]]
    write_paper({"alpha": two[0].Config()}, folder, force=True)
    assert [module.RUNS for module in two] == [[0, 0], [0]]


def test_a_change_is_run_and_what_is_no_longer_drawn_goes_away(two, tmp_path):
    folder = tmp_path / "paper"
    seed = next(s for s in range(99) if np.random.default_rng(s).normal(3, 1, 20)[0] > 3.1)
    other = next(s for s in range(99) if np.random.default_rng(s).normal(3, 1, 20)[0] <= 3.1)
    write_paper(configs(two, seed=seed), folder)
    assert (folder / "figures" / "alpha-even.pdf").exists()
    write_paper({"alpha": two[0].Config(seed=other)}, folder)
    assert [module.RUNS for module in two] == [[seed, other], [seed]]
    assert not list(folder.glob("figures/alpha-even*")) + list(folder.glob("alpha/figures/even*"))
    assert (folder / "figures" / "beta-even.pdf").exists()
    page = (folder / "report.html").read_text()
    assert "alpha-even" not in page
    assert "beta-even" in page


def test_a_failed_study_is_shown_and_the_others_appear(two, tmp_path, capsys):
    folder, wrong = tmp_path / "paper", configs(two)
    wrong["alpha"].fails = "no <luck>\nat all"
    claims, failed = write_paper(wrong, folder)
    assert failed == {"alpha": "TypeError: no <luck> at all"}
    assert [claim.id for claim in claims] == ["beta-mean", "beta-2"]
    page = (folder / "report.html").read_text()
    assert "TypeError: no &lt;luck&gt; at all" in page
    assert "beta-mean" in page
    assert "Traceback" in (folder / "alpha" / "failure.txt").read_text()
    assert re.search(r"alpha +failed", capsys.readouterr().out)
    claims, failed = write_paper(configs(two), folder)
    assert not failed
    assert len(claims) == 4
    assert not (folder / "alpha" / "failure.txt").exists()


def test_the_command_ends_with_1_when_a_study_failed(two, tmp_path, monkeypatch):
    from absl import flags

    if "only" in flags.FLAGS and "launch.paper" not in sys.modules:
        delattr(flags.FLAGS, "only")  # launch.bench, loaded by another test, has a flag of this name too
    from launch import paper

    wrong = configs(two, fails="broken")
    monkeypatch.setattr(paper, "lab_note", lambda name, preset: wrong[name])
    flags.FLAGS(["paper", "--preset=smoke", f"--workdir={tmp_path / 'paper'}"])
    assert paper.main() == 1
    for config in wrong.values():
        config.fails = ""
    assert paper.main() == 0
    assert "preset smoke" in (tmp_path / "paper" / "report.html").read_text()


def test_figures_are_drawn_in_a_process_of_their_own_and_their_error_is_told(tmp_path):
    """Of a real study; that they are drawn is seen by the smoke paper."""
    (tmp_path / "results.nc").write_bytes(b"no results")
    with Artists(1) as artists:
        for _ in range(2):  # an error does not cost the process
            with pytest.raises(RuntimeError, match="figures: .*Error") as told:
                artists.draw("recognisers", tmp_path, (style.DOUBLE,))
            assert "load_dataset" in told.value.__notes__[0]
        own = artists.idle.queue[0].process
        assert own.poll() is None
    assert own.poll() is not None, "it ends with the others"


def test_a_process_that_dies_while_it_draws_costs_that_drawing_only(tmp_path):
    (tmp_path / "results.nc").write_bytes(b"no results")
    with Artists(1) as artists:
        artist = artists.idle.queue[0]
        artist.said = (tmp_path / "said").open("w+")
        dying = [sys.executable, "-c", "input(); raise SystemExit(7)"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": artist.said}
        artist.process = subprocess.Popen(dying, text=True, **pipes)
        with pytest.raises(RuntimeError, match="figures: the process that draws ended with code 7"):
            artists.draw("recognisers", tmp_path, (style.DOUBLE,))
        with pytest.raises(RuntimeError, match="figures: .*Error"):
            artists.draw("recognisers", tmp_path, (style.DOUBLE,))


def test_after_an_interruption_it_goes_on(two, tmp_path, monkeypatch):
    monkeypatch.setattr(conduct, "SECONDS", {"beta": 1, "alpha": 2})
    folder, stopped = tmp_path / "paper", configs(two)
    stopped["alpha"].fails = "stop"
    with pytest.raises(KeyboardInterrupt):
        write_paper(stopped, folder)
    page = (folder / "report.html").read_text()
    assert "beta-mean" in page
    assert "Not in this report yet: alpha" in page
    claims, _ = write_paper(configs(two), folder)
    assert len(claims) == 4
    assert [module.RUNS for module in two] == [[0, 0], [0]]


class Page(HTMLParser):
    """Checks that tags close in order; collects what a page refers to."""

    VOID = ("meta", "img", "source", "br")

    def __init__(self, text):
        super().__init__()
        self.open, self.refers, self.ids, self.images = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.refers += [values[name] for name in ("src", "srcset", "href") if name in values]
        self.ids += [values[name] for name in values if name == "id"]
        self.images += [values] * (tag == "img")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_needs_nothing_else_and_is_well_formed(two, tmp_path):
    folder = tmp_path / "paper"
    write_paper({"alpha": two[0].Config()}, folder, widths=style.WIDTHS)
    text = (folder / "report.html").read_text()
    page = Page(re.sub(r"<(path|circle)([^>]*)/>", r"<\1\2></\1>", text))
    assert len(set(page.ids)) == len(page.ids)
    for target in page.refers:
        assert target.startswith("data:image/") or target[1:] in page.ids, target[:80]
    assert "url(" not in text
    assert "@import" not in text
    assert all(image["alt"] for image in page.images)
    assert "Alpha is &lt; 3 &amp; more than 5 %" in text


def test_numbers_agree_with_claims_json_and_latex_compiles(two, tmp_path):
    folder = tmp_path / "paper"
    write_paper({"alpha": two[0].Config()}, folder, widths=style.WIDTHS)
    rows = json.loads((folder / "claims.json").read_text())
    numbers = (folder / "numbers.tex").read_text()
    for row in rows:
        for part, key in {
            "": "measured",
            "Claimed": "claimed",
            "Low": "low",
            "High": "high",
            "N": "n",
        }.items():
            (said,) = re.findall(rf"\\newcommand{{\\{latex.macro(row['id'])}{part}}}{{(.*)}}\n", numbers)
            assert said == "--" if row[key] is None else float(said) == pytest.approx(row[key], rel=5e-4)
    drawn = (folder / "figures.tex").read_text()
    files = re.findall(r"\\includegraphics\[width=\\linewidth\]{(.*?)}", drawn)
    assert files
    assert all((folder / file).exists() for file in files)
    macros = re.findall(r"\\newcommand{\\([A-Za-z]+)}", numbers + drawn)
    assert len(set(macros)) == len(macros)
    for name in ("numbers", "claims", "figures"):
        text = (folder / f"{name}.tex").read_text()
        assert text.isascii(), [character for character in text if not character.isascii()]
        bare = re.sub(r"\\[{}]", "", text)
        assert bare.count("{") == bare.count("}")
    tex = next(
        (found for name in ("tectonic", "pdflatex", "lualatex") if (found := shutil.which(name))), None
    )
    if tex:
        inside = "".join(f"\\{name}\n" for name in macros)
        paper = (
            "\\documentclass[twocolumn]{article}\\usepackage{booktabs,graphicx}\\begin{document}\n"
            f"\\input{{numbers}}\\input{{figures}}\\input{{claims}}\n{inside}\\end{{document}}\n"
        )
        (folder / "try.tex").write_text(paper)
        subprocess.run(
            [tex, "try.tex"], cwd=folder, check=True, stdin=subprocess.DEVNULL, capture_output=True
        )


def test_a_plan_scales_what_is_left_by_what_was_taken(capsys):
    now = [0.0]
    plan = Plan({"a": 10, "b": 20, "c": 0.0}, lambda: now[0])
    assert plan.left() == 30
    plan.start("a")
    now[0] = 4
    assert plan.left() == 26
    now[0] = 20
    assert plan.left() == 20  # longer than expected: what is left of it is not known
    plan.end("done")
    assert plan.left() == 40
    plan.start("b")
    now[0] = 50
    assert plan.left() == 10
    plan.end("failed")
    assert plan.left() == 0
    assert capsys.readouterr().out.splitlines() == [
        "a                 done          20.0 s   about 40 s left",
        "b                 failed        30.0 s",
    ]
    assert [duration(s) for s in (40, 180, 7500)] == ["40 s", "3 min", "2 h 05 min"]


def test_every_text_of_the_studies_can_be_set_in_latex():
    for name in studies.names():
        with warnings.catch_warnings():  # what libraries say when they are imported here for the first time
            warnings.simplefilter("ignore")
            drawn = studies.part(name, "figures")
        for drawings in (drawn.FIGURES, getattr(drawn, "ANIMATIONS", {})):
            for drawing in drawings.values():
                assert latex.escape(drawing.caption).isascii(), drawing.caption
                assert drawing.draw.__doc__, (
                    f"{name}: {drawing.draw.__name__} has no docstring for its alt text"
                )


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
    assert origin == run.provenance() | {"claims": [claim.id for claim in run.claims()]}
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
    (row,) = re.findall(r"^\| `alpha-mean` \|.*$", filled, re.MULTILINE)
    assert row.endswith(f"| 20 | {claims[0].verdict} |")
    assert filled.startswith("# Title\n")
    assert filled.endswith("\nend\n")
    assert reference.readme(filled, kept, "at/kept") == filled
    with pytest.raises(
        ValueError, match="expected <!-- claims --> … <!-- /claims --> once, found it 0 times"
    ):
        reference.fill("nothing", "claims", "x")

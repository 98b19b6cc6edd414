"""The report and its LaTeX: numbers agree with claims.json, the page is whole and says what was measured."""

import ast
import inspect
import json
import re
import shutil
import subprocess
import warnings
from html.parser import HTMLParser
from pathlib import Path

import pytest
from browser import executable, launch
from playwright.sync_api import sync_playwright
from toys import write_paper

from research import evidence as e
from research import studies
from research.evidence import claims as c
from research.paper import content, latex, prose, report, tables
from research.plotting import style

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
CLAIMS = [
    e.judge("softmax-accuracy", "002_x.txt", "roughly 92 %", e.Near(0.92, 0.01, higher_is="better"),
            e.mean([0.945, 0.946, 0.9462, 0.9451, 0.944]), "networks", words="mean accuracy", within="10,000 digits"),
    e.judge("sigmoid200-error", "000_x.txt", "1.92 %", e.AtMost(0.0192, stated=True), e.mean([0.018, 0.019]),
            "networks", primary=False),
    e.judge("digits-above-0.9", "003_x.txt", "R&D_{x} > \"0.9\"", e.Above(0.9, stated=True), None, "networks",
            not_run="its `network` was <left> out"),
]  # fmt: skip


def macros(text):
    return dict(re.findall(r"\\newcommand\{\\([A-Za-z]+)\}\{(.*)\}$", text, re.MULTILINE))


def test_numbers_agree_with_the_claims():
    defined = macros(latex.numbers(CLAIMS))
    assert len(defined) == 7 * len(CLAIMS)
    for claim in CLAIMS:
        name = latex.macro(claim.id)
        parts = {"": claim.measured, "Claimed": claim.claimed, "Low": claim.low, "High": claim.high}
        for part, value in parts.items():
            if value is None:
                assert defined[name + part] == "--"
            else:
                assert float(defined[name + part]) == pytest.approx(value, rel=1e-3)
        assert defined[name + "N"] == str(claim.n)
        assert defined[name + "Unit"] == "networks"
        assert defined[name + "Verdict"] == claim.verdict


def test_macros_are_letters_and_distinct():
    names = [latex.macro(claim.id) for claim in CLAIMS]
    assert names == ["SoftmaxAccuracy", "SigmoidTwoZeroZeroError", "DigitsAboveZeroNine"]
    assert all(re.fullmatch("[A-Za-z]+", name) for name in names)


def test_special_characters_are_escaped():
    assert latex.escape("R&D_{x} 5 % ≥ \\") == r"R\&D\_\{x\} 5 \% $\ge$ \textbackslash{}"
    table = latex.claims(CLAIMS)
    assert len(re.findall(r"\\\\$|\\\\\n", table)) == 2 + 1  # the primary rows and the head
    assert table.index(r"\toprule") < table.index("softmax-accuracy") < table.index(r"\bottomrule")
    assert "sigmoid200-error" not in table


def test_names_in_captions_are_code():
    shown = {"study": "a", "name": "b", "file": "a-b.pdf", "moving": False, "column": False}
    drawn = latex.figures([{"figures": [shown | {"caption": prose.runs("put there by `place`, 5 %")}]}])
    assert r"\caption{put there by \texttt{place}, 5~\%}" in drawn
    assert (
        report._words("put there by `place`, <5 %")
        == "put there by <code>place</code>, &lt;5\N{NO-BREAK SPACE}%"
    )


@pytest.fixture
def paper(two, tmp_path):
    """A paper of one toy study, in both widths."""
    folder = tmp_path / "paper"
    write_paper({"alpha": two[0].Config()}, folder, widths=style.WIDTHS)
    return folder


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

    def handle_startendtag(self, tag, attributes):
        pass  # <path/> of a drawing

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_needs_nothing_else_and_is_well_formed(paper):
    text = (paper / "report.html").read_text()
    page = Page(text)
    assert len(set(page.ids)) == len(page.ids)
    for target in page.refers:
        assert target.startswith("data:image/") or target[1:] in page.ids, target[:80]
    assert "url(" not in text
    assert "@import" not in text
    assert all(image["alt"] for image in page.images)
    (found,) = json.loads((paper / "findings.json").read_text())
    assert page.images[0]["alt"] == f"The numbers in their order. {found['statement']}"
    assert page.images[1]["alt"] in ("Drawn for even seeds only.", "Too full for one column.")
    assert "<q>Alpha is &lt; 3 &amp; more than 5 %</q>" in text


def test_a_row_says_what_the_document_says_what_we_require_and_what_was_measured(monkeypatch, tmp_path):
    monkeypatch.setattr(report.Chapter, "claims", lambda _: CLAIMS)
    monkeypatch.setattr(report.Chapter, "findings", lambda _: [])
    (tmp_path / "provenance.json").write_text("{}")
    chapters = [report.Chapter("recognisers", tmp_path)]
    text = report.page(content.content(chapters), chapters)
    open_, folded = text.split("<details><summary>1 secondary rows")
    rows = {row.split("<")[0]: row for row in (open_ + folded).split('<span class="id">')[1:]}
    assert [id for id in rows if id in open_] == ["softmax-accuracy", "digits-above-0.9"]
    said = [re.sub(r"\s+", " ", re.sub("<[^>]*>", "", rows[claim.id])) for claim in CLAIMS]
    for part in ("roughly 92 %", "Our criterion: mean accuracy: 0.92 ± 0.01", "5 networks", "each: 10,000 digits",
                 "not reproduced better", f" {tables.interval(CLAIMS[0])} "):  # fmt: skip
        assert part in said[0]
    assert "inconclusive" in said[1]
    assert "R&amp;D_{x} &gt; &#34;0.9&#34;" in said[2]
    assert "not run its network was &lt;left&gt; out" in said[2]
    assert "We turned their statements into 2 criteria and measured 1 of them" in text


def test_only_numbers_between_0_and_1_have_a_strip_and_all_strips_have_that_scale():
    assert content.strip(CLAIMS[0])["claimed"] == pytest.approx(92)
    assert content.strip(CLAIMS[2]) is None
    wide = e.judge("a", "002_x.txt", "words", e.Above(0), e.mean([0.1, 0.9, 2.5, 0.2, 0.1]), "networks")
    assert content.strip(wide) is None


def test_no_number_of_the_report_is_typed_by_hand(paper):
    """The words of the page have no digit but for names; its findings are those of findings.json, once on top."""
    template = (report.TEMPLATES / "report.html").read_text()
    words = re.sub(r"{%.*?%}|{{.*?}}|<[^>]*>", " ", template, flags=re.DOTALL)
    assert re.findall(r"\d+", words) == []
    text = re.sub('alt="[^"]*"', "", (paper / "report.html").read_text())
    (found,) = json.loads((paper / "findings.json").read_text())
    assert str(report._words(found["statement"])) == re.findall("<li>(Alpha &amp; Co.*?)</li>", text)[0]
    assert text.count("Co. are") == 2


def test_numbers_agree_with_claims_json_and_latex_compiles(paper):
    rows = json.loads((paper / "claims.json").read_text())
    numbers = (paper / "numbers.tex").read_text()
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
    found = (paper / "findings.tex").read_text()
    (finding,) = json.loads((paper / "findings.json").read_text())
    assert macros(found) == {"FindingAlphaFound": latex.escape(finding["statement"])}
    drawn = (paper / "figures.tex").read_text()
    files = re.findall(r"\\includegraphics\[.*?\]{\\FigureFolder/(.*?)}", drawn)
    assert files
    assert all((paper / "figures" / file).exists() for file in files)
    used = set(re.findall(r"^\\(Figure\w+)$", (paper / "main.tex").read_text(), re.MULTILINE))
    assert used == {"FigureAlphaPoints", "FigureAlphaEven", "FigureAlphaWide"}
    assert used <= set(re.findall(r"\\newcommand{\\(Figure\w+)}", drawn))
    names = re.findall(r"\\newcommand{\\([A-Za-z]+)}", numbers + found + drawn)
    assert len(set(names)) == len(names)
    for name in ("numbers", "claims", "findings", "figures", "main"):
        text = (paper / f"{name}.tex").read_text()
        assert text.isascii(), [character for character in text if not character.isascii()]
        bare = re.sub(r"\\[{}]", "", text)
        assert bare.count("{") == bare.count("}")
    if tex := shutil.which("pdflatex"):
        for _ in range(2):
            subprocess.run(
                [tex, "-halt-on-error", "main.tex"],
                cwd=paper,
                check=True,
                stdin=subprocess.DEVNULL,
                capture_output=True,
            )
        log = (paper / "main.log").read_text(errors="replace")
        wide = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]
        assert max(wide, default=0) <= 5


def test_every_text_of_the_studies_can_be_set_in_latex():
    for name in studies.names():
        with warnings.catch_warnings():  # what libraries say when they are imported here for the first time
            warnings.simplefilter("ignore")
            drawn = studies.part(name, "figures")
        known = inspect.getsource(studies.part(name, "findings"))
        for drawings in (drawn.FIGURES, getattr(drawn, "ANIMATIONS", {})):
            for drawing in drawings.values():
                assert latex.escape(drawing.caption).isascii(), drawing.caption
                assert drawing.draw.__doc__, (
                    f"{name}: {drawing.draw.__name__} has no docstring for its alt text"
                )
                assert f'"{drawing.finding}"' in known or not drawing.finding


def test_on_a_phone_only_figures_that_are_wide_move_sideways(paper):
    executable()
    with sync_playwright() as playwright:
        page = launch(playwright).new_page(viewport={"width": 390, "height": 844})
        page.goto((paper / "report.html").as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        shown = page.evaluate("""[...document.querySelectorAll("picture")].map(picture => {
            const still = !picture.querySelector(".moving, source")
            return [still, picture.querySelector("img").clientWidth, picture.scrollWidth > picture.clientWidth]
        })""")
        assert len(shown) > 2
        assert [wide for wide, _, _ in shown].count(True) == 1
        for wide, width, moves in shown:
            assert moves == (width > 390) == wide


SAID = {  # every claim of the five documents, by the study that measures it
    "recognisers": ("softmax-accuracy", "mlp100-accuracy", "mlp3-accuracy", "sigmoid200-error", "cnn-accuracy",
                    "better-than-logistic"),
    "identikits": ("random-below-0.6", "digits-above-0.9", "identikit-reaches-0.99", "seven-half", "nine-third",
                   "within-class-similar", "local-minima", "zero-six-visible"),
    "causal_maps": ("maps-like-digits",),
    "input_clusters": ("clusters-form", "little-at-500", "simple-classifier", "loss-falls", "faster-in-3d"),
    "denoising": ("noisy-89", "denoised-94", "errors-halved"),
    "bottlenecks": ("bottleneck-96", "bottleneck-like-tsne"),
    "embeddings": ("tsne-separates",),
    "drawings": ("funky-seven", "funky-seven-pca"),
}  # fmt: skip
STUDIES = Path(studies.__file__).parent


@pytest.mark.parametrize("study", SAID)
def test_every_claim_of_the_documents_is_judged(study):
    """Its id stands in the code of the study that measures it; what a run leaves out is judged as not run."""
    if study not in studies.names():
        pytest.skip(f"{study} is not among the studies")
    sources = [path.read_text() for path in (STUDIES / study).glob("*.py")]
    nodes = [node for source in sources for node in ast.walk(ast.parse(source))]
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert set(SAID[study]) - texts == set()


def test_the_reference_run_has_a_row_for_every_claim():
    kept = REFERENCE / "claims.json"
    if not kept.exists():
        pytest.skip("no reference run is kept yet")
    rows = c.from_json(kept.read_text())
    assert {id for ids in SAID.values() for id in ids} <= {row.id for row in rows}
    for row in rows:
        assert row.verdict == "not run" or (row.n > 0 and row.measured is not None), row

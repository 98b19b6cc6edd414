"""The report and its LaTeX: numbers agree with claims.json, the same results give the same bytes."""

import ast
import re
from pathlib import Path

import pytest
from browser import executable, launch
from playwright.sync_api import sync_playwright

from research import studies
from research.evidence import claims as c
from research.paper import latex, report

REFERENCE = Path(__file__).parents[2] / "results" / "reference"
CLAIMS = [
    c.judge(
        "softmax-accuracy",
        "002_x.txt",
        "roughly 92 %",
        0.92,
        c.mean([0.925, 0.926, 0.9262]),
        "networks",
        "at least",
    ),
    c.judge("sigmoid200-error", "000_x.txt", "1.92 %", 0.0192, c.mean([0.018, 0.019]), "networks", "at most"),
    c.judge("digits-above-0.9", "003_x.txt", "R&D_{x} ≥ 0.9", 0.9, None, "images"),
]


def macros(text):
    return dict(re.findall(r"\\newcommand\{\\([A-Za-z]+)\}\{(.*)\}$", text, re.MULTILINE))


def test_numbers_agree_with_the_claims():
    defined = macros(latex.numbers(CLAIMS))
    assert len(defined) == 6 * len(CLAIMS)
    for claim in CLAIMS:
        name = latex.macro(claim.id)
        for part, value in (("", claim.measured), ("Low", claim.low), ("High", claim.high)):
            if value is None:
                assert defined[name + part] == "--"
            else:
                assert float(defined[name + part]) == pytest.approx(value, rel=1e-3)
        assert defined[name + "N"] == str(claim.n)
        assert defined[name + "Verdict"] == claim.verdict


def test_macros_are_letters_and_distinct():
    names = [latex.macro(claim.id) for claim in CLAIMS]
    assert names == ["SoftmaxAccuracy", "SigmoidTwoZeroZeroError", "DigitsAboveZeroNine"]
    assert all(re.fullmatch("[A-Za-z]+", name) for name in names)


def test_special_characters_are_escaped():
    assert latex.escape("R&D_{x} 5 % ≥ \\") == r"R\&D\_\{x\} 5 \% $\ge$ \textbackslash{}"
    table = latex.claims(CLAIMS)
    assert table.count(r"\\") == len(CLAIMS) + 1
    assert table.index(r"\toprule") < table.index("softmax-accuracy") < table.index(r"\bottomrule")


def test_names_in_captions_are_code():
    assert r"\caption{put there by \texttt{place}, 5 \%}" in latex.figures(
        [("a", "b", "put there by `place`, 5 %", False)]
    )
    assert (
        report._text("put there by `place`, <5 %")
        == "put there by <code>place</code>, &lt;5\N{NO-BREAK SPACE}%"
    )


def test_on_a_phone_only_figures_that_are_wide_move_sideways():
    executable()
    with sync_playwright() as playwright:
        page = launch(playwright).new_page(viewport={"width": 390, "height": 844})
        page.goto((REFERENCE / "report.html").as_uri())
        page.evaluate(
            "document.querySelector('picture').prepend(document.createElement('source'))"
        )  # a narrow form
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        shown = page.evaluate("""[...document.querySelectorAll("picture")].map(picture => {
            const still = !picture.querySelector(".moving, source")
            return [still, picture.querySelector("img").clientWidth, picture.scrollWidth > picture.clientWidth]
        })""")
        assert len(shown) > 40
        assert not shown[0][0]
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

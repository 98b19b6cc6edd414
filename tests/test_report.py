"""The report and its LaTeX: numbers agree with claims.json, the same results give the same bytes."""

import re

import pytest

from research import claims as c
from research import latex

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

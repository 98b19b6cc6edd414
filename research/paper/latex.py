"""LaTeX to paste from: a macro for every measured number and finding, the claims as a table, figures with captions.

For the claim `softmax-accuracy` numbers.tex defines \\SoftmaxAccuracy (the measured value), and with the endings
Claimed, Low, High, N, Unit and Verdict the rest of its row; digits in an id are spelt out (`sigmoid200-error` is
\\SigmoidTwoZeroZeroError). What was not measured is defined as a dash. The finding `place-helps` is
\\FindingPlaceHelps in findings.tex.
"""

import re
from collections.abc import Iterable, Sequence

from research.evidence.claims import Claim, number, primary
from research.evidence.findings import Finding
from research.paper import tables

DIGITS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
SPECIAL = {"&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}",
           "^": r"\textasciicircum{}", "\\": r"\textbackslash{}", "–": "--", "−": "$-$", "≥": r"$\ge$", "≤": r"$\le$",
           "×": r"$\times$", "…": r"\ldots{}", "→": r"$\to$", "²": r"$^2$", "±": r"$\pm$", "⁻": "$^-$",
           "<": "$<$", ">": "$>$", "“": "``", "”": "''", "’": "'", "·": r"$\cdot$", "\N{NO-BREAK SPACE}": "~"}  # fmt: skip
GREEK = {"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "λ": "lambda", "μ": "mu", "π": "pi",
         "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "varphi", "χ": "chi", "Δ": "Delta", "Σ": "Sigma"}  # fmt: skip
SPECIAL |= {letter: rf"$\{name}$" for letter, name in GREEK.items()}


def macro(id: str) -> str:
    """The macro's name for an id: letters only."""
    words = re.sub(r"\d", lambda digit: f"-{DIGITS[int(digit[0])]}-", id)
    return "".join(word[0].upper() + word[1:] for word in re.split(r"[^A-Za-z]+", words) if word)


def escape(text: str) -> str:
    return "".join(SPECIAL.get(character, character) for character in text)


def _text(text: str) -> str:
    """A caption, with its `names` as code."""
    return re.sub("`(.+?)`", r"\\texttt{\1}", escape(text))


def numbers(claims: Iterable[Claim]) -> str:
    """numbers.tex."""
    lines = ["% Written by launch.paper from claims.json; do not edit."]
    for c in claims:
        row = {"": c.measured, "Claimed": c.claimed, "Low": c.low, "High": c.high}
        lines += [
            rf"\newcommand{{\{macro(c.id)}{part}}}{{{escape(number(value))}}}" for part, value in row.items()
        ]
        lines.append(rf"\newcommand{{\{macro(c.id)}N}}{{{c.n}}}")
        lines.append(rf"\newcommand{{\{macro(c.id)}Unit}}{{{escape(c.unit)}}}")
        lines.append(rf"\newcommand{{\{macro(c.id)}Verdict}}{{{c.verdict}}}")
    return "\n".join(lines) + "\n"


def findings(found: Iterable[Finding]) -> str:
    """findings.tex: every sentence, with its numbers in it, as a macro."""
    lines = [rf"\newcommand{{\Finding{macro(each.id)}}}{{{escape(each.statement)}}}" for each in found]
    return "\n".join(["% Written by launch.paper from findings.json; do not edit.", *lines]) + "\n"


def claims(rows: Iterable[Claim]) -> str:
    """claims.tex: the primary rows as one tabular; needs the package booktabs."""
    head = r"Claim & Document & Criterion (ours) & Measured & 95\,\% interval & $n$ & Verdict \\"
    body = []
    for c in primary(rows):
        id, interval, size = f"{c.id} ({c.source[:3]})", tables.interval(c), tables.size(c)
        cells = (
            id, number(c.claimed), c.criterion, number(c.measured), interval, size, tables.verdict(c)
        )  # fmt: skip
        body.append(" & ".join(map(escape, cells)) + r" \\")
    top = [r"\begin{tabular}{lrp{3.5cm}rrrl}", r"\toprule", head, r"\midrule"]
    return "\n".join([*top, *body, r"\bottomrule", r"\end{tabular}"]) + "\n"


def figures(drawn: Sequence[tuple[str, str, str, bool]]) -> str:
    r"""figures.tex from (study, name, caption, in one column too?): \input it and say \Figure..., named as numbers.

    The same name with the ending Column sets the figure in one column.
    """
    lines = ["% Written by launch.paper; needs the package graphicx."]
    for study, name, caption, in_column in drawn:
        for ending, star, file in (("", "*", name), ("Column", "", f"{name}-column"))[: 1 + in_column]:
            lines += [
                rf"\newcommand{{\Figure{macro(study)}{macro(name)}{ending}}}{{%",
                rf"  \begin{{figure{star}}}\centering\includegraphics[width=\linewidth]{{figures/{study}-{file}.pdf}}",
                rf"  \caption{{{_text(caption)}}}\label{{fig:{study}-{file}}}\end{{figure{star}}}}}",
            ]
    return "\n".join(lines) + "\n"

"""LaTeX for other papers: a macro for every measured number and finding, the claims as a table, figures with captions.

For the claim `softmax-accuracy` numbers.tex defines \\SoftmaxAccuracy (the measured value) and, with the endings
Claimed, Low, High, N, Unit and Verdict, the rest of its row. Digits in an id are spelt out (`sigmoid200-error` is
\\SigmoidTwoZeroZeroError). A value that was not measured is a dash. The finding `place-helps` is
\\FindingPlaceHelps in findings.tex.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from research.evidence.claims import Claim, number, primary
from research.evidence.findings import Finding
from research.paper import prose, tables

DIGITS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
SPECIAL = {"&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}",
           "^": r"\textasciicircum{}", "\\": r"\textbackslash{}", "–": "--", "−": "$-$", "≥": r"$\ge$", "≤": r"$\le$",
           "×": r"$\times$", "…": r"\ldots{}", "→": r"$\to$", "²": r"$^2$", "±": r"$\pm$", "⁻": "$^-$",
           "<": "$<$", ">": "$>$", "“": "``", "”": "''", "’": "'", "·": r"$\cdot$", "\N{NO-BREAK SPACE}": "~"}  # fmt: skip
GREEK = {"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "λ": "lambda", "μ": "mu", "π": "pi",
         "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "varphi", "χ": "chi", "Δ": "Delta", "Σ": "Sigma"}  # fmt: skip
SPECIAL |= {letter: rf"$\{name}$" for letter, name in GREEK.items()}


COMMANDS = {
    "text": "{}",
    "code": r"\texttt{{{}}}",
    "strong": r"\textbf{{{}}}",
    "interval": r"{{\footnotesize[{}]}}",
}


def macro(id: str) -> str:
    """The name of the macro for an id, which has letters only."""
    words = re.sub(r"\d", lambda digit: f"-{DIGITS[int(digit[0])]}-", id)
    return "".join(word[0].upper() + word[1:] for word in re.split(r"[^A-Za-z]+", words) if word)


def escape(text: str) -> str:
    """Plain text with LaTeX's special characters escaped."""
    return "".join(SPECIAL.get(character, character) for character in text)


def text(runs: str | prose.Runs) -> str:
    """Text in LaTeX, with `names` as code and with citations."""
    said = []
    for kind, what in prose.runs(runs) if isinstance(runs, str) else runs:
        if kind == "cite":
            said.append(rf"\cite{{{','.join(what.split())}}}")
        else:
            said.append(COMMANDS[kind].format(escape(what)))
    return "".join(said)


def numbers(claims: Iterable[Claim]) -> str:
    """The text of numbers.tex: macros for every field of every claim."""
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
    """The text of findings.tex: every sentence as a macro."""
    lines = [rf"\newcommand{{\Finding{macro(each.id)}}}{{{escape(each.statement)}}}" for each in found]
    return "\n".join(["% Written by launch.paper from findings.json; do not edit.", *lines]) + "\n"


WIDTHS = {  # of the columns of claims.tex, of the width of the text; the rest lies between them
    "Claim": 0.17, "Document": 0.07, "Criterion (ours)": 0.25, "Measured": 0.08, r"95\,\% interval": 0.12, "$n$": 0.12,
    "Verdict": 0.09,
}  # fmt: skip


def claims(rows: Iterable[Claim]) -> str:
    """The text of claims.tex: the primary rows as a table of the text's width; needs array, booktabs and longtable."""
    body = []
    for c in primary(rows):
        id, interval, size = f"{c.id} ({c.source[:3]})", tables.interval(c), tables.size(c)
        cells = (
            id, number(c.claimed), c.criterion, number(c.measured), interval, size, tables.verdict(c)
        )  # fmt: skip
        body.append(" & ".join(map(escape, cells)) + r" \\")
    columns = "".join(rf">{{\raggedright\arraybackslash}}p{{{width}\textwidth}}" for width in WIDTHS.values())
    top = [
        r"{\footnotesize\setlength{\tabcolsep}{2pt}",
        rf"\begin{{longtable}}{{@{{}}{columns}@{{}}}}",
        r"\toprule", " & ".join(WIDTHS) + r" \\", r"\midrule\endhead",
    ]  # fmt: skip
    return "\n".join([*top, *body, r"\bottomrule", r"\end{longtable}}"]) + "\n"


def figures(sections: Iterable[Mapping[str, Any]]) -> str:
    r"""The text of figures.tex: a macro \Figure... for every figure of the sections of `content`, named as numbers are.

    The same name with the ending Column sets a figure in one column. \FigureFolder is the folder of the files, and
    may be defined before.
    """
    lines = [
        "% Written by launch.paper; needs the package graphicx.",
        r"\providecommand{\FigureFolder}{figures}",
    ]
    for shown in (shown for section in sections for shown in section["figures"] if not shown["moving"]):
        name = shown["file"].removesuffix(".pdf")
        for ending, star, file in (("", "*", name), ("Column", "", f"{name}-column"))[: 1 + shown["column"]]:
            lines += [
                rf"\newcommand{{\{_figure(shown)}{ending}}}{{%",
                rf"  \begin{{figure{star}}}[tp]\centering",
                rf"  \includegraphics[width=\linewidth,height=.75\textheight,keepaspectratio]{{\FigureFolder/{file}.pdf}}",
                rf"  \caption{{{text(shown['caption'])}}}\label{{fig:{file}}}\end{{figure{star}}}}}",
            ]
    return "\n".join(lines) + "\n"


def _figure(shown: Mapping[str, Any]) -> str:
    return f"Figure{macro(shown['study'])}{macro(shown['name'])}"


def main(said: Mapping[str, Any]) -> str:
    """The text of main.tex: the whole paper, from `content.content`."""
    import jinja2

    templates = jinja2.Environment(
        block_start_string="<%", block_end_string="%>", variable_start_string="<<", variable_end_string=">>",
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")), undefined=jinja2.StrictUndefined,
        comment_start_string="<#", trim_blocks=True,
    )  # fmt: skip

    def called(shown: Mapping[str, Any]) -> str:
        return _figure(shown) + ("Column" if shown["column"] and shown["place"] != "wide" else "")

    templates.filters |= {"tex": text, "figure_macro": called}
    return templates.get_template("main.tex").render(said)

"""LaTeX to paste from: a macro for every measured number, the claims as a table, the figures with captions.

For the claim `softmax-accuracy` numbers.tex defines \\SoftmaxAccuracy (the measured value), and with the
endings Claimed, Low, High, N and Verdict the rest of its row; digits in an id are spelt out
(`sigmoid200-error` is \\SigmoidTwoZeroZeroError). What was not measured is defined as a dash.
"""

import re
from collections.abc import Iterable, Sequence

from research.evidence.claims import Claim, number

DIGITS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
SPECIAL = {"&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}",
           "^": r"\textasciicircum{}", "\\": r"\textbackslash{}", "–": "--", "−": "$-$", "≥": r"$\ge$", "≤": r"$\le$",
           "×": r"$\times$", "…": r"\ldots{}", "→": r"$\to$", "²": r"$^2$", "α": r"$\alpha$", "±": r"$\pm$", "⁻": "$^-$"}  # fmt: skip


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
        lines.append(rf"\newcommand{{\{macro(c.id)}Verdict}}{{{c.verdict}}}")
    return "\n".join(lines) + "\n"


def claims(rows: Iterable[Claim]) -> str:
    """claims.tex: one tabular; needs the package booktabs."""
    body = [
        " & ".join(
            (
                escape(c.id),
                c.source[:3],
                escape(number(c.claimed)),
                escape(number(c.measured)),
                escape(f"{number(c.low)} … {number(c.high)}"),
                str(c.n),
                c.verdict,
            )
        )
        + r" \\"
        for c in rows
    ]
    head = r"Claim & Document & Claimed & Measured & 95\,\% interval & $n$ & Verdict \\"
    return (
        "\n".join(
            [
                r"\begin{tabular}{llrrrrl}",
                r"\toprule",
                head,
                r"\midrule",
                *body,
                r"\bottomrule",
                r"\end{tabular}",
            ]
        )
        + "\n"
    )


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

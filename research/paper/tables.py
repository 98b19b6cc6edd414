"""All claims and all findings of a paper as tables: JSON and CSV for programs, Markdown for the README."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import fields

from research.evidence import claims as c
from research.evidence import findings as f

IN_THE_README = (  # primary rows: a few of every study; the report has them all
    "aliens-could", "softmax-accuracy", "cnn-accuracy", "better-than-logistic", "random-below-0.6",
    "identikit-reaches-0.99", "seven-nine-hardest", "zero-six-visible", "maps-like-digits", "index-suits-deeper-less",
    "clusters-form", "noisy-89", "denoised-94", "bottleneck-96", "bottleneck-like-tsne", "tsne-separates", "funky-seven",
)  # fmt: skip
COMPARED = ("better", "worse")  # notes that belong to the verdict


def claims_csv(rows: Iterable[tuple[str, c.Claim]]) -> str:
    """A row for each (study, claim), a column for each field; None is an empty cell."""
    names = [field.name for field in fields(c.Claim)]
    return _csv(["study", *names], ([study, *(getattr(row, name) for name in names)] for study, row in rows))


def findings_csv(rows: Iterable[tuple[str, f.Finding]]) -> str:
    """A row for each number of each (study, finding)."""
    names = ("value", "low", "high", "n", "unit")
    lines = (
        [study, finding.id, finding.statement, name, *(getattr(number, each) for each in names)]
        for study, finding in rows
        for name, number in finding.numbers.items()
    )
    return _csv(["study", "id", "statement", "number", *names], lines)


def findings_json(rows: Sequence[tuple[str, f.Finding]]) -> str:
    """A list of {id, study, statement, value, low, high, n, unit, numbers}; see `research.evidence.findings`."""
    listed = json.loads(f.to_json(finding for _, finding in rows))
    named = [{"id": row["id"], "study": study, **row} for row, (study, _) in zip(listed, rows)]
    return json.dumps(named, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def interval(claim: c.Claim) -> str:
    """The 95 % interval as text; a dash if there is none."""
    return "–" if claim.low is None else f"{c.number(claim.low)} … {c.number(claim.high)}"


def size(claim: c.Claim) -> str:
    """n with its unit; a dash if nothing was measured."""
    return c.counted(claim.n, claim.unit) if claim.n else "–"


def verdict(claim: c.Claim) -> str:
    """The verdict, with "better" or "worse" where that has a meaning."""
    return f"{claim.verdict} ({claim.note})" if claim.note in COMPARED else claim.verdict


def markdown(claims: Iterable[c.Claim]) -> str:
    """The rows IN_THE_README (all primary ones if none of these is there) as a Markdown table, and how many more there are.

    "document" holds the document's own number, the criterion is ours.
    """
    claims = list(claims)
    primary = c.primary(claims)
    rows = [row for row in primary if row.id in IN_THE_README] or primary
    lines = [
        "| claim | document | criterion (ours) | measured | 95 % interval | n | verdict |",
        "|---|--:|---|--:|--:|--:|---|",
    ]
    for claim in rows:
        cells = (
            f"`{claim.id}` ({claim.source[:3]})", c.number(claim.claimed), claim.criterion, c.number(claim.measured),
            interval(claim), size(claim), verdict(claim),
        )  # fmt: skip
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    more = len(primary) - len(rows)
    if more:
        secondary = len(claims) - more - len(rows)
        counts = {each: sum(row.verdict == each for row in primary) for each in c.VERDICTS}
        totals = ", ".join(f"{n} {each}" for each, n in counts.items())
        lines += ["", f"These rows are a selection. All {len(primary)}: {totals}."]
        lines += [f"The other {more}, and {secondary} secondary rows, are in the report."]
    return "\n".join(lines)


def _csv(head: Sequence[str], rows: Iterable[Sequence]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    return text.getvalue()

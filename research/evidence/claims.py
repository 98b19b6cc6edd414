"""Claims: what a document says, what we require, what we measured, and a verdict by one rule.

The rule, in the order in which it is applied (function `verdict`):
  not run         nothing was measured;
  inconclusive    fewer than 5 independent units, or an interval that is not finite;
  reproduced      the whole interval meets the criterion;
  inconclusive    a part of the interval meets the criterion;
  partly          no value of the interval meets the criterion, but all lie on the claimed side of `neutral`: the
                  direction holds, the size does not;
  not reproduced  otherwise.
"""

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Literal, get_args

from research.evidence.criteria import Criterion, number
from research.evidence.intervals import NOTHING, Interval

Verdict = Literal["reproduced", "partly", "not reproduced", "inconclusive", "not run"]
VERDICTS: tuple[str, ...] = get_args(Verdict)
MIN_UNITS = 5
NEVER_UNITS = ("restart", "pixel", "digit")
NUMBER = re.compile(
    r"(?P<sign>(?<![\w.)])[-−])?"
    r"(?P<digits>\d{1,3}(?:,\d{3})+(?![\d,])|\d*\.?\d+)"
    r"(?P<scale>\s?%|\s?per ?cent\b|k\b)?"
)


def counted(n: int, unit: str) -> str:
    """n with its unit, which is given in the plural: "30 networks", "1 pair of networks"."""
    head, of, rest = unit.partition(" of ")
    return f"{n:,} {head.removesuffix('s') if n == 1 else head}{of}{rest}"


@dataclass(frozen=True)
class Claim:
    """One row of the claims table; the constructor checks the rules for publishing it.

    Raises:
        ValueError: `claimed` does not stand in `quote`; a verdict that needs more units; an interval of width 0; a
            unit that is not independent; a field that must not be empty.
    """

    id: str
    source: str  # file name of the document
    quote: str  # the document's words, verbatim
    claimed: float | None  # the document's number, which must stand in the quote; None if it gives none
    criterion: str  # our requirement, "words: formula"
    margin: float | None  # largest difference from `claimed` that counts as the same
    measured: float | None
    low: float | None
    high: float | None
    n: int  # independent units
    unit: str  # what n counts
    within: str  # what is averaged inside a unit, for example "10 digits × 5 restarts"; may be empty
    primary: bool  # one primary row for each statement of a document
    verdict: Verdict
    note: str  # "better" or "worse" than claimed, why it was not run, or empty

    def __post_init__(self):
        wrong = [
            f"{name} is empty"
            for name in ("id", "source", "quote", "criterion", "unit")
            if not getattr(self, name)
        ]
        if self.claimed is not None and not stated(self.claimed, self.quote):
            wrong.append(f"the number {self.claimed:g} does not stand in the quote {self.quote!r}")
        if self.n < MIN_UNITS and self.verdict not in ("inconclusive", "not run"):
            wrong.append(f"n = {self.n} cannot give the verdict {self.verdict!r}; it needs {MIN_UNITS} units")
        if self.low is not None and self.low == self.high:
            wrong.append(f"the interval has width 0 at {self.low:g}")
        if any(name in self.unit.lower() for name in NEVER_UNITS):
            wrong.append(f"{self.unit!r} are not independent units; say in `within` what a unit holds")
        if self.verdict == "not run" and not self.note:
            wrong.append("a claim that was not run needs the reason")
        if wrong:
            raise ValueError(f"claim {self.id!r}: {'; '.join(wrong)}")

    @property
    def formula(self) -> str:
        """The criterion without its words, for example "≥ 0.5"."""
        return self.criterion.rsplit(": ", 1)[-1]


def stated(value: float, quote: str) -> bool:
    """Whether a number stands in a quote: "97.5%" states 0.975, "5000+" 5000, "50k" 50000, "a factor 2" 2."""
    return any(math.isclose(value, each, rel_tol=1e-9) for each in _numbers(quote))


def _numbers(quote: str) -> Iterable[float]:
    for found in NUMBER.finditer(quote):
        scale = (found["scale"] or "").strip()
        factor = 1.0 if not scale else 1000 if scale == "k" else 0.01
        yield (-1 if found["sign"] else 1) * float(found["digits"].replace(",", "")) * factor


def verdict(interval: Interval | None, criterion: Criterion) -> Verdict:
    """The verdict on a measurement by the rule above: a pure function of the interval and the criterion."""
    if interval is None or interval.n == 0:
        return "not run"
    value, low, high, n = interval
    if n < MIN_UNITS or not all(map(math.isfinite, (value, low, high))):
        return "inconclusive"
    if criterion.meets(low) and criterion.meets(high):
        return "reproduced"
    if criterion.meets(min(max(criterion.centre, low), high)):
        return "inconclusive"
    held = criterion.same_direction(low) and criterion.same_direction(high)
    return "partly" if held else "not reproduced"


def judge(
    id: str,
    source: str,
    quote: str,
    criterion: Criterion,
    interval: Interval | None,
    unit: str,
    *,
    words: str = "",
    within: str = "",
    primary: bool = True,
    not_run: str = "",
) -> Claim:
    """The claim with its verdict.

    Args:
        id: name of the row.
        source: file name of the document.
        quote: the document's words, verbatim.
        criterion: our requirement; the document's own number in it becomes `claimed`.
        interval: the measurement, or None.
        unit: the independent unit that `interval.n` counts, in the plural ("networks").
        words: the criterion in words; its formula is appended.
        within: what is averaged inside a unit ("10 digits × 5 restarts").
        primary: False for rows that are printed below the table.
        not_run: why nothing was measured; if given, the interval is ignored and the verdict is "not run".

    Raises:
        ValueError: see `Claim`.
    """
    if not_run or interval is None:
        interval = NOTHING
    outcome = verdict(interval, criterion)
    note = (not_run or "nothing was measured") if outcome == "not run" else ""
    if outcome in ("partly", "not reproduced"):
        note = criterion.compare(interval.value)
    value, low, high = (float(x) if math.isfinite(x) else None for x in interval[:3])
    text = f"{words}: {criterion}" if words else str(criterion)
    return Claim(
        id, source, quote, criterion.claimed, text, criterion.margin, value, low, high, interval.n, unit, within,
        primary, outcome, note,
    )  # fmt: skip


def primary(claims: Iterable[Claim]) -> list[Claim]:
    """The primary rows, one for each statement of a document."""
    return [claim for claim in claims if claim.primary]


def to_json(claims: Iterable[Claim]) -> str:
    """The claims as a JSON list of objects with the fields of `Claim`."""
    return (
        json.dumps([asdict(claim) for claim in claims], indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    )


def from_json(text: str) -> list[Claim]:
    """The claims of `to_json`.

    Raises:
        ValueError: it is no list of rows, a field is missing or unknown, or a row breaks a rule of `Claim`.
    """
    rows = rows_of(text, "claim", {field.name for field in fields(Claim)})
    for row in rows:
        if row["verdict"] not in VERDICTS:
            raise ValueError(
                f"claim {row['id']!r}: unknown verdict {row['verdict']!r}; known: {', '.join(VERDICTS)}"
            )
    return [Claim(**row) for row in rows]


def rows_of(text: str, what: str, names: set[str]) -> list[dict]:
    """The rows of a JSON list of objects with these fields. Raises: ValueError if it is something else."""
    rows = json.loads(text)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"expected a list of {what}s: run the study again to rewrite them")
    for row in rows:
        if wrong := ", ".join(sorted(row.keys() ^ names)):
            raise ValueError(
                f"{what} {row.get('id')!r} has missing or unknown fields: {wrong}; run its study again to rewrite it"
            )
    return rows


COLOURS = {
    "reproduced": "green",
    "partly": "yellow",
    "not reproduced": "red",
    "inconclusive": "blue",
    "not run": "dim",
}  # fmt: skip


def table(claims: Sequence[Claim]):
    """The primary rows as a rich table for the terminal.

    "document" holds the document's numbers only; "criterion" is ours.
    """
    from rich.table import Table
    from rich.text import Text

    rows = primary(claims)
    folded = len(claims) - len(rows)
    caption = f"{folded} secondary row{'s' * (folded > 1)} in claims.json" if folded else None
    made = Table(box=None, pad_edge=False, header_style="bold", caption=caption, caption_justify="left")
    for name in ("claim", "document", "criterion", "measured", "95 % interval", "n", "verdict"):
        side: Literal["left", "right"] = (
            "right" if name in ("document", "measured", "95 % interval") else "left"
        )
        made.add_column(name, justify=side, no_wrap=name not in ("criterion", "n", "verdict"))
    for c in rows:
        interval = f"{number(c.low)} … {number(c.high)}" if c.low is not None else "–"
        size = counted(c.n, c.unit) if c.n else "–"
        comment = f" ({c.note})" if c.note in ("better", "worse") else ""
        made.add_row(
            c.id, number(c.claimed), c.formula, number(c.measured), interval, size,
            Text(c.verdict, COLOURS[c.verdict]).append(comment, ""),
        )  # fmt: skip
    return made

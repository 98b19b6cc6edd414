"""Findings: sentences whose numbers are all measured.

A template names its numbers and is filled with their values:

    finding(
        "denoising-pays",
        "Networks of {net} read {after:full} of the denoised digits and {before} of the noisy ones.",
        after=Number.share(after, "pairs"),
        before=Number.share(before, "pairs"),
        words={"net": "784-200-10"},
    )
"""

import json
import math
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from research.evidence.claims import MIN_UNITS, counted, rows_of
from research.evidence.intervals import Interval, share


@dataclass(frozen=True)
class Number:
    """A measured number and how a sentence prints it.

    In a template {x} prints the value, {x:interval} its interval, {x:n} "n = 30 networks" and {x:full} all of it:
    "92.6 % (95 % interval 92.5–92.7 %, n = 30 networks)".
    """

    value: float
    low: float | None  # None where there is no interval: an exact count, or too few units
    high: float | None
    n: int | None  # independent units; None for an exact number
    unit: str  # what n counts, or what an exact number counts
    percent: bool = False
    digits: int = 2  # decimals

    @classmethod
    def of(
        cls, interval: Interval, unit: str, *, percent: bool = False, digits: int | None = None
    ) -> "Number":
        """A number from its interval; one decimal for percents and two otherwise, unless `digits` says so."""
        low, high = (float(end) if math.isfinite(end) else None for end in interval[1:3])
        digits = (1 if percent else 2) if digits is None else digits
        return cls(float(interval.value), low, high, interval.n, unit, percent, digits)

    @classmethod
    def share(cls, values: ArrayLike, unit: str, *, digits: int | None = None) -> "Number":
        """The mean of shares, one per unit, as a percentage with the interval of `intervals.share`."""
        return cls.of(share(values), unit, percent=True, digits=digits)

    @classmethod
    def points(cls, difference: Interval, unit: str) -> "Number":
        """A difference of two shares in percentage points; the sentence says "points" behind it."""
        value, low, high = (100 * x for x in difference[:3])
        return cls.of(Interval(value, low, high, difference.n), unit, digits=1)

    @classmethod
    def exact(cls, value: float, unit: str = "", *, percent: bool = False, digits: int = 0) -> "Number":
        """A number without an interval: a count, a setting, a p-value."""
        return cls(float(value), None, None, None, unit, percent, digits)

    def __format__(self, spec: str) -> str:
        value = self._print(self.value) + (" %" if self.percent else "")
        match spec:
            case "":
                return value
            case "interval":
                return self._interval()
            case "n":
                return self._size()
            case "full":
                interval = (
                    "" if self.low is None or self.high is None else f"95 % interval {self._interval()}, "
                )
                return f"{value} ({interval}{self._size()})"
        raise ValueError(f"unknown format {spec!r} of a number; known: nothing, interval, n, full")

    def _interval(self) -> str:
        if self.low is None or self.high is None:
            return "unknown"
        digits = self.digits
        while self._print(self.low, digits) == self._print(self.high, digits) and digits < self.digits + 4:
            digits += 1  # an interval is never printed as one number
        low, high = self._print(self.low, digits), self._print(self.high, digits)
        return f"{low}{' to ' if low[0] == '−' else '–'}{high}{' %' if self.percent else ''}"

    def _size(self) -> str:
        if self.n is None:
            raise ValueError(f"{self.value:g} is exact and has no n: print it as {{name}}")
        return f"n = {counted(self.n, self.unit)}"

    def _print(self, x: float, digits: int | None = None) -> str:
        text = f"{100 * x if self.percent else x:,.{self.digits if digits is None else digits}f}"
        return text.replace("-", "−") if float(text.replace(",", "")) else text.lstrip("-")


@dataclass(frozen=True)
class Finding:
    """A sentence and the numbers in it, by name, in the order in which they stand."""

    id: str
    statement: str
    numbers: dict[str, Number]


def finding(
    id: str,
    template: str,
    /,
    *,
    holds: bool | np.bool_ = True,
    words: Mapping[str, str] | None = None,
    **numbers: Number,
) -> Finding | None:
    """The finding, or None where it does not hold in these results; the template is checked in both cases.

    A sentence whose numbers come from fewer than MIN_UNITS units begins by saying so.

    Args:
        id: name of the finding.
        template: the sentence with {named} numbers and words.
        holds: whether the results at hand say so.
        words: texts that may contain digits, by name: {"net": "784-200-10", "method": "t-SNE"}.
        numbers: the numbers by name.

    Raises:
        ValueError: a name is missing or unused, a digit is typed into the template, no number is given, or a
            number of a finding that holds is not finite.
    """
    texts = dict(words or {})
    parts = list(string.Formatter().parse(template))
    used = list(dict.fromkeys(name for _, name, _, _ in parts if name is not None))
    typed = "".join(text for text, *_ in parts)
    given = [*texts, *numbers]
    wrong = [f"{name!r} is not given" for name in used if name not in given]
    wrong += [f"{name!r} is not used" for name in given if name not in used]
    wrong += [f"{name!r} is both a word and a number" for name in texts if name in numbers]
    if any(character.isdigit() for character in typed):
        wrong.append("a digit is typed by hand; pass it as a number, or as one of `words` if it is a name")
    if not numbers:
        wrong.append("it has no number")
    if holds:
        wrong += [f"{name!r} is {x.value}" for name, x in numbers.items() if not math.isfinite(x.value)]
    if wrong:
        raise ValueError(f"finding {id!r}: {'; '.join(wrong)}: {template!r}")
    if not holds:
        return None
    ordered = {name: numbers[name] for name in used if name in numbers}
    return Finding(id, _few(ordered.values()) + template.format(**texts, **ordered), ordered)


def _few(numbers: Iterable[Number]) -> str:
    """How a sentence begins whose numbers, or some of them, come from too few units; empty for others."""
    counts = [(x.n, x.unit) for x in numbers if x.n is not None]
    few = [each for each in counts if each[0] < MIN_UNITS]
    if not few:
        return ""
    return f"{'From' if len(few) == len(counts) else 'In part from'} {counted(*min(few))} only: "


Maker = Callable[[Any], Finding | Iterable[Finding | None] | None]


def found(results: Any, *makers: Maker) -> list[Finding]:
    """What the makers find in a study's results, in their order.

    Args:
        results: the study's saved results.
        makers: each maps the results to a finding, to several, or to None where there is nothing to say.
    """
    made: list[Finding | None] = []
    for make in makers:
        one = make(results)
        made += [one] if isinstance(one, Finding) or one is None else one
    return [each for each in made if each is not None]


def to_json(findings: Iterable[Finding]) -> str:
    """A JSON list of {id, statement, value, low, high, n, unit, numbers}.

    value … unit are those of the first number that has an n; of the first number where none has (settings, counts).
    """
    rows = []
    for each in findings:
        stated = list(each.numbers.values())
        first = asdict(next((x for x in stated if x.n is not None), stated[0]))
        lead = {name: first[name] for name in ("value", "low", "high", "n", "unit")}
        numbers = {name: asdict(x) for name, x in each.numbers.items()}
        rows.append({"id": each.id, "statement": each.statement, **lead, "numbers": numbers})
    return json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def from_json(text: str) -> list[Finding]:
    """The findings of `to_json`.

    Raises:
        ValueError: it is no list of rows, or a field is missing or unknown.
    """
    names, made = {field.name for field in fields(Number)}, []
    for row in rows_of(text, "finding", {"id", "statement", "value", "low", "high", "n", "unit", "numbers"}):
        if any(x.keys() != names for x in row["numbers"].values()):
            raise ValueError(
                f"finding {row['id']!r} has numbers with other fields than {', '.join(sorted(names))}; run its study "
                "again to rewrite it"
            )
        made.append(
            Finding(row["id"], row["statement"], {name: Number(**x) for name, x in row["numbers"].items()})
        )
    return made

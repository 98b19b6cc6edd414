"""Claims: what a document says, what we measured, with n, an interval and a verdict by one rule.

The rule, the same for every claim:
  reproduced      the claimed value lies inside the 95 % interval, or the claim is a bound ("at least",
                  "at most") that the worse end of the interval meets;
  partly          the direction holds: a bound that the measured value meets but the interval does not, or a
                  value that lies on the same side of the claim's `neutral` value as the measurement does,
                  the interval excluding `neutral`;
  not reproduced  otherwise;
  not run         nothing was measured.
"""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

Verdict = Literal["reproduced", "partly", "not reproduced", "not run"]
KINDS = ("value", "at least", "at most")
CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A measured value with its 95 % interval; n counts independent units, named by the claim's `unit`."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Claim:
    """One row of the claims table; see the module's docstring for the verdict."""

    id: str
    source: str  # file name of the document
    statement: str  # the document's words, or ours in brackets where it gives none
    claimed: float | None
    measured: float | None
    low: float | None
    high: float | None
    n: int
    unit: str  # what n counts, and of what the value is a measure
    verdict: Verdict


def verdict(
    measured: Interval | None, claimed: float, kind: str = "value", neutral: float | None = None
) -> Verdict:
    """The verdict by the rule above.

    `neutral` is the value at which a claim of kind "value" says nothing (chance, no difference); without it
    such a claim has no direction and cannot hold "partly".
    """
    if measured is None or measured.n == 0 or not math.isfinite(measured.value):
        return "not run"
    value, low, high, _ = measured
    if kind == "at least":
        return "reproduced" if low >= claimed else "partly" if value >= claimed else "not reproduced"
    if kind == "at most":
        return "reproduced" if high <= claimed else "partly" if value <= claimed else "not reproduced"
    if kind != "value":
        raise ValueError(f"unknown kind of claim {kind!r}; known: {', '.join(KINDS)}")
    if low <= claimed <= high:
        return "reproduced"
    if neutral is not None and (low - neutral) * (high - neutral) > 0:
        return "partly" if (value - neutral) * (claimed - neutral) > 0 else "not reproduced"
    return "not reproduced"


def judge(
    id: str,
    source: str,
    statement: str,
    claimed: float,
    measured: Interval | None,
    unit: str,
    kind: str = "value",
    neutral: float | None = None,
) -> Claim:
    """The claim with its verdict; numbers that do not exist become None."""
    finite = lambda x: float(x) if math.isfinite(x) else None  # noqa: E731
    value, low, high, n = measured or Interval(math.nan, math.nan, math.nan, 0)
    outcome = verdict(measured, claimed, kind, neutral)
    return Claim(id, source, statement, claimed, finite(value), finite(low), finite(high), n, unit, outcome)


def proportion(successes: int, n: int) -> Interval:
    """Share of successes with Wilson's score interval."""
    from scipy.stats import binomtest

    if n == 0:
        return Interval(math.nan, math.nan, math.nan, 0)
    interval = binomtest(int(successes), int(n)).proportion_ci(CONFIDENCE, method="wilson")
    return Interval(successes / n, float(interval.low), float(interval.high), int(n))


def mean(values: ArrayLike) -> Interval:
    """Mean of independent values with Student's t interval; nan values are left out; infinite for n = 1."""
    from scipy.stats import t

    x = np.asarray(values, float)
    x = x[~np.isnan(x)]
    if len(x) == 0:
        return Interval(math.nan, math.nan, math.nan, 0)
    if len(x) == 1:
        return Interval(float(x[0]), -math.inf, math.inf, 1)
    half = float(t.ppf(0.5 + CONFIDENCE / 2, len(x) - 1)) * x.std(ddof=1) / math.sqrt(len(x))
    centre = float(x.mean())
    return Interval(centre, centre - half, centre + half, len(x))


def mean_share(values: ArrayLike) -> Interval:
    """Mean of independent shares: that of `mean`, its interval cut to what a share can be, 0 to 1."""
    value, low, high, n = mean(values)
    return Interval(value, float(np.clip(low, 0, 1)), float(np.clip(high, 0, 1)), n)


def difference(a: ArrayLike, b: ArrayLike) -> Interval:
    """mean(a) − mean(b) of two independent samples with Welch's interval; n is the smaller sample."""
    from scipy.stats import t

    a, b = np.asarray(a, float), np.asarray(b, float)
    gap, n = float(a.mean() - b.mean()), min(len(a), len(b))
    if n < 2:
        return Interval(gap, -math.inf, math.inf, n)
    parts = [(x.var(ddof=1) / len(x), len(x) - 1) for x in (a, b)]
    error = sum(part for part, _ in parts)
    if error == 0:
        return Interval(gap, gap, gap, n)
    freedom = error**2 / sum(part**2 / free for part, free in parts)
    half = float(t.ppf(0.5 + CONFIDENCE / 2, freedom)) * math.sqrt(error)
    return Interval(gap, gap - half, gap + half, n)


def bootstrap(
    values: ArrayLike, statistic: Callable = np.mean, *, seed: int = 0, resamples: int = 2000
) -> Interval:
    """Statistic of independent values with the percentile bootstrap interval (rows are resampled)."""
    x = np.asarray(values, float)
    if len(x) == 0:
        return Interval(math.nan, math.nan, math.nan, 0)
    draws = np.random.default_rng(seed).integers(0, len(x), (resamples, len(x)))
    spread = np.array([statistic(x[rows]) for rows in draws])
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.nanpercentile(spread, [tail, 100 - tail])
    return Interval(float(statistic(x)), float(low), float(high), len(x))


def to_json(claims: Iterable[Claim]) -> str:
    return (
        json.dumps([asdict(claim) for claim in claims], indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    )


def from_json(text: str) -> list[Claim]:
    return [Claim(**row) for row in json.loads(text)]


def number(x: float | None) -> str:
    """A number as the tables print it: four significant digits, a dash where there is none."""
    return "–" if x is None else f"{x:.4g}"


COLOURS = {"reproduced": "green", "partly": "yellow", "not reproduced": "red", "not run": "dim"}


def table(claims: Sequence[Claim]):
    """The claims as a rich table for the terminal."""
    from rich.table import Table

    rows = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("claim", "document", "claimed", "measured", "95 % interval", "n", "verdict"):
        rows.add_column(
            name, justify="left" if name in ("claim", "document", "verdict") else "right", no_wrap=True
        )
    for c in claims:
        interval = f"{number(c.low)} … {number(c.high)}" if c.n else "–"
        rows.add_row(
            c.id,
            c.source[:3],
            number(c.claimed),
            number(c.measured),
            interval,
            str(c.n),
            f"[{COLOURS[c.verdict]}]{c.verdict}[/]",
        )
    return rows

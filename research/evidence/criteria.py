"""Criteria: requirements on a measurement, which print as formulas.

A number with a margin is `Near`; a bound or a direction is `AtLeast`, `AtMost`, `Above` or `Below`. The rule that
makes a verdict from them is in `research.evidence.claims`. Every criterion has

    meets(value)           whether a value meets it
    centre                 the value that meets it best
    same_direction(value)  whether a value at least lies on the claimed side of the neutral value
    compare(value)         "better" or "worse" than claimed, or empty where that has no meaning
    claimed, margin        the document's number and how far off it may be, or None
"""

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal


@dataclass(frozen=True)
class Near:
    """The document's number within a margin that we set.

    Attributes:
        claimed: the document's number.
        margin: largest difference that counts as the same, set before measuring; above 0.
        neutral: the value of no effect (difference 0, factor 1, chance); a measurement of another size on the claimed
            side of it is "partly" reproduced.
        higher_is: what a measurement above the claim means, where that has a meaning.

    Raises:
        ValueError: the margin is not above 0, or reaches the neutral value.
    """

    claimed: float
    margin: float
    neutral: float | None = None
    higher_is: Literal["better", "worse"] | None = None

    def __post_init__(self):
        if not 0 < self.margin < math.inf:
            raise ValueError(f"the margin of {self.claimed:g} must be above 0, but is {self.margin:g}")
        if self.neutral is not None and self.meets(self.neutral):
            raise ValueError(f"{self} holds the neutral value {self.neutral:g}: choose a smaller margin")

    @property
    def centre(self) -> float:
        return self.claimed

    def meets(self, value: float) -> bool:
        return bool(abs(value - self.claimed) <= self.margin * (1 + 1e-9))  # .93 is within .92 ± .01

    def same_direction(self, value: float) -> bool:
        return self.neutral is not None and bool((value - self.neutral) * (self.claimed - self.neutral) > 0)

    def compare(self, value: float) -> str:
        if self.higher_is is None:
            return ""
        lower_is = "worse" if self.higher_is == "better" else "better"
        return self.higher_is if value > self.claimed else lower_is

    def __str__(self) -> str:
        text = f"{number(self.claimed)} ± {number(self.margin)}"
        if self.neutral is None:
            return text
        return f"{text} (direction {'>' if self.claimed > self.neutral else '<'} {number(self.neutral)})"


@dataclass(frozen=True)
class Bound:
    """A bound or a direction; use `AtLeast`, `AtMost`, `Above` or `Below`.

    Attributes:
        bound: the value.
        stated: True for the document's own number ("more than 96 %"), False for ours.
    """

    bound: float
    stated: bool = False

    sign: ClassVar[str]
    holds: ClassVar[Callable[[float, float], bool]]  # of a value and the bound
    centre: ClassVar[float]  # the end of the number line that meets it
    margin: ClassVar[None] = None

    @property
    def claimed(self) -> float | None:
        return self.bound if self.stated else None

    def meets(self, value: float) -> bool:
        return bool(type(self).holds(value, self.bound))

    def same_direction(self, value: float) -> bool:
        return False

    def compare(self, value: float) -> str:
        return ""

    def __str__(self) -> str:
        return f"{self.sign} {number(self.bound)}"


class AtLeast(Bound):
    """A value of at least the bound."""

    sign, holds, centre = "≥", operator.ge, math.inf


class AtMost(Bound):
    """A value of at most the bound."""

    sign, holds, centre = "≤", operator.le, -math.inf


class Above(Bound):
    """A value above the bound."""

    sign, holds, centre = ">", operator.gt, math.inf


class Below(Bound):
    """A value below the bound."""

    sign, holds, centre = "<", operator.lt, -math.inf


Criterion = Near | Bound


def number(x: float | None) -> str:
    """A number as tables print it: four significant digits, a dash for None."""
    if x is None:
        return "–"
    return f"{x:,.0f}" if abs(x) >= 10_000 else f"{x:.4g}"

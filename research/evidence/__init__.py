"""Evidence: intervals over independent units, claims judged by one rule, findings made of measured numbers.

from research import evidence as e

accuracy = e.share(accuracy_of_each_network)
e.judge("softmax-accuracy", "002_x.txt", "roughly 92% of the labels", e.Near(0.92, 0.01), accuracy, "networks")
"""

from research.evidence.claims import MIN_UNITS, Claim, Verdict, judge, primary, stated, table, verdict
from research.evidence.criteria import Above, AtLeast, AtMost, Below, Criterion, Near, number
from research.evidence.findings import Finding, Number, finding
from research.evidence.intervals import (
    NOTHING,
    Interval,
    difference,
    difference_of,
    mean,
    paired,
    proportion,
    ratio,
    share,
)
from research.evidence.resampling import crossed

__all__ = [
    "MIN_UNITS", "NOTHING", "Above", "AtLeast", "AtMost", "Below", "Claim", "Criterion", "Finding",
    "Interval", "Near", "Number", "Verdict", "crossed", "difference", "difference_of", "finding", "judge",
    "mean", "number", "paired", "primary", "proportion", "ratio", "share", "stated", "table", "verdict",
]  # fmt: skip

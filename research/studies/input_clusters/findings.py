"""What else the results show."""

import math

import numpy as np
import xarray as xr

from research import evidence as e
from research.evidence.findings import Finding, Number, finding, found
from research.studies.input_clusters import measures as m

PAIR = ("found 2-D", "found 3-D")
FROZEN = ("weights frozen", "inputs frozen")


def findings(results: xr.Dataset) -> list[Finding]:
    """Those that hold in these results; none where the runs are too short to be separated."""
    long_enough = all(np.isfinite(m.times(results, group, "linear")).any() for group in PAIR)
    makers = [_scale, _clumps, *((_measure, _by_chance) if long_enough else ())]
    return found(results, *makers, *((_features,) if 3 in m.dimensions(results) else ()), _frozen)


def _percent(share: e.Interval, unit: str = "settings") -> Number:
    return Number.of(share, unit, percent=True, digits=0)


def _epochs(interval: e.Interval, unit: str) -> Number:
    return Number.of(interval, unit, digits=0)


def _p(value: float) -> Number:
    """A p-value to two significant digits."""
    return Number.exact(value, digits=1 - math.floor(math.log10(max(value, 1e-12))))


def _scale(results: xr.Dataset) -> Finding | None:
    """The scale of the inputs decides; the search over the declared space."""
    small, large = min(m.scales(results)), max(m.scales(results))
    raw, divided = (m.end(results, f"scale {scale:g}, 2-D") for scale in (small, large))
    none, many = m.share(m.separated(raw)), m.share(m.separated(divided))
    return finding(
        "scale-decides",
        "The scale of the inputs decides whether clusters form: {none:full} of the drawn settings end with one cluster "
        "a class where the network sees the points as they are, {many:full} where they are divided by {large}.",
        holds=small == 1 and none.high < many.low,
        none=_percent(none),
        many=_percent(many),
        large=Number.exact(large),
    )


def _clumps(results: xr.Dataset) -> Finding | None:
    """What raw inputs give in the place of clusters."""
    ended = m.regime(m.end(results, "scale 1, 2-D")).values
    stay, clumps, apart = (m.share(ended == i) for i in (0, 2, 3))
    return finding(
        "raw-inputs-clump",
        "With raw inputs many small clumps of one class are more common than one cluster a class: {clumps:full} of the drawn "
        "settings end in clumps, {apart} with one cluster a class, and in {stay} no order appears.",
        holds=clumps.low > apart.high,
        clumps=_percent(clumps),
        apart=_percent(apart),
        stay=_percent(stay),
    )


def _measure(results: xr.Dataset) -> Finding | None:
    """On the found setting the two measures disagree about the third feature."""
    line, shape = (m.gain(results, *PAIR, measure) for measure in ("linear", "silhouette"))
    return finding(
        "faster-depends-on-measure",
        "Whether three features are faster than two depends on the measure. By the silhouette they are slower: epochs gained "
        "{shape:full}, log-rank p = {p_shape}. By a linear classifier: {line:full}, p = {p_line}.",
        holds=shape.high < 0,
        line=_epochs(line, "seeds"),
        p_line=_p(m.logrank(results, *PAIR, "linear")),
        shape=_epochs(shape, "seeds"),
        p_shape=_p(m.logrank(results, *PAIR, "silhouette")),
    )


def _by_chance(results: xr.Dataset) -> Finding | None:
    """How often the document's pair of numbers comes from the spread between seeds."""
    slow = ~(m.times(results, PAIR[0], "linear") <= 5000)
    fast = m.times(results, PAIR[1], "linear") <= 3000
    both = float(slow.mean() * fast.mean())
    return finding(
        "documents-pair-by-chance",
        "The document's pair of runs, separated by epoch {early} with three features and after more than {late} with two, "
        "is rarely explained by the spread between seeds: {both} of the pairs of runs are like it. {fast:full} of the runs "
        "with three features are as fast and {slow:full} of those with two as slow.",
        holds=0 < both < 0.1,
        early=Number.exact(3000),
        late=Number.exact(5000),
        both=Number.exact(both, percent=True, digits=1),
        fast=_percent(m.share(fast), "seeds"),
        slow=_percent(m.share(slow), "seeds"),
    )


def _features(results: xr.Dataset) -> Finding | None:
    """The setting in which the number of features matters most."""
    line, shape = (m.gain(results, "2 features", "3 features", name) for name in ("linear", "silhouette"))
    return finding(
        "features-help-a-line",
        "A third feature saves epochs by one measure only: in the setting where the number of features matters most it gains "
        "{line:full} epochs by a linear classifier and {shape:full} by the silhouette.",
        holds=line.low > 0 > shape.value,
        line=_epochs(line, "seeds"),
        shape=_epochs(shape, "seeds"),
    )


def _frozen(results: xr.Dataset) -> Finding | None:
    """Which of the two that move does the work."""
    weights, inputs = (m.of(results, name).purity.dropna("epoch", how="all") for name in FROZEN)
    end, still = e.share(weights[-1]), e.share(inputs[-1])
    return finding(
        "inputs-do-the-work",
        "Moving the inputs matters more than training the weights: with frozen random weights the share of a point's {k} "
        "nearest that have its class still rises from {start} to {end:full}, with frozen inputs it stays at {still:full}.",
        holds=end.low > still.high,
        k=Number.exact(5),
        start=_percent(e.share(weights[0]), "seeds"),
        end=_percent(end, "seeds"),
        still=_percent(still, "seeds"),
    )

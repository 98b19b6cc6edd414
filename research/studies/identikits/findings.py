"""What else the results show."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from research import evidence as e
from research.evidence.findings import Finding, Number, finding, found
from research.studies.identikits import measures as m
from research.studies.identikits.measures import CONVERGENCE, PICTURES, of


def findings(results: xr.Dataset) -> list[Finding]:
    """The findings that hold in these results."""
    return found(results, _noise, _hard, _stuck, _seen, _transfer, _gradient)


Found = Iterator[Finding | None]


def _noise(results: xr.Dataset) -> Found:
    """Confidence in random images."""
    kind = m.document_kind(results)
    tops = results.random_top.isel(judge=m.judges(results, kind))
    above = {noise: (tops.sel(noise=noise).values > 0.6).mean(1) for noise in m.NOISES}
    uniform = above["uniform"]
    yield finding(
        "noise-is-sure",
        "Networks are confident about bright noise: {net} gives {uniform:full} of the images of uniform noise a largest output "
        "above {limit} (between {least} and {most} by network), and {shuffled} of the digits with shuffled pixels. Of the first "
        "candidates of the search, which are the document's own random images, it is {first}.",
        holds=float(uniform.mean()) > 0.1,
        words={"net": m.label(results, kind)},
        uniform=Number.share(uniform, "networks"),
        limit=Number.exact(0.6, digits=1),
        least=Number.exact(uniform.min(), percent=True, digits=1),
        most=Number.exact(uniform.max(), percent=True, digits=1),
        shuffled=Number.share(above["shuffled_digits"], "networks"),
        first=Number.share(above[f"first_{CONVERGENCE}"], "networks"),
    )


def _hard(results: xr.Dataset) -> Found:
    """Which digits are hard."""
    kind = m.document_kind(results)
    for id, condition in (("hardest-digits", CONVERGENCE), ("hardest-digits-low-frequency", PICTURES)):
        runs = of(results, kind, condition)
        digits = np.unique(runs.digit.values)
        if len(digits) < 10:
            continue
        success = m.by_network_and_digit(runs, m.reached(runs))
        first, second = np.argsort(success.mean(0), kind="stable")[:2]
        share = lambda digit, success=success: Number.share(success[:, digit], "networks")  # noqa: E731
        yield finding(
            id,
            "With masks {masks} the hardest digits for {net} are {a} and {b}: {first:full} and {second} of their runs reach "
            "{target}; for {d7} it is {seven} and for {d9} {nine}.",
            holds=bool(success.mean(0)[first] < 0.95) and {int(first), int(second)} != {7, 9},
            words={
                "masks": m.CONDITIONS[condition],
                "net": m.label(results, kind),
                "a": str(digits[first]),
                "b": str(digits[second]),
                "d7": "7",
                "d9": "9",
            },
            first=share(first),
            second=share(second),
            target=Number.exact(0.99, digits=2),
            seven=share(7),
            nine=share(9),
        )
    runs = of(results, kind, PICTURES)
    if not np.isin([7, 9], runs.digit.values).all():
        return
    both = runs.isel(run=np.flatnonzero(np.isin(runs.digit.values, (7, 9))))
    yield finding(
        "seven-nine-easy",
        "With low-frequency masks {d7} and {d9} are not hard: {both:full} of the runs of {net} reach {target}.",
        holds=float(m.reached(both).mean()) > 0.9,
        words={"net": m.label(results, kind), "d7": "7", "d9": "9"},
        both=Number.of(m.rate(both), "networks", percent=True),
        target=Number.exact(0.99, digits=2),
    )


def _stuck(results: xr.Dataset) -> Found:
    """Two ways of being stuck: never starting and stalling on the way."""
    kind = m.document_kind(results)
    plain, clipped = (of(results, kind, name) for name in (CONVERGENCE, "gauss_0.1_clipped"))
    if not plain.sizes["run"]:
        return
    never, halfway = m.stuck(plain) & ~m.started(plain), m.stuck(plain) & m.started(plain)
    mean_never = m.by_network_and_digit(plain, never).mean(0)
    worst = int(np.unique(plain.digit.values)[mean_never.argmax()])
    yield finding(
        "never-starts",
        "With Gaussian masks most runs that get stuck never start, because no mask beats the blank image: {never:full} of the "
        "runs, against {halfway} that get stuck on the way. For the digit {digit} {worst} never start.",
        holds=bool(never.mean() > halfway.mean()) and bool(never.any()),
        words={"digit": str(worst)},
        never=Number.share(m.by_network(plain, never), "networks"),
        halfway=Number.share(m.by_network(plain, halfway), "networks"),
        worst=Number.share(m.by_network_and_digit(plain, never)[:, mean_never.argmax()], "networks"),
    )
    if not clipped.sizes["run"]:
        return
    confident = clipped.confidence.values[~m.reached(clipped)]
    yield finding(
        "clipping-stalls",
        "Clipping to the range of pixels makes more runs stall with the same masks: {clipped:full} of the runs reach {target}, "
        "against {plain:full} without clipping; the others end at a median confidence of {median}.",
        holds=m.rate(clipped).value < m.rate(plain).value - 0.05,
        clipped=Number.of(m.rate(clipped), "networks", percent=True),
        plain=Number.of(m.rate(plain), "networks", percent=True),
        target=Number.exact(0.99, digits=2),
        median=Number.exact(np.median(confident) if confident.size else 0.0, digits=2),
    )


def _seen(results: xr.Dataset) -> Found:
    """How the masks change the class that other networks predict."""
    kind = m.document_kind(results)
    low, dense = of(results, kind, PICTURES), of(results, kind, CONVERGENCE)
    if not dense.sizes["run"] or np.isnan(m.others_agree(low)).any():
        return
    shares = [m.by_network(runs, m.others_agree(runs)) for runs in (low, dense)]
    yield finding(
        "masks-decide-what-is-seen",
        "The masks decide what other networks see: networks of other kinds name {low:full} of the identikits of {net} as "
        "intended when the masks are low-frequency, and {dense:full} when every pixel moves independently.",
        holds=bool(shares[0].mean() > shares[1].mean() + 0.05),
        words={"net": m.label(results, kind)},
        low=Number.share(shares[0], "networks"),
        dense=Number.share(shares[1], "networks"),
    )


def _transfer(results: xr.Dataset) -> Found:
    """Confidence in each other's identikits."""
    kind = m.document_kind(results)
    mine, linear = m.judges(results, kind), m.judges(results, "softmax")
    if kind == "softmax" or len(mine) < 2 or not linear:
        return
    table = m.transfer(results).values
    among = table[np.ix_(mine, mine)].copy()
    np.fill_diagonal(among, np.nan)
    if np.isnan(among).all(1).any():
        return
    inside, outside = np.nanmean(among, 1), table[np.ix_(mine, linear)].mean(1)
    yield finding(
        "transfer-within-a-kind",
        "Networks of one kind are confident about each other's identikits, networks of another kind are not: the mean "
        "confidence in identikits of {net} is {inside:full} among networks of the same kind and {outside:full} for {linear}.",
        holds=bool(inside.mean() > outside.mean() + 0.2),
        words={"net": m.label(results, kind), "linear": m.label(results, "softmax")},
        inside=Number.of(e.share(inside), "networks"),
        outside=Number.of(e.share(outside), "networks"),
    )


def _gradient(results: xr.Dataset) -> Found:
    """Search against gradient."""
    kind = m.document_kind(results)
    climbed, searched = of(results, kind, "ascent_pixel"), of(results, kind, PICTURES)
    if not climbed.sizes["run"]:
        return
    cost = [m.by_network(runs, runs.evaluations_to.sel(target=0.99).values) for runs in (climbed, searched)]
    alike = [m.by_network(runs, m.own_resemblance(runs)) for runs in (climbed, searched)]
    if np.isnan(cost[0]).all() or np.isnan(cost[1]).all():
        return
    yield finding(
        "gradient-is-cheaper",
        "Gradient ascent in pixels is cheaper than the search, but its pictures look less like digits: it needs {steps:full} "
        "evaluations where it reaches {target}, the search {masks:full}; the correlation with the mean digit is "
        "{searched:full} for the low-frequency search and {climbed:full} for the gradient.",
        holds=bool(np.nanmean(cost[0]) < np.nanmean(cost[1]) and alike[0].mean() < alike[1].mean()),
        steps=Number.of(e.mean(cost[0]), "networks", digits=0),
        masks=Number.of(e.mean(cost[1]), "networks", digits=0),
        target=Number.exact(0.99, digits=2),
        searched=Number.of(e.mean(alike[1]), "networks"),
        climbed=Number.of(e.mean(alike[0]), "networks"),
    )

"""What the study "identikits" measures on its saved results: rates, survival, similarity, resemblance.

The unit is a run: one network, digit and restart. Every function takes a table of runs as the study saves it.
"""

import warnings
from typing import NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Float

from research.evidence import claims as c

DOCUMENT = "003_baed48e6daa2b749.txt"
DEFAULT = "low_frequency"
KINDS = {"softmax": "softmax regression", "mlp100": "784-100-10", "cnn": "CNN"}  # what they are called


def of(results: xr.Dataset, kind: str, condition: str = DEFAULT, digit: int | None = None) -> xr.Dataset:
    """The runs of one kind of network, asked in one way (and for one digit)."""
    wanted = (results.kind.values == kind) & (results.condition.values == condition)
    if digit is not None:
        wanted &= results.digit.values == digit
    return results.isel(run=np.flatnonzero(wanted))


def document_kind(results: xr.Dataset) -> str:
    """The kind of network that the claims are judged on: the document's, or the largest that there is."""
    there = set(results.kind.values)
    return next(kind for kind in ("cnn", "mlp100", "softmax") if kind in there)


def rate(runs: xr.Dataset, target: float = 0.99) -> c.Interval:
    """Share of the runs that reached the target confidence."""
    reached = np.isfinite(runs.evaluations_to.sel(target=target).values)
    return c.proportion(int(reached.sum()), reached.size)


class Survival(NamedTuple):
    """Share of runs still below a confidence after so many evaluations (Kaplan-Meier), a step a jump."""

    evaluations: Float[np.ndarray, " steps"]
    below: Float[np.ndarray, " steps"]
    low: Float[np.ndarray, " steps"]  # 95 % interval, where it exists
    high: Float[np.ndarray, " steps"]
    last: float  # evaluations of the longest run


def survival(runs: xr.Dataset, target: float) -> Survival:
    """S(t) = Π over jumps tᵢ ≤ t of (1 − dᵢ / nᵢ); runs that ended below the target are censored at their end."""
    from scipy.stats import CensoredData, ecdf

    to, end = runs.evaluations_to.sel(target=target).values, runs.evaluations.values
    met = np.isfinite(to)
    curve = ecdf(CensoredData(uncensored=to[met], right=end[~met])).sf
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter(
            "ignore", RuntimeWarning
        )  # the interval does not exist where none or all are left
        band = curve.confidence_interval(method="log-log")
    return Survival(
        curve.quantiles,
        curve.probabilities,
        band.low.probabilities,
        band.high.probabilities,
        float(end.max()),
    )


def correlations(a: Float[np.ndarray, "n h w"], b: Float[np.ndarray, "m h w"]) -> Float[np.ndarray, "n m"]:
    """Pearson correlation of every image of a with every image of b, over the pixels; 0 for a blank image."""

    def unit(images: np.ndarray) -> np.ndarray:
        flat = images.reshape(len(images), -1).astype(np.float64)
        flat = flat - flat.mean(1, keepdims=True)
        return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12)

    return unit(a) @ unit(b).T


def similarity(runs: xr.Dataset) -> tuple[Float[np.ndarray, " digits"], Float[np.ndarray, " digits"]]:
    """Mean correlation of each digit's identikits with others of (their, another) class, of the same network."""
    digits, network, digit = np.unique(runs.digit), runs.network.values, runs.digit.values
    all_pairs = correlations(runs.image.values, runs.image.values)
    same = (network[:, None] == network[None, :]) & ~np.eye(network.size, dtype=bool)
    one_class = digit[:, None] == digit[None, :]

    def mean(pairs: np.ndarray) -> np.ndarray:
        chosen = [all_pairs[digit == d][pairs[digit == d]] for d in digits]
        return np.array([values.mean() if values.size else np.nan for values in chosen])

    return mean(same & one_class), mean(same & ~one_class)


def resemblance(runs: xr.Dataset) -> Float[np.ndarray, "runs classes"]:
    """Correlation of each identikit with the mean training image of every class."""
    return correlations(runs.image.values, runs.class_mean.values)


def own_resemblance(runs: xr.Dataset) -> Float[np.ndarray, " runs"]:
    return resemblance(runs)[np.arange(runs.sizes["run"]), runs.digit.values.astype(int)]


def others_confidence(runs: xr.Dataset) -> Float[np.ndarray, " runs"]:
    """Mean confidence of the networks of all other kinds in each identikit; nan where there are none."""
    judge_kind = np.array([name.split()[0] for name in runs.judge.values])
    other = judge_kind[:, None] != runs.kind.values[None, :]
    total = np.where(other, runs.judged.values, 0).sum(0)
    return np.where(other.any(0), total / np.maximum(other.sum(0), 1), np.nan)


def transfer(results: xr.Dataset, condition: str = DEFAULT) -> xr.DataArray:
    """Mean confidence of network `judge` in the sure identikits (0.99 and above) of network `drawn_by`."""
    rows = []
    for name in results.judge.values:
        kind, network = name.split()
        runs = of(results, kind, condition)
        sure = (runs.network.values == int(network)) & (runs.confidence.values >= 0.99)
        judged = runs.judged.values[:, sure]
        rows.append(judged.mean(1) if sure.any() else np.full(len(judged), np.nan))
    return xr.DataArray(np.stack(rows), dims=("drawn_by", "judge"), coords={"judge": results.judge.values})


def claims(results: xr.Dataset) -> list[c.Claim]:
    """Every statement of the document, measured on the document's kind of network with the default masks."""
    kind = document_kind(results)
    runs = of(results, kind)
    judges = [i for i, name in enumerate(results.judge.values) if name.split()[0] == kind]
    networks = f"{len(judges)} networks ({KINDS[kind]})"

    def judge(id, statement, claimed, measured, unit, how="value", neutral=None):
        return c.judge(id, DOCUMENT, statement, claimed, measured, unit, how, neutral)

    def share(hits: np.ndarray) -> c.Interval:
        return c.proportion(int(hits.sum()), hits.size)

    uniform = results.random_top.isel(judge=judges).sel(noise="uniform").values
    top = results.digit_top.isel(judge=judges).values
    unit = f"runs of {networks}; share that reaches 0.99"
    rows = [
        judge("random-below-0.6", "on random images the maximal values in the output layer rarely exceed 0.6 "
              "[at most one image in ten]", 0.1, c.mean_share((uniform > 0.6).mean(1)),
              f"networks ({KINDS[kind]}); share of {uniform.shape[1]:,} images of uniform noise with a larger maximum",
              "at most"),
        judge("digits-above-0.9", "on MNIST examples the maximal values are typically greater than 0.9 "
              "[at least half of the images]", 0.5, c.mean_share((top > 0.9).mean(1)),
              f"networks ({KINDS[kind]}); share of {top.shape[1]:,} test images with a larger maximum", "at least"),
        judge("identikit-reaches-0.99", "in most cases confidence raised to 0.99 and above easily "
              "[at least half of the runs, all digits together]", 0.5, rate(runs), unit, "at least"),
    ]  # fmt: skip
    for digit in range(10):
        measured = rate(of(results, kind, DEFAULT, digit)) if digit in runs.digit else None
        if digit in (7, 9):
            id, claimed, words = ("seven-half", 0.5, "50 %") if digit == 7 else ("nine-third", 0.3, "30 %")
            rows.append(judge(id, f"network converged to 0.99 in {words} of “{digit}” cases [easier than all: 1]",
                              claimed, measured, unit, neutral=1.0))  # fmt: skip
        else:
            rows.append(judge(f"identikit-reaches-0.99-{digit}", f"in most cases, for {digit} [at least half]",
                              0.5, measured, unit, "at least"))  # fmt: skip
    within, between = similarity(runs)
    stuck = results.isel(
        run=np.flatnonzero((results.kind.values == kind) & (results.condition.values != "untrained"))
    )
    stuck = stuck.isel(run=np.flatnonzero([a in SEARCHES for a in stuck.condition.values]))
    visible = np.isin(runs.digit.values, (0, 6))
    seen, own = others_confidence(runs), own_resemblance(runs)
    rows += [
        judge("within-class-similar", "most of the time resulting images have similarity within each class that "
              "distinguishes it from other classes", 0.0, c.mean(within - between),
              "digits; mean correlation within the class less that between classes", "at least"),
        judge("local-minima", "sometimes the network got stuck and no mask could improve the image [at least one run "
              "in a hundred, all mask families together]", 0.01, share((stuck.stalled.values == 1) & (stuck.confidence.values < 0.99)),
              f"runs of {networks}; share stuck below 0.99", "at least"),
        judge("zero-six-visible", "one can easily see 0 and 6 [networks of other kinds give them at least one half]",
              0.5, c.mean_share(seen[visible]), f"identikits of 0 and 6 by {networks}; mean confidence of other kinds",
              "at least"),
        judge("zero-six-like-the-mean", "one can easily see 0 and 6 [better than the rest: correlation with the class "
              "mean, 0 and 6 less the other digits]", 0.0,
              c.difference(own[visible], own[~visible]) if visible.any() and (~visible).any() else None,
              "identikits of the smaller group; difference in correlation", "at least"),
    ]  # fmt: skip
    return rows


SEARCHES = (
    DEFAULT, "gauss_0.1", "gauss_0.1_clipped", "gauss_0.3", "uniform_0.2", "sparse", "patch", "single_pixel",
)  # fmt: skip

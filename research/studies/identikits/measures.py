"""Numbers of the saved results that claims, findings and figures share.

The unit is a network: its runs (digits × restarts) are averaged before networks are compared.
"""

from typing import NamedTuple

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float
from numpy.typing import ArrayLike
from scipy.stats import CensoredData, ecdf, rankdata

from research import evidence as e

PICTURES = "low_frequency"  # masks of the rows on pictures
CONVERGENCE = "gauss_0.1"  # masks of the rows on convergence
SEARCHES = (
    PICTURES, "gauss_0.1", "gauss_0.1_clipped", "gauss_0.3", "uniform_0.2", "sparse", "patch", "single_pixel",
)  # fmt: skip
CONDITIONS = {
    PICTURES: "low-frequency",
    "gauss_0.1": "Gauss 0.1",
    "gauss_0.1_clipped": "Gauss 0.1, clipped",
    "gauss_0.3": "Gauss 0.3",
    "uniform_0.2": "uniform ±0.2",
    "sparse": "1 % of pixels",
    "patch": "4×4 patch",
    "single_pixel": "single pixel",
    "from_uniform_noise": "from noise",
    "from_other_digit": "from another digit",
    "ascent_pixel": "gradient, pixels",
    "ascent_frequency": "gradient, frequencies",
}
NOISES = {
    "first_gauss_0.1": "first candidates",
    "first_gauss_0.1_clipped": "first candidates, clipped",
    "first_low_frequency": "first candidates, low-frequency",
    "uniform": "uniform noise",
    "normal": "normal noise",
    "shuffled_digits": "shuffled digits",
}


def of(results: xr.Dataset, kind: str, condition: str = PICTURES, digit: int | None = None) -> xr.Dataset:
    """The runs of one kind of network with one way of asking (and for one digit)."""
    wanted = (results.kind.values == kind) & (results.condition.values == condition)
    if digit is not None:
        wanted &= results.digit.values == digit
    return results.isel(run=np.flatnonzero(wanted))


def kinds(results: xr.Dataset) -> list[str]:
    """The kinds of network, the document's last."""
    return results.kind_name.values.tolist()


def label(results: xr.Dataset, kind: str) -> str:
    """The name of a kind of network."""
    return str(results.label.sel(kind_name=kind).item())


def document_kind(results: xr.Dataset) -> str:
    """The kind of network in the document's place, or the last one where it is missing."""
    return kinds(results)[-1]


def judges(results: xr.Dataset, kind: str) -> list[int]:
    """Places of the networks of one kind along the dimension `judge`."""
    return [i for i, name in enumerate(results.judge.values) if name.split()[0] == kind]


def networks(runs: xr.Dataset) -> int:
    """The number of networks among the runs."""
    return len(np.unique(runs.network.values))


def by_network(runs: xr.Dataset, values: ArrayLike) -> Float[np.ndarray, " networks"]:
    """Mean of one value per run over the restarts, then over the digits of each network; missing values are left out."""
    return np.array([_mean(of_digits) for of_digits in by_network_and_digit(runs, values)])


def by_network_and_digit(runs: xr.Dataset, values: ArrayLike) -> Float[np.ndarray, "networks digits"]:
    """Mean of one value per run over the restarts of each network and digit, digits ascending."""
    x, network, digit = np.asarray(values, float), runs.network.values, runs.digit.values
    return np.array(
        [
            [_mean(x[(network == i) & (digit == d)]) for d in np.unique(digit)]
            for i in np.unique(network)
        ]
    )  # fmt: skip


def _mean(x: np.ndarray) -> float:
    x = x[~np.isnan(x)]
    return float(x.mean()) if x.size else np.nan


def reached(runs: xr.Dataset, target: float = 0.99) -> Bool[np.ndarray, " runs"]:
    """Whether each run reached a confidence."""
    return np.isfinite(runs.evaluations_to.sel(target=target).values)


def stuck(runs: xr.Dataset) -> Bool[np.ndarray, " runs"]:
    """Whether each run ended below 0.99 because no mask helped any more."""
    return (runs.stalled.values == 1) & ~reached(runs)


def started(runs: xr.Dataset) -> Bool[np.ndarray, " runs"]:
    """Whether each run left its start image."""
    return runs.distance.values > 0


def rate(runs: xr.Dataset, target: float = 0.99) -> e.Interval:
    """Mean over networks of the share of their runs that reached the target."""
    return e.share(by_network(runs, reached(runs, target)))


def difficulty(runs: xr.Dataset) -> Float[np.ndarray, "networks digits"]:
    """Rank of each digit by the network's share of runs that reach 0.99: 1 is the hardest, ties share their mean."""
    return rankdata(by_network_and_digit(runs, reached(runs)), axis=1)


class Survival(NamedTuple):
    """Kaplan-Meier curve: share of runs still below a confidence against evaluations, one step per jump."""

    evaluations: Float[np.ndarray, " steps"]
    below: Float[np.ndarray, " steps"]
    last: float  # evaluations of the longest run


def survival(runs: xr.Dataset, target: float) -> Survival:
    """S(t) = Π over jumps tᵢ ≤ t of (1 − dᵢ / nᵢ); runs that ended below the target are censored at their end."""
    to, end = runs.evaluations_to.sel(target=target).values, runs.evaluations.values
    met = np.isfinite(to)
    curve = ecdf(CensoredData(uncensored=to[met], right=end[~met])).sf
    return Survival(curve.quantiles, curve.probabilities, float(end.max()))


def correlations(a: Float[np.ndarray, "n h w"], b: Float[np.ndarray, "m h w"]) -> Float[np.ndarray, "n m"]:
    """Pearson correlation of every image of a with every image of b, over the pixels; 0 for a blank image."""

    def unit(images: np.ndarray) -> np.ndarray:
        flat = images.reshape(len(images), -1).astype(np.float64)
        flat = flat - flat.mean(1, keepdims=True)
        return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12)

    return unit(a) @ unit(b).T


class Similarity(NamedTuple):
    """Mean correlation of identikits with others of the same network, nan where there is no pair."""

    within: Float[np.ndarray, "networks digits"]  # others of the same digit
    between: Float[np.ndarray, "networks digits"]  # those of other digits


def similarity(runs: xr.Dataset) -> Similarity:
    """Mean correlation of each digit's identikits with those of its own and of other classes, by network."""
    within, between = [], []
    for i in np.unique(runs.network.values):
        mine = runs.isel(run=np.flatnonzero(runs.network.values == i))
        pairs, digit = correlations(mine.image.values, mine.image.values), mine.digit.values
        np.fill_diagonal(pairs, np.nan)
        same = digit[:, None] == digit[None, :]
        within.append([_mean(pairs[(digit == d)[:, None] & same]) for d in np.unique(runs.digit)])
        between.append([_mean(pairs[(digit == d)[:, None] & ~same]) for d in np.unique(runs.digit)])
    return Similarity(np.array(within), np.array(between))


def own_resemblance(runs: xr.Dataset) -> Float[np.ndarray, " runs"]:
    """Correlation of each identikit with the mean training image of its class."""
    all_classes = correlations(runs.image.values, runs.class_mean.values)
    return all_classes[np.arange(runs.sizes["run"]), runs.digit.values.astype(int)]


def others_confidence(runs: xr.Dataset) -> Float[np.ndarray, " runs"]:
    """Mean confidence of the networks of all other kinds in each identikit; nan where there are none."""
    return _others(runs, runs.judged.values)


def others_agree(runs: xr.Dataset) -> Float[np.ndarray, " runs"]:
    """Share of the networks of all other kinds that name each identikit as intended; nan where there are none."""
    return _others(runs, runs.named.values == runs.digit.values)


def _others(runs: xr.Dataset, said: np.ndarray) -> Float[np.ndarray, " runs"]:
    """Mean of said [judge, run] over the judges of other kinds than the run's."""
    judge_kind = np.array([name.split()[0] for name in runs.judge.values])
    other = judge_kind[:, None] != runs.kind.values[None, :]
    total = np.where(other, said.astype(float), 0).sum(0)
    return np.where(other.any(0), total / np.maximum(other.sum(0), 1), np.nan)


def transfer(results: xr.Dataset) -> xr.DataArray:
    """Mean confidence of network `judge` in the sure identikits (0.99 and above) of network `drawn_by`."""
    rows = []
    for name in results.judge.values:
        kind, network = name.split()
        runs = of(results, kind)
        sure = (runs.network.values == int(network)) & (runs.confidence.values >= 0.99)
        judged = runs.judged.values[:, sure].astype(float)
        rows.append(judged.mean(1) if sure.any() else np.full(len(judged), np.nan))
    return xr.DataArray(np.stack(rows), dims=("drawn_by", "judge"), coords={"judge": results.judge.values})

"""Numbers of the saved results that claims, findings and figures share: separation, its times, regimes."""

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float

from research import evidence as e

RULES = {"linear": "linear accuracy above 0.95", "silhouette": "silhouette above 0.5"}
REGIMES = (
    "not ordered",
    "network fits, points stay",
    "many clumps",
    "one cluster a class",
    "left the numbers",
)
SAID_GAIN = 2000.0  # epochs: the document's run with three features took 3000, its run with two "5000+"
UNITS = {"scale 1": "drawn settings", "found": "seeds"}  # the unit of each population


def of(results: xr.Dataset, group: str) -> xr.Dataset:
    """The runs of a group."""
    return results.isel(run=(results.group == group).values)


def at(results: xr.Dataset, group: str, epoch: int) -> xr.Dataset | None:
    """The runs of a group at an epoch; None if it was not measured."""
    return of(results, group).sel(epoch=epoch) if epoch in results.epoch else None


def end(results: xr.Dataset, group: str) -> xr.Dataset:
    """The runs of a group at the last epoch."""
    return of(results, group).sel(epoch=results.epochs)


def scales(results: xr.Dataset) -> list[float]:
    """The divisors of the inputs of the drawn settings, ascending."""
    names = dict.fromkeys(results.group.values.tolist())
    return sorted(float(name.split()[1].rstrip(",")) for name in names if name.endswith(", 2-D"))


def separated(runs: xr.Dataset) -> Bool[np.ndarray, " m"]:
    """Whether each run has one cluster a class: both RULES; False for runs whose numbers are not finite."""
    return ((runs.silhouette > 0.5) & (runs.linear > 0.95)).values


def share(happens: Bool[np.ndarray, " m"]) -> e.Interval:
    """Share of runs in which something happens."""
    return e.proportion(int(happens.sum()), happens.size)


def falls(runs: xr.Dataset) -> Bool[np.ndarray, " m"]:
    """Whether the loss of each run is smaller at each measurement than at the one before."""
    return (runs.loss.diff("epoch") < 0).all("epoch").values


def dimensions(results: xr.Dataset) -> list[int]:
    """The numbers of features that were compared."""
    names = [name for name in dict.fromkeys(results.group.values.tolist()) if name.endswith(" features")]
    return sorted(int(name.split()[0]) for name in names)


def times(results: xr.Dataset, group: str, measure: str) -> Float[np.ndarray, " m"]:
    """The first measured epoch at which each run of a group meets the rule of a measure; nan if it never does."""
    return of(results, group)[f"{measure}_at"].values


def waited(results: xr.Dataset, group: str, measure: str) -> Float[np.ndarray, " m"]:
    """`times`, with the last epoch for runs that never meet the rule.

    Their mean is the restricted mean, the area under the Kaplan-Meier curve up to the last epoch, because all runs are
    followed to that epoch.
    """
    return np.nan_to_num(times(results, group, measure), nan=results.epochs)


def gain(results: xr.Dataset, two: str, more: str, measure: str, *, paired: bool = False) -> e.Interval:
    """Epochs by which the group `more` is earlier than `two`: difference of the restricted means.

    Args:
        results: saved results.
        two, more: names of the groups.
        measure: a key of RULES.
        paired: whether run i of both groups has the same setting.
    """
    late, early = (waited(results, group, measure) for group in (two, more))
    return e.paired(late, early) if paired else e.difference(late, early)


def logrank(results: xr.Dataset, two: str, more: str, measure: str) -> float:
    """p-value of the log-rank test that two groups separate at the same rate; runs that never do are censored."""
    from scipy.stats import CensoredData
    from scipy.stats import logrank as test

    def censored(group: str) -> CensoredData:
        waiting = times(results, group, measure)
        return CensoredData.right_censored(np.nan_to_num(waiting, nan=results.epochs), np.isnan(waiting))

    return float(test(censored(two), censored(more)).pvalue)


def regime(end: xr.Dataset) -> xr.DataArray:
    """The state in which each run ended, as an index of REGIMES.

    One cluster a class: separated. Many clumps: neighbours share a class (5-NN purity above 0.8), but the classes are
    not separated. The network fits, points stay: it classifies more than 80 %, but neighbours are mixed. Left the
    numbers: diverged. Not ordered: none of these.
    """
    clumps, fits = end.purity > 0.8, end.accuracy > 0.8
    ended = xr.where(separated(end), 3, xr.where(clumps, 2, xr.where(fits, 1, 0)))
    return xr.where(end.first_bad >= 0, 4, ended)


def example(results: xr.Dataset, name: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Points [n 2] and labels of the clearest example of a regime among the runs whose points are saved."""
    if "cell_run" not in results.coords:
        return None
    end = results.isel(run=results.cell_run.values).sel(epoch=results.epochs)
    points = results.end_points[:, :, :2].values
    shows = (regime(end) == REGIMES.index(name)).values & np.isfinite(points).all((1, 2))
    if not shows.any():
        return None
    by = {"network fits, points stay": -end.purity, "one cluster a class": -abs(end.silhouette - 0.9)}
    best = int(np.where(shows, by.get(name, end.purity).values, -np.inf).argmax())
    return points[best], results.end_labels[best].values.astype(int)

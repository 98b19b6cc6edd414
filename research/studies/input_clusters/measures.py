"""What the study "input_clusters" reads from its results: times to separation and regimes of the phase diagram."""

import numpy as np
import xarray as xr

from research.evidence import claims as c

RULES = {"linear": "linear accuracy above 0.95", "silhouette": "silhouette above 0.5"}
REGIMES = (
    "not ordered",
    "network fits, points stay",
    "many clumps",
    "one cluster a class",
    "left the numbers",
)


def of(results: xr.Dataset, group: str) -> xr.Dataset:
    """The runs of a group."""
    return results.isel(run=(results.group == group).values)


def dimensions(results: xr.Dataset) -> list[int]:
    """The numbers of features that were compared."""
    names = [name for name in dict.fromkeys(results.group.values.tolist()) if name.endswith(" features")]
    return sorted(int(name.split()[0]) for name in names)


def times(results: xr.Dataset, group: str, measure: str) -> np.ndarray:
    """The first measured epoch at which each run of a group meets the rule of a measure; nan if it never does."""
    return of(results, group)[f"{measure}_at"].values


def gain(results: xr.Dataset, two: str, more: str, measure: str) -> c.Interval:
    """Epochs by which the group `more` is earlier than `two`: difference of the restricted means.

    The restricted mean is the area under the survival curve up to the last epoch: a run that never gets there
    counts with that epoch. No run is lost before, so this is what Kaplan and Meier's curve gives.
    """
    ends = (np.nan_to_num(times(results, group, measure), nan=results.epochs) for group in (two, more))
    return c.difference(*ends)


def logrank(results: xr.Dataset, two: str, more: str, measure: str) -> float:
    """p of the log-rank test that two groups get there at the same rate, runs that never do being censored."""
    from scipy.stats import CensoredData
    from scipy.stats import logrank as test

    def censored(group: str) -> CensoredData:
        waiting = times(results, group, measure)
        return CensoredData.right_censored(np.nan_to_num(waiting, nan=results.epochs), np.isnan(waiting))

    return float(test(censored(two), censored(more)).pvalue)


def regime(end: xr.Dataset) -> xr.DataArray:
    """Where each run of the phase diagram ended, as an index of REGIMES.

    One cluster a class: the study's rule of separation. Many clumps: a point's neighbours are of its class (5-NN
    purity above 0.8) but the classes do not lie apart. The network fits and the points stay: it puts more than 80 %
    into their classes, their neighbours are mixed. Not ordered: none of these.
    """
    apart = (end.silhouette > 0.5) & (end.linear > 0.95)
    clumps, fits = end.purity > 0.8, end.accuracy > 0.8
    ended = xr.where(apart, 3, xr.where(clumps, 2, xr.where(fits, 1, 0)))
    return xr.where(end.first_bad >= 0, 4, ended)


def phase_maps(results: xr.Dataset) -> dict[str, xr.DataArray]:
    """The most frequent regime by weight rate and input rate, for each width and scale of the inputs."""
    maps = {}
    for group in dict.fromkeys(results.group.values.tolist()):
        if not group.startswith("phase width"):
            continue
        runs = of(results, group)
        ended = regime(_end(runs)).values
        for scale in np.unique(runs.scale)[::-1]:
            weights, inputs = np.unique(runs.weight_rate), np.unique(runs.input_rate)
            table = np.empty((len(weights), len(inputs)), object)
            for i, w in enumerate(weights):
                for j, r in enumerate(inputs):
                    mine = ended[
                        ((runs.weight_rate == w) & (runs.input_rate == r) & (runs.scale == scale)).values
                    ]
                    table[i, j] = REGIMES[np.bincount(mine).argmax()]
            kind = "raw inputs" if scale == 1 else "standardised"
            maps[f"width {int(runs.width[0])}, {kind}"] = xr.DataArray(
                table, {"weight_rate": weights, "input_rate": inputs}, ("weight_rate", "input_rate")
            )
    return maps


def example(results: xr.Dataset, name: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Points [n 2] and labels of the cell that shows a regime best: the most typical of the finite ones."""
    if "cell_group" not in results.coords:
        return None
    best = None
    for group in dict.fromkeys(results.cell_group.values.tolist()):
        cells = np.flatnonzero(results.cell_group == group)
        end = _end(of(results, group)).isel(run=slice(len(cells)))
        shows = (regime(end) == REGIMES.index(name)).values & np.isfinite(
            results.end_points[cells, :, :2]
        ).all(("point", "feature")).values
        if not shows.any():
            continue
        best_by = {
            "network fits, points stay": -end.purity,
            "one cluster a class": -abs(end.silhouette - 0.75),
        }
        ranked = np.where(shows, best_by.get(name, end.purity).values, -np.inf)
        if best is None or ranked.max() > best[0]:
            cell = cells[int(ranked.argmax())]
            best = (
                ranked.max(),
                results.end_points[cell, :, :2].values,
                results.end_labels[cell].values.astype(int),
            )
    return None if best is None else best[1:]


def _end(runs: xr.Dataset) -> xr.Dataset:
    """The last measured epoch of a group."""
    epoch = runs.purity.dropna("epoch", how="all").epoch
    return runs.sel(epoch=epoch[-1]) if len(epoch) else runs.isel(epoch=-1)

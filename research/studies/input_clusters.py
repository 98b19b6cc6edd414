"""Input clusters: a network that may move its own data gathers each class into a cluster (document 004).

500 random points with random labels of three classes; weights and points descend on the same loss. The document
shows one run in two dimensions and one in three; here are many of each, their times to separation in more
dimensions, controls, and the rates at which it happens at all.
"""

from dataclasses import dataclass, replace

import jax
import numpy as np
import xarray as xr

from research import claims as c
from research.clustering import setting
from research.geometry.scores import separated
from research.keys import named
from research.store import Run
from research.studies import at_least
from research.studies.input_clusters_runs import Group, first_epoch, follow

TITLE = "Input clusters"
QUESTION = "If a network may move its data as well as its weights, do the classes gather, and how fast?"
METHOD = (
    "500 uniform random points with random labels of three classes; full-batch joint descent. A run is one draw of "
    "points, labels and weights. It counts as separated at the first measured epoch with silhouette above 0.5 and "
    "linear accuracy above 0.95; shares have Wilson's 95 % interval, means Student's; a run that never separates "
    "enters a mean with the last epoch."
)
DIFFERENCES = (
    "The document does not state its network, optimiser, rates or scaling. The default (tanh 16-16, inputs divided "
    "by 333, weights SGD 0.001, inputs 0.009 on each point's own loss) was chosen among some 2,000 settings because "
    "it follows the document's course.",
    "The document judges by eye. Where it says nothing in numbers, ours are in brackets in the claims table.",
    "Its two- and three-feature experiments were one run each; ours are many, and epochs are measured in steps.",
)
DOCUMENT = "004_1c2af21546a37cb0.txt"
DEFAULT = "S2"  # the setting that follows the document's course
BY_DIMENSION = "I"  # the setting in which the number of features matters most


@dataclass
class Config:
    """How many runs, how long, how fine."""

    seed: int = 0
    data: str = "mnist"  # unused: the points are random
    runs: int = (
        64  # of each experiment of the document, and of two and three features in the default comparison
    )
    other_runs: int = 32  # of each other number of features, and of all three controls together
    epochs: int = 7000
    every: int = 250  # epochs between measurements
    frames: int = 100  # epochs between kept frames
    features: tuple[int, ...] = (2, 3, 5, 10, 30)
    widths: tuple[int, ...] = (12, 48)  # of the phase diagram
    grid: int = 5  # rates along each side of the phase diagram
    phase_runs: int = 2  # in each of its cells
    phase_epochs: int = 3000

    def validate(self) -> None:
        at_least(self, seed=0, runs=2, other_runs=3, epochs=1, every=1, frames=1)
        at_least(self, grid=1, phase_runs=1, phase_epochs=1)
        if not {2, 3} <= set(self.features) or min(self.features) < 1:
            raise ValueError(
                f"features must include 2 and 3, the document's, and be positive; got {self.features}"
            )


def groups(config: Config) -> list[Group]:
    """Everything that is run, in order."""
    stops = tuple(range(0, config.epochs + 1, config.every))
    scored = tuple(epoch for epoch in stops if epoch % (2 * config.every) == 0 or epoch == stops[-1])
    frames = tuple(range(0, config.epochs + 1, config.frames))
    plan = [
        Group(
            f"document {d}-D",
            replace(setting(DEFAULT), features=d),
            config.runs,
            stops,
            scored=scored,
            kept=4,
            frames=frames if d == 2 else scored,
        )
        for d in (2, 3)
    ]
    few, default = config.other_runs // 3, setting(DEFAULT)
    ends = (stops[0], stops[-1])
    frozen = {"weights frozen": {"weight_rate": 0.0}, "inputs frozen": {"input_rate": 0.0}}
    for name, rates in frozen.items():
        each = {rate: np.full(few, value) for rate, value in rates.items()}
        plan.append(Group(name, default, few, stops, scored=ends, rates=each, kept=1, frames=ends))
    plan.append(
        Group("labels by sector", default, few, stops, scored=ends, labels="sectors", kept=1, frames=ends)
    )
    for d in config.features:
        m = config.runs if d <= 3 else config.other_runs
        several = replace(setting(BY_DIMENSION), features=d)
        plan.append(Group(f"{d} features", several, m, stops, scored=ends, leave_when_separated=True))
    return plan + [_phase(config, width) for width in config.widths]


def _phase(config: Config, width: int) -> Group:
    """Input rate × weight rate × (standardised or raw inputs), all cells in one call."""
    weight_rates, input_rates = np.geomspace(1e-4, 1, config.grid), np.geomspace(1e-4, 1, config.grid)
    half_width = setting("A").half_width
    scales = np.array([half_width / 3**0.5, 1.0])
    cells = np.meshgrid(weight_rates, input_rates, scales, np.arange(config.phase_runs), indexing="ij")
    rates = dict(zip(("weight_rate", "input_rate", "scale"), (axis.ravel() for axis in cells)))
    ends = (0, config.phase_epochs)
    m = cells[0].size
    return Group(
        f"phase width {width}", replace(setting("A"), widths=(width,)), m, ends,
        scored=ends, rates=rates, kept=m, frames=ends[1:],
    )  # fmt: skip


def run(config: Config, run: Run) -> xr.Dataset:
    """Follows every group.

    Dims: run (with group, features, width, rates, scale, first_bad), epoch; kept (runs with points), frame,
    point, feature (nan where a run has fewer).
    """
    key = named(jax.random.key(config.seed), "input_clusters")
    tables, scatters = [], []
    for group in groups(config):
        table, scatter = follow(group, named(key, group.name))
        tables.append(table)
        if scatter:
            scatters.append(scatter.rename(run="kept", group="kept_group"))
        run.metrics(
            group=group.name,
            runs=group.runs,
            seconds=round(float(table.seconds.sum()), 2),
            diverged=int((table.first_bad >= 0).sum()),
        )
    results = xr.merge(
        [
            xr.concat(tables, "run", join="outer", data_vars="all", coords="minimal", compat="override"),
            xr.concat(scatters, "kept", join="outer", data_vars="all", coords="minimal", compat="override"),
        ]
    )
    apart = (results.silhouette > 0.5) & (
        results.linear > 0.95
    )  # scores.separated, with the names of the axes
    return results.assign(
        separated_at=first_epoch(apart),
        silhouette_at=first_epoch(results.silhouette > 0.5),
        linear_at=first_epoch(results.linear > 0.95),
    ).assign_attrs(every=config.every, epochs=config.epochs)


def claims(results: xr.Dataset) -> list[c.Claim]:
    two, three = (results.isel(run=(results.group == f"document {d}-D").values) for d in (2, 3))
    end = two.isel(epoch=int(np.abs(two.epoch.values - results.epochs).argmin()))
    early = two.sel(epoch=500, method="nearest")
    apart = separated(end.silhouette.values, end.linear.values)
    falls = (two.loss.dropna("epoch", how="all").diff("epoch") < 0).mean("epoch")
    unit = "runs; "
    rows = [
        c.judge("clusters-form", DOCUMENT, "distinct clusters of one class each at the end [in at least half of the runs]",
                0.5, c.proportion(int(apart.sum()), apart.size), unit + "share separated at the last epoch", "at least"),
        c.judge("little-at-500", DOCUMENT, "not much has changed after 500 epochs [adjusted Rand index of 3-means at most 0.1]",
                0.1, c.mean(early.kmeans_ari), unit + "adjusted Rand index at epoch 500", "at most"),
        c.judge("simple-classifier", DOCUMENT, "even a simple algorithm can classify them with high accuracy [0.95 or more]",
                0.95, c.mean(end.linear), unit + "accuracy of softmax regression on the moved points", "at least"),
        c.judge("loss-falls", DOCUMENT, "the loss keeps on decreasing [between 99 % of successive measurements]",
                0.99, c.mean(falls), unit + "share of measurements with a smaller loss than the one before", "at least"),
    ]  # fmt: skip
    words = "3 features: separated by 3,000 epochs, 2 features: more than 5,000 [a gain of 2,000]"
    measures = (
        ("", "linear_at", "linear accuracy above 0.95"),
        ("-silhouette", "silhouette_at", "silhouette above 0.5"),
    )
    for suffix, name, rule in measures:
        gain = c.difference(*(group[name].fillna(results.epochs) for group in (two, three)))
        rows.append(c.judge(f"faster-in-3d{suffix}", DOCUMENT, words, 2000.0, gain,
                            unit + f"epochs gained until {rule}", neutral=0.0))  # fmt: skip
    return rows

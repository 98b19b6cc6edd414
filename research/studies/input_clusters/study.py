"""Input clusters: a network that may move its own data gathers each class into a cluster (document 004).

500 random points with random labels of three classes; weights and points descend on the same loss. The document
shows one run in two dimensions and one in three; here are many of each, their times to separation in more
dimensions, controls, and the rates at which it happens at all.
"""

import shutil
import time
from dataclasses import dataclass, replace

import jax
import numpy as np
import xarray as xr

from research.embedding.scores import separated
from research.evidence import claims as c
from research.joint_descent.descent import setting
from research.runs.checkpoints import Checkpoints
from research.runs.store import Run
from research.runtime.rng import named
from research.studies import at_least
from research.studies.input_clusters.measures import RULES, gain, of
from research.studies.input_clusters.runs import Batch, Group, first_epoch, follow

DOCUMENT = "004_1c2af21546a37cb0.txt"
DEFAULT = "S2"  # the setting that follows the document's course
GAIN = 2000.0  # epochs that the document's one run with three features was ahead of the one with two
BY_DIMENSION = "I"  # the setting in which the number of features matters most


@dataclass
class Config:
    """How many runs, how long, how fine."""

    seed: int = 0
    data: str = "mnist"  # unused: the points are random
    runs: int = 52  # of each experiment of the document
    controls: int = 4  # of each of the three controls, computed beside the first experiment
    features: tuple[int, ...] = (2, 3, 5, 10, 30)
    by_features: tuple[int, ...] = (64, 64, 32, 32, 16)  # runs of each number of features
    epochs: int = 7000
    every: int = 250  # epochs between measurements
    frames: int = 125  # epochs between kept frames
    widths: tuple[int, ...] = (12, 48)  # of the phase diagram
    grid: int = 5  # rates along each side of the phase diagram
    phase_runs: int = 1  # in each of its cells
    phase_epochs: int = 2000

    def validate(self) -> None:
        at_least(self, seed=0, runs=2, controls=1, epochs=1, every=1, frames=1)
        at_least(self, grid=1, phase_runs=1, phase_epochs=1)
        if not {2, 3} <= set(self.features) or min(self.features) < 1:
            raise ValueError(
                f"features must include 2 and 3, the document's, and be positive; got {self.features}"
            )
        if len(self.by_features) != len(self.features) or min(self.by_features) < 2:
            raise ValueError(
                f"by_features must say at least 2 runs for each of {self.features}, got {self.by_features}"
            )


def batches(config: Config) -> list[Batch]:
    """Everything that is run, in order."""
    stops = tuple(range(0, config.epochs + 1, config.every))
    scored = tuple(stop for stop in stops if stop % (2 * config.every) == 0 or stop == stops[-1])
    frames = tuple(range(0, config.epochs + 1, config.frames))
    few = config.controls
    controls = (
        Group("weights frozen", few, {"weight_rate": 0.0}, kept=1),
        Group("inputs frozen", few, {"input_rate": 0.0}, kept=1),
        Group("labels by sector", few, labels="sectors", kept=1),
    )
    plan = [
        Batch(
            replace(setting(DEFAULT), features=d),
            (Group(f"document {d}-D", config.runs, kept=4), *more),
            stops,
            scored=scored,
            frames=frames,
        )
        for d, more in ((2, controls), (3, ()))
    ]
    for d, runs in zip(config.features, config.by_features):
        several = replace(setting(BY_DIMENSION), features=d)
        plan.append(Batch(several, (Group(f"{d} features", runs),), stops, leave_when_separated=True))
    return plan + [_phase(config, width) for width in config.widths]


def _phase(config: Config, width: int) -> Batch:
    """Input rate × weight rate × (standardised or raw inputs), all cells in one call; the points of one run a cell."""
    rates = np.geomspace(1e-4, 1, config.grid)
    scales = np.array([setting("A").half_width / 3**0.5, 1.0])
    cells = np.meshgrid(np.arange(config.phase_runs), rates, rates, scales, indexing="ij")
    each = dict(zip(("weight_rate", "input_rate", "scale"), (axis.ravel() for axis in cells[1:])))
    ends = (0, config.phase_epochs)
    group = Group(f"phase width {width}", cells[0].size, each, kept=2 * config.grid**2)
    return Batch(replace(setting("A"), widths=(width,)), (group,), ends, scored=ends, frames=ends[1:])


def run(config: Config, run: Run) -> xr.Dataset:
    """Follows every batch.

    Dims: run (with group, features, width, rates, scale, first_bad), epoch; kept (runs whose course is kept), frame,
    point, feature (nan where a run has fewer); cell (of the phase diagram, in the order of its first runs).
    """
    key = named(jax.random.key(config.seed), "input_clusters")
    folder = run.checkpoints(config)
    tables, courses, ends = [], [], []
    for batch in batches(config):
        begin = time.perf_counter()
        table, scatter = follow(batch, key, Checkpoints(folder / batch.name.replace(" ", "-")))
        tables.append(table)
        if scatter.sizes.get("frame", 0) > 1:
            courses.append(scatter)
        elif scatter:
            names = {
                "points": "end_points",
                "labels": "end_labels",
                "kept": "cell",
                "kept_group": "cell_group",
            }
            ends.append(scatter.isel(frame=0, drop=True).rename(names))
        run.metrics(
            batch=batch.name,
            runs=table.sizes["run"],
            seconds=round(time.perf_counter() - begin, 2),
            diverged=int((table.first_bad >= 0).sum()),
        )
    shutil.rmtree(folder, ignore_errors=True)
    joined = [
        xr.concat(parts, dim, join="outer", data_vars="all", coords="minimal", compat="override")
        for parts, dim in ((tables, "run"), (courses, "kept"), (ends, "cell"))
    ]
    results = xr.merge(joined, join="outer")
    by_silhouette, by_line = results.silhouette > 0.5, results.linear > 0.95  # as in scores.separated
    return results.assign(
        separated_at=first_epoch(by_silhouette & by_line),
        silhouette_at=first_epoch(by_silhouette),
        linear_at=first_epoch(by_line),
    ).assign_attrs(every=config.every, epochs=config.epochs)


def claims(results: xr.Dataset) -> list[c.Claim]:
    two = of(results, "document 2-D")
    end, early = (two.sel(epoch=epoch, method="nearest") for epoch in (results.epochs, 500))
    apart = separated(end.silhouette.values, end.linear.values)
    falls = (two.loss.dropna("epoch", how="all").diff("epoch") < 0).mean("epoch")
    unit = "runs; "
    rows = [
        c.judge("clusters-form", DOCUMENT, "distinct clusters of one class each at the end [in at least half of the runs]",
                0.5, c.proportion(int(apart.sum()), apart.size), unit + "share separated at the last epoch", "at least"),
        c.judge("little-at-500", DOCUMENT, "not much has changed after 500 epochs [adjusted Rand index of 3-means at most 0.1]",
                0.1, c.mean(early.kmeans_ari), unit + "adjusted Rand index at epoch 500", "at most"),
        c.judge("simple-classifier", DOCUMENT, "even a simple algorithm can classify them with high accuracy [0.95 or more]",
                0.95, c.mean_share(end.linear), unit + "accuracy of softmax regression on the moved points", "at least"),
        c.judge("loss-falls", DOCUMENT, "the loss keeps on decreasing [between 99 % of successive measurements]",
                0.99, c.mean_share(falls), unit + "share of measurements with a smaller loss than the one before", "at least"),
    ]  # fmt: skip
    words = "3 features: separated by 3,000 epochs, 2 features: more than 5,000 [a gain of 2,000]"
    for suffix, (measure, rule) in zip(("", "-silhouette"), RULES.items()):
        gained = gain(results, "document 2-D", "document 3-D", measure)
        rows.append(c.judge(f"faster-in-3d{suffix}", DOCUMENT, words, GAIN, gained,
                            unit + f"epochs gained until {rule}", neutral=0.0))  # fmt: skip
    return rows

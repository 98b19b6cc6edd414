"""Input clusters: joint descent of weights and data forms one cluster per class (document 004).

500 random points with random labels of three classes; weights and points descend on the same loss. The document
states the points and leaves network, optimiser, rates and input scale open. We measure

    the stated conditions   raw inputs; many random draws of the open settings from a declared space
    the search              the same drawn settings with the inputs divided by 100, 333 and 1,000
    the found setting       S2, found by an earlier search, on seeds that took no part in it; with controls
    more features           setting I, in which the number of features matters most
"""

import shutil
import time
from dataclasses import dataclass, replace

import jax
import numpy as np
import xarray as xr

from research.data.sources import SOURCES
from research.fields import Checked
from research.fields.bounds import NETWORKS, SEED, WIDTH, Bound, bounded, one_of
from research.joint_descent.descent import setting
from research.runs.checkpoints import Checkpoints
from research.runs.store import Run
from research.runtime.rng import named
from research.studies.input_clusters.runs import Batch, Group, first_epoch, follow

FOUND = "S2"  # the setting that follows the document's course
BY_DIMENSION = "I"
SCALES = (1.0, 100.0, 333.0, 1000.0)  # what the inputs are divided by; 1 is the document's
DATED = (0, 500, 1000, 2500, 5000)  # epochs of which the document says something, and the start
NEAR = {"sgd": "A", "adam": "I"}  # the found settings around whose rates the search draws
DECADES = 2.0  # that a drawn rate may lie below or above
KINDS = (  # hidden layers, activation, optimiser of weights and inputs; the first four are a balanced choice of eight
    ((12,), "tanh", "sgd"),
    ((16, 16), "relu", "sgd"),
    ((16, 16), "tanh", "adam"),
    ((12,), "relu", "adam"),
    ((16, 16), "tanh", "sgd"),
    ((12,), "relu", "sgd"),
    ((12,), "tanh", "adam"),
    ((16, 16), "relu", "adam"),
    ((64,), "tanh", "sgd"),
    ((64,), "relu", "sgd"),
    ((64,), "tanh", "adam"),
    ((64,), "relu", "adam"),
)

EPOCHS = Bound(1, 1_000_000, "the document ends after 5,000", liftable=True)


@dataclass
class Config(Checked):
    """How many runs, how long, how fine."""

    seed: int = bounded(0, SEED)
    data: str = one_of("mnist", SOURCES, "dataset")  # unused: the points are random
    # seeds of the found setting, with two and with three features
    runs: int = bounded(20, replace(NETWORKS, low=2))
    # seeds of each of the three controls, computed beside the found setting
    controls: int = bounded(4, NETWORKS)
    kinds: int = bounded(4, Bound(1, len(KINDS)))  # of KINDS, from the first on
    drawn: int = bounded(4, NETWORKS)  # settings of each kind: their rates are drawn
    features: tuple[int, ...] = bounded((2, 3, 10), WIDTH, distinct=True)
    # runs of each number of features
    by_features: tuple[int, ...] = bounded((16, 16, 16), replace(NETWORKS, low=2))
    epochs: int = bounded(7000, EPOCHS)
    every: int = bounded(250, Bound(1, 500, "it must divide 500"))  # epochs between measurements
    frames: int = bounded(125, EPOCHS)  # epochs between kept frames

    def check_together(self) -> None:
        """Raises: ValueError for measurements that miss the document's epochs, or groups without a size."""
        if 500 % self.every:
            raise ValueError(
                f"every must divide 500, so that the document's epochs are measured; got {self.every}"
            )
        if self.epochs % self.every:
            raise ValueError(f"epochs must be a multiple of every, {self.every}, got {self.epochs}")
        if 2 not in self.features:
            raise ValueError(f"features must include 2; got {self.features}")
        if len(self.by_features) != len(self.features):
            raise ValueError(
                f"by_features must say at least 2 runs for each of {self.features}, got {self.by_features}"
            )


def batches(config: Config, key) -> list[Batch]:
    """All batches in order; the key is for the drawn settings."""
    stops = tuple(range(0, config.epochs + 1, config.every))
    plan = [_found(config, d, stops) for d in (2, 3)]
    for d, runs in zip(config.features, config.by_features):
        several = replace(setting(BY_DIMENSION), features=d)
        plan.append(Batch(several, (Group(f"{d} features", runs),), stops, leave_when_separated=True))
    kinds = KINDS[: config.kinds]
    return plan + [_drawn(config, kind, d, stops, key) for d in (2, 3) for kind in kinds]


def _found(config: Config, d: int, stops: tuple[int, ...]) -> Batch:
    """The found setting; in two dimensions with its controls."""
    few = config.controls
    controls = (
        Group("weights frozen", few, {"weight_rate": 0.0}, kept=1),
        Group("inputs frozen", few, {"input_rate": 0.0}, kept=1),
        Group("labels by sector", few, by_sector=True, kept=1),
    )
    return Batch(
        replace(setting(FOUND), features=d),
        (Group(f"found {d}-D", config.runs, kept=1), *(controls if d == 2 else ())),
        stops,
        scored=tuple(stop for stop in stops if stop % 500 == 0 or stop == stops[-1]),
        frames=tuple(range(0, config.epochs + 1, config.frames)),
        label=f"judging {d}-D",  # feeds the keys: these seeds took no part in the search
    )


def _drawn(config: Config, kind: tuple, d: int, stops: tuple[int, ...], key) -> Batch:
    """Settings of one kind, one run each: at every scale in two dimensions, at the document's scale in three.

    Both rates are log-uniform within DECADES of those of a found setting, and the same for all scales and dimensions.
    The input rate is divided by the scale, so that the points move at the same speed at every scale.
    """
    widths, activation, optimiser = kind
    name = f"{'-'.join(map(str, widths))} {activation} {optimiser}"
    near = setting(NEAR[optimiser])
    exponents = jax.random.uniform(named(key, name), (2, config.drawn), minval=-DECADES, maxval=DECADES)
    weight_rate, speed = np.asarray([[near.weight_rate], [near.input_rate * near.scale]]) * 10 ** np.asarray(
        exponents
    )
    groups = tuple(
        Group(
            f"scale {scale:g}, {d}-D",
            config.drawn,
            {"weight_rate": weight_rate, "input_rate": speed / scale, "scale": scale},
            kept=4 if d == 2 else 0,
        )
        for scale in (SCALES if d == 2 else SCALES[:1])
    )
    return Batch(
        replace(near, widths=widths, activation=activation, features=d),
        groups,
        stops,
        scored=tuple(stop for stop in stops if stop in DATED or stop == stops[-1]),
        frames=stops[-1:],
        label=f"{name} {d}-D",
        block=4,
    )


def run(config: Config, run: Run) -> xr.Dataset:
    """Computes every batch.

    Dims: run (with group, network, optimiser, features, rates, scale, first_bad), epoch; kept (runs whose course is
    kept), frame, point, feature (nan where a run has fewer); cell (drawn settings whose last points are kept;
    cell_run is their place among the runs).
    """
    key = named(jax.random.key(config.seed), "input_clusters")
    folder = run.checkpoints(config)
    tables, courses, ends, before = [], [], [], 0
    for batch in batches(config, named(key, "settings")):
        begin = time.perf_counter()
        checkpoints = Checkpoints(folder / batch.name.replace(" ", "-"))
        table, scatter = follow(batch, named(key, batch.name), checkpoints)
        tables.append(table)
        if scatter.sizes.get("frame", 0) > 1:
            courses.append(scatter.drop_vars("kept_run"))
        elif scatter:
            last = scatter.isel(frame=0, drop=True).drop_vars("kept_group")
            last["kept_run"] = last.kept_run + before
            ends.append(
                last.rename(points="end_points", labels="end_labels", kept="cell", kept_run="cell_run")
            )
        before += table.sizes["run"]
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
    return results.assign(
        silhouette_at=first_epoch(results.silhouette > 0.5), linear_at=first_epoch(results.linear > 0.95)
    ).assign_attrs(every=config.every, epochs=int(results.epoch[-1]), kinds=config.kinds)

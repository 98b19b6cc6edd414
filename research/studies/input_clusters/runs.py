"""Runs of joint descent with their scores, computed in batches with checkpoints."""

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float, Int, Key
from numpy.typing import ArrayLike

from research.embedding import scores
from research.joint_descent import descent as clustering
from research.joint_descent.descent import Setting, State
from research.runs.checkpoints import Checkpoints
from research.runtime.rng import named

RATES = ("weight_rate", "input_rate", "scale")
MEASURES = (*scores.Scores._fields, "loss", "accuracy", "extent")
WORTH_KEEPING = 5.0  # seconds of a batch from which on its checkpoint is kept until the study is done


@dataclass(frozen=True)
class Group:
    """Runs with a common name.

    Attributes:
        name: the group's name, which feeds its keys.
        runs: their number.
        rates: weight_rate, input_rate or scale, one number or one per run, in place of the setting's own.
        by_sector: labels are sectors of the plane, which are separated from the start, instead of random.
        kept: number of runs whose points are saved.
    """

    name: str
    runs: int
    rates: Mapping[str, ArrayLike] = field(default_factory=dict)
    by_sector: bool = False
    kept: int = 0


@dataclass(frozen=True)
class Batch:
    """Groups of one setting, computed together.

    Attributes:
        setting: of all runs.
        groups: their runs stand in this order.
        stops: epochs at which loss and separation are measured.
        scored: those of them at which every score is computed.
        frames: epochs at which points are saved.
        leave_when_separated: stop as soon as every run has been separated linearly and by its silhouette.
        label: name of the batch (default: its first group's).
        block: runs in one call on a CPU, so that a small batch uses all cores (default: that of `sharded_map`).
    """

    setting: Setting
    groups: tuple[Group, ...]
    stops: tuple[int, ...]
    scored: tuple[int, ...] = ()
    frames: tuple[int, ...] = ()
    leave_when_separated: bool = False
    label: str = ""
    block: int | None = None

    @property
    def name(self) -> str:
        """The name of the batch."""
        return self.label or self.groups[0].name

    def each(self, value: Callable[[Group], ArrayLike]) -> np.ndarray:
        """`value` of each group, broadcast over its runs and concatenated."""
        return np.concatenate([np.broadcast_to(value(group), group.runs) for group in self.groups])


def follow(
    batch: Batch, key: Key[Array, ""], checkpoints: Checkpoints | None = None
) -> tuple[xr.Dataset, xr.Dataset]:
    """Measures of the runs (dims epoch, run), and points of the saved ones (dims kept, frame, point, feature).

    The keys of a group's runs come from its name, so they do not depend on the rest of the batch. Runs that diverge
    have `first_bad` >= 0 and nan from there on. With `checkpoints`, an interrupted batch continues from its last
    checkpoint and gives the same bits.
    """
    begin = time.perf_counter()
    descent = _descent(batch.setting, block=batch.block if jax.default_backend() == "cpu" else None)
    state = _start(batch, descent, key)
    groups, order = batch.each(lambda group: group.name), batch.each(lambda group: np.arange(group.runs))
    kept = np.flatnonzero(order < batch.each(lambda group: group.kept))
    measured = {name: np.full((len(batch.stops), len(groups)), np.nan, np.float32) for name in MEASURES}
    size = (len(batch.frames), len(kept), batch.setting.points, batch.setting.features)
    courses = [np.full(size, np.nan, np.float32)] if len(kept) else []  # an empty array cannot be saved
    if checkpoints and (saved := checkpoints.latest((state, measured, courses))):
        state, *rest = saved[1]
        measured, courses = jax.tree.map(np.array, rest)
    stops = [stop for stop in sorted({*batch.stops, *batch.frames}) if stop >= int(state.epoch[0])]
    for here in clustering.descend(descent, state, stops):
        state, epoch = here, int(here.epoch[0])
        if courses and epoch in batch.frames:
            courses[0][batch.frames.index(epoch)] = np.asarray(clustering.positions(state))[kept]
        if epoch in batch.stops:
            for name, values in _measure(descent, state, key, epoch in batch.scored).items():
                measured[name][batch.stops.index(epoch)] = values
        apart = (measured["silhouette"] > 0.5).any(0) & (measured["linear"] > 0.95).any(0)
        ended = epoch == stops[-1] or (batch.leave_when_separated and bool(apart.all()))
        if checkpoints:
            long = ended and time.perf_counter() - begin > WORTH_KEEPING
            checkpoints.save(epoch, (state, measured, courses), force=long)
        if ended:
            break
    table = xr.Dataset(
        {name: (("epoch", "run"), values) for name, values in measured.items()},
        {"epoch": list(batch.stops), "group": ("run", groups)},
    ).dropna("epoch", how="all")
    facts: dict[str, ArrayLike] = {name: getattr(state, name) for name in (*RATES, "first_bad")}
    sizes = (batch.setting.features, *batch.setting.widths, batch.setting.classes)
    facts |= {"features": batch.setting.features, "optimiser": batch.setting.weight_optimiser}
    facts |= {"network": f"{'-'.join(map(str, sizes))} {batch.setting.activation}"}
    table = table.assign(
        {name: ("run", np.broadcast_to(np.asarray(value), len(groups))) for name, value in facts.items()}
    )
    if not courses:
        return table, xr.Dataset()
    scatter = xr.Dataset(
        {
            "points": (("kept", "frame", "point", "feature"), courses[0].swapaxes(0, 1)),
            "labels": (("kept", "point"), np.asarray(state.labels, np.uint8)[kept]),
        },
        {
            "frame": list(batch.frames),
            "feature": np.arange(batch.setting.features),
            "kept_group": ("kept", groups[kept]),
            "kept_run": ("kept", kept),
        },
    )
    return table, scatter


def sectors(points: Float[Array, "m n d"], k: int) -> Int[Array, "m n"]:
    """The class of each point by its angle in the plane of the first two features, k equal sectors."""
    turn = jnp.arctan2(points[..., 1], points[..., 0]) / (2 * jnp.pi) + 0.5
    return jnp.minimum(jnp.int32(turn * k), k - 1)


def first_epoch(reached: xr.DataArray) -> xr.DataArray:
    """The first epoch at which `reached` holds for each run; nan if it never does."""
    return xr.where(reached.any("epoch"), reached.epoch[reached.argmax("epoch")], np.nan)


_descent = functools.cache(clustering.make_descent)  # batches of one setting and size are compiled once


def _start(batch: Batch, descent: clustering.Descent, key: Key[Array, ""]) -> State:
    keys = jnp.concatenate([jax.random.split(named(key, group.name), group.runs) for group in batch.groups])

    def rate(name: str, group: Group) -> ArrayLike:
        return group.rates.get(name, getattr(batch.setting, name))

    state = descent.init(keys, **{name: jnp.asarray(batch.each(partial(rate, name))) for name in RATES})
    chosen = batch.each(lambda group: group.by_sector)
    if not chosen.any():
        return state
    by_sector = sectors(clustering.positions(state), batch.setting.classes)
    return state._replace(labels=jnp.where(jnp.asarray(chosen)[:, None], by_sector, state.labels))


def _measure(descent, state: State, key: Key[Array, ""], everything: bool) -> dict[str, np.ndarray]:
    loss, accuracy = descent.measure(state)
    points = clustering.positions(state)
    k = state.params[-1][1].shape[-1]
    if everything:
        row = scores.over_sets(named(key, "k-means"), points, state.labels, k)._asdict()
    else:
        row = dict(zip(("silhouette", "linear"), scores.separation(points, state.labels, k)))
    extent = jnp.sqrt(jnp.mean(jnp.sum(points**2, axis=2), axis=1))
    row |= {"loss": loss, "accuracy": accuracy, "extent": extent}
    bad = np.asarray(state.first_bad) >= 0
    return {name: np.where(bad, np.nan, np.asarray(value, np.float32)) for name, value in row.items()}

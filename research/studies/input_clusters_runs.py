"""Runs of joint descent, followed and scored: what the study "input_clusters" computes."""

import functools
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float, Int, Key
from numpy.typing import ArrayLike

from research import clustering
from research.clustering import Setting, State
from research.geometry import scores

LABELS = ("random", "sectors")


@dataclass(frozen=True)
class Group:
    """Runs of one setting that are computed together.

    rates: weight_rate, input_rate or scale of each run [m], where they are not the setting's own.
    labels: random, or "sectors" of the plane: classes that lie apart from the start.
    stops: epochs at which loss and separation are measured; those in `scored` get every score.
    kept, frames: of the first `kept` runs, the points are kept at these epochs.
    leave_when_separated: stop as soon as every run has been linearly and by its silhouette separated.
    """

    name: str
    setting: Setting
    runs: int
    stops: tuple[int, ...]
    scored: tuple[int, ...] = ()
    rates: Mapping[str, np.ndarray] = field(default_factory=dict)
    labels: str = "random"
    kept: int = 0
    frames: tuple[int, ...] = ()
    leave_when_separated: bool = False


def follow(group: Group, key: Key[Array, ""]) -> tuple[xr.Dataset, xr.Dataset]:
    """The group's runs: scores (dims run, epoch), and the kept runs' points (dims run, frame, point, feature).

    Runs whose numbers are not finite have `first_bad` >= 0 and nan from there on.
    """
    if group.labels not in LABELS:
        raise ValueError(f"unknown labels {group.labels!r}; known: {', '.join(LABELS)}")
    begin = time.perf_counter()
    k = group.setting.classes
    descent = _descent(group.setting)
    keys = jax.random.split(key, group.runs)
    rates = {name: jnp.asarray(values, jnp.float32) for name, values in group.rates.items()}
    state = descent.init(keys, **rates)
    if group.labels == "sectors":
        state = descent.init(keys, **rates, labels=sectors(clustering.positions(state), k))
    rows, points = {}, {}
    done = np.zeros((2, group.runs), bool)
    for here in clustering.descend(descent, state, sorted({*group.stops, *group.frames})):
        state = here
        epoch = int(state.epoch[0])
        if epoch in group.frames:
            points[epoch] = np.asarray(clustering.positions(state)[: group.kept])
        if epoch in group.stops:
            rows[epoch] = _measured(descent, state, k, key, epoch in group.scored)
            done |= np.stack([rows[epoch]["silhouette"] > 0.5, rows[epoch]["linear"] > 0.95])
            if group.leave_when_separated and done.all():
                break
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    empty = np.full(group.runs, np.nan, np.float32)
    table = xr.Dataset(
        {
            name: (("epoch", "run"), np.stack([row.get(name, empty) for row in rows.values()]))
            for name in names
        },
        coords={"epoch": list(rows), "group": ("run", [group.name] * group.runs)},
    )
    facts: dict[str, ArrayLike] = {
        "features": group.setting.features,
        "width": group.setting.widths[0] if group.setting.widths else 0,
        "weight_rate": np.asarray(state.weight_rate),
        "input_rate": np.asarray(state.input_rate),
        "scale": np.asarray(state.scale),
        "first_bad": np.asarray(state.first_bad),
        "seconds": (time.perf_counter() - begin) / group.runs,
    }
    for name, value in facts.items():
        table[name] = ("run", np.broadcast_to(value, group.runs))
    return table, _scatter(group, state, points)


def sectors(points: Float[Array, "m n d"], k: int) -> Int[Array, "m n"]:
    """The class of each point by its angle in the plane of the first two features, k equal sectors."""
    turn = jnp.arctan2(points[..., 1], points[..., 0]) / (2 * jnp.pi) + 0.5
    return jnp.minimum(jnp.int32(turn * k), k - 1)


def first_epoch(reached: xr.DataArray) -> xr.DataArray:
    """The first epoch at which each run has reached what it should; nan if it never has."""
    return xr.where(reached.any("epoch"), reached.epoch[reached.argmax("epoch")], np.nan)


_descent = functools.cache(clustering.make_descent)  # groups of one setting and size are compiled once


def _measured(descent, state: State, k: int, key, everything: bool) -> dict[str, np.ndarray]:
    loss, accuracy = descent.measure(state)
    points = clustering.positions(state)
    if everything:
        row = scores.over_sets(jax.random.fold_in(key, 1), points, state.labels, k)._asdict()
    else:
        row = dict(zip(("silhouette", "linear"), scores.separation(points, state.labels, k)))
    bad = np.asarray(state.first_bad) >= 0
    moved = jnp.sqrt(jnp.mean(jnp.sum(points**2, axis=2), axis=1))
    row |= {"loss": loss, "accuracy": accuracy, "extent": moved}
    return {name: np.where(bad, np.nan, np.asarray(value, np.float32)) for name, value in row.items()}


def _scatter(group: Group, state: State, points: dict[int, np.ndarray]) -> xr.Dataset:
    if not points:
        return xr.Dataset()
    return xr.Dataset(
        {
            "points": (("frame", "run", "point", "feature"), np.stack(list(points.values()))),
            "labels": (("run", "point"), np.asarray(state.labels[: group.kept], np.uint8)),
        },
        coords={
            "frame": list(points),
            "feature": np.arange(group.setting.features),
            "group": ("run", [group.name] * group.kept),
        },
    ).transpose("run", ...)

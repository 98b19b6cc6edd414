"""Finished runs as one Dataset with named dimensions."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from research.identikits.layout import Layout
from research.identikits.runner import Runs
from research.identikits.single_run import RunConfig


def to_dataset(
    runs: Runs, config: RunConfig, layout: Layout, start_kind: Sequence[str], settings: dict
) -> xr.Dataset:
    """The Dataset that `identikits` returns and describes; start_kind has one name a run, settings become attrs."""
    axes = ("network", "digit", "restart")
    start_cost, step_cost = config.method.start_cost, config.method.step_cost
    ends = runs.state.generation
    grid = np.asarray(config.history, np.int32)
    used = np.arange(grid.size) <= np.searchsorted(grid, ends.max())
    image = ("y", "x", "channel")[: runs.start.ndim - 1]
    moved = runs.state.image - runs.start
    distance = np.sqrt((moved * moved).sum(axis=tuple(range(1, moved.ndim))))
    sure = (runs.reached >= 0).all(axis=1) if config.targets else np.zeros(ends.shape, bool)

    def cost(generation: np.ndarray) -> np.ndarray:
        return start_cost + step_cost * generation.astype(np.int64)

    def table(values: np.ndarray, *more: str) -> tuple[tuple[str, ...], np.ndarray]:
        return (*axes, *more), values.reshape(*layout.shape, *values.shape[1:])

    def padded(column: np.ndarray, last: np.ndarray) -> np.ndarray:
        """A history that keeps its last value after the run's end."""
        return np.where(grid[used] <= ends[:, None], column[:, used], last[:, None])

    values = {
        "image": table(runs.state.image, *image),
        "start": table(runs.start, *image),
        "start_kind": table(np.asarray(start_kind)),
        "confidence": table(runs.state.confidence),
        "start_confidence": table(runs.history.confidence[:, 0]),
        "score": table(runs.state.score),
        "generations": table(ends),
        "evaluations": table(cost(ends)),
        "reached": table(sure),
        "stalled": table(~sure & (runs.idle >= config.patience)),
        "evaluations_to": table(np.where(runs.reached >= 0, cost(runs.reached), np.nan), "target"),
        "distance": table(distance),
        "path": table(runs.path),
        "confidence_history": table(padded(runs.history.confidence, runs.state.confidence), "generation"),
        "distance_history": table(padded(runs.history.distance, distance), "generation"),
        "path_history": table(padded(runs.history.path, runs.path), "generation"),
        "evaluations_history": table(cost(np.minimum(grid[used], ends[:, None])), "generation"),
    }
    coordinates = {
        "network": np.arange(layout.networks),
        "digit": np.asarray(layout.classes),
        "restart": np.arange(layout.restarts),
        "target": np.asarray(config.targets, np.float64),
        "generation": grid[used],
    }
    if config.frames:
        when = np.asarray(config.frames, np.int32)
        when = when[: np.searchsorted(when, ends.max()) + 1]
        over = (when > ends[:, None]).reshape(len(ends), -1, *(1 for _ in image))
        frames = np.where(over, runs.state.image[:, None], runs.history.frames[:, : when.size])
        values["frames"] = table(frames, "frame", *image)
        coordinates["frame"] = when
    return xr.Dataset(values, coordinates, settings)

"""Finished runs as one Dataset with named dimensions."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from research.identikits.runner import Runs
from research.identikits.single_run import Question


def labelled(
    runs: Runs, question: Question, digits: Sequence[int], layout: tuple[int, int, int], settings: dict
) -> xr.Dataset:
    """The runs of all networks, digits and restarts under the names of their dimensions."""
    axes = ("network", "digit", "restart")
    start_cost, step_cost = question.method.start_cost, question.method.step_cost
    ends = runs.state.generation
    grid = np.asarray(question.history, np.int32)
    kept = np.arange(grid.size) <= np.searchsorted(grid, ends.max())
    distance = np.linalg.norm(runs.state.image - runs.start, axis=(1, 2))
    sure = (runs.reached >= 0).all(axis=1) if question.targets else np.zeros(ends.shape, bool)

    def cost(generation: np.ndarray) -> np.ndarray:
        return start_cost + step_cost * generation.astype(np.int64)

    def table(values: np.ndarray, *more: str) -> tuple[tuple[str, ...], np.ndarray]:
        return (*axes, *more), values.reshape(*layout, *values.shape[1:])

    def course(column: np.ndarray, last: np.ndarray) -> np.ndarray:
        """A history that keeps its last value after the end."""
        return np.where(grid[kept] <= ends[:, None], column[:, kept], last[:, None])

    values = {
        "image": table(runs.state.image, "y", "x"),
        "start": table(runs.start, "y", "x"),
        "confidence": table(runs.state.confidence),
        "start_confidence": table(runs.history.confidence[:, 0]),
        "score": table(runs.state.score),
        "generations": table(ends),
        "evaluations": table(cost(ends)),
        "reached": table(sure),
        "stalled": table(~sure & (runs.idle >= question.patience)),
        "evaluations_to": table(np.where(runs.reached >= 0, cost(runs.reached), np.nan), "target"),
        "distance": table(distance),
        "path": table(runs.path),
        "confidence_history": table(course(runs.history.confidence, runs.state.confidence), "generation"),
        "distance_history": table(course(runs.history.distance, distance), "generation"),
        "path_history": table(course(runs.history.path, runs.path), "generation"),
        "evaluations_history": table(cost(np.minimum(grid[kept], ends[:, None])), "generation"),
    }
    coordinates = {
        "network": np.arange(layout[0]),
        "digit": np.asarray(digits),
        "restart": np.arange(layout[2]),
        "target": np.asarray(question.targets, np.float64),
        "generation": grid[kept],
    }
    if question.frames:
        when = np.asarray(question.frames, np.int32)
        when = when[: np.searchsorted(when, ends.max()) + 1]
        over = (when > ends[:, None])[..., None, None]
        frames = np.where(over, runs.state.image[:, None], runs.history.frames[:, : when.size])
        values["frames"] = table(frames, "frame", "y", "x")
        coordinates["frame"] = when
    return xr.Dataset(values, coordinates, settings)

"""Three computations that keep checkpoints, in one folder each: what the tests of faults and kills disturb.

python tests/faulty.py training|identikits|clusters FOLDER [COORDINATOR COUNT INDEX]

A checkpoint is written at every opportunity. The end is FOLDER/result.npz; exit code 75 when told to end before.
"""

import contextlib
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np

from research.identikits.perturbations import LowFrequency
from research.identikits.random_search import RandomSearch
from research.joint_descent import descent as clustering
from research.models.mlp import MLPConfig
from research.runs import checkpoints, store
from research.runtime import multihost
from research.runtime.rng import named
from research.studies.identikits.runs import Condition, ask
from research.studies.input_clusters.runs import Batch, Group, follow
from research.training import populations
from research.training.recipes import recipe
from research.training.settings import TrainingConfig
from research.training.train import NetworkConfig


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def training(folder: Path) -> dict[str, np.ndarray]:
    """Two small networks, 6,400 steps each, in a cache of their own that shares only the prepared digits."""
    shared = Path(os.environ["IDENTIKIT_CACHE"])
    (folder / "cache").mkdir(exist_ok=True)
    with contextlib.suppress(FileExistsError):  # the other process may have made it in this moment
        (folder / "cache" / "data").symlink_to(shared / "data")
    os.environ["IDENTIKIT_CACHE"] = str(folder / "cache")
    try:
        how = TrainingConfig(epochs=16, batch=10, shift=1)
        config = NetworkConfig(model=MLPConfig(widths=(16,)), training=how, examples=4000)
        population = populations.train_or_load(config, 2)
    finally:
        os.environ["IDENTIKIT_CACHE"] = str(shared)
    leaves = jax.tree.leaves(population.params)
    return {**{f"params{i}": leaf for i, leaf in enumerate(leaves)}, "accuracy": population.curve[..., :3]}


def identikits(folder: Path) -> dict[str, np.ndarray]:
    """Runs of an untrained softmax that go on to the end of their generations."""
    config = recipe("softmax")
    params = populations.untrained(config, 2)
    population = populations.Population(config, params, *(np.zeros(2),) * 4)
    condition = Condition(
        "search", RandomSearch(200, LowFrequency()), 4, patience=80, generations=80, targets=(0.999999,)
    )
    drawn = ask(
        condition, population, params, (0, 3, 7), named(jax.random.key(0), "x"), halfway=folder / "halfway"
    )
    return {name: drawn[name].values for name in ("image", "confidence", "generations", "path")}


def clusters(folder: Path) -> dict[str, np.ndarray]:
    """Sixteen descents of 200 points in three dimensions."""
    setting = replace(clustering.setting("S2"), points=200, features=3)
    stops = tuple(range(0, 1001, 100))
    batch = Batch(setting, (Group("test", 16, kept=2),), stops, scored=(0, 1000), frames=stops)
    table, points = follow(batch, jax.random.key(1), checkpoints.Checkpoints(folder / "halfway"))
    found = {name: table[name].values for name in table.data_vars if name != "seconds"}
    return {**found, "points": points["points"].values}


WORK: dict[str, Callable[[Path], dict[str, np.ndarray]]] = {
    "training": training,
    "identikits": identikits,
    "clusters": clusters,
}


def run(what: str, folder: Path) -> int:
    """Ends the computation, from wherever it was; returns an exit code."""
    checkpoints.EVERY = 0.0
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with multihost.watched():
            found = WORK[what](folder)
    except multihost.Preempted:
        return os.EX_TEMPFAIL
    if multihost.is_process_zero():
        part = folder / f".part{os.getpid()}.npz"
        np.savez(part, **found)
        part.rename(folder / "result.npz")
    return 0


def same(one: Path, other: Path) -> bool:
    """Whether two folders ended with the same bits."""
    a, b = (dict(np.load(folder / "result.npz")) for folder in (one, other))
    return a.keys() == b.keys() and all(a[name].tobytes() == b[name].tobytes() for name in a)


if __name__ == "__main__":
    what, folder, *cluster = sys.argv[1:]
    if cluster:
        multihost.start(cluster[0], int(cluster[1]), int(cluster[2]))
    try:
        sys.exit(run(what, Path(folder)))
    except store.StoreError as error:
        sys.exit(f"error: {error}")

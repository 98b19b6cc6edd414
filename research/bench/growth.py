"""How cost grows: seconds and memory against candidates, digits, restarts, networks, points, generations, n of t-SNE.

Each axis is measured in one process from the smallest size to the largest, because only the peak of the memory can be
read, of the process or of the accelerator. Identikits are those of an untrained 784-100-10 network.
"""

import functools
import math
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from research.bench.task import Facts, Task, Trial, ours

LEAST = 0.2  # seconds of calls at every size


class Axis(NamedTuple):
    """A size that grows."""

    sizes: tuple[int, ...]
    ready: Callable[[int], Callable[[], object]]  # from a size to the call that is timed
    slope: float  # expected power of the size with which time grows
    memory: float  # expected power for memory, at most
    toy: int = 1  # the only size in tests


def _reading(*, masks: int = 100, digits: int = 1, restarts: int = 1, generations: int = 8):
    import jax
    from flax import nnx

    from research.identikits import identikits
    from research.models.mlp import MLPConfig

    network = MLPConfig(widths=(100,)).build(nnx.Rngs(0))
    graph, params = nnx.split(network, nnx.Param)
    params = jax.tree.map(lambda leaf: leaf[None], params)
    predict = lambda params, image: nnx.merge(graph, params)(image)[0]  # noqa: E731
    return lambda: identikits(
        predict, range(digits), jax.random.key(0), params=params, num_candidates=masks, restarts=restarts, target=None,
        patience=generations + 1, budget=1 + masks * generations,
    )  # fmt: skip


def _training(networks: int):
    import jax
    import jax.numpy as jnp

    from research import data
    from research.models.mlp import MLPConfig
    from research.training import fit as training

    train = data.load("mnist", "train")
    images, labels = jnp.asarray(train.images[:6400]), jnp.asarray(train.labels[:6400])
    fit = training.make_fit(MLPConfig(widths=(100,)).build, training.TrainingConfig(), 6400)
    keys = jax.random.split(jax.random.key(0), networks)
    return lambda: jax.block_until_ready(fit.advance(fit.init(keys), images, labels, 50))


def _descent(points: int):
    import jax

    from research.joint_descent import descent as clustering

    descent = clustering.make_descent(clustering.Setting(points=points))
    state = descent.init(jax.random.split(jax.random.key(0), 2))
    return lambda: jax.block_until_ready(descent.advance(state, 50))


def _tsne(n: int):
    import jax

    from research.bench.maps import codes
    from research.embedding import tsne

    x, _ = codes(n)
    return lambda: tsne.fit(x, jax.random.key(0), early_iterations=100, iterations=200)


AXES = {
    "candidates": Axis((100, 400, 1600, 6400), lambda n: _reading(masks=n), 1, 1),
    "digits": Axis((1, 2, 5, 10), lambda n: _reading(digits=n, generations=64), 1, 1),
    "restarts": Axis((1, 8, 64, 512), lambda n: _reading(restarts=n), 1, 1),
    "generations": Axis((16, 128, 1024), lambda n: _reading(generations=n), 1, 0, 2),
    "networks": Axis((1, 4, 16, 32), _training, 1, 1),
    "points": Axis((250, 1000, 4000, 16000), _descent, 1, 1, 20),
    "digits on a t-SNE map": Axis((1250, 2500, 5000, 10000), _tsne, 1, 1, 200),
}


def grow(axis: Axis) -> Facts:
    """Seconds and bytes at every size of an axis: {"seconds 100": ..., "bytes 100": ...}."""
    facts: dict[str, float] = {}
    for size in axis.sizes:
        call = axis.ready(size)
        call()
        seconds: list[float] = []
        while sum(seconds) < LEAST:
            begin = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - begin)
        facts |= {f"seconds {size}": min(seconds), f"bytes {size}": float(largest_memory())}
    return facts


def largest_memory() -> int:
    """Peak memory in bytes: of the device if it reports it, else of the process."""
    import jax

    told = jax.devices()[0].memory_stats() or {}
    return told.get("peak_bytes_in_use") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def curve(facts: Facts, what: str) -> tuple[list[int], list[float]]:
    """Sizes and values of "seconds" or "bytes" among the facts of `grow`."""
    pairs = sorted((int(name.split()[1]), value) for name, value in facts.items() if name.startswith(what))
    return [size for size, _ in pairs], [value for _, value in pairs]


def slope(sizes: Sequence[int], values: Sequence[float]) -> float:
    """The power of the size with which the values grow, between the two largest sizes."""
    return math.log(values[-1] / values[-2]) / math.log(sizes[-1] / sizes[-2])


def measured(found: Mapping[str, Any]) -> dict[str, Facts]:
    """The facts of every axis that was measured, by its name."""
    facts = {name: found.get(f"grow {name}", {}).get("identikit", {}).get("facts") for name in AXES}
    return {name: told for name, told in facts.items() if told}


def rows(found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """What was measured as the rows of a table: name, sizes, seconds, their slope, memory in MiB, its slope."""
    made: list[tuple[str, ...]] = []
    for name, facts in measured(found).items():
        (sizes, seconds), (_, memory) = curve(facts, "seconds"), curve(facts, "bytes")
        made.append((
            name, ", ".join(f"{size:,}" for size in sizes),
            ", ".join(f"{value:.3g}" for value in seconds), f"{slope(sizes, seconds):.2f} ({AXES[name].slope:g})",
            ", ".join(f"{value / 2**20:,.0f}" for value in memory),
            f"{slope(sizes, memory):.2f} (at most {AXES[name].memory:g})",
        ))  # fmt: skip
    return made


def tasks(toy: bool = False) -> dict[str, Task]:
    """The tasks of this family by name; at toy size for the tests."""

    def task(name: str, axis: Axis) -> Task:
        call = functools.partial(grow, axis._replace(sizes=(axis.toy,)) if toy else axis)
        contenders = {"identikit": ours(functools.partial(Trial, call))}
        return Task(f"growth with the number of {name}", contenders, warm=False, rounds=1, row=False)

    return {f"grow {name}": task(name, axis) for name, axis in AXES.items()}

"""Advance many runs together, in chunks of generations, until each has reached its end.

Between chunks the driver is back in Python: all runs are a pytree of NumPy arrays that a hook may save, and
`drive` goes on from any such pytree as if it had never stopped.

How the runs share a machine (`mapped`):

- one after the other (`lax.map`): each is its own `while_loop`, which ends with the run. A run's bits then do
  not depend on its company, nor on the number of devices. Right on a CPU, where the candidates of one run
  already fill the cores.
- side by side (`vmap`): right on accelerators, and for methods that look at few images a step. The runs of a
  block share one network's weights. Once most of a block has finished, the rest goes on in a smaller one.
  The last bits may depend on the block, but not on interruptions.

The runs of a block are shared out over the devices by `research.runtime.parallel.sharded_map`.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array, Bool, Float, Int, UInt

from research.identikits import single_run as one_run
from research.identikits.single_run import Question
from research.runtime import multihost
from research.runtime.parallel import run_mesh, sharded_map

SHRINK = 8  # a side-by-side block shrinks once, by this factor, so that only two programs are compiled


Runs = Any  # a Run whose leaves are NumPy arrays with a leading axis of runs


class Progress(NamedTuple):
    """What the driver tells after each chunk."""

    done: int  # runs that have ended
    reached: int  # of these, runs at the highest target
    runs: int
    generations: int  # summed over the runs


def drive(
    question: Question,
    runs: Runs,
    params: Any,
    *,
    mapped: bool,
    block: int,
    chunk: int,
    devices: Sequence[jax.Device],
    progress: Callable[[Progress], None] | None = None,
    checkpoint: Callable[[Runs], None] | None = None,
) -> Runs:
    """Advance stacked runs, as `begin` makes them, until all are done.

    After each block of runs has advanced by up to `chunk` generations, `checkpoint` gets all runs and
    `progress` a summary. An exception from either, or a KeyboardInterrupt, stops the work; the runs last
    given to `checkpoint` are good to go on from.

    Raises: ValueError if the network answers NaN.
    """
    runs = jax.tree.map(np.array, runs)
    mesh = run_mesh(devices)
    _, advance = _compiled(question, mesh, mapped)
    params = multihost.replicate(params, mesh)
    while not runs.done.all():
        for index in _partition(runs, mapped, block * mesh.size):
            places, real = _places(index, block, mesh.size, shrink=not mapped)
            part = jax.tree.map(lambda leaf, at=places: leaf[at], runs)
            part = part._replace(done=part.done | ~real)
            part = multihost.replicate(part, mesh)
            part = multihost.all_gather(advance(part, params, chunk))
            _put(runs, part, places, real)
            _complain(runs, index)
            if checkpoint:
                checkpoint(jax.tree.map(np.copy, runs))
            if progress:
                progress(_summary(runs))
    return runs


def begin(
    question: Question,
    networks: Int[np.ndarray, " runs"],
    digits: Int[np.ndarray, " runs"],
    keys: UInt[np.ndarray, "runs words"],
    starts: Float[np.ndarray, "runs h w"],
    params: Any,
    *,
    mapped: bool,
    block: int,
    devices: Sequence[jax.Device],
) -> Runs:
    """Every run at generation 0: its start image scored, and done if that is already enough.

    Raises: ValueError if the network answers NaN.
    """
    mesh = run_mesh(devices)
    first, _ = _compiled(question, mesh, mapped)
    params = multihost.replicate(params, mesh)
    seeds = (networks, digits, keys, starts)
    runs: Runs = None
    for index in _blocks(networks, mapped, block * mesh.size):
        places, real = _places(index, block, mesh.size, shrink=False)
        part = tuple(leaf[places] for leaf in seeds)
        part = multihost.all_gather(first(multihost.replicate(part, mesh), params))
        if runs is None:
            runs = jax.tree.map(lambda leaf: np.empty((networks.size, *leaf.shape[1:]), leaf.dtype), part)
        _put(runs, part, places, real)
    _complain(runs, np.arange(networks.size))
    return runs


@functools.lru_cache(maxsize=8)
def _compiled(question: Question, mesh: Mesh, mapped: bool) -> tuple[Callable, Callable]:
    """(first, advance) for a block of runs; kept, so that asking the same again does not compile again."""

    def of_block(one: Callable, runs: Any, params: Any) -> Any:
        networks = runs[0]  # the first field of a run, begun or not
        if mapped:
            return jax.lax.map(lambda run: one(question, run, _network(params, run[0])), runs)
        return jax.vmap(lambda run: one(question, run, _network(params, networks[0])))(runs)

    def of_all(one: Callable, runs: Any, params: Any) -> Any:
        share = len(runs[0]) // mesh.size  # one block a device
        return sharded_map(lambda block: of_block(one, block, params), runs, block=share, mesh=mesh)

    return (
        jax.jit(lambda seeds, params: of_all(one_run.first, seeds, params)),
        jax.jit(
            lambda runs, params, chunk: of_all(functools.partial(one_run.advance, chunk=chunk), runs, params)
        ),
    )


def _network(params: Any, index: Int[Array, ""]) -> Any:
    """One network's parameters out of the stacked ones."""
    return jax.tree.map(lambda leaf: leaf[index], params)


def _blocks(networks: np.ndarray, mapped: bool, size: int) -> Iterator[np.ndarray]:
    """All runs in blocks of at most `size`; side by side, a block holds one network."""
    labels = np.zeros_like(networks) if mapped else networks
    for label in np.unique(labels):
        group = np.flatnonzero(labels == label)
        yield from (group[i : i + size] for i in range(0, group.size, size))


def _partition(runs: Runs, mapped: bool, size: int) -> Iterator[np.ndarray]:
    """The indices of the unfinished runs that are advanced together.

    One after the other, any company will do. Side by side the blocks are fixed and only lose members, so
    that a block's course depends on nothing but itself.
    """
    if mapped:
        active = np.flatnonzero(~runs.done)
        return (active[i : i + size] for i in range(0, active.size, size))
    left = (index[~runs.done[index]] for index in _blocks(runs.network, mapped, size))
    return (index for index in left if index.size)


def _places(
    index: Int[np.ndarray, " runs"], block: int, devices: int, shrink: bool
) -> tuple[Int[np.ndarray, " slots"], Bool[np.ndarray, " slots"]]:
    """Which run each slot of a block holds, dealt out to the devices in turn, and which slots are no filling.

    A block has `block` slots a device, or fewer if it may shrink and few runs are left.
    """
    small = -(-block // SHRINK)
    each = small if shrink and index.size <= small * devices else block
    dealt = np.arange(each * devices).reshape(each, devices).T.ravel()
    return np.resize(index, each * devices)[dealt], dealt < index.size


def _put(runs: Runs, part: Runs, places: np.ndarray, real: np.ndarray) -> None:
    """Write a block back to its places."""
    for whole, new in zip(jax.tree.leaves(runs), jax.tree.leaves(part)):
        whole[places[real]] = new[real]


def _summary(runs: Runs) -> Progress:
    sure = (runs.reached[:, -1:] >= 0).sum()
    return Progress(int(runs.done.sum()), int(sure), runs.done.size, int(runs.state.generation.sum()))


def _complain(runs: Runs, index: np.ndarray) -> None:
    for i in index[runs.broken[index]][:1]:
        raise ValueError(
            f"predict returned NaN for network {runs.network[i]}, digit {runs.digit[i]}, "
            f"at generation {runs.state.generation[i]}; it must answer every image with finite logits"
        )

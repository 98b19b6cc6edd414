"""Advance many runs together, in chunks of generations, until each has ended.

Between chunks control is back in Python: all runs are a pytree of NumPy arrays that a hook may save, and `run_to_end`
resumes from such a pytree with the same result. Runs are computed in one of two ways (`Execution.sequential`):

- one after the other on each device (`lax.map`): each run is its own `while_loop`, which ends with the run. The bits of
  a run do not depend on other runs or on the number of devices. Best on a CPU, whose cores are filled by the candidates
  of one run.
- vectorised (`vmap`): best on accelerators, and for methods that evaluate few images a step. The runs of a block share
  one network's weights. Once most of a block has ended, the rest goes on in a smaller block. The last bits may depend on
  the block, but not on interruptions.

`research.runtime.parallel.sharded_map` shares the runs of a block over the devices.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array, Bool, Float, Int, Key

from research.identikits import single_run
from research.identikits.layout import Layout
from research.identikits.single_run import RunConfig
from research.identikits.types import BROKEN
from research.runtime import multihost
from research.runtime.parallel import run_mesh, sharded_map

SHRINK = 8  # a vectorised block shrinks once, by this factor, so that only two programs are compiled

Runs = Any  # a Run whose leaves are NumPy arrays with a leading axis of runs


class Progress(NamedTuple):
    """Summary of all runs after a chunk."""

    done: int  # runs that have ended
    reached: int  # runs at the highest target
    runs: int
    generations: int  # summed over the runs


class Execution(NamedTuple):
    """How the runs are computed."""

    sequential: bool  # one after the other on each device, else vectorised
    block: int  # most runs of a device in one call
    devices: tuple[jax.Device, ...]


def run_to_end(
    config: RunConfig,
    runs: Runs,
    params: Any,
    execution: Execution,
    chunk: int,
    progress: Callable[[Progress], None] | None = None,
    checkpoint: Callable[[Runs], None] | None = None,
) -> Runs:
    """Advance the runs that `init_runs` returned until all are done.

    After each block of runs has advanced by up to `chunk` generations, `checkpoint` gets all runs and `progress` a
    summary. If either raises, or at a KeyboardInterrupt, the work stops; the runs last given to `checkpoint` can be
    resumed.

    Args:
        config: settings that all runs share.
        runs: state of all runs, leaves [runs ...].
        params: parameters of all networks, leaves [networks ...].
        execution: how the runs are computed.
        chunk: most generations of one call.
        progress: gets a summary after each call.
        checkpoint: gets a copy of all runs after each call.

    Raises:
        ValueError: if a network returns NaN.
    """
    runs = jax.tree.map(np.array, runs)
    sequential, block, _ = execution
    mesh = run_mesh(execution.devices)
    _, advance = _compiled(config, mesh, sequential)
    params = multihost.replicate(params, mesh)
    while not runs.done.all():
        for index in _unfinished_blocks(runs, sequential, block * mesh.size):
            slots, real = _slots(index, block, mesh.size, shrink=not sequential)
            part = jax.tree.map(lambda leaf, at=slots: leaf[at], runs)
            part = multihost.replicate(part._replace(done=part.done | ~real), mesh)
            part = multihost.all_gather(advance(part, params, chunk))
            _write_back(runs, part, slots, real)
            _check_not_nan(runs, index)
            if checkpoint:
                checkpoint(jax.tree.map(np.copy, runs))
            if progress:
                progress(_summary(runs))
    return runs


def init_runs(
    config: RunConfig,
    layout: Layout,
    keys: Key[Array, " runs"],
    starts: Float[np.ndarray, "runs h w *c"],
    params: Any,
    execution: Execution,
) -> Runs:
    """All runs at generation 0: start images are scored; runs that already reach the target are done.

    Raises: ValueError if a network returns NaN.
    """
    sequential, block, _ = execution
    mesh = run_mesh(execution.devices)
    init, _ = _compiled(config, mesh, sequential)
    params = multihost.replicate(params, mesh)
    networks, digits = layout.indices()
    seeds = (networks, digits, np.asarray(jax.random.key_data(keys)), starts)
    runs: Runs = None
    for index in _blocks(networks, sequential, block * mesh.size):
        slots, real = _slots(index, block, mesh.size, shrink=False)
        part = multihost.replicate(tuple(leaf[slots] for leaf in seeds), mesh)
        part = multihost.all_gather(init(part, params))
        if runs is None:
            runs = jax.tree.map(lambda leaf: np.empty((networks.size, *leaf.shape[1:]), leaf.dtype), part)
        _write_back(runs, part, slots, real)
    _check_not_nan(runs, np.arange(networks.size))
    return runs


@functools.lru_cache(maxsize=8)
def _compiled(config: RunConfig, mesh: Mesh, sequential: bool) -> tuple[Callable, Callable]:
    """(init, advance) for one block of runs a device; cached, so that equal settings are compiled once."""

    def of_block(one: Callable, runs: Any, params: Any) -> Any:
        networks = runs[0]  # the first field of a seed and of a Run
        if sequential:
            return jax.lax.map(lambda run: one(config, run, _network(params, run[0])), runs)
        return jax.vmap(lambda run: one(config, run, _network(params, networks[0])))(runs)

    def of_all(one: Callable, runs: Any, params: Any) -> Any:
        share = len(runs[0]) // mesh.size
        return sharded_map(lambda block: of_block(one, block, params), runs, block=share, mesh=mesh)

    def init(seeds, params):
        return of_all(single_run.init, seeds, params)

    def advance(runs, params, chunk):
        return of_all(functools.partial(single_run.advance, chunk=chunk), runs, params)

    return jax.jit(init), jax.jit(advance)


def _network(params: Any, index: Int[Array, ""]) -> Any:
    """One network's parameters out of the stacked ones."""
    return jax.tree.map(lambda leaf: leaf[index], params)


def _blocks(networks: np.ndarray, sequential: bool, size: int) -> Iterator[np.ndarray]:
    """Indices of all runs in blocks of at most `size`; a vectorised block holds runs of one network only."""
    labels = np.zeros_like(networks) if sequential else networks
    for label in np.unique(labels):
        group = np.flatnonzero(labels == label)
        yield from (group[i : i + size] for i in range(0, group.size, size))


def _unfinished_blocks(runs: Runs, sequential: bool, size: int) -> Iterator[np.ndarray]:
    """Indices of the unfinished runs, in the blocks that are advanced together.

    Sequential runs do not influence each other, so blocks are filled up. Vectorised blocks are fixed and only lose
    members, so that the result of a block does not depend on the others.
    """
    if sequential:
        active = np.flatnonzero(~runs.done)
        return (active[i : i + size] for i in range(0, active.size, size))
    left = (index[~runs.done[index]] for index in _blocks(runs.network, sequential, size))
    return (index for index in left if index.size)


def _slots(
    index: Int[np.ndarray, " runs"], block: int, devices: int, shrink: bool
) -> tuple[Int[np.ndarray, " slots"], Bool[np.ndarray, " slots"]]:
    """The run in each slot of all devices' blocks, and whether the slot is used (else it is filling).

    Each device has `block` slots, or fewer if blocks may shrink and few runs are left. Runs are dealt out to the
    devices in turn.
    """
    small = -(-block // SHRINK)
    each = small if shrink and index.size <= small * devices else block
    dealt = np.arange(each * devices).reshape(each, devices).T.ravel()
    return np.resize(index, each * devices)[dealt], dealt < index.size


def _write_back(runs: Runs, part: Runs, slots: np.ndarray, real: np.ndarray) -> None:
    """Copy the used slots of a block to their runs, in place."""
    for whole, new in zip(jax.tree.leaves(runs), jax.tree.leaves(part)):
        whole[slots[real]] = new[real]


def _summary(runs: Runs) -> Progress:
    sure = (runs.reached[:, -1:] >= 0).sum()
    return Progress(int(runs.done.sum()), int(sure), runs.done.size, int(runs.state.generation.sum()))


def _check_not_nan(runs: Runs, index: np.ndarray) -> None:
    for i in index[runs.broken[index] > 0][:1]:
        source = BROKEN[runs.broken[i]]
        where = f"network {runs.network[i]}, class {runs.digit[i]}, at generation {runs.state.generation[i]}"
        raise ValueError(
            {
                "predict": f"predict returned NaN for {where}; it must return finite logits for every image",
                "objective": f"the objective is NaN for {where}, though the logits are not; check its terms",
                "gradient": f"the gradient is NaN for {where}, though score and logits are not; look for a square "
                "root or a division at 0 in predict and objective",
            }[source]
        )

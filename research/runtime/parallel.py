"""Many independent runs, in blocks of a fixed size, shared out over all devices."""

import functools
from collections.abc import Callable, Sequence
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

In = TypeVar("In")
Out = TypeVar("Out")

CPU_BLOCK = 16  # runs of one block that stay in a core's cache


def run_mesh(devices: Sequence[jax.Device] | None = None) -> Mesh:
    """The devices in a row along the axis `run`; by default all devices of all processes."""
    chosen = np.array(jax.devices() if devices is None else list(devices))
    return Mesh(chosen, ("run",), axis_types=(AxisType.Auto,))


def sharded_map(
    function: Callable[[In], Out], runs: In, *, block: int | None = None, mesh: Mesh | None = None
) -> Out:
    """Apply `function` to m independent runs on all devices. To be called inside `jax.jit`.

    The runs are cut into blocks of equal size. The devices work side by side, each on its own blocks, one block
    after the other. The last run is repeated to fill the last block, so `function` is always compiled for the same
    shapes: on CPUs a run has the same bits alone, among other runs, in several processes and on any number of devices,
    if the block size is the same. (One exception is known: XLA orders the divisions of joint descent with Adam
    differently for one device and for several.) Blocks that hold only filling are skipped.

    Args:
        function: maps the leaves of one block, [block ...], to leaves [block ...]. It may close over arrays that all
            runs share. It decides how the runs of a block are computed: `jax.vmap` or `jax.lax.map`.
        runs: pytree whose leaves have a leading axis of m runs.
        block: runs in a block. Default: 16 on CPUs, which keeps a block in a core's cache; elsewhere ceil(m / devices),
            so that an accelerator computes its whole share at once.
        mesh: the devices, of this process or of several; all of its axes share out the runs. Default: `run_mesh()`.

    Returns:
        The outputs, leaves [m ...] in the order of `runs`, complete on every device of the mesh.
    """
    mesh = run_mesh() if mesh is None else mesh
    m = len(jax.tree.leaves(runs)[0])
    size = block or (CPU_BLOCK if mesh.devices.flat[0].platform == "cpu" else -(-m // mesh.size))
    blocks = mesh.size * -(-m // (mesh.size * size))
    padded = jnp.minimum(jnp.arange(blocks * size), m - 1)
    real = jnp.arange(blocks) * size < m
    cut = jax.tree.map(lambda leaf: leaf[padded].reshape(blocks, size, *leaf.shape[1:]), runs)
    along_runs = PartitionSpec(mesh.axis_names)

    def of_block(block):
        real, runs = block
        shapes = jax.eval_shape(function, runs)
        nothing = functools.partial(jax.tree.map, lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
        return jax.lax.cond(real, function, lambda _: nothing(), runs)

    share = jax.shard_map(
        lambda blocks: jax.lax.map(of_block, blocks),
        mesh=mesh,
        in_specs=along_runs,
        out_specs=along_runs,
        check_vma=False,
    )
    return replicated(
        jax.tree.map(lambda leaf: leaf.reshape(blocks * size, *leaf.shape[2:])[:m], share((real, cut))), mesh
    )


def replicated(tree: Out, mesh: Mesh) -> Out:
    """The tree with every leaf complete on every device, as `sharded_map` returns it. For use inside `jax.jit`."""
    return jax.lax.with_sharding_constraint(tree, NamedSharding(mesh, PartitionSpec()))

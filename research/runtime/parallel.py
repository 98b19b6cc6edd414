"""Many independent runs: in blocks of a fixed size, shared out over all devices."""

import functools
from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

In = TypeVar("In")
Out = TypeVar("Out")


def every_device() -> Mesh:
    """All devices in a row, along the axis `run`."""
    return jax.make_mesh((jax.device_count(),), ("run",), axis_types=(AxisType.Auto,))


def sharded_map(
    function: Callable[[In], Out], runs: In, *, block: int | None = None, mesh: Mesh | None = None
) -> Out:
    """`function` of m independent runs, for use inside `jax.jit`; every leaf of `runs` has a leading axis of m.

    function: takes the leaves of `block` runs and returns leaves of as many.
    block: runs in one call, one call after the other on each device; on a CPU the default of 16 keeps them in a
        core's cache, elsewhere it is a device's whole share. The last run is repeated to fill the last block, so
        that `function` is always compiled for the same shapes: with the same block, a run has the same bits alone
        and among others. Blocks of nothing but filling are not computed.
    mesh: the devices, all axes of which share out the runs (default: every device). The result is on all of them.
    """
    mesh = every_device() if mesh is None else mesh
    m = len(jax.tree.leaves(runs)[0])
    size = block or (16 if mesh.devices.flat[0].platform == "cpu" else -(-m // mesh.size))
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
    return on_all(jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:])[:m], share((real, cut))), mesh)


def on_all(tree: Out, mesh: Mesh) -> Out:
    """The tree, inside `jax.jit`, with every leaf whole on every device: how `sharded_map` leaves its results."""
    return jax.lax.with_sharding_constraint(tree, NamedSharding(mesh, PartitionSpec()))

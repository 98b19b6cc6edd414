"""How much memory a computation may take: estimated from shapes before anything is allocated."""

import contextlib
import math
import os
from pathlib import Path
from typing import Any

import jax

CGROUP = Path("/sys/fs/cgroup")


def bytes_of(tree: Any) -> int:
    """Bytes of all arrays, or `jax.ShapeDtypeStruct`s, of a pytree; keys count as their data."""
    shapes = jax.tree.map(
        lambda x: (
            jax.eval_shape(jax.random.key_data, x)
            if jax.dtypes.issubdtype(x.dtype, jax.dtypes.prng_key)
            else x
        ),
        tree,
    )
    return sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in jax.tree.leaves(shapes))


def available() -> int | None:
    """Bytes that this process may have: the machine's memory, or less where a container limits it; None if unknown."""
    try:
        limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    except (AttributeError, OSError, ValueError):  # no POSIX
        return None
    with contextlib.suppress(OSError, ValueError):  # no cgroup, or "max"
        limits.append(int((CGROUP / "memory.max").read_text()))
    return min(limits)


def check(needed: int, what: str, remedy: str) -> None:
    """Raises: ValueError if `what` needs more bytes than this machine has; it ends with the remedy."""
    limit = available()
    if limit is not None and needed > limit:
        unit, name = (1e9, "GB") if limit > 1e9 else (1e6, "MB")
        raise ValueError(
            f"{what} need about {needed / unit:,.0f} {name}, this machine has {limit / unit:,.0f} {name}; {remedy}"
        )

"""The machine's limits, measured in the same run: matrix products and copies."""

import time
from collections.abc import Callable
from functools import partial

from research.bench.task import Task, Trial, ours, peer

SIDE = {"cpu": 2048, "gpu": 8192}
BYTES = 2**28
REPEATS = 12


def _jax(side: int | None) -> Trial:
    import jax
    import jax.numpy as jnp

    side = side or SIDE[jax.default_backend()]
    a = jax.random.normal(jax.random.key(0), (side, side))
    many = jnp.ones(BYTES // 4)
    product = jax.jit(lambda a: jnp.matmul(a, a, precision="highest"))
    copy = jax.jit(lambda x: x + 1)
    return Trial(
        lambda: limits(
            lambda: jax.block_until_ready(product(a)), lambda: jax.block_until_ready(copy(many)), side
        )
    )


def _torch(side: int | None) -> Trial:
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    side = side or SIDE["gpu" if device == "cuda" else "cpu"]
    a = torch.randn((side, side), device=device)
    many = torch.ones(BYTES // 4, device=device)
    return Trial(lambda: limits(lambda: (a @ a, wait()), lambda: (many + 1, wait()), side))


def limits(product: Callable[[], object], copy: Callable[[], object], side: int) -> dict[str, float]:
    """FLOP/s of a product of two [side side] matrices and bytes/s read and written by a copy, each the best of a few."""
    return {"flop_per_s": 2 * side**3 / best(product), "bytes_per_s": 2 * BYTES / best(copy)}


def best(call: Callable[[], object]) -> float:
    """Seconds of the fastest of a few calls after the first."""
    call()
    seconds = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def tasks(toy: bool = False) -> dict[str, Task]:
    """The tasks of this family by name; at toy size for the tests."""
    side = 64 if toy else None
    contenders = {"identikit": ours(partial(_jax, side)), "PyTorch": peer(partial(_torch, side))}
    return {"machine": Task("the machine's limit: product of two matrices, copy", contenders, row=False)}

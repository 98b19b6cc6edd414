"""Plan for a million identikits over ten thousand networks, computed from measurements on one core of this machine.

python -m research.bench.scaling --out=results/SCALING.md [--peak=67e12] [--share=0.15] [--memory=141e9] [--link=50e9]

Counted from compiled programs and arrays: operations, bytes of memory, bytes sent. Measured: processor time of one core,
the overhead of sharing work over devices and processes, and, if `results/bench-gpu.json` exists, the share of an
accelerator's peak that a generation reaches. Assumed, and said so in the page: that peak, the same share for the other
networks, the accelerator's memory and its network.
"""

import argparse
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from research.bench.pages import render
from research.identikits import identikits
from research.identikits.random_search import RandomSearch
from research.runs.store import atomic_write
from research.runtime import multihost
from research.training import fit as training
from research.training.recipes import recipe

KINDS = ("softmax", "mlp100", "cnn")
IDENTIKITS, NETWORKS, MASKS, GENERATIONS = 1_000_000, 10_000, 500, 12
CLUSTERS = (8, 64, 512)
GPU_BENCH = Path("results/bench-gpu.json")


def best_of(n: int, work: Callable[[], Any]) -> float:
    """Processor seconds of the cheapest of n calls after one that compiles; other processes do not count."""
    times = []
    for _ in range(n + 1):
        begin = time.process_time()
        jax.block_until_ready(work())
        times.append(time.process_time() - begin)
    return min(times[1:])


def network_costs(kind: str) -> dict[str, float]:
    """Parameters of one network, and operations, seconds and working memory of an evaluation and of its training."""
    network = recipe(kind)
    fit = training.make_fit(network.model.build, network.training, 60_000)
    state = fit.init(jax.random.split(jax.random.key(0), 1))
    params = jax.tree.map(lambda leaf: leaf[0], state.params)
    images = jax.random.uniform(jax.random.key(1), (MASKS, 28, 28))
    score = jax.jit(jax.vmap(lambda image: fit.apply(params, image)[0])).lower(images).compile()
    numbers = jax.random.randint(jax.random.key(2), (60_000, 28, 28), 0, 256).astype(jnp.uint8)
    labels, steps = jnp.arange(60_000) % 10, 10
    advance = fit.advance.lower(state, numbers, labels, jnp.int32(steps)).compile()
    state = jax.block_until_ready(advance(state, numbers, labels, jnp.int32(1)))
    begin = time.process_time()
    jax.block_until_ready(advance(state, numbers, labels, jnp.int32(steps)))
    train = (time.process_time() - begin) / steps
    costs: Any = score.cost_analysis()
    operations = float(costs["flops"]) / MASKS
    memory: Any = score.memory_analysis()
    return {
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(params)),
        "operations": operations,
        "evaluation": best_of(3, lambda: score(images)) / MASKS,
        "working": float(memory.temp_size_in_bytes),
        "training": train * fit.steps,
        "training_operations": 3 * operations * fit.steps * network.training.batch,
    }


def run_bytes() -> int:
    """Bytes of one run of a search between two chunks, which are gathered and saved in checkpoints."""
    seen: list[int] = []
    network = lambda params, image: image.reshape(-1) @ params  # noqa: E731
    identikits(
        network, [0], jax.random.key(0), RandomSearch(64), params=jnp.zeros((1, 784, 10)), budget=200, history=64,
        checkpoint=lambda runs: seen.append(sum(leaf.nbytes for leaf in jax.tree.leaves(runs))),
    )  # fmt: skip
    return seen[0]


def weak(devices: int, processes: int) -> float:
    """Processor seconds of the same search per device, over several processes with several devices each."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    environment = os.environ | {"JAX_NUM_CPU_DEVICES": str(devices), "JAX_PLATFORMS": "cpu"}
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "research.bench.scaling", "--part", f"--cluster={address},{processes},{i}"],
            env=environment, stdout=subprocess.PIPE, text=True,
        )
        for i in range(processes)
    ]  # fmt: skip
    said = [process.communicate()[0] for process in started]
    return sum(float(text.split()[-1]) for text in said)


def part(cluster: str) -> float:
    """One process of `weak`: four runs a device, timed after one call that compiles."""
    address, count, index = cluster.split(",")
    if int(count) > 1:
        multihost.start(address, int(count), int(index))
    params = jax.random.normal(jax.random.key(0), (1, 784, 10))
    restarts = 4 * jax.device_count()

    def predict(params, image):
        return jnp.tanh(image.reshape(-1) @ params)

    def work():
        return identikits(
            predict, [0], jax.random.key(1), RandomSearch(MASKS), params=params, restarts=restarts, target=None,
            patience=10_000, budget=40 * MASKS, history=2, chunk=10, block=4,
        ).image.values  # fmt: skip

    return best_of(2, work)


def share_reached(operations: float, peak: float) -> tuple[float, str]:
    """The share of its peak that the GPU of the bench reached in a generation of the CNN, and where that is from."""
    if not GPU_BENCH.exists():
        return 0.1, "assumed"
    bench = json.loads(GPU_BENCH.read_text())
    seconds = statistics.median(bench["tasks"]["generation"]["identikit"]["seconds"])
    what = f"measured in BENCH-GPU.md by the CNN, {seconds * 1e6:.0f} µs for {MASKS} masks; assumed of the others"
    return operations * MASKS / seconds / peak, what


def plan(
    costs: dict[str, dict[str, float]], run: int, shared: dict[str, float], given: argparse.Namespace
) -> dict[str, Any]:
    """The content of the page: numbers as text, and the rows of its tables.

    Args:
        costs: `network_costs` of each kind.
        run: `run_bytes`.
        shared: processor seconds of `weak` by number of devices or processes.
        given: the command's options.
    """
    cnn = costs["cnn"]
    share, seen = (given.share, "assumed") if given.share else share_reached(cnn["operations"], given.peak)
    evaluations, gathered = IDENTIKITS * (1 + GENERATIONS * MASKS), IDENTIKITS * run

    def seconds(c: dict[str, float]) -> float:  # of one accelerator
        work = evaluations * c["operations"] + NETWORKS * c["training_operations"]
        return work / (given.peak * share)

    def days(c: dict[str, float]) -> float:  # of one core
        return (evaluations * c["evaluation"] + NETWORKS * c["training"]) / 86400

    return {
        "cores": len(os.sched_getaffinity(0)), "all_cores": os.cpu_count(), "machine": platform.machine(),
        "jax": jax.__version__, "networks": f"{NETWORKS:,}", "identikits": f"{IDENTIKITS:,}",
        "each": IDENTIKITS // NETWORKS, "generations": GENERATIONS, "masks": MASKS, "clusters": CLUSTERS,
        "run": f"{run:,}", "evaluations": f"{evaluations:.2g}", "share": f"{share:.0%}", "seen": seen,
        "peak": f"{given.peak / 1e12:.0f}", "memory": f"{given.memory / 1e9:.0f}", "link": f"{given.link / 1e9:.0f}",
        "cnns": f"{cnn['parameters'] * 4 * NETWORKS / 1e9:.0f}",
        "fits": f"{int(0.5 * given.memory / (3 * cnn['parameters'] * 4)):,}", "gathered": _size(gathered),
        "at_once": f"{int(2e9 / run):,}", "runs_each": f"{IDENTIKITS // CLUSTERS[-1]:,}",
        "measured": [
            (kind, f"{c['parameters']:,}", f"{c['operations'] / 1e6:.2f}", f"{c['evaluation'] * 1e6:.1f}",
             f"{c['working'] / 1e6:.1f}", f"{c['training']:.1f}", f"{c['parameters'] * 4 * NETWORKS / 1e9:.2f}")
            for kind, c in costs.items()
        ],
        "plan": [
            (kind, f"{days(c):,.1f} days", *(_time(seconds(c) / n) for n in CLUSTERS)) for kind, c in costs.items()
        ],
        "sent": [(n, _size(gathered / n), _size(gathered), _time(gathered / given.link)) for n in CLUSTERS],
        "weakly": [
            (name, f"{t:.2f}", f"{int(name.split()[0]) * shared['1 device'] / t:.0%}") for name, t in shared.items()
        ],
    }  # fmt: skip


def _time(seconds: float) -> str:
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:.2g} s"


def _size(n: float) -> str:
    return f"{n / 1e9:,.1f} GB" if n >= 1e9 else f"{n / 1e6:,.0f} MB"


def main() -> None:
    """Measures, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("results/SCALING.md"))
    parser.add_argument("--peak", type=float, default=67e12)
    parser.add_argument(
        "--share", type=float, help="of the peak that is reached; without it, what the bench measured"
    )
    parser.add_argument("--memory", type=float, default=141e9)
    parser.add_argument("--link", type=float, default=50e9)
    parser.add_argument("--part", action="store_true")
    parser.add_argument("--cluster", default="")
    given = parser.parse_args()
    if given.part:
        print(part(given.cluster))
        return
    costs = {kind: network_costs(kind) for kind in KINDS}
    shared = {f"{n} device{'s' * (n > 1)}": weak(n, 1) for n in (1, 2, 4)} | {"2 processes": weak(1, 2)}
    atomic_write(given.out, render("scaling.md", plan(costs, run_bytes(), shared, given)))


if __name__ == "__main__":
    main()

"""What a million identikits over ten thousand networks would take, from what one core of this machine measures.

python -m research.bench.scaling --out=results/SCALING.md [--peak=67e12] [--share=0.15] [--memory=141e9] [--link=50e9]

Counted: operations, bytes of memory and bytes sent, by the compiled programs and the arrays themselves. Measured: the
processor time of one core, what sharing work out over devices and processes adds, and, where `results/bench-gpu.json` is,
the share of an accelerator's peak that a generation reaches. Assumed, and named as such in the page: that peak, for the other
networks the same share, the accelerator's memory and its network.
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
    """Processor seconds of the cheapest of n calls, after one that compiles; others on the machine do not count."""
    times = []
    for _ in range(n + 1):
        begin = time.process_time()
        jax.block_until_ready(work())
        times.append(time.process_time() - begin)
    return min(times[1:])


def network_costs(kind: str) -> dict[str, float]:
    """Of one network: its parameters, and operations, seconds and working memory of an evaluation and a step."""
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
    operations = _cost(score) / MASKS
    memory: Any = score.memory_analysis()
    return {
        "parameters": sum(leaf.size for leaf in jax.tree.leaves(params)),
        "operations": operations,
        "evaluation": best_of(3, lambda: score(images)) / MASKS,
        "working": float(memory.temp_size_in_bytes),
        "training": train * fit.steps,
        "training_operations": 3 * operations * fit.steps * network.training.batch,
    }


def _cost(compiled) -> float:
    found = compiled.cost_analysis()
    return float((found[0] if isinstance(found, list) else found)["flops"])


def run_bytes() -> int:
    """Bytes of one run of a search between two chunks: what is gathered, and what a checkpoint holds."""
    seen: list[int] = []
    network = lambda params, image: image.reshape(-1) @ params  # noqa: E731
    identikits(
        network, [0], jax.random.key(0), RandomSearch(64), params=jnp.zeros((1, 784, 10)), budget=200, history=64,
        checkpoint=lambda runs: seen.append(sum(leaf.nbytes for leaf in jax.tree.leaves(runs))),
    )  # fmt: skip
    return seen[0]


def weak(devices: int, processes: int) -> float:
    """Processor seconds of the same search per device, in so many processes with so many devices each."""
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
    """The share of its peak at which the GPU of the bench computed a generation of the CNN, and how that is known."""
    if not GPU_BENCH.exists():
        return 0.1, "assumed"
    bench = json.loads(GPU_BENCH.read_text())
    seconds = statistics.median(bench["tasks"]["generation"]["identikit"]["seconds"])
    what = f"measured in BENCH-GPU.md by the CNN, {seconds * 1e6:.0f} µs for {MASKS} masks; assumed of the others"
    return operations * MASKS / seconds / peak, what


def page(
    costs: dict[str, dict[str, float]], run: int, shared: dict[str, float], given: argparse.Namespace
) -> str:
    """The plan, as Markdown."""
    share, seen = (
        (given.share, "assumed") if given.share else share_reached(costs["cnn"]["operations"], given.peak)
    )
    speed = given.peak * share
    row = lambda *cells: "| " + " | ".join(map(str, cells)) + " |"  # noqa: E731
    measured = [
        row(kind, f"{c['parameters']:,}", f"{c['operations'] / 1e6:.2f}", f"{c['evaluation'] * 1e6:.1f}",
            f"{c['working'] / 1e6:.1f}", f"{c['training']:.1f}", f"{c['parameters'] * 4 * NETWORKS / 1e9:.2f}")
        for kind, c in costs.items()
    ]  # fmt: skip
    evaluations = IDENTIKITS * (1 + GENERATIONS * MASKS)
    plan = []
    for kind, c in costs.items():
        asking, learning = evaluations * c["operations"] / speed, NETWORKS * c["training_operations"] / speed
        core = (evaluations * c["evaluation"] + NETWORKS * c["training"]) / 86400
        plan.append(row(kind, f"{core:,.1f} days", *(_time((asking + learning) / n) for n in CLUSTERS)))
    gathered = IDENTIKITS * run
    sent = [row(n, _size(gathered / n), _size(gathered), _time(gathered / given.link)) for n in CLUSTERS]
    one = shared["1 device"]
    weakly = [row(name, f"{t:.2f}", f"{int(name.split()[0]) * one / t:.0%}") for name, t in shared.items()]
    cnn = costs["cnn"]["parameters"] * 4
    fits = int(0.5 * given.memory / (3 * cnn))
    return f"""# Scaling

Written by `python -m research.bench.scaling`; {len(os.sched_getaffinity(0))} of {os.cpu_count()} cores of a
{platform.machine()} machine, jax {jax.__version__}. The columns for accelerators are counted operations divided by the
speed that is stated there, not measurements.

## Measured on one core

{row("network", "parameters", "MFLOP an evaluation", "µs an evaluation", "MB of work for 500", "s to train one", f"GB, {NETWORKS:,} networks")}
{row(*["---"] * 7)}
{chr(10).join(measured)}

Training is a few steps times the recipe's number of steps. One run of a search is {run:,} bytes between two chunks.

## {IDENTIKITS:,} identikits over {NETWORKS:,} networks

Training all networks and asking each {IDENTIKITS // NETWORKS} times, {GENERATIONS} generations of {MASKS} masks each
(8 to 14 generations were seen in the study `identikits`): {evaluations:.2g} evaluations.

Of an accelerator: {share:.0%} of {given.peak / 1e12:.0f} TFLOP/s ({seen}); assumed {given.memory / 1e9:.0f} GB of memory and
{given.link / 1e9:.0f} GB/s between hosts.

{row("network", "one core (measured)", *(f"{n} accelerators" for n in CLUSTERS))}
{row(*["---"] * 5)}
{chr(10).join(plan)}

Communication: nothing is sent while runs advance; between chunks every process gets all runs. If all of them are asked
in one call:

{row("accelerators", "sent by each", "held by each process", "time a chunk")}
{row(*["---"] * 4)}
{chr(10).join(sent)}

## Where it breaks first

1. **Parameters.** A population is on every device: {NETWORKS:,} CNNs are {cnn * NETWORKS / 1e9:.0f} GB, and three times that
   while they are trained with Adam. About {fits:,} CNNs fit into half of one accelerator's memory while they are trained.
2. **The runs on the host.** {IDENTIKITS:,} runs are {_size(gathered)} in each process, gathered after every chunk and written at
   every checkpoint; {int(2e9 / run):,} runs in one call are 2 GB.
3. **The last runs.** A block ends with its slowest run; with {IDENTIKITS // CLUSTERS[-1]:,} runs for each of {CLUSTERS[-1]} devices this is hidden,
   with fewer than about ten it is not.
4. **Starting.** Start and compilation take seconds a process (about 5 to 30 seen here) and do not shrink: on {CLUSTERS[-1]} accelerators they outweigh
   the computation for the small networks above.

So work of this size is a sweep, not one mesh: 100 points of 100 networks and 10,000 identikits each
(`--grid='cnn.seed=0:100'`), a node a point. Points share nothing, a lost node costs one point, and every host holds a
hundredth of the above. One mesh over several hosts is for a single population that must be trained or asked as one.

## Weak scaling here

The same search per device (4 runs, 40 generations of {MASKS} masks on a softmax), cheapest of two. There are {os.cpu_count()} cores
here, so that more devices cannot be faster; counted is what sharing out costs: the processor seconds of all devices
and processes together, against so many times those of one device. 100 % means that it costs nothing.

{row("", "processor seconds", "efficiency")}
{row(*["---"] * 3)}
{chr(10).join(weakly)}
"""


def _time(seconds: float) -> str:
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:.2g} s"


def _size(n: float) -> str:
    return f"{n / 1e9:,.1f} GB" if n >= 1e9 else f"{n / 1e6:,.0f} MB"


def main() -> None:
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
    atomic_write(given.out, page(costs, run_bytes(), shared, given))


if __name__ == "__main__":
    main()

"""The saved file of a bench: measurements, machine and commit; and the tables made from it."""

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from research.bench import compare, table
from research.bench.task import Task
from research.runs import store

LIBRARIES = ("jax", "flax", "numpy", "torch", "scikit-learn", "openTSNE")


def load(path: Path, suite: str) -> dict[str, Any]:
    """The record of a suite in a file; an empty one if the file does not exist.

    Raises:
        ValueError: the file is not a record of this suite.
    """
    if not path.exists():
        store.make_folder(path.parent)
        return {"suite": suite, "machine": machine(), "tasks": {}, "measured": {}}
    try:
        saved = json.loads(path.read_text())
        own = saved["suite"]
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path} is not a record of the bench; choose another --out") from None
    if own != suite:
        raise ValueError(f"{path} holds the suite {own!r}, asked for is {suite!r}; choose another --out")
    return saved


def add(path: Path, saved: dict[str, Any], name: str, task: Task, rounds: int) -> None:
    """Measures a task and saves the record with it."""
    begin = time.perf_counter()
    saved["tasks"][name] = compare.measure(saved["suite"], name, task, rounds)
    saved["measured"][name] = {
        "commit": store.commit(),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "seconds": round(time.perf_counter() - begin, 1),
    }
    store.atomic_write(path, json.dumps(saved, indent=1) + "\n")


def machine() -> dict[str, str]:
    """Processor, devices, system and versions of libraries."""
    versions = {name: _version(name) for name in LIBRARIES}
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores, {platform.machine()}",
        "devices": _devices(),
        "system": f"{platform.system()}, Python {platform.python_version()}",
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items() if version),
    }


def _devices() -> str:
    """JAX's devices, listed by another process, because this one must not hold them while contenders compute."""
    ask = "import jax; d = jax.devices(); print(len(d), d[0].platform, d[0].device_kind)"
    told = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=False)
    return told.stdout.strip() or "unknown"


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "processor"


def shown(saved: Mapping[str, Any], tasks: Mapping[str, Task]):
    """The table for the terminal."""
    from rich.table import Table

    rows = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("task", "peer", "ours", "theirs", "ratio", "asked", "met", "n"):
        rows.add_column(name, justify="left" if name in ("task", "peer") else "right", no_wrap=True)
    for row in table.rows(tasks, saved["tasks"]):
        rows.add_row(
            row.task, row.peer or "–", table.span(row.ours), table.span(row.theirs) if row.theirs else "–",
            f"{row.ratio:.3g}×" if row.ratio else "–", row.wanted,
            {True: "[green]yes[/]", False: "[red]no[/]", None: "–"}[row.met], str(row.rounds),
        )  # fmt: skip
    return rows


def report(path: Path, saved: Mapping[str, Any], tasks: Mapping[str, Task]) -> None:
    """Writes the record as markdown."""
    store.make_folder(path.parent)
    store.atomic_write(path, table.markdown(saved, tasks, path.with_suffix(".png").name))

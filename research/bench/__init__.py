"""The bench: what a user waits for, ours and the peer's in turn, on the same machine in the same minutes.

    task.py      what is timed: a task and its contenders
    compare.py   A B A B …: processes, rounds, the saved file
    worker.py    one contender in a process of its own
    machine.py   what the machine can do at all
    table.py     ratios, spread, share of the limit, the text
    growth.py    how time and memory grow; figure.py draws it
    record.py    the saved file

Every other file is a family of tasks, ours and the peer's side by side. They import JAX, PyTorch and scikit-learn
inside their functions: what a contender imports is part of what it takes.
"""

import importlib

from research.bench.task import Task

CPU = (
    "machine",
    "answers",
    "drawing",
    "convolution",
    "descent",
    "places",
    "neighbours",
    "growth",
    "goals",
    "maps",
)
GPU = ("machine", "accelerator", "growth")
SUITES = {"cpu": CPU, "gpu": GPU}


def suite(name: str) -> dict[str, Task]:
    """The tasks of a suite by name, the quick families first."""
    if name not in SUITES:
        raise ValueError(f"unknown suite {name!r}; known: {', '.join(SUITES)}")
    families = (importlib.import_module(f"research.bench.{family}") for family in SUITES[name])
    return {task: what for family in families for task, what in family.TASKS.items()}

"""The bench: what a user waits for, ours and the peer's in turn, on the same machine in the same minutes.

    task.py      what is timed: a task and its contenders
    compare.py   A B A B …: processes, rounds, the saved file
    worker.py    one contender in a process of its own
    machine.py   what the machine can do at all
    table.py     ratios, spread, share of the limit, the text
    growth.py    how time and memory grow; figure.py draws it
    record.py    the saved file

Every other file is a family of tasks, ours and the peer's side by side: `tasks(toy)` returns them by name, at the
sizes that count or, for the tests, at toy size. They import JAX, PyTorch and scikit-learn inside their functions:
what a contender imports is part of what it takes.
"""

import importlib

from research.bench.task import Task

CPU = (
    "machine",
    "first_output",
    "drawing",
    "convolution",
    "descent",
    "tsne_transform",
    "neighbours",
    "growth",
    "time_to_accuracy",
    "maps",
)
GPU = ("machine", "accelerator", "growth")
SUITES = {"cpu": CPU, "gpu": GPU}


def suite(name: str) -> dict[str, Task]:
    """The tasks of a suite by name, the quick families first; with ":toy" behind the suite's name at toy size."""
    which, _, size = name.partition(":")
    if which not in SUITES or size not in ("", "toy"):
        raise ValueError(f"unknown suite {name!r}; known: {', '.join(SUITES)}, each also as NAME:toy")
    families = (importlib.import_module(f"research.bench.{family}") for family in SUITES[which])
    return {task: what for family in families for task, what in family.tasks(size == "toy").items()}

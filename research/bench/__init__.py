"""The bench: times of what a user waits for, ours and a peer's measured in turn on the same machine.

    task.py      what is timed: a task and its contenders
    compare.py   runs the contenders in turn, each in its own process
    worker.py    one contender in a process of its own
    machine.py   the machine's limits: matrix products and copies
    table.py     ratios, spread, share of the limit, the text
    growth.py    how time and memory grow; figure.py draws it
    record.py    the saved file

Every other file is a family of tasks; `tasks(toy)` returns them by name, at full size or, for the tests, at toy
size. They import JAX, PyTorch and scikit-learn inside their functions, because a contender's imports count as part of
its time.
"""

import importlib

from research.bench.task import Task

CPU = (
    "machine", "first_output", "drawing", "convolution", "descent", "tsne_transform", "neighbours", "growth",
    "time_to_accuracy", "maps",
)  # fmt: skip
GPU = ("machine", "accelerator", "growth")
SUITES = {"cpu": CPU, "gpu": GPU}


def suite(name: str) -> dict[str, Task]:
    """The tasks of a suite by name, the quick families first.

    Args:
        name: "cpu" or "gpu"; with ":toy" appended the tasks have toy size.

    Raises:
        ValueError: an unknown suite.
    """
    which, _, size = name.partition(":")
    if which not in SUITES or size not in ("", "toy"):
        raise ValueError(f"unknown suite {name!r}; known: {', '.join(SUITES)}, each also as NAME:toy")
    families = (importlib.import_module(f"research.bench.{family}") for family in SUITES[which])
    return {task: what for family in families for task, what in family.tasks(size == "toy").items()}

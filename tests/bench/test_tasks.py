"""Every task of every suite at toy size: ours run and are judged, and so are the peers that are installed."""

import importlib
import math
import shutil
import warnings

import pytest

from research import bench
from research.bench import compare, drawing
from research.bench.task import Contender, Task

IN_A_PROCESS = (
    "machine",
    "paint",
)  # by the worker, as in a real run; a browser's loop must not stay in this process


def distinct() -> list[tuple[str, Task]]:
    """The tasks of all families whose contenders are not all in an earlier task, named by family and task."""
    seen: set[str] = set()
    found = []
    for family in dict.fromkeys(name for families in bench.SUITES.values() for name in families):
        for name, task in importlib.import_module(f"research.bench.{family}").tasks(toy=True).items():
            prepared = {repr(contender.prepare) for contender in task.contenders.values()}
            if not prepared <= seen:
                found.append((f"{family}/{name}", task))
            seen |= prepared
    return found


def measured(contender: Contender) -> dict[str, float] | None:
    """The facts of one call; None for a peer that is not installed."""
    with warnings.catch_warnings():
        if not contender.jax:
            warnings.simplefilter(
                "ignore"
            )  # a peer's own, for example that so few iterations do not converge
        try:
            trial = contender.prepare()
        except ModuleNotFoundError:
            if contender.jax:
                raise
            return None
        return {name: float(value) for name, value in trial.judge(trial.work()).items()}


@pytest.mark.parametrize(
    ("name", "task"), distinct(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_task_does_its_work_and_tells_what_its_row_needs(name, task, cache):
    name = name.partition("/")[2]
    if name == "paint" and not any(map(shutil.which, drawing.BROWSERS)):
        pytest.skip("no browser here")
    if name in IN_A_PROCESS:
        found = compare.measure("cpu:toy", name, task, 1, say=lambda line: None)
        assert "failed" not in found[task.first], found
        facts = {who: told["facts"] for who, told in found.items() if "failed" not in told}
    else:
        facts = {
            who: told
            for who, contender in task.contenders.items()
            if (told := measured(contender)) is not None
        }
    assert task.first in facts
    for who, told in facts.items():
        assert all(math.isfinite(value) for value in told.values()), who
        assert all(told[fact] > 0 for fact in (task.per, task.counts) if fact)
        for check in task.same.values():
            check(facts[task.first], told)


@pytest.mark.parametrize("suite", bench.SUITES)
def test_toy_sizes_change_no_name_and_no_contender(suite):
    large, small = bench.suite(suite), bench.suite(f"{suite}:toy")
    assert {name: list(task.contenders) for name, task in large.items()} == {
        name: list(task.contenders) for name, task in small.items()
    }

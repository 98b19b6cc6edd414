"""From what was measured to ratios, verdicts and the text of results/BENCH.md."""

import dataclasses
import statistics
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from research.bench import growth
from research.bench.pages import render
from research.bench.task import Task


class Row(NamedTuple):
    """Ours against one peer, or ours alone; seconds are medians over the rounds."""

    task: str
    title: str
    ours: float
    peer: str | None
    theirs: float | None
    ratio: float | None  # the median of the rounds' ratios
    ratios: tuple[float, float] | None  # least and largest
    share: float | None  # of the machine's products of matrices, counted in the direct form
    wanted: str
    met: bool | None
    same: str
    rounds: int


def limit(found: Mapping[str, Any], fact: str) -> float | None:
    """The best value of "flop_per_s" or "bytes_per_s" among all contenders; None if not measured."""
    values = [who["facts"][fact] for who in found.get("machine", {}).values() if who.get("facts")]
    return max(values, default=None)


def rows(tasks: Mapping[str, Task], found: Mapping[str, Any]) -> list[Row]:
    """The table: every task that was measured, once for each of its peers."""
    best = limit(found, "flop_per_s")
    return [
        row
        for name, task in tasks.items()
        if task.row and found.get(name, {}).get(task.first, {}).get("seconds")
        for row in [*_rows_of(name, task, found[name], best), *_calls_of(name, task, found[name])]
    ]


def _calls_of(name: str, task: Task, measured: Mapping[str, Any]) -> Iterable[Row]:
    """If whole processes were timed: the same rows for the work alone, without imports and reading the data."""
    if not task.whole:
        return []
    alone = {who: {**told, "seconds": told.get("call", [])} for who, told in measured.items()}
    title = f"{task.title.partition(',')[0]}, the call alone, compilation included"
    return _rows_of(name, dataclasses.replace(task, title=title), alone, None)


def _rows_of(name: str, task: Task, measured: Mapping[str, Any], best: float | None) -> Iterable[Row]:
    ours = measured[task.first]
    seconds = ours["seconds"]
    middle = statistics.median(seconds)
    share = task.flop / middle / best if task.flop and best else None
    alone = {
        "task": name, "title": task.title, "ours": middle, "share": share, "rounds": len(seconds),
    }  # fmt: skip
    peers = [peer for peer in task.peers if measured.get(peer, {}).get("seconds")]
    if not peers:
        wanted = f"≤ {span(task.at_most)}" if task.at_most else "–"
        met = middle <= task.at_most if task.at_most else None
        yield Row(**alone, peer=None, theirs=None, ratio=None, ratios=None, wanted=wanted, met=met, same="–")
    for peer in peers:
        theirs = measured[peer]["seconds"]
        each = [b / a for a, b in zip(seconds, theirs)]
        ratio, least = statistics.median(each), task.at_least.get(peer)
        checks = {words: check(ours["facts"], measured[peer]["facts"]) for words, check in task.same.items()}
        same = "; ".join(words if holds else f"NOT {words}" for words, holds in checks.items()) or "–"
        met = (ratio >= least and all(checks.values())) if least else None
        yield Row(
            **alone | {"rounds": len(each)}, peer=peer, theirs=statistics.median(theirs), ratio=ratio,
            ratios=(min(each), max(each)), wanted=f"{least:g}×" if least else "–", met=met, same=same,
        )  # fmt: skip


def span(seconds: float) -> str:
    """Seconds for a reader: 1.23 s, 45.6 ms, 789 µs."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}" if seconds < 1000 * size else f"{seconds / size:.0f} {unit}"
    return f"{seconds:.3g} s"


def markdown(saved: Mapping[str, Any], tasks: Mapping[str, Task], picture: str) -> str:
    """The text of results/BENCH.md.

    Args:
        saved: the record.
        tasks: of its suite.
        picture: file of the figure of growth.
    """
    found = saved["tasks"]
    facts = [
        *(f"{name}: {value}" for name, value in saved["machine"].items()),
        *_measured(saved.get("measured", {})),
    ]
    for fact, words in (("flop_per_s", "products of matrices, GFLOP/s"), ("bytes_per_s", "copies, GB/s")):
        if best := limit(found, fact):
            facts.append(f"{words}: {best / 1e9:.0f}")
    contenders = [
        (name, who, *_details(found[name][who]))
        for name, task in tasks.items()
        for who in (task.contenders if not name.startswith("grow") else ())
        if found.get(name, {}).get(who)
    ]
    said = {"facts": facts, "rows": map(_cells, rows(tasks, found)), "grown": growth.rows(found)}
    return render("bench.md", said | {"contenders": contenders, "picture": picture})


def _cells(row: Row) -> tuple[str, ...]:
    """A row of the table as text."""
    ratio = (
        f"**{row.ratio:.3g}×** ({row.ratios[0]:.3g}–{row.ratios[1]:.3g})" if row.ratio and row.ratios else "–"
    )
    return (
        row.title, span(row.ours), row.peer or "–", span(row.theirs) if row.theirs else "–", ratio, row.wanted,
        {True: "yes", False: "**no**", None: "–"}[row.met],
        f"{row.share:.0%}" if row.share and row.share >= 0.005 else "–", row.same, str(row.rounds),
    )  # fmt: skip


def _measured(tasks: Mapping[str, Any]) -> list[str]:
    """When and by which code, a line for each day and commit, with the tasks where these are not all."""
    runs: dict[str, list[str]] = {}
    for name, how in tasks.items():
        runs.setdefault(f"{how['finished'][:10]}, commit {how['commit'][:9]}", []).append(name)
    which = {run: f": {', '.join(names)}" if len(runs) > 1 else "" for run, names in runs.items()}
    return [f"measured {run}{names}" for run, names in which.items()]


def _details(measured: Mapping[str, Any]) -> tuple[str, ...]:
    """Seconds, first call, facts and memory of a contender as text."""
    if "failed" in measured:
        return (f"failed: {measured['failed']}".replace("\n", " "), "–", "–", "–")
    seconds = ", ".join(f"{value:.4g}" for value in measured["seconds"])
    first = span(measured["first"]) if "first" in measured else "–"
    facts = ", ".join(f"{fact} {value:.5g}" for fact, value in measured["facts"].items()) or "–"
    return seconds, first, facts, f"{measured['peak_bytes'] / 2**20:,.0f} MiB"

"""What is timed: a task, and those who contend in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Facts = Mapping[str, float]  # what came out, in numbers that can be compared
Check = Callable[[Facts, Facts], bool]  # (ours, the peer's) -> is it the same work?


class Trial(NamedTuple):
    """A contender that is ready: `work()` is timed, `judge(what it returned)` is not."""

    work: Callable[[], Any]
    judge: Callable[[Any], Facts] = dict


@dataclass(frozen=True)
class Contender:
    """prepare: makes ready, in a process of its own. jax: ours, started as every command starts it.

    compiled: its compiled programs are those that an earlier process left behind.
    """

    prepare: Callable[[], Trial]
    jax: bool = False
    compiled: bool = False


def ours(prepare: Callable[[], Trial], compiled: bool = False) -> Contender:
    return Contender(prepare, jax=True, compiled=compiled)


def peer(prepare: Callable[[], Trial]) -> Contender:
    return Contender(prepare)


@dataclass(frozen=True)
class Task:
    """One row of the table.

    contenders: by name; the first is ours, and is compared with each that is not.
    whole: timed from the start of a new process to its answer. Otherwise the processes stay, the call is timed,
        and the first call, compilation included, is kept apart.
    warm: whether there is a first call to be kept apart.
    rounds: at most so many.
    per: the fact by which the seconds are divided.
    counts: the fact that is the seconds, where the call's own time says nothing.
    flop: of the work in its direct form, for one `per`.
    at_least: how many times faster than each peer it should be. at_most: or how many seconds it may take.
    same: when the work counts as equal, in words and as a check.
    row: whether it is a row of the table.
    """

    title: str
    contenders: Mapping[str, Contender]
    whole: bool = False
    warm: bool = True
    rounds: int = 99
    per: str | None = None
    counts: str | None = None
    flop: float | None = None
    at_least: Mapping[str, float] = field(default_factory=dict)
    at_most: float | None = None
    same: Mapping[str, Check] = field(default_factory=dict)
    row: bool = True

    @property
    def first(self) -> str:
        return next(iter(self.contenders))

    @property
    def peers(self) -> list[str]:
        return [name for name, contender in self.contenders.items() if not contender.jax]


def both_reach(fact: str, least: float) -> dict[str, Check]:
    """Both have at least so much of it."""
    return {f"{fact} ≥ {least:g}": lambda a, b: min(a[fact], b[fact]) >= least}


def agree(fact: str, share: float) -> dict[str, Check]:
    """Both have the same, to within a share of it."""
    return {
        f"{fact} within {share:.2g}": lambda a, b: abs(a[fact] - b[fact]) <= share * max(abs(b[fact]), 1e-12)
    }


def no_worse(fact: str, share: float) -> dict[str, Check]:
    """Ours, where less is better, exceeds the peer's by no more than a share of it."""
    return {f"{fact} ≤ peer's + {share:.2g}": lambda a, b: a[fact] <= b[fact] * (1 + share)}

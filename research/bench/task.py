"""Tasks that are timed, and their contenders."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Facts = Mapping[str, float]  # what came out, in numbers that can be compared
Check = Callable[[Facts, Facts], bool]  # (ours, the peer's) -> is it the same work?


class Trial(NamedTuple):
    """A contender that is ready: `work()` is timed; `judge(its result)` is not."""

    work: Callable[[], Any]
    judge: Callable[[Any], Facts] = dict


@dataclass(frozen=True)
class Contender:
    """Ours or a peer's way of doing a task."""

    prepare: Callable[[], Trial]  # called in a process of its own
    jax: bool = False  # ours, started as every command starts JAX
    compiled: bool = False  # reuses the compiled programs of an earlier process


def ours(prepare: Callable[[], Trial], compiled: bool = False) -> Contender:
    """Our contender."""
    return Contender(prepare, jax=True, compiled=compiled)


def peer(prepare: Callable[[], Trial]) -> Contender:
    """A contender of another library."""
    return Contender(prepare)


@dataclass(frozen=True)
class Task:
    """One row of the table.

    Attributes:
        title: in the table.
        contenders: by name; the first is ours and is compared with every peer.
        whole: time from the start of a new process to its answer; otherwise processes are kept and calls are timed.
        warm: whether the first call, with its compilation, is reported separately.
        rounds: at most.
        per: the fact by which the seconds are divided.
        counts: the fact that replaces the call's own seconds.
        flop: of the work in its direct form, for one `per`.
        at_least: how many times faster than each peer it should be.
        at_most: seconds that it may take.
        same: checks that both do equal work, by their wording.
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
        """The name of our contender."""
        return next(iter(self.contenders))

    @property
    def peers(self) -> list[str]:
        """The names of the peers."""
        return [name for name, contender in self.contenders.items() if not contender.jax]


def both_reach(fact: str, least: float) -> dict[str, Check]:
    """Check that both reach a value of a fact."""
    return {f"{fact} ≥ {least:g}": lambda a, b: min(a[fact], b[fact]) >= least}


def agree(fact: str, share: float) -> dict[str, Check]:
    """Check that a fact of both differs by at most a relative tolerance."""
    return {
        f"{fact} within {share:.2g}": lambda a, b: abs(a[fact] - b[fact]) <= share * max(abs(b[fact]), 1e-12)
    }


def no_worse(fact: str, share: float) -> dict[str, Check]:
    """Check that a fact of ours, where less is better, exceeds the peer's by at most a relative tolerance."""
    return {f"{fact} ≤ peer's + {share:.2g}": lambda a, b: a[fact] <= b[fact] * (1 + share)}

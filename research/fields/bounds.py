"""Which values a field of a config may have, declared beside its default.

    networks: int = bounded(5, NETWORKS)  # of each kind
    k: int = bounded(5, Bound(1, 1000))
    include: tuple[str, ...] = one_of(KINDS, KINDS, "network")

`research.fields.check` holds configs against these declarations before anything runs.
"""

import dataclasses
import difflib
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

LIFTS = (
    "IDENTIKIT_I_MEAN_IT"  # the environment variable that --i_mean_it sets, so that child processes know, too
)
LARGEST = 2**31 - 1  # counters have 32 bits


@dataclass(frozen=True)
class Bound:
    """The numbers from `low` to `high`.

    Attributes:
        low, high: the limits, which are allowed themselves unless `above` or `below` is set.
        why: reason for the upper limit; part of the refusal.
        liftable: whether larger numbers are possible and only take very long or much memory; --i_mean_it allows them.
        above, below: the number must lie above `low`, below `high`.
    """

    low: float
    high: float
    why: str = ""
    liftable: bool = False
    above: bool = False
    below: bool = False

    def complaint(self, value: float) -> str:
        """What is wrong with a number, as in "must be at least 1"; "" if nothing is."""
        if not math.isfinite(value):
            return "must be finite"
        if value < self.low or (self.above and value == self.low):
            if self.above:
                return "must be positive" if self.low == 0 else f"must be above {self.low:,}"
            return f"must be at least {self.low:,}"
        lifted = self.liftable and os.environ.get(LIFTS) == "1"
        high = LARGEST if lifted else self.high
        if value > high or (self.below and value == high):
            why = [self.why] * bool(self.why) + ["--i_mean_it allows more"] * (self.liftable and not lifted)
            reason = f" ({'; '.join(why)})" if why else ""
            return f"must be {'below' if self.below else 'at most'} {high:,}{reason}"
        return ""


@dataclass(frozen=True)
class OneOf:
    """The names in `known`.

    Attributes:
        known: the names; read when a value is checked, so that a registry may grow.
        noun: what such a name stands for; the field's own path where it is empty.
        also: further values that are allowed and not listed in a refusal.
    """

    known: Iterable[str]
    noun: str = ""
    also: tuple[str, ...] = ()

    def refusal(self, value: str, path: str) -> str:
        """One line for an unknown name, with the known ones and the most similar of them; "" for a known name."""
        known = sorted(self.known) if isinstance(self.known, Mapping) else list(self.known)
        if value in known or value in self.also:
            return ""
        near = difflib.get_close_matches(value, known, 1)
        there = f" (in {path})" if self.noun else ""
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return f"unknown {self.noun or path} {value[:80]!r}; known: {', '.join(known)}{there}{hint}"


@dataclass(frozen=True)
class Rule:
    """What a field's metadata holds under "rule"."""

    of: Bound | OneOf  # of the value, or of every entry of a tuple or a dict
    empty: bool = False  # whether a tuple may be empty
    distinct: bool = False  # whether the entries of a tuple must differ


def bounded(default: Any, bound: Bound, *, empty: bool = False, distinct: bool = False) -> Any:
    """A number with its limits, or a tuple or dict of such numbers; a function is called for the default.

    Args:
        default: the value, or a function that makes it.
        bound: the limits of every number in it.
        empty: whether a tuple may be empty.
        distinct: whether the entries of a tuple must differ.
    """
    return _field(default, Rule(bound, empty, distinct))


def one_of(
    default: Any,
    known: Iterable[str],
    noun: str = "",
    *,
    also: tuple[str, ...] = (),
    empty: bool = False,
) -> Any:
    """A name, or a tuple of different names, of the known ones.

    Args:
        default: the value.
        known: the names; an unknown one lists them.
        noun: what such a name stands for, for the refusal.
        also: further values that are allowed.
        empty: whether a tuple may be empty.
    """
    return _field(default, Rule(OneOf(known, noun, also), empty, distinct=True))


def _field(default: Any, rule: Rule) -> Any:
    given: dict[str, Any] = {"default_factory" if callable(default) else "default": default}
    return dataclasses.field(**given, metadata={"rule": rule})


SEED = Bound(0, 2**32 - 1, "a key has 32 bits; larger seeds repeat smaller ones")
NETWORKS = Bound(1, 100_000, "each is trained and kept", liftable=True)
NONE_OR_NETWORKS = dataclasses.replace(NETWORKS, low=0)
EPOCHS = Bound(1, 10_000, "the recipes take 1 to 12", liftable=True)
ITERATIONS = Bound(1, 20_000, "steps are taken one after the other", liftable=True)
SAMPLES = Bound(1, 10_000, "all of a step are in memory at once", liftable=True)
TRAINING_IMAGES = Bound(1, 60_000, "the training images")
TEST_IMAGES = Bound(1, 10_000, "the test images")
NEIGHBOURS = Bound(1, 1000, "each is found and ranked for every image")
WIDTH = Bound(1, 10_000, "two such layers hold 400 MB of weights", liftable=True)
SHIFT = Bound(0, 27, "pixels of an image")
PIXELS = Bound(1, 100_000, "pixels of an image")
CLASSES = Bound(2, 10_000, "outputs of a network")
CODE = Bound(1, 784, "pixels of an image, which a code is to be narrower than")
DROPOUT = Bound(0, 0.99, "the rest is scaled up by 1 / (1 - share)")
SHARE = Bound(0, 1, "a share", below=True)
FINITE = 1e38  # about the largest float32
POSITIVE = Bound(0, FINITE, "the largest float32", above=True)
NOT_NEGATIVE = Bound(0, FINITE, "the largest float32")

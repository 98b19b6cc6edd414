"""The statements of document 003, judged from the saved results; the lab note explains the criteria."""

import functools
from collections.abc import Callable

import numpy as np
import xarray as xr

from research import evidence as e
from research.studies.identikits import measures as m

DOCUMENT = "003_baed48e6daa2b749.txt"
RANDOM = "Network is uncertain about random images, and maximal values in output layer rarely exceed 0.6."
DIGITS = "maximal values in output layer are typically greater than 0.9, and often are very close to 1."
REACHED = "But in most cases confidence raised to 0.99 and above easily."
STUCK = (
    "Sometimes network got stuck in local minima and none of the generated noisy images could improve recognition of "
    "the base image above a certain level."
)
HARDEST = (
    "7 and 9 were the most difficult images to articulate – network converged to 0.99 in 30% of “9” cases and in 50% of "
    "“7” cases."
)
SIMILAR = (
    "most of the time resulting images have similarity within each class, and some easily recognizeable features that "
    "distinguish a class from other classes."
)
VISIBLE = "One can easily see 0 and 6 in computer-generated images of zero and six."
LETTERS = "However, it take some imagination to see 3 in F-like generated shapes or 4 in u-like shapes."
MESS = "1 and 9 look like a total mess."
HEADLINE = f"first_{m.CONVERGENCE}"  # random images
MARGIN = 0.1  # of 50 % and 30 %
HARD = (7, 9)
SEEN, MESSY = (0, 6), (1, 9)
NO_READER = "likeness to a letter needs a reader who knows letters: people, or a network trained on them; neither is here"


class Rows:
    """Collects claims on the document's network; without it every row is "not run" and gives the reason."""

    def __init__(self, results: xr.Dataset):
        self.results, self.kind = results, "cnn"
        self.made: list[e.Claim] = []
        self.missing = ""
        if self.kind not in m.kinds(results):
            self.missing = "no network of the document's kind took part"
        elif not results.attrs["documents_network"]:
            name = m.label(results, self.kind)
            self.missing = f"the network is {name}, the document's is another CNN (the recipe cnn)"

    def judge(
        self, id: str, quote: str, criterion: e.Criterion, measure: Callable[[], e.Interval | str], words: str,
        *, within: str = "", primary: bool = True,
    ) -> None:  # fmt: skip
        """Adds a row; `measure` returns its interval, or the reason why it cannot be measured."""
        measured = self.missing or measure()
        interval, reason = (None, measured) if isinstance(measured, str) else (measured, "")
        self.made.append(
            e.judge(
                id, DOCUMENT, quote, criterion, interval, "networks",
                words=words, within=within, primary=primary, not_run=reason,
            )
        )  # fmt: skip

    def search(
        self, id: str, quote: str, criterion: e.Criterion, condition: str, digits: tuple[int, ...],
        measure: Callable[[xr.Dataset], e.Interval | str], words: str, *, primary: bool = True,
    ) -> None:  # fmt: skip
        """Adds a row on the runs of one condition, if they include these digits."""
        runs = m.of(self.results, self.kind, condition)

        def measured() -> e.Interval | str:
            if not runs.sizes["run"]:
                return f"no search with the masks {condition}"
            lacking = [str(digit) for digit in digits if digit not in runs.digit.values]
            return f"no search for {' and '.join(lacking)}" if lacking else measure(runs)

        masks = f"masks {m.CONDITIONS[condition]}"
        self.judge(id, quote, criterion, measured, words, within=f"{masks}; {_sizes(runs)}", primary=primary)


def claims(results: xr.Dataset) -> list[e.Claim]:
    """Every statement of the document on identikits."""
    rows = Rows(results)
    _confidence(rows)
    _convergence(rows, m.CONVERGENCE)
    _pictures(rows, m.PICTURES)
    for condition in m.SEARCHES:
        if condition != m.CONVERGENCE:
            _reached(rows, condition, f"-{condition}", primary=False)
    for condition in (m.PICTURES, "gauss_0.1_clipped"):
        _hard(rows, condition, f"-{condition}", primary=False)
    _similar(rows, m.CONVERGENCE, f"-{m.CONVERGENCE}", primary=False)
    return rows.made


def _confidence(rows: Rows) -> None:
    """Confidence of the network in random images and in digits."""
    results, judges = rows.results, m.judges(rows.results, rows.kind)
    n = results.sizes["example"]

    def crossed(top: np.ndarray, q: float) -> e.Interval:
        return e.crossed(top, lambda drawn: np.quantile(drawn, q, axis=1).mean(), bounds=(0.0, 1.0))

    def exceeded(noise: str) -> e.Interval:
        top = results.random_top.isel(judge=judges).sel(noise=noise).values
        return crossed(top, 0.9) if noise == HEADLINE else e.share(np.quantile(top, 0.9, axis=1))

    for noise, name in m.NOISES.items():
        headline = noise == HEADLINE
        rows.judge(
            "random-below-0.6" if headline else f"random-below-0.6-{noise}", RANDOM, e.AtMost(0.6, stated=True),
            functools.partial(exceeded, noise), "90 % quantile of the largest output",
            within=f"{n:,} images: {name}", primary=headline,
        )  # fmt: skip
    top = results.digit_top.isel(judge=judges).values
    rows.judge(
        "digits-above-0.9", DIGITS, e.AtLeast(0.9, stated=True), lambda: crossed(top, 0.5),
        "median of the largest output", within=f"{n:,} test digits",
    )  # fmt: skip
    rows.judge(
        "digits-close-to-1", DIGITS, e.AtLeast(0.5),
        lambda: e.crossed((top > 0.99).astype(float), bounds=(0.0, 1.0)),
        "share of digits with a largest output above 0.99", within=f"{n:,} test digits",
    )  # fmt: skip


def _convergence(rows: Rows, condition: str) -> None:
    """In most cases confidence rises to 0.99; 7 and 9 are the hardest; runs get stuck."""
    _reached(rows, condition)
    _hard(rows, condition)
    for digit in range(10):
        if digit not in HARD:
            rows.search(
                f"identikit-reaches-0.99-{digit}", REACHED, e.AtLeast(0.5), condition, (digit,),
                functools.partial(_rate_of, digit),
                f"share of runs for {digit} that reach 0.99", primary=False,
            )  # fmt: skip
    rows.search(
        "local-minima-on-the-way", STUCK, e.AtLeast(0.01), condition, (),
        lambda runs: e.share(m.by_network(runs, m.stuck(runs) & m.started(runs))),
        "share of runs that leave the blank image and get stuck below 0.99", primary=False,
    )  # fmt: skip


def _reached(rows: Rows, condition: str, suffix: str = "", *, primary: bool = True) -> None:
    rows.search(
        f"identikit-reaches-0.99{suffix}", REACHED, e.AtLeast(0.5), condition, (), m.rate,
        "share of runs that reach 0.99", primary=primary,
    )  # fmt: skip


def _hard(rows: Rows, condition: str, suffix: str = "", *, primary: bool = True) -> None:
    """7 and 9, and where runs get stuck."""

    def rank(runs: xr.Dataset) -> e.Interval | str:
        digits = np.unique(runs.digit.values)
        if len(digits) < 10:
            return f"only {len(digits)} digits were searched for"
        return e.share(m.difficulty(runs)[:, list(HARD)].mean(1), bounds=(1.5, 9.5))

    def harder(runs: xr.Dataset) -> e.Interval | str:
        return _contrast(runs, m.reached(runs), HARD)

    rows.search(
        f"seven-nine-hardest{suffix}", HARDEST, e.AtMost(2.5), condition, HARD, rank,
        "mean rank of 7 and 9 by success among ten digits (1 is the hardest, 5.5 neutral)", primary=primary,
    )  # fmt: skip
    for id, digit, claimed in (("seven-half", 7, 0.5), ("nine-third", 9, 0.3)):
        rows.search(
            f"{id}{suffix}", HARDEST, e.Near(claimed, MARGIN, neutral=1.0), condition, (digit,),
            functools.partial(_rate_of, digit),
            f"share of runs for {digit} that reach 0.99", primary=primary,
        )  # fmt: skip
    rows.search(
        f"seven-nine-harder{suffix}", HARDEST, e.Below(0), condition, HARD, harder,
        "success of 7 and 9 less that of the other digits", primary=False,
    )  # fmt: skip
    rows.search(
        f"local-minima{suffix}", STUCK, e.AtLeast(0.01), condition, (),
        lambda runs: e.share(m.by_network(runs, m.stuck(runs))),
        "share of runs that end below 0.99 because no mask helps", primary=primary,
    )  # fmt: skip


def _similar(rows: Rows, condition: str, suffix: str = "", *, primary: bool = True) -> None:
    def closer(runs: xr.Dataset) -> e.Interval | str:
        within, between = m.similarity(runs)
        if np.isnan(within).all() or np.isnan(between).all():
            return "it needs two restarts of two digits"
        return e.mean(np.nanmean(within - between, axis=1))

    rows.search(
        f"within-class-similar{suffix}", SIMILAR, e.Above(0), condition, (), closer,
        "correlation of identikits within a class less that between classes", primary=primary,
    )  # fmt: skip


def _pictures(rows: Rows, condition: str) -> None:
    """What the pictures show, judged by networks of other kinds and by the mean digit."""
    _similar(rows, condition)

    def agree(runs: xr.Dataset) -> e.Interval | str:
        agreed = m.by_network(_only(runs, *SEEN), m.others_agree(_only(runs, *SEEN)))
        return _no_judge(runs) or e.share(agreed)

    def named(runs: xr.Dataset, digits: tuple[int, ...], rest: tuple[int, ...] = ()) -> e.Interval | str:
        return _no_judge(runs) or _contrast(runs, m.others_agree(runs), digits, rest)

    def alike(runs: xr.Dataset, digits: tuple[int, ...], rest: tuple[int, ...] = ()) -> e.Interval | str:
        return _contrast(runs, m.own_resemblance(runs), digits, rest, least=-1.0)

    rows.search(
        "zero-six-visible", VISIBLE, e.AtLeast(0.5), condition, SEEN, agree,
        "share of networks of other kinds that name 0 and 6 right (chance 0.1)",
    )  # fmt: skip
    rows.search(
        "zero-six-against-the-rest", VISIBLE, e.Above(0), condition, SEEN, lambda runs: named(runs, SEEN),
        "share named right, 0 and 6 less the other digits", primary=False,
    )  # fmt: skip
    rows.search(
        "zero-six-like-the-mean", VISIBLE, e.Above(0), condition, SEEN, lambda runs: alike(runs, SEEN),
        "correlation with the mean digit, 0 and 6 less the other digits", primary=False,
    )  # fmt: skip
    for id, letter, digit in (("three-like-f", "F", 3), ("four-like-u", "u", 4)):
        words = f"identikits of {digit} look more like {letter} than like {digit}"
        rows.judge(id, LETTERS, e.Above(0), lambda: NO_READER, words)
    rows.search(
        "one-nine-mess", MESS, e.Below(0), condition, (*MESSY, *SEEN), lambda runs: named(runs, MESSY, SEEN),
        "share named right by networks of other kinds, 1 and 9 less 0 and 6",
    )  # fmt: skip
    rows.search(
        "one-nine-like-the-mean", MESS, e.Below(0), condition, (*MESSY, *SEEN), lambda runs: alike(runs, MESSY, SEEN),
        "correlation with the mean digit, 1 and 9 less 0 and 6", primary=False,
    )  # fmt: skip


def _rate_of(digit: int, runs: xr.Dataset) -> e.Interval:
    return m.rate(_only(runs, digit))


def _only(runs: xr.Dataset, *digits: int) -> xr.Dataset:
    return runs.isel(run=np.flatnonzero(np.isin(runs.digit.values, digits)))


def _contrast(
    runs: xr.Dataset,
    values: np.ndarray,
    digits: tuple[int, ...],
    rest: tuple[int, ...] = (),
    least: float = 0.0,
) -> e.Interval | str:
    """Mean of a value in [least, 1] over some digits minus its mean over `rest` (default: all others), by network."""
    each, there = m.by_network_and_digit(runs, values), np.unique(runs.digit.values)
    mine = np.isin(there, digits)
    others = np.isin(there, rest) if rest else ~mine
    if not others.any():
        return "no other digits were searched for"
    return e.share(each[:, mine].mean(1) - each[:, others].mean(1), bounds=(least - 1, 1 - least))


def _no_judge(runs: xr.Dataset) -> str:
    return "no network of another kind took part" if np.isnan(m.others_agree(runs)).any() else ""


def _sizes(runs: xr.Dataset) -> str:
    """Digits and restarts of each network, in words."""
    digits = len(np.unique(runs.digit.values))
    restarts = len(np.unique(runs.restart.values))
    return f"{digits} digits × {restarts} restarts"

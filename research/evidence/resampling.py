"""95 % intervals of crossed designs, in which every unit is measured on every item."""

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from research.evidence.intervals import NOTHING, SAME, Interval, logit_student, student, undecided


def crossed(
    values: ArrayLike,
    statistic: Callable = np.mean,
    *,
    bounds: tuple[float, float] | None = None,
    resamples: int = 1000,
) -> Interval:
    """A statistic of a crossed design in which every unit is measured on every item (networks × test images).

    The interval is for new units *and* new items. The pigeonhole bootstrap resamples rows, columns, and both, which
    gives the variances u, i and both. The noise of single cells is counted once in u, once in i and once more in
    both, so the variance is 2 (u + i) − both, but at least the larger of u and i. The degrees of freedom are
    Satterthwaite's, of n − 1 and m − 1. For the mean, u, i and both have a closed form and nothing is drawn.

    Args:
        values: [n, m], units × items, no missing value.
        statistic: maps [n, m] to a number; called three times for each resample unless it is the mean.
        bounds: smallest and largest possible value of the statistic; the interval then stays inside, as in `share`.
        resamples: number of draws of each kind.

    Returns:
        The interval, whose n is the number of units; infinite where there are fewer than 2 units or items, or no
        spread.

    Raises:
        ValueError: values are not a complete table of two axes.

    Source: Owen (2007), Annals of Applied Statistics 1; McCullagh (2000), Bernoulli 6; Satterthwaite (1946).
    """
    x = np.asarray(values, float)
    if x.ndim != 2 or np.isnan(x).any():
        raise ValueError(f"a crossed design has two axes [units, items] without gaps, but {x.shape} came")
    n, m = x.shape
    if x.size == 0:
        return NOTHING
    value = float(statistic(x))
    if min(n, m) < 2:
        return undecided(value, n)
    if statistic is np.mean:
        u, i, both = _variances_of_the_mean(x)
    else:
        u, i, both = _bootstrapped_variances(x, statistic, np.random.default_rng(0), resamples)
    if not u + i > (SAME * max(abs(value), SAME)) ** 2:
        return undecided(value, n)
    variance = max(2 * (u + i) - both, u, i)
    freedom = (u + i) ** 2 / (u**2 / (n - 1) + i**2 / (m - 1))
    if bounds is None:
        return student(value, math.sqrt(variance), freedom, n)
    floor, width = bounds[0], bounds[1] - bounds[0]
    inside = logit_student((value - floor) / width, math.sqrt(variance) / width, freedom, n)
    return Interval(value, floor + width * inside.low, floor + width * inside.high, n)


def _variances_of_the_mean(x: Float[np.ndarray, "n m"]) -> tuple[float, float, float]:
    """Unbiased variances of the mean with rows redrawn, columns redrawn, both redrawn."""
    n, m = x.shape
    rows, columns = x.mean(1), x.mean(0)
    cells = ((x - rows[:, None] - columns[None] + x.mean()) ** 2).sum() / ((n - 1) * (m - 1))
    u, i = rows.var(ddof=1) / n, columns.var(ddof=1) / m
    return u, i, u + i + cells / (n * m)


def _bootstrapped_variances(x, statistic: Callable, rng, resamples: int) -> tuple[float, float, float]:
    n, m = x.shape
    rows, columns = rng.integers(0, n, (resamples, n)), rng.integers(0, m, (resamples, m))
    u = np.var([statistic(x[r]) for r in rows]) * n / (n - 1)
    i = np.var([statistic(x[:, c]) for c in columns]) * m / (m - 1)
    both = np.var([statistic(x[np.ix_(r, c)]) for r, c in zip(rows, columns)])
    return u, i, both

"""Intervals: against SciPy, published examples and definitions; never of width 0; shares stay shares."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from research import evidence as e

SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=8)


def ends(interval: e.Interval) -> tuple[float, float]:
    return interval.low, interval.high


def test_wilson_equals_a_published_example():
    """81 of 263: .2553 to .3662 (Newcombe 1998, Statistics in Medicine 17, 857, table I, method 3)."""
    value, low, high, n = e.proportion(81, 263)
    assert (round(low, 4), round(high, 4), n) == (0.2553, 0.3662, 263)
    assert value == 81 / 263


@pytest.mark.parametrize("n", [5, 10, 30])
def test_units_that_are_all_alike_get_clopper_pearson(n):
    for successes in (0, n):
        theirs = stats.binomtest(successes, n).proportion_ci(0.95, method="exact")
        np.testing.assert_allclose(ends(e.proportion(successes, n)), theirs)
        np.testing.assert_allclose(ends(e.share(np.full(n, successes / n))), theirs)
    half = stats.binomtest(n // 2, n).proportion_ci(0.95, method="exact")
    np.testing.assert_allclose(ends(e.share(np.full(n, (n // 2) / n))), half)


def test_proportions_at_the_edges_stay_inside():
    assert e.proportion(0, 10).low == 0.0
    assert 0.2 < e.proportion(0, 10).high < 0.35
    assert e.proportion(10, 10).high == 1.0
    assert e.proportion(0, 0) == e.NOTHING
    with pytest.raises(ValueError, match="11 of 10"):
        e.proportion(11, 10)


def test_mean_equals_scipys_t_interval():
    x = [0.975, 0.979, 0.9768, 0.9791, 0.9783]
    ours = e.mean([*x, np.nan])
    np.testing.assert_allclose(ends(ours), stats.t.interval(0.95, 4, np.mean(x), stats.sem(x)))
    assert ours.n == 5


@pytest.mark.parametrize("method", [e.mean, e.share])
def test_one_value_has_no_interval_and_none_is_nothing(method):
    assert method([0.98]) == e.Interval(0.98, -math.inf, math.inf, 1)
    assert method([]) is e.NOTHING or math.isnan(method([]).value)
    assert method([]).n == 0


def test_values_inside_units_must_be_averaged_first():
    with pytest.raises(ValueError, match="average inside units"):
        e.mean(np.ones((3, 4)))


@pytest.mark.parametrize(
    "method", [e.mean, e.share, lambda x: e.difference([1.0, 2.0], x), lambda x: e.ratio(x, x)]
)
def test_an_infinite_unit_is_refused(method):
    with pytest.raises(ValueError, match="a unit is infinite"):
        method([0.2, 0.5, math.inf])


def test_difference_equals_scipys_welch():
    a, b = [3.0, 4.1, 5.2], [1.0, 1.2, 0.9, 1.1]
    ours = e.difference(a, [*b, np.nan])
    np.testing.assert_allclose(ends(ours), stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95))
    assert ours.n == 3


def test_a_difference_without_spread_is_undecided_unless_they_are_shares():
    ones, zeros = [1.0] * 30, [0.0] * 30
    assert e.difference(ones, zeros) == e.Interval(1.0, -math.inf, math.inf, 30)
    decided = e.difference_of(e.share(ones), e.share(zeros))
    assert (decided.value, decided.n) == (1, 30)
    assert 0.8 < decided.low < decided.high == 1


def test_difference_of_proportions_equals_a_published_example():
    """56/70 − 48/80: .0524 to .3339 (Newcombe 1998, Statistics in Medicine 17, 873, table II, method 10)."""
    ours = e.difference_of(e.proportion(56, 70), e.proportion(48, 80))
    np.testing.assert_allclose(ends(ours), (0.0524, 0.3339), atol=5e-5)


def test_paired_equals_scipys_paired_t_test():
    rng = np.random.default_rng(0)
    a = rng.normal(0.94, 0.01, 9)
    b = a - rng.normal(0.02, 0.003, 9)
    ours = e.paired([*a, np.nan], [*b, 0.5])
    np.testing.assert_allclose(ends(ours), stats.ttest_rel(a, b).confidence_interval(0.95))
    assert ours.n == 9
    with pytest.raises(ValueError, match="one length"):
        e.paired([1.0, 2.0], [1.0, 2.0, 3.0])


def test_the_ends_of_a_ratio_are_where_the_t_test_starts_to_reject():
    rng = np.random.default_rng(0)
    b = rng.normal(0.06, 0.01, 12)
    a = 2 * b + rng.normal(0, 0.01, 12)
    ours = e.ratio([*a, np.nan], [*b, 0.06])
    assert ours.n == 12
    assert ours.value == pytest.approx(a.mean() / b.mean())
    for end in ends(ours):
        assert stats.ttest_1samp(a - end * b, 0).pvalue == pytest.approx(0.05)


def test_a_ratio_over_what_may_be_nothing_is_undecided():
    assert not np.isfinite(ends(e.ratio([1.0, 2, 3, 4, 5], [1.0, -1, 0.5, -0.5, 0.1]))).any()
    assert not np.isfinite(ends(e.ratio([2.0, 4, 6, 8, 10], [1.0, 2, 3, 4, 5]))).any(), "no spread around 2"


def test_a_share_stays_within_its_bounds_where_student_leaves_them():
    x = np.array([0.2, 0.9, 1.0])
    plain, share = e.mean(x), e.share(x)
    assert plain.low < 0 < share.low < share.value < share.high < 1 < plain.high
    np.testing.assert_allclose(ends(e.share(2 * x - 1, bounds=(-1, 1))), 2 * np.array(ends(share)) - 1)
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        e.share([0.5, 1.2])


def test_a_share_far_from_the_bounds_is_students():
    x = np.random.default_rng(0).normal(0.5, 0.01, 20)
    np.testing.assert_allclose(ends(e.share(x)), ends(e.mean(x)), atol=2e-5)


def test_shares_that_are_yes_or_no_are_counted():
    assert e.share([1.0, 0, 1, 1, 0, 1]) == e.proportion(4, 6)


def test_crossed_with_items_alike_is_student_on_units():
    units = np.random.default_rng(0).normal(0, 1, 8)
    table = np.repeat(units[:, None], 50, 1)
    np.testing.assert_allclose(ends(e.crossed(table)), ends(e.mean(units)))
    np.testing.assert_allclose(ends(e.crossed(table.T)), ends(e.mean(units)))
    assert (e.crossed(table).n, e.crossed(table.T).n) == (8, 50)


def test_crossed_bootstrap_equals_the_closed_form_of_the_mean():
    rng = np.random.default_rng(0)
    table = rng.normal(0, 1, (12, 1)) + rng.normal(0, 1, (1, 20)) + rng.normal(0, 1, (12, 20))
    drawn = e.crossed(table, lambda x: float(x.mean()), resamples=4000)
    np.testing.assert_allclose(ends(drawn), ends(e.crossed(table)), atol=0.05)


def test_crossed_without_effects_of_units_or_items_keeps_a_width():
    """Cells that cancel in every row and column: the estimated variance is below 0 unless it is bounded."""
    table = np.eye(6)
    table[0, 0] = 1.1
    measured = e.crossed(table)
    assert -math.inf < measured.low < measured.value < measured.high < math.inf


def test_crossed_does_not_count_items_as_units():
    """Two networks on 1,000 images: what the two agree on says little about a third."""
    rng = np.random.default_rng(0)
    two = np.array([[-0.5], [0.5]]) + rng.normal(0, 0.1, (2, 1000))
    measured = e.crossed(two)
    assert measured.n == 2
    assert measured.high - measured.low > 5
    with pytest.raises(ValueError, match="two axes"):
        e.crossed([1.0, 2.0])
    with pytest.raises(ValueError, match="without gaps"):
        e.crossed([[1.0, np.nan], [1.0, 2.0]])


METHODS = {
    "mean": e.mean,
    "share": e.share,
    "share of two bounds": lambda x: e.share(x, bounds=(-1, 1)),
    "difference": lambda x: e.difference(x, x[::-1]),
    "difference_of": lambda x: e.difference_of(e.share(x), e.share(x[:2])),
    "paired": lambda x: e.paired(x, x[::-1]),
    "ratio": lambda x: e.ratio(x, np.add(x[::-1], 0.1)),
    "crossed": lambda x: e.crossed(np.outer(x, [0.1, 0.2, 0.7])),
    "crossed shares": lambda x: e.crossed(np.outer(x, [0.1, 0.2, 0.7]), bounds=(0, 1)),
    "proportion": lambda x: e.proportion(int(sum(np.greater(x, 0.5))), len(x)),
}


@pytest.mark.parametrize("method", METHODS)
@settings(deadline=None)
@given(values=SHARES | st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=8))
def test_no_interval_has_width_0_and_each_holds_its_value(method, values):
    value, low, high, _ = METHODS[method](values)
    assert low < high
    assert low <= value <= high or math.isnan(value)


@pytest.mark.parametrize("method", ["share", "crossed shares", "proportion"])
@settings(deadline=None)
@given(values=st.lists(st.floats(0, 1), min_size=2, max_size=8))
def test_the_interval_of_a_share_is_one_of_shares(method, values):
    measured = METHODS[method](values)
    assert 0 <= measured.low < measured.high <= 1 or measured.low == -math.inf


@settings(deadline=None)
@given(values=st.lists(st.floats(0, 1), min_size=2, max_size=8))
def test_a_difference_of_shares_stays_within_1(values):
    measured = e.difference_of(e.share(values), e.share(values[:2]))
    assert -1 <= measured.low < measured.high <= 1 or measured.low == -math.inf

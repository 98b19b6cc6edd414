"""Claims: intervals against SciPy's and textbook examples, and the verdict rule word by word."""

import json
import math

import numpy as np
import pytest

from research.evidence import claims as c


def test_wilson_equals_a_textbook_example():
    """81 of 263: .255 to .366 (Newcombe 1998, Statistics in Medicine 17, table I, method 3)."""
    value, low, high, n = c.proportion(81, 263)
    assert (round(low, 4), round(high, 4), n) == (0.2553, 0.3662, 263)
    assert value == 81 / 263


def test_proportions_at_the_edges_stay_inside():
    assert c.proportion(0, 10).low == 0.0
    assert 0.2 < c.proportion(0, 10).high < 0.35
    assert c.proportion(10, 10).high == 1.0
    assert math.isnan(c.proportion(0, 0).value)


def test_mean_equals_scipys_t_interval():
    from scipy import stats

    x = [0.975, 0.979, 0.9768, 0.9791, 0.9783]
    ours = c.mean([*x, np.nan])
    theirs = stats.t.interval(0.95, 4, np.mean(x), stats.sem(x))
    np.testing.assert_allclose((ours.low, ours.high), theirs)
    assert ours.n == 5


def test_one_value_has_no_interval():
    assert c.mean([0.98]) == c.Interval(0.98, -math.inf, math.inf, 1)
    claim = c.judge("x", "002", "", 0.9, c.mean([0.98]), "networks", "at least")
    assert (claim.low, claim.high, claim.verdict) == (None, None, "partly")


def test_mean_covers_as_often_as_it_says():
    rng = np.random.default_rng(1)
    inside = [(lambda i: i.low <= 3 <= i.high)(c.mean(rng.normal(3, 2, 6))) for _ in range(2000)]
    assert 0.935 < np.mean(inside) < 0.965


def test_difference_equals_scipys_welch_and_survives_constants():
    from scipy import stats

    a, b = [3.0, 4.1, 5.2], [1.0, 1.2, 0.9, 1.1]
    theirs = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    ours = c.difference(a, b)
    np.testing.assert_allclose((ours.low, ours.high), (theirs.low, theirs.high))
    assert ours.n == 3
    assert c.difference([2.0, 2.0], [1.0, 1.0]) == c.Interval(1.0, 1.0, 1.0, 2)


def test_the_interval_of_a_share_stays_within_what_a_share_can_be():
    x = np.array([0.2, 0.9, 1.0])
    plain, share = c.mean(x), c.mean_share(x)
    assert plain.low < 0 < 1 < plain.high
    assert share == (plain.value, 0, 1, 3)
    inside = np.array([0.5, 0.52, 0.51])
    assert c.mean_share(inside) == c.mean(inside)
    assert c.mean_share([0.9]) == (0.9, 0, 1, 1), "one value says nothing of its spread"
    assert c.mean_share([]).n == 0


def test_bootstrap_is_close_to_student_for_a_mean_and_repeatable():
    x = np.random.default_rng(0).normal(0, 1, 200)
    ours, t = c.bootstrap(x), c.mean(x)
    np.testing.assert_allclose((ours.low, ours.high), (t.low, t.high), atol=0.03)
    assert ours == c.bootstrap(x)


@pytest.mark.parametrize(
    ("measured", "claimed", "kind", "neutral", "expected"),
    [
        ((0.50, 0.45, 0.55, 9), 0.52, "value", None, "reproduced"),
        ((0.50, 0.45, 0.55, 9), 0.60, "value", None, "not reproduced"),
        ((0.50, 0.45, 0.55, 9), 0.60, "value", 0.1, "partly"),  # both clearly above chance
        ((0.50, 0.05, 0.95, 9), 0.99, "value", 0.1, "not reproduced"),  # chance is not excluded
        ((0.50, 0.45, 0.55, 9), 0.02, "value", 0.1, "not reproduced"),  # the other direction
        ((0.93, 0.92, 0.94, 9), 0.92, "at least", None, "reproduced"),
        ((0.93, 0.91, 0.94, 9), 0.92, "at least", None, "partly"),
        ((0.91, 0.90, 0.93, 9), 0.92, "at least", None, "not reproduced"),
        ((0.018, 0.017, 0.019, 9), 0.0192, "at most", None, "reproduced"),
        ((0.018, 0.017, 0.020, 9), 0.0192, "at most", None, "partly"),
        ((0.020, 0.017, 0.021, 9), 0.0192, "at most", None, "not reproduced"),
        (None, 0.5, "value", None, "not run"),
        ((math.nan, math.nan, math.nan, 0), 0.5, "at least", None, "not run"),
    ],
)
def test_the_verdict_rule(measured, claimed, kind, neutral, expected):
    interval = None if measured is None else c.Interval(*measured)
    assert c.verdict(interval, claimed, kind, neutral) == expected


def test_an_unknown_kind_lists_the_known_ones():
    with pytest.raises(ValueError, match="known: value, at least, at most"):
        c.verdict(c.Interval(1, 0, 2, 3), 1, "around")


def test_json_keeps_every_field_and_has_no_nan():
    claims = [
        c.judge("a", "001_x.txt", "words", 0.5, c.proportion(3, 9), "runs"),
        c.judge("b", "s", "", 1, None, ""),
    ]
    text = c.to_json(claims)
    assert c.from_json(text) == claims
    assert set(json.loads(text)[0]) == {
        "id", "source", "statement", "claimed", "measured", "low", "high", "n", "unit", "verdict",
    }  # fmt: skip
    assert "NaN" not in text
    assert "Infinity" not in text

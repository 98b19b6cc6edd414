"""Claims: the rule part by part, what a claim may not say, and JSON."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from research import evidence as e
from research.evidence.claims import VERDICTS, Claim, from_json, to_json

QUOTE = "get roughly 92% of the labels right (a factor 2 reduction), 97.5 %, 1.92%, 3000 epochs vs 5000+, 50k, .99"
ABOUT, FACTOR = e.Near(0.92, 0.01, higher_is="better"), e.Near(2, 0.5, neutral=1, higher_is="better")


def interval(low: float, high: float, n: int = 9) -> e.Interval:
    return e.Interval((low + high) / 2, low, high, n)


@pytest.mark.parametrize(
    ("criterion", "low", "high", "expected"),
    [
        (ABOUT, 0.915, 0.925, "reproduced"),
        (ABOUT, 0.91, 0.93, "reproduced"),  # the margin belongs to it
        (ABOUT, 0.925, 0.931, "inconclusive"),
        (ABOUT, 0.85, 0.99, "inconclusive"),  # holds the claim, but much else
        (ABOUT, 0.931, 0.94, "not reproduced"),
        (ABOUT, 0.89, 0.909, "not reproduced"),
        (FACTOR, 1.6, 2.4, "reproduced"),
        (FACTOR, 2.6, 2.9, "partly"),  # more than a factor 2: the direction holds, the size does not
        (FACTOR, 1.1, 1.4, "partly"),
        (FACTOR, 0.9, 1.4, "not reproduced"),  # no effect is not excluded, the factor is
        (FACTOR, 1.0, 1.4, "not reproduced"),
        (FACTOR, 0.5, 0.8, "not reproduced"),  # the other direction
        (FACTOR, 1.4, 1.6, "inconclusive"),
        (e.Near(-2, 0.5, neutral=0), -1.2, -0.3, "partly"),
        (e.Near(-2, 0.5, neutral=0), 0.3, 1.2, "not reproduced"),
        (e.AtLeast(0.5), 0.5, 0.9, "reproduced"),
        (e.AtLeast(0.5), 0.4, 0.9, "inconclusive"),
        (e.AtLeast(0.5), 0.1, 0.5, "inconclusive"),
        (e.AtLeast(0.5), 0.1, 0.49, "not reproduced"),
        (e.AtMost(0.0192), 0.017, 0.0192, "reproduced"),
        (e.AtMost(0.0192), 0.017, 0.020, "inconclusive"),
        (e.AtMost(0.0192), 0.0193, 0.020, "not reproduced"),
        (e.Above(0), 0.1, 0.9, "reproduced"),
        (e.Above(0), 0.0, 0.9, "inconclusive"),
        (e.Above(0), -0.9, 0.0, "not reproduced"),
        (e.Below(0.1), 0.01, 0.09, "reproduced"),
        (e.Below(0.1), 0.01, 0.1, "inconclusive"),
        (e.Below(0.1), 0.1, 0.2, "not reproduced"),
    ],
)
def test_the_rule_for_a_finite_interval(criterion, low, high, expected):
    assert e.verdict(interval(low, high), criterion) == expected


CRITERIA = [ABOUT, FACTOR, e.AtLeast(0.5), e.AtMost(0.5), e.Above(0), e.Below(0)]


@pytest.mark.parametrize("criterion", CRITERIA, ids=str)
def test_nothing_measured_is_not_run(criterion):
    assert e.verdict(None, criterion) == e.verdict(e.NOTHING, criterion) == "not run"


@pytest.mark.parametrize("criterion", CRITERIA, ids=str)
@pytest.mark.parametrize(
    "ends", [(-math.inf, math.inf), (0.9, math.inf), (-math.inf, 0.1), (math.nan, math.nan)], ids=str
)
def test_an_interval_that_is_not_finite_is_inconclusive(criterion, ends):
    assert e.verdict(e.Interval(0.92, *ends, 99), criterion) == "inconclusive"
    assert e.verdict(e.Interval(math.nan, 0.1, 0.2, 99), criterion) == "inconclusive"


@pytest.mark.parametrize("n", range(1, e.MIN_UNITS))
@pytest.mark.parametrize("criterion", CRITERIA, ids=str)
def test_fewer_than_five_units_are_inconclusive(criterion, n):
    assert e.verdict(interval(0.9199, 0.9201, n), criterion) == "inconclusive"
    assert e.verdict(interval(0.9199, 0.9201, e.MIN_UNITS), criterion) != "inconclusive"


SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=2)
METHODS = {
    "mean": e.mean,
    "share": e.share,
    "paired": lambda x: e.paired(x, [0.1] * len(x)),
    "ratio": lambda x: e.ratio(x, [0.1] * len(x)),
    "difference": lambda x: e.difference(x, [0.1, 0.2, 0.3]),
    "difference_of": lambda x: e.difference_of(e.share(x), e.share([0.1, 0.2, 0.3])),
    "crossed": lambda x: e.crossed([[v, v + 0.1, 0.4] for v in x]),
    "proportion": lambda x: e.proportion(round(x[0] * len(x)), len(x)),
}


@pytest.mark.parametrize("method", METHODS)
@settings(deadline=None)
@given(values=SHARES)
def test_one_or_two_units_decide_nothing(method, values):
    measured = METHODS[method](values)
    assert 1 <= measured.n <= 2
    assert {e.verdict(measured, criterion) for criterion in CRITERIA} == {"inconclusive"}


def test_a_claim_says_whether_it_is_better_or_worse():
    def note(criterion, low, high):
        return e.judge("a", "002_x.txt", QUOTE, criterion, interval(low, high), "networks").note

    assert note(ABOUT, 0.94, 0.95) == "better"
    assert note(ABOUT, 0.80, 0.81) == "worse"
    assert note(ABOUT, 0.919, 0.921) == ""
    assert note(FACTOR, 2.7, 2.9) == "better"
    assert note(e.Near(0.0192, 0.001, higher_is="worse"), 0.03, 0.04) == "worse"
    assert note(e.Near(0.0192, 0.001), 0.03, 0.04) == ""


@pytest.mark.parametrize(
    ("value", "quote"),
    [
        (0.92, "get roughly 92% of the labels"), (0.975, "about 97.5% right"), (0.0192, "error is 1.92 %"),
        (2, "(a factor 2 reduction)"), (5000, "vs 5000+ epoch"), (3000, "3,000 epochs"), (50_000, "about 50k such"),
        (0.99, "raised to 0.99 and above"), (0.99, "above .99."), (0.3, "in 30% of “9” cases"), (-1, "in [-1; 1]"),
        (0.3, "30 percent"), (0.6, "rarely exceed 0.6."), (0.98, "improve that to 98%."), (200, "784-200-10"),
    ],
)  # fmt: skip
def test_a_number_that_stands_in_the_quote_is_found(value, quote):
    assert e.stated(value, quote)


@pytest.mark.parametrize(
    ("value", "quote"),
    [
        (2000, "3000 epochs of training vs 5000+ epoch"), (92, "92%"), (0.92, "92"), (0.5, "half of the runs"),
        (0.1, "10 images"), (5, "97.5%"), (1, "1,000 epochs"), (-200, "784-200-10"), (9, "99 %"), (0.5, ""),
    ],
)  # fmt: skip
def test_a_number_that_does_not_stand_in_the_quote_is_refused(value, quote):
    assert not e.stated(value, quote)
    with pytest.raises(ValueError, match="does not stand in the quote" if quote else "quote is empty"):
        e.judge("a", "002_x.txt", quote, e.AtLeast(value, stated=True), None, "networks")
    with pytest.raises(ValueError, match="does not stand in the quote" if quote else "quote is empty"):
        e.judge("a", "002_x.txt", quote, e.Near(value, 0.01), None, "networks")


def test_only_numbers_of_the_document_are_claimed():
    def claimed(criterion):
        return e.judge("a", "002_x.txt", QUOTE, criterion, None, "networks").claimed

    assert claimed(e.AtLeast(0.5)) is None
    assert claimed(e.AtLeast(0.975, stated=True)) == 0.975
    assert claimed(ABOUT) == 0.92


DONE = e.judge("a", "002_x.txt", QUOTE, ABOUT, interval(0.915, 0.925), "networks", words="accuracy")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"n": 4}, "n = 4 cannot give the verdict 'reproduced'"),
        ({"low": 0.92, "high": 0.92}, "width 0"),
        ({"claimed": 0.93}, "does not stand in the quote"),
        ({"verdict": "nearly"}, f"known: {', '.join(VERDICTS)}"),
        ({"unit": "digits"}, "not independent units"),
        ({"unit": "restarts of 5 networks"}, "not independent units"),
        ({"unit": ""}, "unit is empty"),
        ({"quote": ""}, "quote is empty"),
        ({"verdict": "not run"}, "needs the reason"),
    ],
)
def test_a_claim_that_must_not_be_published_is_refused(changes, complaint):
    row = json.loads(to_json([DONE]))[0] | changes
    with pytest.raises(ValueError, match=complaint):
        from_json(json.dumps([row]))


def test_a_margin_must_decide():
    with pytest.raises(ValueError, match="above 0"):
        e.Near(0.92, 0.0)
    with pytest.raises(ValueError, match="neutral value 1"):
        e.Near(2, 1.0, neutral=1)


def test_criteria_print_their_formula():
    assert [str(c) for c in CRITERIA] == [
        "0.92 ± 0.01", "2 ± 0.5 (direction > 1)", "≥ 0.5", "≤ 0.5", "> 0", "< 0",
    ]  # fmt: skip
    assert (DONE.criterion, DONE.formula) == ("accuracy: 0.92 ± 0.01", "0.92 ± 0.01")


def test_a_claim_that_was_not_run_publishes_no_number():
    claim = e.judge("a", "002_x.txt", QUOTE, ABOUT, interval(0.1, 0.2), "networks", not_run="another network")
    assert (claim.verdict, claim.note) == ("not run", "another network")
    assert (claim.measured, claim.low, claim.high, claim.n) == (None, None, None, 0)
    assert e.judge("a", "002_x.txt", QUOTE, ABOUT, None, "networks").note == "nothing was measured"


def test_json_keeps_every_field_and_has_no_nan():
    few = e.judge("b", "002_x.txt", QUOTE, ABOUT, e.mean([0.92]), "networks", within="5 runs", primary=False)
    text = to_json([DONE, few])
    assert from_json(text) == [DONE, few]
    assert (few.measured, few.low, few.high, few.verdict) == (0.92, None, None, "inconclusive")
    assert set(json.loads(text)[0]) == {
        "id", "source", "quote", "claimed", "criterion", "margin", "measured", "low", "high", "n", "unit", "within",
        "primary", "verdict", "note",
    }  # fmt: skip
    assert "NaN" not in text
    assert "Infinity" not in text


def test_json_of_another_form_is_refused_in_one_line():
    row = json.loads(to_json([DONE]))[0]
    row["statement"] = row.pop("quote")
    with pytest.raises(ValueError, match="'a' has missing or unknown fields: quote, statement"):
        from_json(json.dumps([row]))


def printed(claims: list[Claim]) -> list[str]:
    console = Console(width=120)
    with console.capture() as captured:
        console.print(e.table(claims))
    return captured.get().splitlines()


def test_the_table_shows_primary_rows_and_counts_the_others():
    claims = [DONE, replace(DONE, id="b", primary=False), replace(DONE, id="c", primary=False)]
    lines = printed(claims)
    assert [line.split()[0] for line in lines] == ["claim", "a", "2"]
    assert "2 secondary rows" in lines[-1]
    assert e.primary(claims) == [DONE]


def test_the_table_gives_the_document_only_its_own_numbers():
    ours = e.judge("ours", "002_x.txt", QUOTE, e.AtLeast(0.5), interval(0.1, 0.2, 12), "networks")
    row = printed([ours])[1]
    assert " ".join(row.split()) == "ours – ≥ 0.5 0.15 0.1 … 0.2 12 networks not reproduced"

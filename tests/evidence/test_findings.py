"""Findings: every number of a sentence is measured, and the sentence says what was measured."""

import json
import math

import pytest

from research.evidence import NOTHING, Interval
from research.evidence.findings import Finding, Number, finding, found, from_json, to_json

READ = Number.of(Interval(0.9264, 0.9251, 0.9272, 30), "networks", percent=True)
GAIN = Number.of(Interval(-0.126, -0.251, 0.004, 1200), "pairs")


@pytest.mark.parametrize(
    ("number", "spec", "text"),
    [
        (READ, "", "92.6 %"),
        (READ, "interval", "92.5–92.7 %"),
        (READ, "n", "n = 30 networks"),
        (READ, "full", "92.6 % (95 % interval 92.5–92.7 %, n = 30 networks)"),
        (GAIN, "full", "−0.13 (95 % interval −0.25 to 0.00, n = 1,200 pairs)"),
        (Number.of(Interval(2431.4, 2000.0, 2900.6, 9), "seeds", digits=0), "full",
         "2,431 (95 % interval 2,000–2,901, n = 9 seeds)"),
        (Number.of(Interval(0.5, -math.inf, math.inf, 1), "pairs of networks"), "full", "0.50 (n = 1 pair of networks)"),
        (Number.of(Interval(-0.0004, -0.01, 0.01, 9), "seeds"), "", "0.00"),
        (Number.exact(2000, "settings"), "", "2,000"),
        (Number.exact(0.0123, digits=3), "", "0.012"),
    ],
)  # fmt: skip
def test_a_number_prints_itself(number, spec, text):
    assert format(number, spec) == text


def test_an_unknown_format_lists_the_known_ones():
    with pytest.raises(ValueError, match="known: nothing, interval, n, full"):
        format(READ, ".2f")
    with pytest.raises(ValueError, match="exact"):
        format(Number.exact(3), "full")


def test_a_sentence_is_made_of_its_numbers():
    made = finding(
        "a", "Of {tried} settings of {net}, {read:full}.",
        read=READ, tried=Number.exact(2000), words={"net": "784-200-10"},
    )  # fmt: skip
    assert made.statement == (
        "Of 2,000 settings of 784-200-10, 92.6 % (95 % interval 92.5–92.7 %, n = 30 networks)."
    )
    assert list(made.numbers) == ["tried", "read"]


def test_a_sentence_from_few_units_begins_by_saying_so():
    few = Number.of(Interval(0.5, -math.inf, math.inf, 1), "networks")
    assert finding("a", "Small: {few}.", few=few).statement == "From 1 network only: Small: 0.50."
    mixed = finding("a", "Small: {few} and {read}.", few=few, read=READ)
    assert mixed.statement == "In part from 1 network only: Small: 0.50 and 92.6 %."


@pytest.mark.parametrize(
    ("template", "words", "numbers", "complaint"),
    [
        ("{read} and {lost}", {}, {"read": READ}, "'lost' is not given"),
        ("{read}", {}, {"read": READ, "gain": GAIN}, "'gain' is not used"),
        ("{read}", {"net": "CNN"}, {"read": READ}, "'net' is not used"),
        ("{read} of 10 digits", {}, {"read": READ}, "a digit is typed by hand"),
        ("{read} of t-SNE in 2-D", {}, {"read": READ}, "a digit is typed by hand"),
        ("{read} of x²", {}, {"read": READ}, "a digit is typed by hand"),
        ("{net} reads well", {"net": "784-200-10"}, {}, "it has no number"),
        ("{read}", {"read": "much"}, {"read": READ}, "both a word and a number"),
        ("{read}", {}, {"read": Number.of(NOTHING, "networks")}, "'read' is nan"),
    ],
)
def test_a_wrong_template_is_refused(template, words, numbers, complaint):
    with pytest.raises(ValueError, match=complaint):
        finding("a", template, words=words, **numbers)


def test_what_does_not_hold_is_left_out_but_checked():
    assert finding("a", "{read}", holds=False, read=READ) is None
    assert finding("a", "{read}", holds=False, read=Number.of(NOTHING, "networks")) is None
    with pytest.raises(ValueError, match="not given"):
        finding("a", "{lost}", holds=False, read=READ)


def test_json_keeps_every_number_and_leads_with_the_first_that_was_measured():
    size = Number.exact(1000, "images")
    made = [finding("a", "Of {size}: {gain:n}, {read}", size=size, read=READ, gain=GAIN)]
    made.append(finding("b", "{size}", size=size))
    text = to_json(made)
    assert from_json(text) == made
    row = json.loads(text)[0]
    assert set(row) == {"id", "statement", "value", "low", "high", "n", "unit", "numbers"}
    lead = {"value": -0.126, "low": -0.251, "high": 0.004, "n": 1200, "unit": "pairs"}
    assert lead.items() <= row.items()
    assert json.loads(text)[1]["value"] == 1000


def test_json_of_another_form_is_refused_in_one_line():
    rows = json.loads(to_json([Finding("a", "s", {"read": READ})]))
    del rows[0]["numbers"]["read"]["percent"]
    with pytest.raises(ValueError, match="'a' has numbers with other fields"):
        from_json(json.dumps(rows))
    with pytest.raises(ValueError, match="'b' has missing or unknown fields: high, low, n"):
        from_json('[{"id": "b"}]')


def test_an_interval_is_never_printed_as_one_number():
    narrow = Number.of(Interval(0.92586, 0.92562, 0.92610, 5), "networks", percent=True)
    assert f"{narrow:interval}" == "92.56–92.61 %"
    assert f"{narrow}" == "92.6 %"


def test_makers_give_one_finding_several_or_none():
    one, other = (finding(id, "It is {x:full}.", x=Number.share([0.2, 0.4], "networks")) for id in "ab")
    makers = (lambda _: one, lambda _: None, lambda _: iter([other, None]))
    assert found({}, *makers) == [one, other]
    assert (one.numbers["x"].value, one.numbers["x"].n) == (pytest.approx(0.3), 2)
    gain = Number.points(Interval(0.031, 0.012, 0.05, 9), "networks")
    assert f"{gain:full}" == "3.1 (95 % interval 1.2–5.0, n = 9 networks)"

"""Sentences of the report: their numbers come from the results, and they are left out where they do not hold."""

import numpy as np
import pytest
import xarray as xr

from research import studies
from research.paper import surprises
from research.studies.drawings import study as drawings


def table(accuracies):
    """Results of the study "drawings" in which a kind reads so many of 100 sevens and of 100 others."""
    hits = {kind: np.arange(200) % 100 < 100 * share for kind, share in accuracies.items()}
    shape = (len(drawings.STEPS), 7)
    predicted = [np.where(hit, 7, 1) * np.ones((*shape, 1), int) for hit in hits.values()]
    return xr.Dataset(
        {
            "predicted": (("recogniser", "family", "step", "image"), np.stack(predicted)),
            "label": ("image", np.full(200, 7)),
            "strength": (("family", "step"), np.array(list(drawings.STEPS.values()))),
        },
        {"family": list(drawings.STEPS), "kind": ("recogniser", list(accuracies))},
        {"sevens": 100},
    )


def test_numbers_are_those_of_the_results():
    alike = surprises.of("drawings", table({"dense3": 0.91, "cnn_small": 0.97, "knn": 0.95}))
    assert len(alike) == 1
    for part in ("none of the three", "(n = 100)", "(91.0 %)", "(95.0 %)", "(97.0 %)"):
        assert part in alike[0]


def test_what_does_not_hold_is_not_said():
    said = surprises.of("drawings", table({"dense3": 0.2, "cnn_small": 0.8, "knn": 0.4}))
    assert [text.split(":")[0] for text in said] == [
        "What sets the CNN apart is place",
        "Thick strokes fool the dense network first",
    ]
    for part in ("it reads 80 %", "network 20 %", "(n = 100)"):
        assert part in said[0]
    assert surprises.of("drawings", table({"dense3": 0.5, "cnn_small": 0.5, "knn": 0.5})) == []


def test_only_known_studies_surprise():
    assert set(surprises.FOUND) <= set(studies.names())
    assert surprises.of("recognisers", xr.Dataset()) == []


@pytest.mark.parametrize(("names", "text"), [([3], "3"), ([3, 4], "3 and 4"), ([3, 4, 5], "3, 4 and 5")])
def test_listing(names, text):
    assert surprises._listing(names) == text

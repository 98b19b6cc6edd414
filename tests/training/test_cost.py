"""What training costs, before it begins."""

import pytest

from research.fields.bounds import LIFTS
from research.training import cost
from research.training.populations import Wanted
from research.training.recipes import recipe


@pytest.fixture
def softmax(monkeypatch):
    monkeypatch.delenv(LIFTS, raising=False)
    how = recipe("softmax")
    how.data, how.seed, how.examples = "mnist", 0, 1000
    return how


def test_parameters_are_those_of_the_model(softmax):
    assert cost.parameters(softmax) == 784 * 10 + 10
    assert cost.parameters(recipe("mlp100")) == 784 * 100 + 100 + 100 * 10 + 10


def test_more_networks_than_the_memory_holds_are_refused_by_the_field(softmax, monkeypatch):
    class Study:
        def __init__(self):
            self.small, self.seed = 100_000_000, 0

    wanted = [Wanted(softmax, 100_000_000, "softmax")]
    with pytest.raises(
        ValueError, match=r"softmax: 100,000,000 networks \(small = 100000000\) of 7,850 .* GB"
    ):
        cost.require_affordable(wanted, Study())
    monkeypatch.setenv(LIFTS, "1")
    cost.require_affordable(wanted, Study())
    monkeypatch.delenv(LIFTS)
    cost.require_affordable([Wanted(softmax, 5, "softmax")], Study())


def test_days_of_training_are_refused_with_what_would_take_them(softmax, monkeypatch):
    softmax.training.epochs, softmax.examples = 10_000, 60_000
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    with pytest.raises(ValueError, match=r"10,000 epochs of 60,000 images .* at least \d+ hours"):
        cost.require_affordable([Wanted(softmax, 1000, "softmax")])

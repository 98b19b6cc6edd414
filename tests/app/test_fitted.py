"""What is fitted once is kept, and only what it depends on makes it anew."""

import dataclasses

import numpy as np
import pytest
from small import SMALL

from research.app import fitted
from research.embedding import tsne
from research.training import populations

LITTLE = dataclasses.replace(
    SMALL, models=SMALL.others, bottleneck=SMALL.others["softmax"], cleaner=SMALL.others["softmax"]
)


@pytest.fixture
def mapped(monkeypatch):
    """How often a map was drawn; the map itself is not what is tested here."""
    drawn = []

    def fit(codes, key, *, perplexity, progress):
        drawn.append(perplexity)
        progress(750, 1.0)
        return tsne.Embedding(codes, codes[:, :2], 1.0, tsne.Settings())

    monkeypatch.setattr(fitted.tsne, "fit", fit)
    return drawn


def test_a_second_start_trains_and_fits_nothing(cache, mapped, monkeypatch):
    told = []
    first = fitted.fit(LITTLE, lambda what, share: told.append((what, share)))
    assert ("Training: softmax regression", 1.0) in told
    assert ("Drawing the t-SNE map", 1.0) in told
    assert fitted.is_there(LITTLE.bottleneck)
    monkeypatch.setattr(populations, "_train", lambda *_: pytest.fail("trained again"))
    second = fitted.fit(LITTLE, lambda what, share: None)
    assert mapped == [30.0]
    np.testing.assert_array_equal(first.map, second.map)
    np.testing.assert_array_equal(first.pca.components, second.pca.components)
    fitted.fit(dataclasses.replace(LITTLE, perplexity=20.0), lambda what, share: None)
    assert mapped == [30.0, 20.0]


def test_whoever_is_told_can_end_the_work(cache, mapped):
    def tell(what, share):
        if what.startswith("Training"):
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fitted.fit(LITTLE, tell)
    assert not fitted.is_there(LITTLE.bottleneck)

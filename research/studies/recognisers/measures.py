"""Numbers of the saved results that claims, findings and figures share."""

import math

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float

from research import evidence as e
from research.studies.documents import difference

SAID = {  # the documents' accuracies, and the largest difference that counts as the same
    "softmax": e.Near(0.92, 0.01, higher_is="better"),
    "mlp100": e.Near(0.975, 0.005, higher_is="better"),
    "mlp3": e.Near(0.98, 0.005, higher_is="better"),
    "cnn": e.Near(0.99, 0.005, higher_is="better"),
}
SAID_ERROR = e.Near(0.0192, 0.002, higher_is="worse")  # of sigmoid200


def has(results: xr.Dataset, *names: str) -> bool:
    """Whether the run has all of these networks."""
    return set(names) <= set(results.network.values.tolist())


def networks(results: xr.Dataset) -> list[str]:
    """The networks of this run, without the nearest neighbours, which have no seed."""
    return [name for name in results.network.values.tolist() if name != "knn"]


def documents_own(results: xr.Dataset) -> list[str]:
    """The networks of this run that are the documents' own."""
    return [name for name in networks(results) if not not_the_documents(results, name)]


def called(results: xr.Dataset, name: str) -> str:
    """The name of a network in figures and sentences."""
    return str(results.called.sel(network=name).item())


def not_the_documents(results: xr.Dataset, *names: str) -> str:
    """Why a document cannot be judged on these networks; empty if it can."""
    for name in names:
        if not has(results, name):
            return f"this run leaves {name} out"
        if not results.of_document.sel(network=name):
            return difference(called(results, name), results.documents.sel(network=name).item())
    return ""


def accuracy(results: xr.Dataset, name: str) -> Float[np.ndarray, " n"]:
    """Test accuracy of each network of a kind; empty where the run leaves it out."""
    return results.accuracy.sel(network=name).dropna("seed").values if has(results, name) else np.zeros(0)


def hits(results: xr.Dataset, name: str) -> Bool[np.ndarray, "n images"]:
    """Whether each network of a kind classifies each test image correctly; empty where the run leaves it out."""
    predicted = results.predicted.isel(network=results.network == name).values  # [1 n images] or [0 n images]
    return predicted.reshape(-1, predicted.shape[-1])[: len(accuracy(results, name))] == results.label.values


def gain(results: xr.Dataset, better: str, worse: str) -> e.Interval:
    """Difference of the mean accuracies of two kinds of network."""
    return e.difference(accuracy(results, better), accuracy(results, worse))


def smallest_gain(results: xr.Dataset) -> tuple[str, e.Interval]:
    """The document's kind of network whose gain over softmax regression has the smallest lower end, and that gain."""
    gains = {name: gain(results, name, "softmax") for name in documents_own(results) if name != "softmax"}
    least = min(gains, key=lambda name: gains[name].low)
    return least, gains[least]


def removed(results: xr.Dataset, after: str, before: str) -> e.Interval:
    """Share of one kind's errors that another kind does not make: 1 − error(after) / error(before)."""
    a, b = 1 - accuracy(results, after), 1 - accuracy(results, before)
    n = min(len(a), len(b))
    left = e.ratio(a[:n], b[:n])
    return e.Interval(1 - left.value, 1 - left.high, 1 - left.low, left.n)


def times_as_long(results: xr.Dataset, longer: str, shorter: str) -> e.Interval:
    """Ratio of the seconds that two kinds of network take to train alone, timed in turns."""
    return e.ratio(*(results.seconds_alone.sel(network=name).values for name in (longer, shorter)))


def apart(a: Float[np.ndarray, " n"], b: Float[np.ndarray, " m"]) -> e.Interval:
    """|mean(a) − mean(b)|: the interval of the difference, folded at 0."""
    value, low, high, n = e.difference(a, b)
    ends = sorted((abs(low), abs(high)))
    return e.Interval(abs(value), 0.0 if low < 0 < high and math.isfinite(high) else ends[0], ends[1], n)


def shared_errors(results: xr.Dataset, name: str, other: str) -> Float[np.ndarray, " n"]:
    """Share of the errors of each network of a kind that a network of another kind makes, too.

    Mean over the networks of the other kind; if name == other, over all other networks of the kind.
    """
    mine, theirs = (~hits(results, which) for which in (name, other))
    both = mine.astype(float) @ theirs.T.astype(float) / mine.sum(1, keepdims=True)
    if name == other:
        np.fill_diagonal(both, np.nan)
        if len(both) < 2:
            return np.full(len(both), np.nan)
    return np.nanmean(both, axis=1)

"""What claims, findings and figures take from the saved results."""

import math

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float

from research import evidence as e
from research.studies.documents import difference

SMALL = ("softmax", "mlp100", "mlp3", "sigmoid200")
LARGE = ("dense3", "cnn_small", "cnn")
SAID = {  # what the documents say of their networks' accuracy, and how far off still counts as the same
    "softmax": e.Near(0.92, 0.01, higher_is="better"),
    "mlp100": e.Near(0.975, 0.005, higher_is="better"),
    "mlp3": e.Near(0.98, 0.005, higher_is="better"),
    "cnn": e.Near(0.99, 0.005, higher_is="better"),
}
SAID_ERROR = e.Near(0.0192, 0.002, higher_is="worse")  # of sigmoid200


def has(results: xr.Dataset, *names: str) -> bool:
    """Whether all of these networks were part of the run."""
    return set(names) <= set(results.network.values.tolist())


def networks(results: xr.Dataset) -> list[str]:
    """The networks of this run, k nearest neighbours apart: they have no seed."""
    return [name for name in results.network.values.tolist() if name != "knn"]


def documents_own(results: xr.Dataset) -> list[str]:
    """The networks of this run that are those of the documents."""
    return [name for name in networks(results) if not not_the_documents(results, name)]


def called(results: xr.Dataset, name: str) -> str:
    """What figures and sentences call a network."""
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
    """Share of the test images that each network of a kind reads."""
    return results.accuracy.sel(network=name).dropna("seed").values


def hits(results: xr.Dataset, name: str) -> Bool[np.ndarray, "n images"]:
    """Which test images each network of a kind reads."""
    n = len(accuracy(results, name))
    return results.predicted.sel(network=name).values[:n] == results.label.values


def gain(results: xr.Dataset, better: str, worse: str) -> e.Interval:
    """Difference of the mean accuracies of two kinds of network."""
    return e.difference(accuracy(results, better), accuracy(results, worse))


def smallest_gain(results: xr.Dataset, over: str = "softmax") -> tuple[str, e.Interval]:
    """The document's kind of network that gains least over another one, by the lower end of the interval, and its gain."""
    gains = {name: gain(results, name, over) for name in documents_own(results) if name != over}
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
    """Of what each network of a kind misreads, the share that a network of another kind misreads too.

    Averaged over the networks of the other kind; with name == other over all others of the same kind.
    """
    mine, theirs = (~hits(results, which) for which in (name, other))
    both = mine.astype(float) @ theirs.T.astype(float) / mine.sum(1, keepdims=True)
    if name == other:
        np.fill_diagonal(both, np.nan)
        if len(both) < 2:
            return np.full(len(both), np.nan)
    return np.nanmean(both, axis=1)

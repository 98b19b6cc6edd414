"""What else the results show."""

import functools

import numpy as np
import xarray as xr

from research import evidence as e
from research.evidence.findings import Finding, Number, finding, found
from research.studies.recognisers import measures as m

NAMES = {"none": "softmax", "one": "mlp100", "three": "mlp3"}
_share = functools.partial(Number.share, unit="networks")


def findings(results: xr.Dataset) -> list[Finding]:
    """The findings that hold in these results."""
    accuracy = (_one_hidden_layer_does_most, _neighbours_need_no_training)
    return found(results, *accuracy, _hard_for_all, _errors_are_shared, _confidence)


def _one_hidden_layer_does_most(results: xr.Dataset) -> Finding | None:
    if not m.has(results, "softmax", "mlp100", "mlp3"):
        return None
    first, more = m.removed(results, "mlp100", "softmax"), m.removed(results, "mlp3", "mlp100")
    return finding(
        "one-hidden-layer-does-most",
        "One hidden layer brings most of the gain: {one} makes {first:full} fewer errors than {none}, "
        "and {three} {more:full} fewer than {one}.",
        holds=first.low > more.high,
        words={name: m.called(results, kind) for name, kind in NAMES.items()},
        first=Number.of(first, "networks of each kind", percent=True),
        more=Number.of(more, "networks of each kind", percent=True),
    )


def _neighbours_need_no_training(results: xr.Dataset) -> Finding | None:
    hidden = [name for name in m.networks(results) if name != "softmax"]
    if not hidden or not m.has(results, "softmax", "knn"):
        return None
    near, linear = float(m.accuracy(results, "knn")[0]), e.share(m.accuracy(results, "softmax"))
    of_hidden = {name: e.share(m.accuracy(results, name)) for name in hidden}
    least = min(hidden, key=lambda name: of_hidden[name].value)
    return finding(
        "neighbours-need-no-training",
        "Nearest neighbours ({k} of them, raw pixels, nothing trained) read {near} of the {images} test images: more than "
        "softmax regression, {linear:full}, and less than every network with a hidden layer, of which {least} reads fewest, "
        "{worst:full}.",
        holds=linear.high < near < of_hidden[least].low,
        words={"least": m.called(results, least)},
        k=Number.exact(int(results.attrs["k"])),
        near=Number.exact(near, "share of the test images", percent=True, digits=1),
        images=Number.exact(results.sizes["image"], "test images"),
        linear=_share(m.accuracy(results, "softmax")),
        worst=_share(m.accuracy(results, least)),
    )


def _hard_for_all(results: xr.Dataset) -> Finding | None:
    names = m.networks(results)
    missed = np.stack([~m.hits(results, name).any(0) for name in names]).all(0)
    count = sum(len(m.accuracy(results, name)) for name in names)
    return finding(
        "hard-for-all",
        "All {count} networks of {kinds} kinds misread the same {missed} of the {images} test images.",
        holds=bool(missed.any()) and len(names) > 2 and count >= 5 * len(names),
        missed=Number.exact(int(missed.sum()), "test images"),
        images=Number.exact(results.sizes["image"], "test images"),
        count=Number.exact(count, "networks"),
        kinds=Number.exact(len(names), "kinds of network"),
    )


def _errors_are_shared(results: xr.Dataset) -> Finding | None:
    if not m.has(results, "cnn", "mlp3"):
        return None
    same, other = (m.shared_errors(results, "cnn", name) for name in ("cnn", "mlp3"))
    chance = 1 - m.accuracy(results, "mlp3")
    holds = e.share(same).n > 1 and e.share(other).low > 5 * e.share(chance).high
    return finding(
        "errors-are-shared",
        "Some images are hard for all networks: of the images that a {cnn} misreads, another of its kind misreads {same:full} "
        "and a {mlp} {other:full}; the latter misreads {chance} of all images.",
        holds=bool(holds),
        words={"cnn": m.called(results, "cnn"), "mlp": m.called(results, "mlp3")},
        same=_share(same),
        other=_share(other),
        chance=_share(chance),
    )


def _confidence(results: xr.Dataset) -> Finding | None:
    names = m.networks(results)
    errors = {name: results.ece.sel(network=name).dropna("seed").values for name in names}
    order = sorted(names, key=lambda name: errors[name].mean())
    best, worst = e.share(errors[order[0]]), e.share(errors[order[-1]])
    return finding(
        "confidence-is-honest",
        "A network's confidence is close to its accuracy: the expected calibration error lies between {best:full} for "
        "{first} and {worst:full} for {last}.",
        holds=best.high < worst.low and worst.high < 0.03,
        words={"first": m.called(results, order[0]), "last": m.called(results, order[-1])},
        best=_share(errors[order[0]]),
        worst=_share(errors[order[-1]]),
    )

"""What else the results show."""

import numpy as np
import xarray as xr
from jaxtyping import Bool, Float

from research import evidence as e
from research.evidence.findings import Finding, Number, finding, found
from research.studies.causal_maps import measures
from research.studies.causal_maps.measures import DOCUMENT

RARE, OFTEN = 0.01, 0.25  # share of the images with ink: fewer is the rim, more the middle
R = (-1, 1)


def findings(results: xr.Dataset) -> list[Finding]:
    """Those that hold in these results."""
    return found(results, _rim, _depth, _deletion, _z, _seeds, _identikits)


def _r(values: Float[np.ndarray, " n"], unit: str = "networks") -> Number:
    return Number.of(e.share(values, R), unit)


def _within(results: xr.Dataset, kind: str, where: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, " m"]:
    """Each network's correlation of map and digit on some pixels only, mean of ten maps."""
    maps = measures.of(results, kind)["map"].values.astype(np.float32)[:, :, where]
    digits = results.contrast.values[:, where]
    return np.array([np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(ten, digits)]) for ten in maps])


def _rim(results: xr.Dataset) -> Finding | None:
    if not {DOCUMENT, "softmax"} <= set(measures.kinds(results)):
        return None
    rim, middle = results.ink.values < RARE, results.ink.values > OFTEN
    whole = [measures.resembles(results, kind, "causal_index") for kind in (DOCUMENT, "softmax")]
    if not all(map(len, whole)):
        return None
    inside = [_within(results, kind, middle) for kind in (DOCUMENT, "softmax")]
    linear = measures.of(results, "softmax")["map"].values.astype(np.float32)
    at_rim, at_middle = (np.sqrt((linear[:, :, where] ** 2).mean((1, 2))) for where in (rim, middle))
    return finding(
        "the-rim-decides-the-likeness",
        "Maps of {hidden} look more like the digits ({hidden_all:full}) than those of {linear} ({linear_all:full}), but only "
        "because of the rim. On the {middle} pixels with ink in more than {often} of the images the order is reversed "
        "({hidden_middle:full} against {linear_middle:full}). At the {rim} pixels with ink in fewer than {rare} the linear map "
        "is larger (root mean square {at_rim}) than in the middle ({at_middle}), and the document's min-max scaling mostly "
        "shows the rim.",
        holds=e.difference(*whole).low > 0 and e.difference(*inside).high < 0 and e.paired(at_rim, at_middle).low > 0,
        words={"hidden": measures.label(results, DOCUMENT), "linear": measures.label(results, "softmax")},
        hidden_all=_r(whole[0]),
        linear_all=_r(whole[1]),
        hidden_middle=_r(inside[0]),
        linear_middle=_r(inside[1]),
        at_rim=Number.of(e.mean(at_rim), "networks"),
        at_middle=Number.of(e.mean(at_middle), "networks"),
        rim=Number.exact(int(rim.sum()), "pixels"),
        middle=Number.exact(int(middle.sum()), "pixels"),
        rare=Number.exact(RARE, percent=True),
        often=Number.exact(OFTEN, percent=True),
    )  # fmt: skip


def _depth(results: xr.Dataset) -> Finding | None:
    lost = measures.loss_with_depth(results)
    if lost is None:
        return None
    agree = results.depth_agreement.sortby("depth").values
    alike = results.depth_resemblance.sortby("depth").sel(known="causal_index").values
    return finding(
        "depth-costs-the-index",
        "The deeper the network, the less the causal index says about it, because it uses the weights alone. In ReLU networks "
        "with {shallow} hidden layer of {width} its correlation with the mean Jacobian is {first:full}, with {deep} it is "
        "{last:full}; its resemblance to the digit falls from {alike} to {alike_last}.",
        holds=lost.high < 0 and results.depth.values.min() == 1 and alike[-1].mean() < alike[0].mean(),
        shallow=Number.exact(int(results.depth.values.min()), "hidden layers"),
        deep=Number.exact(int(results.depth.values.max()), "hidden layers"),
        width=Number.exact(int(results.attrs["width"]), "neurons"),
        first=_r(agree[0]),
        last=_r(agree[-1]),
        alike=_r(alike[0]),
        alike_last=_r(alike[-1]),
    )


def _deletion(results: xr.Dataset) -> Finding | None:
    """Deleting pixels in the order of the mean digit against that of the causal index."""
    areas = results.curves.sel(curve="deletion").integrate("point").to_dataset(name="area")
    index, digit = ("causal_index", "class_mean")
    if DOCUMENT not in measures.kinds(results) or index not in areas.ranking:
        return None
    gaps = {}
    for kind in measures.kinds(results):
        area = measures.of(areas.assign_coords(kind=results.kind), kind).area
        values = [area.sel(ranking=name).values for name in (digit, index)]
        if not np.isnan(values).any():
            gaps[kind] = values
    if DOCUMENT not in gaps:
        return None
    mean, own = gaps[DOCUMENT]
    return finding(
        "mean-digit-deletes-better",
        "The mean digit, which does not depend on the network, is a better order for deleting pixels than the network's own "
        "causal index: the area under the deletion curve of {net} is {mean:full} with the mean digit and {own:full} with the "
        "index (lower is better). The same holds in each of the {kinds} kinds of network that have an index, because the mean "
        "digit shows where the ink is.",
        holds=len(gaps) > 1 and e.paired(mean, own).high < 0 and all(a.mean() < b.mean() for a, b in gaps.values()),
        words={"net": measures.label(results, DOCUMENT)},
        mean=Number.of(e.share(mean), "networks", digits=3),
        own=Number.of(e.share(own), "networks", digits=3),
        kinds=Number.exact(len(gaps), "kinds of network"),
    )  # fmt: skip


def _z(results: xr.Dataset) -> Finding | None:
    if measures.not_documents(results):
        return None
    z = measures.z_maps(results, "untrained")
    if z is None:
        return None
    dark = results.ink.values == 0
    moved = np.abs(z) > measures.SURE
    everywhere, there = moved.mean((1, 2, 3)), moved[:, :, dark].mean((1, 2))
    return finding(
        "z-tells-moved-not-mattering",
        "A large |z| says that training moved a weight, not that the pixel matters: against untrained networks {everywhere:full} "
        "of the pixels of a map of {net} have |z| > {sure}, and so have {there:full} of the values at the {dark} pixels that "
        "are blank in all training images. These pixels act as a second bias, because blank is not zero after scaling.",
        holds=there.mean() > 0.5,
        words={"net": measures.label(results, DOCUMENT)},
        everywhere=Number.share(everywhere, "networks", digits=0),
        there=Number.share(there, "networks", digits=0),
        dark=Number.exact(int(dark.sum()), "pixels"),
        sure=Number.exact(measures.SURE, "standard deviations"),
    )


def _seeds(results: xr.Dataset) -> Finding | None:
    """How alike the maps of two networks are: pairs of networks, each network in one of them."""
    alike = {}
    for kind in {DOCUMENT, "mlp3"} & set(measures.kinds(results)):
        maps = measures.of(results, kind)["map"].values.astype(np.float32)
        flat = maps.reshape(*maps.shape[:2], -1)
        pairs = zip(flat[::2], flat[1::2])
        alike[kind] = np.array([np.mean([np.corrcoef(x, y)[0, 1] for x, y in zip(a, b)]) for a, b in pairs])
    if len(alike) < 2 or not all(map(len, alike.values())):
        return None
    shallow, deep = alike[DOCUMENT], alike["mlp3"]
    return finding(
        "deep-maps-differ-by-seed",
        "Maps of deep networks differ more between seeds: maps of two networks that differ in their seed alone correlate by "
        "{deep:full} in {deep_net} and by {shallow:full} in {shallow_net}.",
        holds=deep.mean() < shallow.mean(),
        words={"deep_net": measures.label(results, "mlp3"), "shallow_net": measures.label(results, DOCUMENT)},
        deep=_r(deep, "pairs of networks"),
        shallow=_r(shallow, "pairs of networks"),
    )


def _identikits(results: xr.Dataset) -> Finding | None:
    if "cnn" not in measures.kinds(results):
        return None
    cnns = measures.of(results, "cnn").resemblance
    kit, jacobian = (
        measures.top1_match(cnns.sel(reading=name).values) for name in ("identikit", "mean_jacobian")
    )
    return finding(
        "identikits-hide-the-digit",
        "Mean identikits of {net} show the digit less than its mean Jacobians do: {identikit:full} of the identikits resemble "
        "their own digit most, and {jacobian} of the Jacobians.",
        holds=kit.mean() < jacobian.mean(),
        words={"net": measures.label(results, "cnn")},
        identikit=Number.share(kit, "networks", digits=0),
        jacobian=Number.share(jacobian, "networks", digits=0),
    )

"""What else the results show."""

import numpy as np
import xarray as xr

from research import evidence as e
from research.evidence.findings import Finding, Number, finding, found
from research.studies.bottlenecks import measures
from research.studies.bottlenecks.geometry import NEIGHBOURS

NETWORKS, PAIRS = "networks", "network and t-SNE pairs"
CLOSEST = 6  # pairs of classes that count as close, of 45


def findings(results: xr.Dataset) -> list[Finding]:
    """Those that hold in these results."""
    beside_tsne = (_elongation, _neighbours, _yardstick, _closest_pair, _mantel)
    return found(results, _activations, _widths, _walk, *(beside_tsne if "distance" in results else ()))


def _epochs(results: xr.Dataset) -> dict[str, str]:
    epochs = int(results.attrs["curve_epochs"])
    return {"epochs": f"{epochs} {'epoch' if epochs == 1 else 'epochs'}"}


def _activations(results: xr.Dataset) -> Finding | None:
    names = [str(name) for name in results.activation.values]
    accuracy = {name: e.share(results.activation_accuracy.sel(activation=name).values) for name in names}
    best, *_, worst = sorted(names if len(names) > 1 else names * 2, key=lambda name: -accuracy[name].value)
    gap = e.difference_of(accuracy[best], accuracy[worst])
    return finding(
        "activation-of-two-neurons",
        "The activation of the two neurons matters: after {epochs}, networks with {best} neurons read {high:full} of the "
        "test digits and networks with {worst} neurons {low:full}.",
        holds=gap.low > 0.01,
        words={"best": best.replace("relu", "ReLU"), "worst": worst.replace("relu", "ReLU")}
        | _epochs(results),
        high=Number.of(accuracy[best], NETWORKS, percent=True),
        low=Number.of(accuracy[worst], NETWORKS, percent=True),
    )


def _widths(results: xr.Dataset) -> Finding | None:
    if not {1, 10, 30} <= set(results.width.values.tolist()):
        return None
    one, ten, thirty = (e.share(results.width_accuracy.sel(width=w).values) for w in (1, 10, 30))
    return finding(
        "ten-neurons-suffice",
        "Ten neurons are nearly as good as thirty: {ten:full} and {thirty:full} after {epochs}. A single neuron still "
        "classifies {one:full} of the digits correctly.",
        holds=abs(ten.value - thirty.value) < 0.01,
        words=_epochs(results),
        ten=Number.of(ten, NETWORKS, percent=True),
        thirty=Number.of(thirty, NETWORKS, percent=True),
        one=Number.of(one, NETWORKS, percent=True),
    )


def _walk(results: xr.Dataset) -> Finding | None:
    away = np.linalg.norm(results.path_reached.values - results.path.values, axis=-1)
    missed = float(np.median(away) / np.linalg.norm(results.code.values.std(0)))
    images, digits = (
        results[name].values.reshape(results.sizes["stop"], -1) for name in ("path_image", "path_mean")
    )
    alike = float(np.mean([np.corrcoef(a, b)[0, 1] if a.std() else 0.0 for a, b in zip(images, digits)]))
    return finding(
        "images-of-places-are-no-digits",
        "An image that is optimised to have a given code in one network reaches that code (median distance {missed} of the "
        "codes' spread, {stops} places) but does not look like the real digits nearby: its mean correlation with their mean "
        "is {alike}.",
        holds=missed < 0.05 and alike < 0.5,
        missed=Number.exact(missed, percent=True, digits=1),
        stops=Number.exact(results.sizes["stop"], "places"),
        alike=Number.exact(alike, digits=2),
    )


def _elongation(results: xr.Dataset) -> Finding | None:
    here, there = (results.elongation.sel(map=name).values for name in ("bottleneck", "tsne"))
    return finding(
        "classes-are-rays",
        "In the plane of {activation} neurons classes are elongated like rays: they are {here:full} times as long as wide. "
        "In t-SNE, where classes are islands, the ratio is {there:full}.",
        holds=results.attrs["bottleneck_activation"] == "linear" and e.paired(here, there).low > 0,
        words={"activation": results.attrs["bottleneck_activation"]},
        here=Number.of(e.mean(here), PAIRS, digits=1),
        there=Number.of(e.mean(there), PAIRS, digits=1),
    )


def _neighbours(results: xr.Dataset) -> Finding | None:
    shared = e.share(results.shared_neighbours.values)
    return finding(
        "few-shared-neighbours",
        "The plane shares with t-SNE where the classes lie, but not which digits are neighbours: of a digit's ten nearest in "
        "t-SNE {shared:full} are among its ten nearest in the plane; digits shuffled within their class would give {chance}.",
        holds=shared.high < 0.2 and results.sizes["mapped"] >= 1000,
        shared=Number.of(shared, PAIRS, percent=True),
        chance=Number.exact(10 * NEIGHBOURS / results.sizes["mapped"], percent=True, digits=1),
    )


def _yardstick(results: xr.Dataset) -> Finding | None:
    """How alike two t-SNE maps are, and two networks: pairs of seeds, each seed in one of them."""
    alike = {}
    for name in ("tsne", "bottleneck"):
        distance = results.distance.sel(map=name).values
        values = [measures.rank_correlation(a, b) for a, b in zip(distance[::2], distance[1::2])]
        alike[name] = e.share(values, (-1, 1))
    return finding(
        "two-networks-are-as-unlike",
        "The rank correlation of class distances is {between:full} between the plane and t-SNE, {networks:full} between two "
        "networks, and {maps:full} between two t-SNE maps of different digits.",
        holds=alike["tsne"].n > 1,
        between=Number.of(measures.likeness(results) or e.NOTHING, PAIRS),
        networks=Number.of(alike["bottleneck"], "pairs of networks"),
        maps=Number.of(alike["tsne"], "pairs of t-SNE maps"),
    )


def _closest_pair(results: xr.Dataset) -> Finding | None:
    there, here = (
        results.distance.sel(map=name).values[:, *measures.PAIRS] for name in ("tsne", "bottleneck")
    )
    closest = there.argmin(1)
    ranks = [(one < one[pair]).sum() for one, pair in zip(here, closest)]
    among = int(np.sum(np.array(ranks) < CLOSEST))
    return finding(
        "closest-pair-varies",
        "Which classes lie close varies from seed to seed: the closest pair of classes in t-SNE is among the {most} closest "
        "of the plane in {share:full}.",
        holds=0 < among < len(ranks),
        share=Number.of(e.proportion(among, len(ranks)), PAIRS, percent=True, digits=0),
        most=Number.exact(CLOSEST, "pairs of classes"),
    )


def _mantel(results: xr.Dataset) -> Finding | None:
    p = measures.by_chance(results)
    return finding(
        "likeness-is-no-chance",
        "The agreement of plane and t-SNE on which classes are close, {rho:full}, is not chance: only {p} of random "
        "relabellings of the digits agree as much (Mantel's test with {permutations} relabellings).",
        holds=p < 0.05,
        rho=Number.of(measures.likeness(results) or e.NOTHING, PAIRS),
        p=Number.exact(p, percent=True, digits=1),
        permutations=Number.exact(1000, "relabellings"),
    )

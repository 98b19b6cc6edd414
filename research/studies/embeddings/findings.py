"""What else the results show."""

import functools

import xarray as xr

from research import evidence as e
from research.evidence.findings import Finding, Number, finding, found

NEAR = 10  # neighbours
UNIT = "experiments"
_share = functools.partial(Number.share, unit=UNIT)


def findings(results: xr.Dataset) -> list[Finding]:
    """The findings that hold in these results."""
    makers = (_two_numbers_beat_pixels, _bottleneck_forgets, _cnn_keeps, _two_components, _new_digits)
    return found(results, *makers)


def _two_numbers_beat_pixels(results: xr.Dataset) -> Finding | None:
    tsne, pixels = results.accuracy.sel(map="tsne").values, results.pixel_accuracy.values
    return finding(
        "two-numbers-beat-pixels",
        "The vote of the {voters} nearest neighbours names more digits in the two-dimensional t-SNE map ({tsne:full}) than "
        "among all {all} pixels ({pixels:full}); each experiment maps {digits} digits, and no digit votes for itself.",
        holds=e.share(tsne - pixels, bounds=(-1, 1)).low > 0,
        tsne=_share(tsne),
        pixels=_share(pixels),
        voters=Number.exact(5),
        all=Number.exact(results["mean"].size, "pixels"),
        digits=Number.exact(int(results.attrs["mapped"]), "digits"),
    )


def _bottleneck_forgets(results: xr.Dataset) -> Finding | None:
    own = results.dropna("experiment", subset=["accuracy"])  # those with networks
    near = own.shared.sel(neighbourhood=NEAR)
    values = {
        name: (own.accuracy.sel(map=name).values, near.sel(map=name).values)
        for name in ("bottleneck", "tsne")
    }
    (named, kept), (named_tsne, kept_tsne) = values["bottleneck"], values["tsne"]
    ahead, behind = (e.share(x, bounds=(-1, 1)) for x in (named - named_tsne, 3 * kept - kept_tsne))
    return finding(
        "bottleneck-forgets-neighbours",
        "The two neurons of {net} separate the classes better than {method} does ({named:full} against {named_tsne:full} of "
        "the digits named by their nearest neighbours) but keep few of the neighbourhoods among the pixels: {kept} of the "
        "{near} nearest, where {method} keeps {kept_tsne} and two principal components {kept_pca}.",
        holds=ahead.low > 0 and behind.high < 0,
        words={"net": str(results.attrs["bottleneck"]), "method": "t-SNE"},
        named=_share(named),
        named_tsne=_share(named_tsne),
        kept=_share(kept),
        near=Number.exact(NEAR, "neighbours"),
        kept_tsne=_share(kept_tsne),
        kept_pca=_share(near.sel(map="pca").values),
    )


def _cnn_keeps(results: xr.Dataset) -> Finding | None:
    own = results.dropna("experiment", subset=["accuracy"])
    near = own.shared.sel(neighbourhood=NEAR, map="cnn").values
    named, named_tsne = (own.accuracy.sel(map=name).values for name in ("cnn", "tsne"))
    return finding(
        "cnn-knows-classes",
        "In a t-SNE of the last hidden layer of {net} the nearest neighbours name {named:full} of the digits; it still keeps "
        "{kept:full} of the {near} nearest among the pixels.",
        holds=e.share(named - named_tsne, bounds=(-1, 1)).low > 0,
        words={"net": str(results.attrs["cnn"])},
        named=_share(named),
        kept=_share(near),
        near=Number.exact(NEAR, "neighbours"),
    )


def _two_components(results: xr.Dataset) -> Finding | None:
    named = results.accuracy.sel(map="pca").values
    return finding(
        "two-components-are-few",
        "Two principal components are too few: they explain {explained} of the variance, and the nearest neighbours in their "
        "plane name {named:full} of the digits.",
        holds=e.share(named).high < 0.6,
        explained=Number.exact(float(results.explained.values[:2].sum()), percent=True, digits=1),
        named=_share(named),
    )


def _new_digits(results: xr.Dataset) -> Finding | None:
    placed, before = results.placed_accuracy.values, results.codes_accuracy.values
    return finding(
        "new-digits-find-their-place",
        "New digits can be put into a finished map: of {held} of them {placed:full} are named by their nearest neighbours in "
        "the map, and {before} by their nearest neighbours among the {components} principal components before mapping.",
        holds=e.share(placed).low > 0.9,
        held=Number.exact(int(results.attrs["held"]), "digits"),
        placed=_share(placed),
        before=_share(before),
        components=Number.exact(results.sizes["component"], "components"),
    )

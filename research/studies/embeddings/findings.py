"""What else the results show."""

import xarray as xr

from research import evidence as e
from research.evidence.findings import Finding, Number, finding

NEAR = 10  # neighbours
UNIT = "experiments"


def findings(results: xr.Dataset) -> list[Finding]:
    """The findings that hold in these results."""
    made = (
        _two_numbers_beat_pixels(results),
        _bottleneck_forgets(results),
        _cnn_keeps(results),
        _two_components(results),
        _new_digits(results),
    )
    return [each for each in made if each]


def _share(values) -> Number:
    return Number.of(e.share(values), UNIT, percent=True)


def _two_numbers_beat_pixels(results: xr.Dataset) -> Finding | None:
    tsne, pixels = results.accuracy.sel(map="tsne").values, results.pixel_accuracy.values
    return finding(
        "two-numbers-beat-pixels",
        "The two numbers of t-SNE name more digits by their {voters} nearest ({tsne:full}) than all {all} pixels do "
        "({pixels:full}); each experiment maps {digits} digits, none of them votes for itself.",
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
        "The two neurons of {net} separate the classes better than {method} ({named:full} against {named_tsne:full} named "
        "by their nearest) and keep few of the neighbourhoods among the pixels: {kept} of the {near} nearest, {method} "
        "{kept_tsne}, two principal components {kept_pca}.",
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
        "A t-SNE of the last hidden layer of {net} names {named:full} and still keeps {kept:full} of the {near} nearest "
        "among the pixels.",
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
        "Two principal components explain {explained} of the variance and name {named:full} of the digits.",
        holds=e.share(named).high < 0.6,
        explained=Number.exact(float(results.explained.values[:2].sum()), percent=True, digits=1),
        named=_share(named),
    )


def _new_digits(results: xr.Dataset) -> Finding | None:
    placed, before = results.placed_accuracy.values, results.codes_accuracy.values
    return finding(
        "new-digits-find-their-place",
        "Of {held} new digits put into the finished map {placed:full} are named by their nearest there, {before} by their "
        "nearest among the {components} principal components before.",
        holds=e.share(placed).low > 0.9,
        held=Number.exact(int(results.attrs["held"]), "digits"),
        placed=_share(placed),
        before=_share(before),
        components=Number.exact(results.sizes["component"], "components"),
    )

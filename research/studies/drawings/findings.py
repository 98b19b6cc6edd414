"""What else the results on drawings show."""

import numpy as np
import xarray as xr

from research import evidence as e
from research.evidence.findings import Finding, Number, finding, found
from research.studies.drawings import measures as m
from research.studies.drawings.study import EDGE, WIDE

PAIRS, TENTHS = "pairs of networks", "disjoint tenths of the data"
PLACE, PIXELS = "shift", 4.0
THICK = 1.5  # pixels a side


def findings(results: xr.Dataset) -> list[Finding]:
    """The findings that hold in these results."""
    in_maps = (_near_in_pca, _in_tsne, _slash)
    return found(results, _pattern, _strongest, _directions, *in_maps, _width_alone, _place, _thick)


def _percent(interval: e.Interval, unit: str) -> Number:
    return Number.of(interval, unit, percent=True)


def _names(results: xr.Dataset) -> dict[str, str]:
    return {kind: m.name_of(results, kind) for kind in ("dense3", "cnn_small", "knn")}


def _pattern(results: xr.Dataset) -> Finding | None:
    shows, reverse = m.pattern(results, m.cell(results))
    lead = e.crossed(shows.astype(float) - reverse, bounds=(-1, 1))
    return finding(
        "funky-seven-pattern",
        "Of the test sevens made {wide} times as wide and moved {edge} pixels towards the edge, {shows:full} show the "
        "document's pattern ({dense3} and the {knn} wrong, {cnn_small} right), and {reverse} show the reverse.",
        holds=bool(0 < lead.low < np.inf),
        words=_names(results),
        wide=Number.exact(WIDE, "times", digits=1),
        edge=Number.exact(EDGE, "pixels"),
        shows=_percent(m.share_of(shows), PAIRS),
        reverse=_percent(m.share_of(reverse), PAIRS),
    )


def _strongest(results: xr.Dataset) -> Finding | None:
    """The cell of the grid in which the pattern is most frequent."""
    cells = {
        (float(width), int(shift)): m.pattern(results, m.cell(results, float(width), int(shift)))
        for width in results.width.values
        for shift in results["shift"].values
    }
    width, shift = max(cells, key=lambda at: cells[at][0].mean())
    shows, reverse = cells[width, shift]
    least = min(cells.values(), key=lambda pair: pair[0].mean())[0]
    return finding(
        "funky-seven-strongest",
        "On the grid of widths and shifts the pattern is most frequent at {width} times the width and a shift of "
        "{shift} pixels ({shows:full}, the reverse {reverse}) and rarest with {least}.",
        holds=bool(shows.mean() > max(reverse.mean(), least.mean())),
        width=Number.exact(width, "times", digits=1),
        shift=Number.exact(shift, "pixels"),
        shows=_percent(m.share_of(shows), PAIRS),
        reverse=_percent(m.share_of(reverse), PAIRS),
        least=_percent(m.share_of(least), PAIRS),
    )


def _directions(results: xr.Dataset) -> Finding | None:
    shown = {
        str(towards): m.pattern(results, results.edges.sel(towards=towards))[0]
        for towards in results.towards.values
    }
    ranked = sorted(shown, key=lambda towards: shown[towards].mean())
    most, least = shown[ranked[-1]], shown[ranked[0]]
    gap = e.crossed(most.astype(float) - least, bounds=(-1, 1))
    return finding(
        "funky-seven-directions",
        "The direction matters: {most:full} of the wide sevens show the pattern when they are moved {most_name}, and {least} when "
        "they are moved {least_name}.",
        holds=bool(0 < gap.low < np.inf),
        words={"most_name": _where(ranked[-1]), "least_name": _where(ranked[0])},
        most=_percent(m.share_of(most), PAIRS),
        least=_percent(m.share_of(least), PAIRS),
    )


def _where(towards: str) -> str:
    return towards if towards in ("up", "down") else f"to the {towards}"


def _near_in_pca(results: xr.Dataset) -> Finding | None:
    near = results.tenth_pca_near.sel(state="funky").values
    first = int(near.mean(0).argmax())
    of = lambda state, digit: e.share(m.of_tenths(results, "pca_near", state=state, digit=digit))  # noqa: E731
    plain, funky = (m.of_tenths(results, "centre", state=state) for state in ("plain", "funky"))
    return finding(
        "funky-seven-in-pca",
        "Widening and moving sevens takes them away from the mean {seven} in the PCA plane: {own_after:full} of the funky "
        "sevens are nearest to it, against {own_before} of the plain ones. The funky ones are most often nearest to the mean "
        "{first} ({first_share}); {six_share} are nearest to the mean {six}. Their mean distance to the centre falls from "
        "{before} to {after}.",
        holds=e.paired(plain, funky).low > 0,
        words={"seven": "7", "first": str(first), "six": "6"},
        own_after=_percent(of("funky", 7), TENTHS),
        own_before=_percent(of("plain", 7), TENTHS),
        first_share=_percent(of("funky", first), TENTHS),
        six_share=_percent(of("funky", 6), TENTHS),
        before=Number.of(e.mean(plain), TENTHS),
        after=Number.of(e.mean(funky), TENTHS),
    )


def _in_tsne(results: xr.Dataset) -> Finding | None:
    own = {state: m.of_tenths(results, "tsne_near", state=state, digit=7) for state in ("plain", "funky")}
    return finding(
        "funky-seven-in-tsne",
        "In a t-SNE map of {mapped} digits fewer funky sevens lie among sevens: the nearest points name {funky:full} of the "
        "funky ones and {plain} of the plain ones right.",
        holds=e.paired(own["plain"], own["funky"]).low > 0,
        mapped=Number.exact(int(results.mapped), "digits"),
        funky=_percent(e.share(own["funky"]), TENTHS),
        plain=_percent(e.share(own["plain"]), TENTHS),
    )


def _slash(results: xr.Dataset) -> Finding | None:
    place, centred = (m.of_tenths(results, f"{name}_nearest", digit=1) for name in ("slash", "centred"))
    r = e.share(m.of_tenths(results, "centred_r", digit=1), bounds=(-1, 1))
    return finding(
        "slash-is-a-one",
        "The slash of a seven looks like a {one} only after it is moved to the middle of the frame: then it correlates with "
        "the mean {one} more than with any other class except the {own} in {centred:full} of the sevens (mean correlation {r}), "
        "but in its original place only in {place}.",
        holds=e.paired(centred, place).low > 0 and float(np.mean(centred)) > 0.5 > float(np.mean(place)),
        words={"one": "1", "own": "7"},
        centred=_percent(e.share(centred), TENTHS),
        r=Number.of(r, TENTHS),
        place=_percent(e.share(place), TENTHS),
    )


def _read(results: xr.Dataset, family: str, strength: float, which: str) -> dict[str, Number]:
    """Share of the digits that each kind reads right; the nearest neighbours are one recogniser, without an interval."""
    step = m.step_of(results, family, strength)
    found = {}
    for kind in ("dense3", "cnn_small", "knn"):
        hits = m.right(results, kind, which, family, step)
        found[kind] = (
            Number.exact(float(hits.mean()), percent=True, digits=1)
            if kind == "knn"
            else _percent(m.share_of(hits), "networks")
        )
    return found


def _named(results: xr.Dataset) -> dict[str, str]:
    return {f"{kind}_name": name for kind, name in _names(results).items()}


def _width_alone(results: xr.Dataset) -> Finding | None:
    read = _read(results, "width", WIDE, "sevens")
    return finding(
        "width-alone",
        "Width alone fools none of the three: {wide} times as wide, the sevens are still read by {dense3_name} "
        "({dense3:full}), {cnn_small_name} ({cnn_small}) and the {knn_name} ({knn}).",
        holds=min(number.value for number in read.values()) > 0.9,
        words=_named(results),
        wide=Number.exact(WIDE, "times", digits=1),
        **read,
    )


def _place(results: xr.Dataset) -> Finding | None:
    read = _read(results, PLACE, PIXELS, "all")
    others = max(read["dense3"].value, read["knn"].value)
    low = read["cnn_small"].low
    return finding(
        "place-decides",
        "What sets the CNN apart is place: of all digits moved by {pixels} pixels {cnn_small_name} reads "
        "{cnn_small:full}, {dense3_name} {dense3} and the {knn_name} {knn}.",
        holds=low is not None and low > others,
        words=_named(results),
        pixels=Number.exact(PIXELS, "pixels"),
        **read,
    )


def _thick(results: xr.Dataset) -> Finding | None:
    read = _read(results, "thickness", THICK, "sevens")
    high = read["dense3"].high
    return finding(
        "thick-strokes",
        "Thick strokes fool the dense network first: with {thick} pixels more on each side {dense3_name} reads "
        "{dense3:full} of the sevens, {cnn_small_name} {cnn_small} and the {knn_name} {knn}.",
        holds=high is not None and high < min(read["cnn_small"].value, read["knn"].value),
        words=_named(results),
        thick=Number.exact(THICK, "pixels", digits=1),
        **read,
    )

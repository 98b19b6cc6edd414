"""The documents' statements, judged from the saved results."""

import xarray as xr

from research import evidence as e

D002 = "002_eb807d842c45b5c6.txt"
QUOTE = (
    "The labels seem very well separated, suggesting that reduction of dimensions can go as far as down to two "
    "dimensions, still keeping all the information to recover the labels to reasonable precision."
)
LOGISTIC = 0.92  # what the document's logistic regression reads from all pixels
STRUCTURE = 0.25  # of a silhouette: up to here "no substantial structure" (Kaufman & Rousseeuw 1990, table 4)


def claims(results: xr.Dataset) -> list[e.Claim]:
    """Unit: repetitions of the whole experiment, each with other digits and another key of t-SNE."""
    tsne, pca = (results.sel(map=name) for name in ("tsne", "pca"))
    unit, within = "seeds of the whole experiment", f"{results.attrs['mapped']:,} random test digits"
    ahead = e.share(tsne.accuracy.values - pca.accuracy.values, bounds=(-1, 1))
    return [
        e.judge(
            "tsne-separates", D002, QUOTE, e.AtLeast(LOGISTIC), e.share(tsne.accuracy.values), unit,
            words="share of the digits that their 5 nearest in the map name", within=within,
        ),
        e.judge(
            "tsne-silhouette", D002, QUOTE, e.Above(STRUCTURE), e.share(tsne.silhouette.values, bounds=(-1, 1)),
            unit, words="silhouette of the ten classes in the map", within=within, primary=False,
        ),
        e.judge(
            "tsne-beats-pca", D002, QUOTE, e.Above(0.0), ahead, unit,
            words="share named by the 5 nearest by t-SNE minus that by two principal components", within=within,
            primary=False,
        ),
    ]  # fmt: skip

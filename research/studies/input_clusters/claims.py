"""The statements of document 004, judged from the saved results.

The document shows one run. A statement about it is reproduced if most runs do the same. The primary rows use the
document's own conditions: raw inputs, and random settings where it leaves them open. The rows "-found" use the setting
that a search found, on seeds that took no part in the search.
"""

from collections.abc import Iterator

import xarray as xr

from research import evidence as e
from research.studies.input_clusters import measures as m

DOCUMENT = "004_1c2af21546a37cb0.txt"
MOST = e.AtLeast(0.5)
FORM = (
    "It is interesting to see how the graph transforms from a randomized scatter of points to distinct clusters as the "
    "training continues."
)
LITTLE = "Not much has changed in the graph after training the network for 500 epochs."
FORMING = "Data points plotted after 1000 epochs Clusters of various sizes seem to be forming in the graph."
DISTINCT = "Data points after 2500 epochs. Clusters are distinct and unique now."
SIMPLE = (
    "As you can see in Figure 11, the three classes have been separated completely from one another and now even a "
    "simple machine learning algorithm can classify them with high accuracy."
)
FALLS = (
    "During the training process, the loss of the network keeps on decreasing albeit by a small value but the decrease "
    "is visible as the epochs compound."
)
FASTER = (
    "the network was able to separate the clusters of data points with three features in 3000 epochs of training vs "
    "5000+ epoch training by the same network for data points with two features."
)
ENDS = 7000  # the document's last epoch
APART = "one cluster a class, silhouette > 0.5 and linear accuracy > 0.95"
IN_3D, MARGIN, IN_2D = 3000, 500, 5000  # epochs


def claims(results: xr.Dataset) -> list[e.Claim]:
    """All rows: the stated conditions first, then the found setting, then the search."""
    return [*_population(results, "scale 1", ", "), *_population(results, "found", " "), *_search(results)]


def _population(results: xr.Dataset, name: str, between: str) -> Iterator[e.Claim]:
    two, three = (f"{name}{between}{d}-D" for d in (2, 3))
    stated = name == "scale 1"
    suffix, unit = "" if stated else "-found", m.UNITS[name]

    def row(id, quote, criterion, interval, words, *, until=ENDS, primary=True):
        short = interval is None or results.epochs < until
        return e.judge(
            id + suffix, DOCUMENT, quote, criterion, None if short else interval, unit, words=words,
            within="1 run of 500 points", primary=primary and stated,
            not_run=f"epoch {until:,} was not measured, the runs end at {results.epochs:,}" if short else "",
        )  # fmt: skip

    def most(id, quote, epoch, happens, words, primary=True):
        runs = m.at(results, two, epoch)
        interval = None if runs is None else m.share(happens(runs))
        return row(id, quote, MOST, interval, f"share of {unit} with {words}", until=epoch, primary=primary)

    yield most("clusters-form", FORM, ENDS, m.separated, f"{APART} at the end")
    yield most("little-at-500", LITTLE, 500, lambda r: (r.kmeans_ari <= 0.1).values,
               "an adjusted Rand index of 3-means ≤ 0.1 at epoch 500")  # fmt: skip
    start = m.of(results, two).isel(epoch=0)
    yield most("course-1000", FORMING, 1000, lambda r: (r.purity >= start.purity + 0.1).values,
               "5 nearest neighbours more often of a point's class than at the start, by 10 points, at epoch 1,000")  # fmt: skip
    yield most("course-2500", DISTINCT, 2500, lambda r: (r.kmeans_ari >= 0.5).values,
               "an adjusted Rand index of 3-means ≥ 0.5 at epoch 2,500")  # fmt: skip
    yield most("course-5000", SIMPLE, 5000, m.separated, f"{APART}, at epoch 5,000", primary=False)
    yield most("simple-classifier", SIMPLE, ENDS, lambda r: (r.linear >= 0.95).values,
               "accuracy of softmax regression on the points ≥ 0.95 at the end")  # fmt: skip
    runs = m.of(results, two)
    yield row("loss-falls", FALLS, MOST, m.share(m.falls(runs)),
              f"share of {unit} whose loss is smaller at every measurement than at the one before")  # fmt: skip
    for measure, also in (("linear", ""), ("silhouette", "-silhouette")):
        yield row(
            f"faster-in-3d{also}", FASTER, e.Above(0.0), m.gain(results, two, three, measure, paired=stated),
            f"epochs gained until {m.RULES[measure]} (never: {results.epochs:,})", primary=not also,
        )  # fmt: skip
    for group, epoch, criterion in (
        (three, IN_3D, e.Near(IN_3D, MARGIN)),
        (two, IN_2D, e.AtLeast(IN_2D, stated=True)),
    ):
        yield row(
            f"faster-in-3d-{epoch}", FASTER, criterion, e.mean(m.waited(results, group, "linear")),
            f"mean epochs until {m.RULES['linear']} in {group[-3:]} (never: {results.epochs:,})", primary=False,
        )  # fmt: skip


def _search(results: xr.Dataset) -> Iterator[e.Claim]:
    for scale in m.scales(results):
        if scale != 1:
            runs = m.at(results, f"scale {scale:g}, 2-D", ENDS)
            yield e.judge(
                f"clusters-form-scale-{scale:g}", DOCUMENT, FORM, MOST,
                None if runs is None else m.share(m.separated(runs)), m.UNITS["scale 1"],
                words=f"share of drawn settings with {APART} at the end, inputs divided by {scale:g}",
                within="1 run of 500 points", primary=False,
                not_run=f"the runs end at {results.epochs:,}" if runs is None else "",
            )  # fmt: skip

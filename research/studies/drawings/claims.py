"""The statements of document 001, judged from the saved results. The document gives no number: all criteria are ours."""

import xarray as xr

from research import evidence as e
from research.studies.documents import others
from research.studies.drawings import measures as m

DOCUMENT = "001_dd9c668295ae0936.txt"
READ = 'We can see that the current "7" being drawn has been rightly predicted by the models'
OFF = "its clustering within the PCA and t-SNE are off"
SLASH = 'the diagonal slash correlates very heavily with a "1"'
FUNKY = (
    "We can immediately see that the ANN and the KNN wrongly predict the output. The CNN prediction, however, is still "
    "correct."
)
SIXES = 'On the PCA chart, the new dot is the central gray dot which is clustered near the "6"s.'
POSITIVE = 'this new "7" has portions well within the positive components (red)'
CENTRE = (
    'This is what caused the number to have a PCA representation much further center than the original "7".'
)
FILTERS = (
    'especially the second convolution layers, we can see the two major "components" of the 7, the horizontal and the '
    "diagonal portions clearly outlined"
)
MOST = 0.5  # "most" sevens
OUTLINED = 0.75  # AUC from which a filter outlines its part of the seven
PAIRS, TENTHS = "pairs of networks", "disjoint tenths of the data"


def claims(results: xr.Dataset) -> list[e.Claim]:
    """One primary row for each statement."""
    return [*_plain(results), *_funky(results), *_in_pca(results), *_filters(results)]


def _judge(id: str, quote: str, criterion: e.Criterion, interval: e.Interval, unit: str, **how) -> e.Claim:
    return e.judge(id, DOCUMENT, quote, criterion, interval, unit, **how)


def _plain(results: xr.Dataset) -> list[e.Claim]:
    """The plain seven: all models read it, but it is off in the maps, because of its slash."""
    by_pairs = {"within": _sevens(results), "not_run": others(results, "dense3", "cnn_small")}
    by_tenths = {"within": _of_a_tenth(results)}
    off = m.of_tenths(results, "off", state="plain")
    wrong = {
        name: 1 - m.of_tenths(results, f"{name}_near", state="plain", digit=7) for name in ("pca", "tsne")
    }
    slash = {name: m.of_tenths(results, f"{name}_nearest", digit=1) for name in ("slash", "centred")}
    most = e.Above(MOST)
    return [
        _judge("plain-seven-read", READ, most, m.share_of(m.all_right(results, m.cell(results, 1.0, 0))), PAIRS,
               words="share of plain sevens that all three models read right", **by_pairs),
        _judge("plain-seven-off", OFF, most, e.share(off), TENTHS,
               words="share of plain sevens that lie near another class in PCA and in t-SNE", **by_tenths),
        _judge("plain-seven-off-pca", OFF, most, e.share(wrong["pca"]), TENTHS, primary=False,
               words="share of plain sevens nearest to another class mean in the PCA plane", **by_tenths),
        _judge("plain-seven-off-tsne", OFF, most, e.share(wrong["tsne"]), TENTHS, primary=False,
               words="share of plain sevens whose nearest points in a t-SNE map are another class", **by_tenths),
        _judge("plain-seven-slash", SLASH, most, e.share(slash["slash"]), TENTHS,
               words="share of plain sevens whose slash correlates more with the mean 1 than with the mean of any "
               "other class but the 7", **by_tenths),
        _judge("plain-seven-slash-centred", SLASH, most, e.share(slash["centred"]), TENTHS, primary=False,
               words="the same with the slash moved to the middle of the frame", **by_tenths),
    ]  # fmt: skip


def _funky(results: xr.Dataset) -> list[e.Claim]:
    """Predictions of the three models for the funky seven."""
    read = m.cell(results)
    shows, reverse = m.pattern(results, read)
    lead = e.crossed(shows.astype(float) - reverse, bounds=(-1, 1))
    within = _sevens(results)
    wrong = lambda kind: m.share_of(~m.sevens_read(results, read, kind))  # noqa: E731
    return [
        _judge("funky-seven", FUNKY, e.Above(0), lead, PAIRS, within=within,
               not_run=others(results, "dense3", "cnn_small"),
               words="share of funky sevens with dense and KNN wrong and the CNN right, minus the reverse"),
        _judge("funky-seven-dense", FUNKY, e.Above(MOST), wrong("dense3"), "networks", within=within, primary=False,
               not_run=others(results, "dense3"), words="share of funky sevens that the dense network misreads"),
        _judge("funky-seven-knn", FUNKY, e.Above(MOST), e.share(1 - m.of_tenths(results, "knn_right", state="funky")),
               TENTHS, within=_of_a_tenth(results), primary=False,
               words="share of funky sevens that the nearest neighbours misread"),
        _judge("funky-seven-cnn", FUNKY, e.Below(MOST), wrong("cnn_small"), "networks", within=within, primary=False,
               not_run=others(results, "cnn_small"), words="share of funky sevens that the CNN misreads"),
    ]  # fmt: skip


def _in_pca(results: xr.Dataset) -> list[e.Claim]:
    """The funky seven in the PCA plane, compared with the plain one."""
    within = _of_a_tenth(results)
    centre, ink = (
        e.paired(*(of(results, state) for state in ("funky", "plain"))) for of in (_centre, m.positive_ink)
    )
    six = e.share(m.of_tenths(results, "pca_near", state="funky", digit=6))
    return [
        _judge("funky-seven-pca", SIXES, e.Above(MOST), six, TENTHS, within=within,
               words="share of funky sevens nearest to the mean 6 in the PCA plane"),
        _judge("funky-seven-pca-centre", CENTRE, e.Below(0), centre, TENTHS, within=within, primary=False,
               words="change of the distance to the centre of the PCA plane, from plain to funky sevens"),
        _judge("funky-seven-positive", POSITIVE, e.Above(0), ink, TENTHS, within=within,
               words="change of the share of ink on positive pixels of the two components, from plain to funky sevens"),
    ]  # fmt: skip


def _centre(results: xr.Dataset, state: str):
    return m.of_tenths(results, "centre", state=state)


def _filters(results: xr.Dataset) -> list[e.Claim]:
    how = {"within": "2 filters chosen on half of the sevens", "not_run": others(results, "cnn_small")}
    trained, before = m.weaker_filter(results), m.weaker_filter(results, "untrained")
    return [
        _judge("funky-seven-filters", FILTERS, e.AtLeast(OUTLINED), e.share(trained), "networks",
               words="AUC with which the weaker of two second-layer filters tells pixels of bar and slash apart", **how),
        _judge("funky-seven-filters-trained", FILTERS, e.Above(0), e.paired(trained, before), "networks",
               words="gain of that AUC over the same networks before training", primary=False, **how),
    ]  # fmt: skip


def _sevens(results: xr.Dataset) -> str:
    return f"{int(results.sevens):,} test sevens"


def _of_a_tenth(results: xr.Dataset) -> str:
    return "a tenth of the training digits and of the test sevens"

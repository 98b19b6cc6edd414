"""The statements of document 002 on noise, judged from the saved results."""

import functools

import xarray as xr

from research import evidence as e
from research.studies.denoising.measures import accuracy, nearest, noise_name, reproduced
from research.studies.denoising.study import AS_IS, CLEAN
from research.studies.documents import others

DOCUMENT = "002_eb807d842c45b5c6.txt"
NOISY = (
    "the model trained on the clean images only recovers 89% of the correct labels on the noisy images, but 94% after "
    "de-noising (a factor 2 reduction in the number of wrongly identified labels)"
)
REPRODUCES = "as output reproduce the input features"
UNIT = "pairs of networks"
POINT = 0.01  # margin of an accuracy
FACTOR = 0.5  # margin of "a factor 2"
EXPLAINED = 0.9  # share of the pixels' variance that counts as reproduced


def claims(results: xr.Dataset) -> list[e.Claim]:
    """Primary rows for the author's noise at strength 1, secondary rows for noises scaled to 89 %."""
    other = others(results, "network", "autoencoder")
    row = functools.partial(_row, within=f"{int(results.images):,} test images", not_run=other)
    noisy, cleaned, clean = (
        accuracy(results, *at) for at in ((AS_IS, "none"), (AS_IS, "autoencoder"), (CLEAN, "none"))
    )
    kept = accuracy(results, CLEAN, "autoencoder")
    rows = [
        row("noisy-89", NOISY, nearest(0.89, POINT, neutral=clean.mean()), e.share(noisy),
            words="accuracy under the author's noise"),
        row("denoised-94", NOISY, nearest(0.94, POINT, neutral=noisy.mean(), better=True), e.share(cleaned),
            words="accuracy under the author's noise after cleaning"),
        row("errors-halved", NOISY, nearest(2, FACTOR, neutral=1, better=True), e.ratio(1 - noisy, 1 - cleaned),
            words="errors under the author's noise before cleaning over those after"),
        row("autoencoder-reproduces", REPRODUCES, e.AtLeast(EXPLAINED), e.mean(reproduced(results)),
            words="share of the variance of clean pixels that the output explains"),
        row("autoencoder-keeps-labels", REPRODUCES, e.AtMost(POINT), e.paired(clean, kept), primary=False,
            words="accuracy on clean digits lost by reading their reproductions"),
    ]  # fmt: skip
    for noise in results.noise.values:
        rows += _at_89(row, results, str(noise))
    return rows


def _at_89(row, results: xr.Dataset, noise: str) -> list[e.Claim]:
    """Secondary rows: accuracy after cleaning at the strength where the network alone keeps 89 %."""
    before, after = (accuracy(results, noise, cleaning) for cleaning in ("none", "autoencoder"))
    where = f"{noise_name(noise)} noise at the strength where the network keeps 89 %"
    short = noise.replace("_", "-")
    return [
        row(f"denoised-94-{short}", NOISY, nearest(0.94, POINT, neutral=0.89, better=True), e.share(after),
            primary=False, words=f"accuracy after cleaning, {where}"),
        row(f"errors-halved-{short}", NOISY, nearest(2, FACTOR, neutral=1, better=True),
            e.ratio(1 - before, 1 - after), primary=False, words=f"errors before cleaning over those after, {where}"),
    ]  # fmt: skip


def _row(id: str, quote: str, criterion: e.Criterion, interval: e.Interval, **how) -> e.Claim:
    return e.judge(id, DOCUMENT, quote, criterion, interval, UNIT, **how)

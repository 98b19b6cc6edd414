"""What else the results on noise show."""

import functools

import numpy as np
import xarray as xr

from research import evidence as e
from research.evidence.findings import Finding, Number, finding, found
from research.studies.denoising.measures import accuracy, noise_name, reproduced
from research.studies.denoising.study import AS_IS, CLEAN

UNIT = "pairs of networks"
_share = functools.partial(Number.share, unit=UNIT)


def findings(results: xr.Dataset) -> list[Finding]:
    """The findings that hold in these results."""
    makers = (_cleaning_pays, _trained_on_noise, _which_cleaner, _hardest, _reproduction, _networks_bear)
    return found(results, *makers)


def _cleaning_pays(results: xr.Dataset) -> Finding | None:
    noisy, cleaned = (accuracy(results, AS_IS, name) for name in ("none", "autoencoder"))
    return finding(
        "cleaning-pays",
        "An autoencoder that has never seen noise raises the accuracy of {net} under the author's noise from {noisy} "
        "to {cleaned:full}; {clean} of the digits are read right without noise.",
        holds=e.paired(cleaned, noisy).low > 0,
        words={"net": results.network},
        noisy=_share(noisy),
        cleaned=_share(cleaned),
        clean=_share(accuracy(results, CLEAN, "none")),
    )


def _trained_on_noise(results: xr.Dataset) -> Finding | None:
    plain, trained = (accuracy(results, AS_IS, name) for name in ("autoencoder", "denoiser"))
    gain = e.paired(trained, plain)
    return finding(
        "trained-on-noise",
        "An autoencoder trained on the author's noise cleans it better than one trained on clean digits, by {gain} points "
        "({gain:interval} points, {gain:n}): {trained} of the labels are read right instead of {plain}.",
        holds=gain.low > 0,
        gain=Number.points(gain, UNIT),
        trained=_share(trained),
        plain=_share(plain),
    )


def _which_cleaner(results: xr.Dataset) -> Finding | None:
    """At 89 % the noise is weak, so the damage that a cleaner does to clean digits matters more."""
    gains = {
        str(noise): e.paired(accuracy(results, noise, "autoencoder"), accuracy(results, noise, "denoiser"))
        for noise in results.noise.values
    }
    clean = [accuracy(results, CLEAN, name) for name in ("autoencoder", "denoiser")]
    better = [noise_name(noise) for noise, gain in gains.items() if gain.low > 0]
    return finding(
        "clean-cleaner-better",
        "The autoencoder trained on clean digits cleans {noises} noise better than the one trained on noise, at the strength "
        "where {net} keeps {level}. It leaves {own:full} of the clean digits readable, the one trained on noise {other}.",
        holds=bool(better) and e.paired(*clean).low > 0,
        words={"net": results.network, "noises": _listing(better), "level": "89 %"},
        own=_share(clean[0]),
        other=_share(clean[1]),
    )


def _hardest(results: xr.Dataset) -> Finding | None:
    after = {str(noise): accuracy(results, noise, "autoencoder") for noise in results.noise.values}
    means = {noise: np.nanmean(x) for noise, x in after.items() if np.isfinite(x).any()}
    ranked = sorted(means, key=means.__getitem__)
    if len(ranked) < 2:
        return None
    worst, best, worst_name = ranked[0], ranked[-1], noise_name(ranked[0])
    return finding(
        "hardest-noise",
        "{worst_name} noise is the hardest to clean: at the strength where {net} keeps {level}, cleaning reaches "
        "{worst:full}; for {best_name} noise it reaches {best:full}.",
        holds=e.paired(after[best], after[worst]).low > 0,
        words={
            "worst_name": worst_name[:1].upper() + worst_name[1:],
            "best_name": noise_name(best),
            "net": results.network,
            "level": "89 %",
        },
        worst=_share(after[worst]),
        best=_share(after[best]),
    )


def _reproduction(results: xr.Dataset) -> Finding | None:
    own = reproduced(results)
    linear = 1 - float(results.pca_error) / float(results.mean_image_error)
    interval = e.mean(own)
    return finding(
        "reproduction",
        "The autoencoder {net} reproduces {own:full} of the variance of clean test pixels, {order} than as many principal "
        "components as its code has values ({linear}).",
        holds=interval.low > linear or interval.high < linear,
        words={"net": results.autoencoder, "order": "more" if interval.value > linear else "less"},
        own=Number.of(interval, UNIT, percent=True),
        linear=Number.exact(linear, percent=True, digits=1),
    )


def _networks_bear(results: xr.Dataset) -> Finding | None:
    """The accuracy of each kind of network under the author's noise as it is, when there are several kinds."""
    level = int(np.flatnonzero(results.strength.sel(noise="log_uniform").values == 1)[0])
    read = results.accuracy.sel(noise="log_uniform", cleaning="none").isel(level=level)
    names = [str(name) for name in results.reader_label.values]
    if len(names) < 2:
        return None
    means = read.mean("pair").values
    low, high = int(means.argmin()), int(means.argmax())
    values = read.transpose("reader", "pair").values.astype(float)
    return finding(
        "noise-depends-on-network",
        "How hard the author's noise is depends on the network: {worst_net} reads {worst:full} of the noisy digits, "
        "{best_net} {best:full}.",
        holds=e.difference(values[high], values[low]).low > 0,
        words={"worst_net": names[low], "best_net": names[high]},
        worst=Number.share(values[low], "networks"),
        best=Number.share(values[high], "networks"),
    )


def _listing(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)

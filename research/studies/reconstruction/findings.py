"""What else the results show."""

import functools

import numpy as np
import xarray as xr

from research import evidence as e
from research.evidence.findings import Finding, Number, finding, found
from research.studies.reconstruction import measures as m

UNIT = "teachers"
START = "low_frequency"
_share = functools.partial(Number.share, unit=UNIT, digits=0)
_draws = functools.partial(Number.share, unit="draws of digits", digits=0)


def findings(results: xr.Dataset) -> list[Finding]:
    """The findings that hold in these results."""
    return found(results, _robust_alphabet, _robust_teaches, _costs, _static, _few, _soft, _students)


def _best(values: dict[str, np.ndarray]) -> str:
    return max(values, key=lambda kind: values[kind].mean())


def _robust_alphabet(results: xr.Dataset) -> Finding | None:
    """Adversarial training makes identikits readable, even those of the document's search."""
    agreed = {kind: m.agreement(results, kind, "search") for kind in m.kinds(results)}
    robust = {kind: x for kind, x in agreed.items() if kind.startswith("robust")}
    if not robust or "plain" not in agreed:
        return None
    best = _best(robust)
    nulls = {kind: x for kind, x in agreed.items() if kind in m.NULLS}
    null = max((x.mean() for x in nulls.values()), default=m.CHANCE)
    return finding(
        "robust-alphabet",
        "Adversarial training makes identikits readable: of the images that the document's search finds for a network trained "
        "against an adversary ({best}), judges name {robust:full} as intended; {plain} of those for a plain network, and {null} "
        "of those for null models.",
        holds=e.difference(robust[best], agreed["plain"]).low > 0,
        words={"best": m.label(best)},
        robust=_share(robust[best]),
        plain=_share(agreed["plain"]),
        null=Number.exact(null, percent=True),
    )


def _robust_teaches(results: xr.Dataset) -> Finding | None:
    n = m.sizes(results)[-1]
    taught = {kind: m.student(results, kind, START, n) for kind in m.kinds(results, nulls=False)}
    robust = {kind: x for kind, x in taught.items() if kind.startswith("robust") and len(x)}
    if not robust or "plain" not in taught:
        return None
    best = _best(robust)
    gain = e.difference(robust[best], taught["plain"])
    return finding(
        "robust-teaches",
        "A student learns more from an adversarially trained teacher: after {size} identikits and no digit it reads "
        "{robust:full} of the real test digits when its teacher was trained against an adversary ({best}), and {plain} when "
        "the teacher was trained plainly.",
        holds=gain.low > 0,
        words={"best": m.label(best)},
        robust=_share(robust[best]),
        plain=_share(taught["plain"]),
        size=Number.exact(n, "identikits"),
    )


def _costs(results: xr.Dataset) -> Finding | None:
    there = [kind for kind in ("robust_1", "robust_2") if kind in results.kind.values]
    if not there or "plain" not in results.kind.values:
        return None
    accuracy = {kind: m.of_kind(results, "accuracy", kind) for kind in (*there, "plain")}
    kept = {kind: m.of_kind(results, "robust", kind) for kind in (*there, "plain")}
    best = max(there, key=lambda kind: kept[kind].mean())
    return finding(
        "robust-keeps",
        "Adversarially trained teachers are robust: under an attack of up to {eps}, a network trained against an adversary "
        "({best}) reads {robust:full} of the test digits and a plain one {plain}; without an attack they read {clean_robust} "
        "and {clean_plain}.",
        holds=e.difference(kept[best], kept["plain"]).low > 0,
        words={"best": m.label(best), "eps": "1 (the Euclidean distance, pixels in [0, 1])"},
        robust=_share(kept[best]),
        plain=_share(kept["plain"]),
        clean_robust=Number.share(accuracy[best], UNIT),
        clean_plain=Number.share(accuracy["plain"], UNIT),
    )


def _static(results: xr.Dataset) -> Finding | None:
    """Identikits of a plain network that start from noise still look like noise to the judges."""
    if "plain" not in results.kind.values:
        return None
    starts = {name: m.agreement(results, "plain", name) for name in ("low_frequency", "uniform_noise")}
    gap = e.paired(starts["low_frequency"], starts["uniform_noise"])
    return finding(
        "start-decides",
        "The start of an ascent decides what judges see in its result: of the plain network's identikits they name "
        "{blobs:full} as intended from soft blobs and {noise} from uniform noise.",
        holds=gap.low > 0,
        blobs=_share(starts["low_frequency"]),
        noise=_share(starts["uniform_noise"]),
    )


def _students(results: xr.Dataset) -> list[Finding | None]:
    """One finding for each kind of teacher and start: the accuracy of its students on real digits."""
    made = []
    for start in ("low_frequency", "blank", "uniform_noise"):
        for kind in m.kinds(results, dense=False):
            n = m.sizes(results)[-1] if start == START else m.compared(results)
            values = m.student(results, kind, start, n)
            if len(values):
                made.append(
                    finding(
                        f"student-{kind}-{start}".replace("_", "-"),
                        "A student that learned from {size} identikits ({reading}) of a teacher ({kind}) reads {value:full} "
                        "of the real test digits.",
                        words={"reading": m.READING_WORDS[start], "kind": m.label(kind)},
                        value=_share(values),
                        size=Number.exact(n, "identikits"),
                    )
                )
    return made


def _few(results: xr.Dataset) -> list[Finding | None]:
    """One identikit of each digit, compared with one real digit each and with many identikits."""
    few, many = m.sizes(results)[0], m.sizes(results)[-1]
    there = [k for k in m.kinds(results, nulls=False) if len(m.student(results, k, START, few))]
    if not there:
        return []
    best = max(there, key=lambda kind: m.student(results, kind, START, few).mean())
    taught, more = (m.student(results, best, START, n) for n in (few, many))
    real = {n: results.real_digits.sel(real_size=n).values.astype(float) for n in (few, many)}
    gain = e.paired(more, taught)
    return [
        finding(
            "few-identikits-beat-digits",
            "One identikit of each digit teaches more than one real example of each: a student of {size} identikits "
            "({best}) reads {taught:full} of the test digits, a student of {size} real digits {real:full}.",
            holds=e.difference(taught, real[few]).low > 0,
            words={"best": m.label(best)},
            taught=_share(taught),
            real=_draws(real[few]),
            size=Number.exact(few, "images"),
        ),
        finding(
            "more-identikits",
            "More identikits of the same kind add little: with {many} instead of {few} of them the student's accuracy "
            "changes by {points:full} points ({best}). As many real digits bring it from {before} to {after}.",
            holds=gain.high < 0.1 and e.difference(real[many], real[few]).low > gain.high,
            words={"best": m.label(best)},
            points=Number.points(gain, UNIT),
            many=Number.exact(many, "identikits"),
            few=Number.exact(few, "identikits"),
            before=_draws(real[few]),
            after=_draws(real[many]),
        ),
    ]


def _soft(results: xr.Dataset) -> Finding | None:
    """The gain from the teacher's whole output over the class alone."""
    n = m.compared(results)
    gains = {}
    for kind in m.kinds(results, nulls=False):
        soft, hard = (m.student(results, kind, START, n, labels) for labels in ("soft", "hard"))
        if len(soft) and len(soft) == len(hard):
            gains[kind] = e.paired(soft, hard)
    better = [kind for kind, gain in gains.items() if gain.low > 0]
    if not better:
        return None
    best = max(better, key=lambda kind: gains[kind].value)
    return finding(
        "soft-labels-help",
        "Soft labels help: with the teacher's whole answer instead of the class alone, a student of {size} identikits gains "
        "{points:full} points where it helps most ({best}).",
        words={"best": m.label(best)},
        points=Number.points(gains[best], UNIT),
        size=Number.exact(n, "identikits"),
    )

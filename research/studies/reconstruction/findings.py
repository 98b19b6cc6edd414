"""What else the results show."""

import functools

import numpy as np
import xarray as xr

from research import evidence as e
from research.evidence.findings import Finding, Number, finding, found
from research.studies.reconstruction import measures as m

UNIT = "teachers"
_share = functools.partial(Number.share, unit=UNIT, digits=0)
_draws = functools.partial(Number.share, unit="draws of digits", digits=0)


def findings(results: xr.Dataset) -> list[Finding]:
    """The findings that hold in these results."""
    return found(
        results,
        _robust_alphabet,
        _passed_on,
        _robust_teaches,
        _variety,
        _soft,
        _costs,
        _static,
        _few,
        _students,
    )


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


def _passed_on(results: xr.Dataset) -> Finding | None:
    """How much of what the best teacher knows its student reads."""
    taught = _taught(results, m.kinds(results, dense=False, nulls=False))
    if not taught:
        return None
    best = _best({kind: x for kind, (_, x) in taught.items()})
    n, read = taught[best]
    nulls = [x for _, x in _taught(results, [k for k in m.kinds(results) if k in m.NULLS]).values()]
    return finding(
        "identikits-suffice",
        "A network can be passed on by its identikits: a student of {size} identikits that has never seen a digit reads "
        "{read:full} of the real test digits; its teacher ({best}) reads {teacher}. Students of null models read {null}.",
        holds=e.share(read).low > 0.5,
        words={"best": m.label(best)},
        size=Number.exact(n, "identikits"),
        read=Number.share(read, UNIT),
        teacher=Number.share(m.of_kind(results, "accuracy", best), UNIT),
        null=Number.exact(max((x.mean() for x in nulls), default=m.CHANCE), percent=True),
    )


def _taught(results: xr.Dataset, kinds: list[str]) -> dict[str, tuple[int, np.ndarray]]:
    """By kind of teacher: the largest number of identikits that its students learned from, and their accuracies."""
    taught = {kind: _most(results, kind, m.curve(results)) for kind in kinds}
    return {kind: (n, read) for kind, (n, read) in taught.items() if len(read)}


def _most(results: xr.Dataset, kind: str, start: str) -> tuple[int, np.ndarray]:
    """The largest number of identikits that students of a kind learned from, and their accuracies; empty if none."""
    for n in reversed(m.sizes(results)):
        read = m.student(results, kind, n, start=start)
        if len(read):
            return n, read
    return 0, np.array([])


def _robust_teaches(results: xr.Dataset) -> Finding | None:
    taught = _taught(results, m.kinds(results, nulls=False))
    robust = {kind: x for kind, (_, x) in taught.items() if kind.startswith("robust")}
    if not robust or "plain" not in taught:
        return None
    best, (n, plain) = _best(robust), taught["plain"]
    gain = e.difference(robust[best], plain)
    return finding(
        "robust-teaches",
        "A student learns {more} from an adversarially trained teacher: after {size} identikits and no digit it reads "
        "{robust:full} of the real test digits when its teacher was trained against an adversary ({best}), and {plain} when "
        "the teacher was trained plainly. The teachers read {robust_teacher} and {plain_teacher}.",
        holds=gain.low > 0 or gain.high < 0,
        words={"best": m.label(best), "more": "more" if gain.value > 0 else "less"},
        size=Number.exact(n, "identikits"),
        robust=_share(robust[best]),
        plain=_share(plain),
        robust_teacher=_share(m.of_kind(results, "accuracy", best)),
        plain_teacher=_share(m.of_kind(results, "accuracy", "plain")),
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


def _variety(results: xr.Dataset) -> Finding | None:
    """Identikits that stopped early teach more than those of which the teacher is sure."""
    n, ways = m.compared(results), ("varied", "low_frequency")
    gains, taught = {}, {}
    for kind in m.kinds(results, nulls=False):
        early, sure = (m.student(results, kind, n, start=start) for start in ways)
        if len(early) and len(early) == len(sure):
            gains[kind], taught[kind] = e.paired(early, sure), (early, sure)
    better = [kind for kind, gain in gains.items() if gain.low > 0]
    if not better:
        return None
    best = max(better, key=lambda kind: gains[kind].value)
    return finding(
        "unsure-teaches",
        "Identikits of which the teacher is not sure teach more: of {size} images that aim at random mixtures of the "
        "classes and stop early a student reads {early:full} of the real test digits, of {size} finished identikits of one "
        "class each {sure} ({best}, where the gain is largest; it is there for {better} of {kinds} kinds of teacher).",
        words={"best": m.label(best)},
        size=Number.exact(n, "images"),
        early=_share(taught[best][0]),
        sure=_share(taught[best][1]),
        better=Number.exact(len(better), "kinds"),
        kinds=Number.exact(len(gains), "kinds"),
    )


def _students(results: xr.Dataset) -> list[Finding | None]:
    """One finding for each kind of teacher and of identikits: the accuracy of its students on real digits."""
    made = []
    for start in dict.fromkeys(map(str, results.start.values)):
        for kind in m.kinds(results, dense=False):
            n, values = _most(results, kind, start)
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
    there = [k for k in m.kinds(results, nulls=False) if len(m.student(results, k, few))]
    if not there:
        return []
    best = max(there, key=lambda kind: m.student(results, kind, few).mean())
    taught = m.student(results, best, few)
    real = {n: results.real_digits.sel(real_size=n).values.astype(float) for n in (few, many)}
    wins = [k for k in there if e.difference(m.student(results, k, few), real[few]).low > 0]
    able = max(there, key=lambda kind: m.student(results, kind, many).mean())
    law = e.mean(m.learning(results, able))
    return [
        finding(
            "few-identikits-beat-digits",
            "One identikit of each digit can teach more than one real example of each: a student of {size} identikits of "
            "the best kind of teacher ({best}) reads {taught:full} of the test digits, a student of {size} real digits "
            "{real:full}. The students of {wins} of {kinds} kinds of teacher read more than those of real digits.",
            holds=best in wins,
            words={"best": m.label(best)},
            wins=Number.exact(len(wins), "kinds"),
            kinds=Number.exact(len(there), "kinds"),
            taught=_share(taught),
            real=_draws(real[few]),
            size=Number.exact(few, "images"),
        ),
        finding(
            "more-identikits",
            "More identikits teach more: from {few} to {many} of them the student's accuracy rises from {before} to "
            "{after:full} ({best}), and its error falls about as the number of identikits to the power of −{power:full}. As "
            "many real digits bring it from {real_before} to {real_after}.",
            holds=law.low > 0,
            words={"best": m.label(able)},
            few=Number.exact(few, "identikits"),
            many=Number.exact(many, "identikits"),
            before=_share(m.student(results, able, few)),
            after=_share(m.student(results, able, many)),
            power=Number.of(law, UNIT),
            real_before=_draws(real[few]),
            real_after=_draws(real[many]),
        ),
    ]


def _soft(results: xr.Dataset) -> Finding | None:
    """The gain from the teacher's whole output over the class alone."""
    n = m.compared(results)
    gains = {}
    for kind in m.kinds(results, nulls=False):
        soft, hard = (m.student(results, kind, n, labels) for labels in ("soft", "hard"))
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

"""The content of a paper as plain values, which become a page, a PDF and LaTeX."""

import inspect
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from research import studies
from research.evidence import claims as c
from research.paper import prose, tables
from research.paper.chapters import Chapter, Picture, claims_of
from research.plotting import style
from research.runs.store import Run

TITLE = "Small digit recognisers, trained and read backwards"
DOCUMENTS = {  # by the first three digits of their file names
    "000": "Knowledge extraction from feed forward neural network trained on MNIST database (Clear Data Labs)",
    "001": "Interactive MNIST Application, a web page",
    "002": "an untitled blog post on digits, denoising autoencoders and bottlenecks",
    "003": "Reverse image recognition (15 May 2016)",
    "004": "Explainable Clustering in a Classification Neural Network (D. Kothari)",
}
TEMPLATES = Path(__file__).with_name("templates")
FINDINGS = 12  # sentences of a study that are printed; findings.json has all


def content(chapters: Sequence[Chapter], note: str = "") -> dict[str, Any]:
    """The content of a paper, ready for JSON; texts are `prose.Runs`.

    Args:
        chapters: the studies, in order.
        note: printed on top.

    Raises:
        ValueError: two claims or findings have the same id, or a text names a number that is not there.
    """
    names = prose.Names.of(chapters)
    rows = c.primary(names.claims.values())
    file = TEMPLATES / "text.md"
    text = prose.sections(file.read_text(), names, f"research/paper/templates/{file.name}")
    text["abstract"] = [prose.without_intervals(paragraph) for paragraph in text["abstract"]]
    said = {study for study, claim in claims_of(chapters) if claim.id in names.used}
    said |= {chapter.study for chapter in chapters if any(f.id in names.used for f in chapter.findings())}
    rest = [f.statement for study, f in names.leads.items() if study.removeprefix("lead.") not in said]
    there = {chapter.study for chapter in chapters}
    return {
        "title": TITLE,
        "note": note,
        "text": text,
        "abstract_rest": [prose.without_intervals(prose.runs(statement)) for statement in rest],
        "sections": [_section(number, chapter, names) for number, chapter in enumerate(chapters, 1)],
        "missing": [name for name in studies.names() if name not in there],
        "counts": {v: n for v in c.VERDICTS if (n := sum(row.verdict == v for row in rows))},
        "documents": DOCUMENTS,
        "colours": style.VERDICTS,
    }


def _section(number: int, chapter: Chapter, names: prose.Names) -> dict[str, Any]:
    """The section about a study."""
    about, claims = studies.part(chapter.study, "about"), chapter.claims()
    origin = {} if chapter.failure else Run(chapter.folder).provenance()
    config = {} if chapter.failure else Run(chapter.folder).config()
    return {
        "number": number,
        "study": chapter.study,
        "title": about.TITLE,
        "question": about.QUESTION,
        "method": prose.runs(about.METHOD),
        "differences": [prose.runs(each) for each in about.DIFFERENCES],
        "failure": chapter.failure or "",
        "findings": _findings(chapter),
        "claims": [row(claim) for claim in claims],
        "figures": [
            _figure(f"{number}.{i}", picture, names, origin.get("commit", ""))
            for i, picture in enumerate(chapter.pictures(), 1)
        ],
        "settings": settings(config) if config else {},
        "origin": _origin(origin) if origin else {},
    }


def _findings(chapter: Chapter) -> list[prose.Runs]:
    """The first FINDINGS of a study as sentences, without those that its figures show better, and how many are left out."""
    found = chapter.findings()
    shown = getattr(studies.part(chapter.study, "about"), "SHOWN_IN_FIGURES", ())
    said = [each.statement for each in found if not each.id.startswith(shown)][:FINDINGS]
    if left := len(found) - len(said):
        said.append(f"{left} more findings are in `findings.json`.")
    return [prose.runs(each) for each in said]


def row(claim: c.Claim) -> dict[str, Any]:
    """A row of the claims table, as text."""
    return {
        "id": claim.id,
        "document": claim.source[:3],
        "quote": claim.quote,
        "criterion": prose.runs(claim.criterion),
        "claimed": c.number(claim.claimed).replace("-", "−"),
        "measured": c.number(claim.measured).replace("-", "−"),
        "interval": "" if claim.low is None else tables.interval(claim).replace("-", "−"),
        "size": tables.size(claim),
        "within": prose.runs(claim.within),
        "verdict": claim.verdict,
        "note": prose.runs(claim.note),
        "primary": claim.primary,
        "strip": strip(claim),
    }


def strip(claim: c.Claim) -> dict[str, float] | None:
    """A row's numbers in percent for the strip beside it, which runs from 0 to 1; None if one lies outside."""
    numbers = {name: getattr(claim, name) for name in ("measured", "low", "high", "claimed")}
    there = {name: 100 * value for name, value in numbers.items() if value is not None}
    return there if "measured" in there and all(0 <= x <= 100 for x in there.values()) else None


def _figure(number: str, picture: Picture, names: prose.Names, commit: str) -> dict[str, Any]:
    where = f"caption of {picture.study}-{picture.name}"
    shows = (inspect.getdoc(picture.drawing.draw) or picture.name).partition("\n")[0]
    found = names.findings.get(picture.drawing.finding)  # none if it does not hold in these results
    return {
        "number": number,
        "study": picture.study,
        "name": picture.name,
        "file": f"{picture.study}-{picture.file(ending='.pdf').name}",
        "caption": prose.runs(names.fill(picture.drawing.caption, where)),
        "alt": f"{shows} {found.statement}" if found else shows,
        "moving": picture.moving,
        "place": picture.drawing.place,
        "column": own_column(picture),
        "made_by": [f"research/studies/{picture.study}/figures.py", f"configs/{picture.study}.py", commit],
    }


def own_column(picture: Picture) -> bool:
    """Whether a figure was drawn separately for one column."""
    wide, narrow = picture.file(), picture.file(style.SINGLE)
    return not picture.moving and narrow.exists() and narrow.read_bytes() != wide.read_bytes()


def settings(config: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """A saved config as text, by part: {"study": ..., "networks": ..., "softmax": {"training.epochs": "6"}}.

    What most of the networks that have a setting share stands once, in "networks"; the others keep their own value.
    """
    parts = {
        name: _flat(value)
        for name, value in config.items()
        if isinstance(value, Mapping) and "training" in value
    }
    of_all: dict[str, Counter[str]] = defaultdict(Counter)
    for part in parts.values():
        for key, value in part.items():
            of_all[key][value] += 1
    shared = {key: most for key, found in of_all.items() for most, n in found.most_common(1) if n > 1}
    study = _flat({name: value for name, value in config.items() if name not in parts})
    own = {
        name: {key: value for key, value in part.items() if shared.get(key) != value}
        for name, part in parts.items()
    }
    return {name: part for name, part in {"study": study, "networks": shared, **own}.items() if part}


def _flat(config: Any, name: str = "") -> dict[str, str]:
    """Nested settings as {"training.epochs": "6"}."""
    if isinstance(config, Mapping):
        parts = (_flat(value, f"{name}.{key}".strip(".")) for key, value in config.items() if key != "kind")
        return {key: value for part in parts for key, value in part.items()}
    return {name: json.dumps(config, ensure_ascii=False).replace('"', "")}


def _origin(origin: Mapping[str, Any]) -> dict[str, str]:
    """Where a study's results come from."""
    devices, data = origin["devices"], origin["data"]
    memory = f", with at most {origin['peak_bytes'] / 1e9:.1f} GB of memory" if "peak_bytes" in origin else ""
    return {
        "command": origin["command"],
        "finished": f"{origin['finished']} after {origin['seconds']:g} s{memory}",
        "device": f"{devices['count']} × {devices['kind']} ({devices['backend']}), {devices['cores']} cores, "
        f"{devices['machine']}",
        "commit": origin["commit"],
        "results": origin["fingerprint"],
        "data": f"{data['name']} {data['checksum']}",
        "versions": f"python {origin['python']}, "
        + ", ".join(f"{name} {version}" for name, version in origin["versions"].items()),
    }

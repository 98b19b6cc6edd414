"""The report: one self-contained page from saved runs, beside it all claims, findings and figures as files."""

import base64
import inspect
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from research import studies
from research.evidence import claims as c
from research.evidence.intervals import CONFIDENCE
from research.paper import latex, tables
from research.paper.chapters import Chapter, Picture, claims_of, findings_of
from research.plotting import files, style
from research.runs.store import Run, atomic_write, make_folder

DOCUMENTS = {  # by the first three digits of their file names
    "000": "Knowledge extraction from feed forward neural network trained on MNIST database",
    "001": "Interactive MNIST Application",
    "002": "[a blog post on digits, denoising autoencoders and bottlenecks]",
    "003": "Reverse image recognition",
    "004": "Explainable Clustering in a Classification Neural Network",
}
TEMPLATES = Path(__file__).with_name("templates")


def write(folder: Path, chapters: Sequence[Chapter], *, note: str = "") -> list[c.Claim]:
    """Writes the report and everything to quote from into the folder of a paper; returns all claims.

    report.html; claims.json, .csv and .tex; findings.json, .csv and .tex; numbers.tex; figures/ and figures.tex.

    Args:
        folder: of the paper.
        chapters: what there is; other studies are named as missing.
        note: stands on top of the report.

    Raises:
        ValueError: two claims or two findings have the same id.
    """
    rows, found = claims_of(chapters), findings_of(chapters)
    claims, findings = [claim for _, claim in rows], [finding for _, finding in found]
    pictures = [picture for chapter in chapters for picture in chapter.pictures()]
    _gather(pictures, make_folder(folder / "figures"))
    still = [
        (p.study, p.name, p.drawing.caption, p.file(style.SINGLE).exists()) for p in pictures if not p.moving
    ]
    written = {
        "claims.json": c.to_json(claims),
        "claims.csv": tables.claims_csv(rows),
        "claims.tex": latex.claims(claims),
        "numbers.tex": latex.numbers(claims),
        "findings.json": tables.findings_json(found),
        "findings.csv": tables.findings_csv(found),
        "findings.tex": latex.findings(findings),
        "figures.tex": latex.figures(still),
        "report.html": page(chapters, note),
    }
    for name, text in written.items():
        atomic_write(folder / name, text)
    return claims


def _gather(pictures: Iterable[Picture], folder: Path) -> None:
    """Copies what papers need into one folder, under study-figure.*; what is no longer drawn goes away."""
    wanted = {
        f"{picture.study}-{source.name}": source
        for picture in pictures
        for width in (style.DOUBLE, style.SINGLE)
        for source in picture.folder.glob(f"{files.file_name(picture.name, width)}.*")
        if source.suffix != ".webp"
    }
    for old in folder.iterdir():
        if old.name not in wanted:
            old.unlink()
    for name, source in wanted.items():
        content, copy = source.read_bytes(), folder / name
        if not copy.exists() or copy.read_bytes() != content:
            atomic_write(copy, content)


def page(chapters: Sequence[Chapter], note: str = "") -> str:
    """The report as one HTML page that needs nothing else."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "number": c.number, "interval": tables.interval, "size": tables.size, "verdict": tables.verdict,
        "strip": _strip, "slug": _slug, "words": _words,
    }  # fmt: skip
    claims = c.primary(claim for _, claim in claims_of(chapters))
    there = {chapter.study for chapter in chapters}
    return templates.get_template("report.html").render(
        css=Markup((TEMPLATES / "report.css").read_text()),
        note=note,
        sections=[_section(number, chapter) for number, chapter in enumerate(chapters, 1)],
        missing=[name for name in studies.names() if name not in there],
        measured=sum(claim.verdict != "not run" for claim in claims),
        counts={verdict: n for verdict in c.VERDICTS if (n := sum(row.verdict == verdict for row in claims))},
        documents=DOCUMENTS,
        confidence=f"{CONFIDENCE:.0%}".replace("%", "\N{NO-BREAK SPACE}%"),
        min_units=c.MIN_UNITS,
    )


def _section(number: int, chapter: Chapter) -> dict[str, Any]:
    """What the page says about a study."""
    claims = chapter.claims()
    return {
        "number": number,
        "study": chapter.study,
        "about": studies.part(chapter.study, "about"),
        "failure": chapter.failure,
        "findings": [finding.statement for finding in chapter.findings()],
        "primary": c.primary(claims),
        "secondary": [claim for claim in claims if not claim.primary],
        "figures": [_figure(f"{number}.{i}", picture) for i, picture in enumerate(chapter.pictures(), 1)],
        "origin": {} if chapter.failure else _origin(Run(chapter.folder).provenance()),
    }


def _figure(number: str, picture: Picture) -> dict[str, Any]:
    """A figure two columns wide, with its form of one column for small screens, if it has one of its own."""
    wide, narrow = picture.file(), picture.file(style.SINGLE)
    own = not picture.moving and narrow.exists() and narrow.read_bytes() != wide.read_bytes()
    return {
        "number": number,
        "file": f"{picture.study}-{picture.file(ending='.pdf').name}",
        "caption": picture.drawing.caption,
        "alt": (inspect.getdoc(picture.drawing.draw) or picture.name).partition("\n")[0],
        "moving": picture.moving,
        "wide": _inline(wide),
        "narrow": _inline(narrow) if own else "",
    }


def _origin(origin: dict[str, Any]) -> dict[str, str]:
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


def _strip(claim: c.Claim) -> dict[str, float] | None:
    """A row's numbers where all of them lie between 0 and 1, as all strips have that one scale; None elsewhere."""
    numbers = {name: getattr(claim, name) for name in ("measured", "low", "high", "claimed")}
    there = {name: 100 * value for name, value in numbers.items() if value is not None}
    return there if "measured" in there and all(0 <= x <= 100 for x in there.values()) else None


def _slug(text: str) -> str:
    return text.replace(" ", "-")


def _words(text: str) -> Markup:
    """A study's words, with its `names` as code and its percent signs beside their numbers."""
    return Markup(
        re.sub("`(.+?)`", r"<code>\1</code>", str(escape(text)).replace(" %", "\N{NO-BREAK SPACE}%"))
    )


def _inline(path: Path) -> str:
    return f"data:image/{path.suffix[1:]};base64," + base64.b64encode(path.read_bytes()).decode()

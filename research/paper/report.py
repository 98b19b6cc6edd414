"""The report: one self-contained page from saved runs, with all claims and figures; and claims.json."""

import base64
import inspect
import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from research import studies
from research.evidence import claims as c
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


def write(folder: Path, chapters: Sequence[Chapter], *, note: str = "") -> list[c.Claim]:
    """Writes report.html, claims.json, figures/ and the .tex files into the folder; returns all claims.

    Studies without a chapter are named as missing; the note, if there is one, stands on top.
    """
    rows, found = claims_of(chapters), findings_of(chapters)
    claims = [claim for _, claim in rows]
    pictures = [picture for chapter in chapters for picture in chapter.pictures()]
    _gather(pictures, make_folder(folder / "figures"))
    still = [
        (p.study, p.name, p.drawing.caption, p.file(style.SINGLE).exists()) for p in pictures if not p.moving
    ]
    atomic_write(folder / "claims.json", c.to_json(claims))
    atomic_write(folder / "claims.csv", tables.claims_csv(rows))
    atomic_write(folder / "findings.json", tables.findings_json(found))
    atomic_write(folder / "findings.csv", tables.findings_csv(found))
    atomic_write(folder / "numbers.tex", latex.numbers(claims))
    atomic_write(folder / "claims.tex", latex.claims(claims))
    atomic_write(folder / "figures.tex", latex.figures(still))
    atomic_write(folder / "report.html", page(chapters, note))
    return claims


def page(chapters: Sequence[Chapter], note: str = "") -> str:
    """The report as one HTML page that needs nothing else."""
    css = Path(__file__).with_name("report.css").read_text()
    body = [
        _head(chapters, note),
        f'<section id="claims"><h2>All claims</h2>{claims_table(chapters)}</section>',
        *(_chapter(number, chapter) for number, chapter in enumerate(chapters, 1)),
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Identikit: report</title>\n<style>\n{css}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


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


def _head(chapters: Sequence[Chapter], note: str) -> str:
    claims = [claim for _, claim in claims_of(chapters)]
    count = {verdict: sum(claim.verdict == verdict for claim in claims) for verdict in c.VERDICTS}
    shares = "".join(f'<span class="{_class(v)}" style="flex:{n}"></span>' for v, n in count.items() if n)
    key = "".join(f"<li>{_dot(v)}{n} {v}</li>" for v, n in count.items() if n)
    contents = "".join(
        f'<li><a href="#{chapter.study}">{escape(chapter.title)}</a> '
        + ("failed" if chapter.failure else "".join(_dot(claim.verdict) for claim in chapter.claims()))
        + "</li>"
        for chapter in chapters
    )
    missing = [name for name in studies.names() if name not in {chapter.study for chapter in chapters}]
    failed = [chapter.title for chapter in chapters if chapter.failure]
    return (
        '<header><p class="kicker">Identikit: report</p>'
        "<h1>Small digit recognisers, trained and read backwards</h1>"
        f'<p class="lead">Five documents say what such networks do and what can be read from them. Here are '
        f"{len(claims)} of their claims, {len(claims) - count['not run']} of them measured: each with the number of "
        "independent units behind it, a 95 % interval, and a verdict by one rule.</p>"
        + (f'<p class="note">{escape(note)}</p>' if note else "")
        + (
            f'<p class="failed">Failed: {escape(", ".join(failed))}. Their claims are missing here.</p>'
            * bool(failed)
        )
        + (f'<p class="note">Not in this report yet: {escape(", ".join(missing))}.</p>' if missing else "")
        + f'<div class="shares" aria-hidden="true">{shares}</div><ul class="key">{key}</ul>'
        f'<nav><ol><li><a href="#claims">All claims</a></li>{contents}</ol></nav></header>'
    )


def claims_table(chapters: Sequence[Chapter]) -> str:
    """All claims as an HTML table, study by study, with the rule and the documents."""
    rows = "".join(
        f'<tr class="group"><th colspan="6">{escape(chapter.title)}</th></tr>'
        + "".join(map(_row, chapter.claims()))
        for chapter in chapters
        if not chapter.failure
    )
    documents = "".join(f"<dt>{number}</dt><dd>{escape(title)}</dd>" for number, title in DOCUMENTS.items())
    head = '<th>claim</th><th>doc.</th><th class="r">claimed</th><th class="r">measured</th><th>n</th><th>verdict</th>'
    return (
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        '<p class="small"><br>Each row’s picture has its own scale: the point is what we measured, the bar its 95 % '
        "interval, the red tick what the document says. <b>Reproduced</b>: the claimed value lies inside the interval, "
        "or the claim is a bound that the interval’s worse end meets. <b>Partly</b>: the direction holds. "
        "<b>Not reproduced</b>: otherwise. Words in brackets are ours.</p>"
        f"<dl>{documents}</dl>"
    )


def _row(claim: c.Claim) -> str:
    interval = "" if claim.measured is None else "no interval"
    if claim.low is not None and claim.high is not None:
        interval = f"{c.number(claim.low)} … {c.number(claim.high)}"
    cells = (
        (
            "",
            "",
            f'<span class="id">{escape(claim.id)}</span><span class="words">{escape(claim.quote)}</span>',
        ),
        ("document", "", claim.source[:3]),
        ("claimed", "r", c.number(claim.claimed)),
        ("measured", "r", f'{c.number(claim.measured)}<span class="words">{interval}</span>{_range(claim)}'),
        ("n", "n", f'{claim.n}<span class="words">{escape(claim.unit)}</span>'),
        ("verdict", "", f'<span class="verdict {_class(claim.verdict)}">{claim.verdict}</span>'),
    )
    return (
        "<tr>"
        + "".join(
            f'<td class="{kind}" data-name="{name}"><div>{text}</div></td>' for name, kind, text in cells
        )
        + "</tr>"
    )


def _range(claim: c.Claim) -> str:
    """Measured value, interval and claimed value on a line of their own scale."""
    values = [x for x in (claim.claimed, claim.measured, claim.low, claim.high) if x is not None]
    if claim.measured is None:
        return ""
    low, high = min(values), max(values)
    place = lambda x: 6 + 108 * ((x - low) / (high - low) if high > low else 0.5)  # noqa: E731
    marks = '<path d="M0 8H120" stroke="#e4e6e8"/>'
    if claim.low is not None and claim.high is not None:
        marks += (
            f'<path d="M{place(claim.low):.1f} 8H{place(claim.high):.1f}" stroke="#0a6aa1" stroke-width="3"/>'
        )
    if claim.claimed is not None:
        marks += f'<path d="M{place(claim.claimed):.1f} 1V15" stroke="#c8553d" stroke-width="2"/>'
    marks += f'<circle cx="{place(claim.measured):.1f}" cy="8" r="4" fill="#0a6aa1"/>'
    return f'<svg class="range" viewBox="0 0 120 16" aria-hidden="true">{marks}</svg>'


def _chapter(number: int, chapter: Chapter) -> str:
    study = studies.part(chapter.study, "about")
    top = (
        f'<section id="{chapter.study}"><p class="number">Study {number}</p><h2>{escape(study.TITLE)}</h2>'
        f'<p class="question">{escape(study.QUESTION)}</p>'
    )
    if chapter.failure:
        again = f"python -m launch.paper --only={chapter.study}"
        return (
            f'{top}<p class="failed"><b>This study failed.</b> {escape(chapter.failure)}<br>'
            f"<code>{again}</code> tries again; nothing that was finished is lost.</p></section>"
        )
    drawn = "".join(_figure(f"{number}.{i}", picture) for i, picture in enumerate(chapter.pictures(), 1))
    return (
        f"{top}<p>{_text(study.METHOD)}</p>{drawn}"
        + _listed(
            "ul",
            "Findings",
            [finding.statement for finding in chapter.findings()],
        )
        + _listed("ol", "Differences from the documents", study.DIFFERENCES)
        + _provenance(Run(chapter.folder).provenance())
        + "</section>"
    )


def _figure(number: str, picture: Picture) -> str:
    """Two columns wide; where the screen is small one column wide, or else (report.css) to be scrolled sideways."""
    alt = escape((inspect.getdoc(picture.drawing.draw) or picture.name).partition("\n")[0])
    column = picture.file(style.SINGLE)
    narrow = (
        f'<source media="(max-width: 40rem)" srcset="{_inline(column)}">'
        if not picture.moving and column.exists() and column.read_bytes() != picture.file().read_bytes()
        else ""
    )
    kind = ' class="moving"' if picture.moving else ""
    return (
        f'<figure><picture>{narrow}<img{kind} alt="{alt}" src="{_inline(picture.file())}"></picture>'
        f"<figcaption><b>Figure {number}.</b> {_text(picture.drawing.caption)} "
        f"<code>{picture.study}-{picture.file(ending='.pdf').name}</code></figcaption></figure>"
    )


def _text(text: str) -> str:
    """A study's words, with its `names` as code and its percent signs beside their numbers."""
    return re.sub("`(.+?)`", r"<code>\1</code>", escape(text).replace(" %", "\N{NO-BREAK SPACE}%"))


def _listed(kind: str, title: str, texts: Iterable[str]) -> str:
    items = "".join(f"<li>{_text(text)}</li>" for text in texts)
    return f"<h3>{title}</h3><{kind}>{items}</{kind}>" if items else ""


def _provenance(origin: dict) -> str:
    devices, data = origin["devices"], origin["data"]
    facts = {
        "command": origin["command"],
        "finished": f"{origin['finished']} after {origin['seconds']:g} s",
        "device": f"{devices['count']} × {devices['kind']} ({devices['backend']}), {devices['cores']} cores, "
        f"{devices['machine']}",
        "commit": origin["commit"],
        "results": origin["fingerprint"],
        "data": f"{data['name']} {data['checksum']}",
        "versions": f"python {origin['python']}, "
        + ", ".join(f"{name} {version}" for name, version in origin["versions"].items()),
    }
    rows = "".join(f"<dt>{name}</dt><dd>{escape(str(value))}</dd>" for name, value in facts.items())
    return f"<h3>Provenance</h3><dl>{rows}</dl>"


def _class(verdict: str) -> str:
    return verdict.replace(" ", "-")


def _dot(verdict: str) -> str:
    return f'<span class="dot {_class(verdict)}" title="{verdict}"></span>'


def _inline(path: Path) -> str:
    return f"data:image/{path.suffix[1:]};base64," + base64.b64encode(path.read_bytes()).decode()

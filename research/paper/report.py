"""Writes the folder of a paper: the page, the PDF, LaTeX, claims, findings and figures."""

import base64
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from research.evidence import claims as c
from research.paper import figure_files, latex, pdf, prose, tables
from research.paper.chapters import Chapter, Picture, claims_of, findings_of
from research.paper.content import TEMPLATES, content
from research.plotting import files, style
from research.runs.folders import atomic_write, make_folder


def write(folder: Path, chapters: Sequence[Chapter], *, note: str = "") -> list[c.Claim]:
    """Writes the report and everything to quote from into the folder of a paper; returns all claims.

    report.html; claims.json, .csv and .tex; findings.json, .csv and .tex; numbers.tex; figures/ and figures.tex;
    main.tex, which needs these and references.bib.

    Args:
        folder: of the paper.
        chapters: the studies; the others are listed as missing.
        note: printed on top of the report.

    Raises:
        ValueError: two claims or two findings have the same id; a text names an unknown number.
    """
    rows, found = claims_of(chapters), findings_of(chapters)
    claims, findings = [claim for _, claim in rows], [finding for _, finding in found]
    _gather(
        (picture for chapter in chapters for picture in chapter.pictures()), make_folder(folder / "figures")
    )
    said = content(chapters, note)
    written = {
        "claims.json": c.to_json(claims),
        "claims.csv": tables.claims_csv(rows),
        "claims.tex": latex.claims(claims),
        "numbers.tex": latex.numbers(claims),
        "findings.json": tables.findings_json(found),
        "findings.csv": tables.findings_csv(found),
        "findings.tex": latex.findings(findings),
        "figures.tex": latex.figures(said["sections"]),
        "main.tex": latex.main(said),
        "references.bib": (TEMPLATES / "references.bib").read_text(),
        "report.html": page(said, chapters),
    }
    for name, text in written.items():
        atomic_write(folder / name, text)
    return claims


def write_pdf(folder: Path, chapters: Sequence[Chapter], *, note: str = "") -> None:
    """Writes paper.pdf into the folder of a paper whose report is written.

    Raises:
        ValueError: Typst cannot set it.
    """
    atomic_write(folder / "paper.pdf", pdf.typeset(content(chapters, note), folder))


def _gather(pictures: Iterable[Picture], folder: Path) -> None:
    """Copies figures into one folder as study-figure.*, and deletes all other files there."""
    wanted = {
        f"{picture.study}-{source.name}": source
        for picture in pictures
        for width in (style.DOUBLE, style.SINGLE)
        for source in picture.folder.glob(f"{files.file_name(picture.name, width)}.*")
        if source.suffix != ".webp"
    }
    before = figure_files.listed(folder)
    figure_files.write_listing(folder, before | wanted.keys())
    for name in before - wanted.keys():
        (folder / name).unlink(missing_ok=True)
    for name, source in wanted.items():
        content, copy = source.read_bytes(), folder / name
        if not copy.exists() or copy.read_bytes() != content:
            atomic_write(copy, content)
    figure_files.write_listing(folder, wanted)


def page(said: dict[str, Any], chapters: Sequence[Chapter]) -> str:
    """The report as one HTML page that needs nothing else.

    Args:
        said: `content` of the chapters.
        chapters: their figures are embedded in the page.
    """
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pictures = {(p.study, p.name): p for chapter in chapters for p in chapter.pictures()}
    numbers: dict[str, int] = {}  # of the works cited, in the order of their citation

    def inline(shown: dict[str, Any], width: float = style.DOUBLE) -> str:
        return _inline(pictures[shown["study"], shown["name"]].file(width))

    def words(runs: prose.Runs) -> Markup:
        for key in (key for kind, what in runs if kind == "cite" for key in what.split()):
            numbers.setdefault(key, len(numbers) + 1)
        return _words(runs, numbers)

    templates.filters |= {"slug": _slug, "words": words, "inline": inline}
    return templates.get_template("report.html").render(
        said,
        css=Markup((TEMPLATES / "report.css").read_text()),
        numbers=numbers,
        works=works(),
        narrow=style.SINGLE,
    )


def works() -> dict[str, str]:
    """The entries of references.bib as text: authors, title, where, year."""
    entries = {}
    for key, body in re.findall(r"(?ms)^@\w+\{(\w+),\n(.*?)^\}", (TEMPLATES / "references.bib").read_text()):
        fields = dict(re.findall(r"(\w+) = \{((?:[^{}]|\{[^{}]*\})*)\}", body))
        authors = [" ".join(reversed(name.split(", "))) for name in fields["author"].split(" and ")]
        who = ", ".join(authors) if len(authors) <= 3 else f"{authors[0]} et al."
        where = next(
            (fields[kind] for kind in ("journal", "booktitle", "institution", "url") if kind in fields), ""
        )
        text = f"{who}. {fields['title']}. {where}, {fields['year']}."
        entries[key] = re.sub("[{}]", "", text).replace("--", "–").replace("``", "“").replace("''", "”")
    return entries


TAGS = {
    "text": "{}", "code": "<code>{}</code>", "strong": "<b>{}</b>", "interval": '<span class="interval">[{}]</span>'
}  # fmt: skip


def _slug(text: str) -> str:
    return text.replace(" ", "-")


def _words(text: str | prose.Runs, numbers: dict[str, int] | None = None) -> Markup:
    """Words as HTML, with `names` as code and works by their number."""
    said = []
    for kind, what in prose.runs(text) if isinstance(text, str) else text:
        if kind == "cite":
            links = ", ".join(f'<a href="#{key}">{(numbers or {})[key]}</a>' for key in what.split())
            said.append(f"[{links}]")
        else:
            said.append(TAGS[kind].format(escape(what)))
    return Markup("".join(said))


def _inline(path: Path) -> str:
    return f"data:image/{path.suffix[1:]};base64," + base64.b64encode(path.read_bytes()).decode()

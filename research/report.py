"""The report: one self-contained page from saved runs, with all claims and figures; and claims.json."""

import base64
import html
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from research import claims as c
from research import figures, latex, studies
from research.store import Run, atomic_write, make_folder


class Chapter(NamedTuple):
    """A study in the report: its name, its run folder, and what stopped it, if anything did."""

    study: str
    folder: Path
    failure: str | None = None


def write(folder: Path, chapters: Sequence[Chapter]) -> list[c.Claim]:
    """Writes report.html, claims.json, figures/ and the .tex files into the folder; returns all claims."""
    done = [chapter for chapter in chapters if chapter.failure is None]
    claims = [claim for chapter in done for claim in Run(chapter.folder).claims()]
    drawn = [picture for chapter in done for picture in _pictures(chapter)]
    gathered = make_folder(folder / "figures")
    for study, path, _ in drawn:
        for file in path.parent.glob(f"{path.stem}.*"):
            atomic_write(gathered / f"{study}-{file.name}", file.read_bytes())
    atomic_write(folder / "claims.json", c.to_json(claims))
    atomic_write(folder / "numbers.tex", latex.numbers(claims))
    atomic_write(folder / "claims.tex", latex.claims(claims))
    still = [(study, path.stem, caption) for study, path, caption in drawn if path.suffix == ".png"]
    atomic_write(folder / "figures.tex", latex.figures(still))
    body = [_summary(claims), *(_chapter(chapter) for chapter in chapters)]
    atomic_write(folder / "report.html", PAGE.replace("{{body}}", "\n".join(body)))
    return claims


def _pictures(chapter: Chapter) -> list[tuple[str, Path, str]]:
    """(study, file, caption) of everything drawn for a chapter, in the order of its figures module."""
    kinds = ((figures.drawings(chapter.study), ".png"), (figures.animations(chapter.study), ".gif"))
    return [
        (chapter.study, path, drawing.caption)
        for drawings, suffix in kinds
        for name, drawing in drawings.items()
        if (path := chapter.folder / "figures" / f"{name}{suffix}").exists()
    ]


def _summary(claims: Sequence[c.Claim]) -> str:
    count = {v: sum(claim.verdict == v for claim in claims) for v in c.COLOURS}
    said = ", ".join(f"{n} {verdict}" for verdict, n in count.items() if n)
    return (
        "<header><h1>Identikit</h1><p>Small digit recognisers, trained and read backwards: what five documents "
        f"say, and what we measured. {len(claims)} claims: {said}.</p></header>" + claims_table(claims)
    )


def claims_table(claims: Sequence[c.Claim]) -> str:
    """The claims as an HTML table."""
    rows = "".join(
        f"<tr><td><b>{claim.id}</b><br><span class=said>{html.escape(claim.statement)}</span></td>"
        f"<td>{claim.source[:3]}</td><td class=r>{c.number(claim.claimed)}</td>"
        f"<td class=r>{c.number(claim.measured)}<br><span class=said>{c.number(claim.low)} … "
        f"{c.number(claim.high)}</span></td><td class=r>{claim.n}<br><span class=said>"
        f"{html.escape(claim.unit)}</span></td><td><span class='v {claim.verdict.replace(' ', '-')}'>"
        f"{claim.verdict}</span></td></tr>"
        for claim in claims
    )
    return (
        "<div class=scroll><table><thead><tr><th>claim</th><th>document</th><th class=r>claimed</th>"
        "<th class=r>measured<br>95 % interval</th><th class=r>n</th><th>verdict</th></tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _chapter(chapter: Chapter) -> str:
    study = studies.study(chapter.study)
    if chapter.failure is not None:
        return f"<section><h2>{study.TITLE}</h2><p class=failed>Failed: {html.escape(chapter.failure)}</p></section>"
    pictures = "".join(
        f'<figure><img alt="{html.escape(caption)}" src="{_inline(path)}">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
        for _, path, caption in _pictures(chapter)
    )
    origin = Run(chapter.folder).provenance()
    devices = origin["devices"]
    foot = (
        f"{origin['seconds']} s on {devices['count']} × {devices['kind']} ({devices['cores']} cores), "
        f"jax {origin['versions']['jax']}, commit {origin['commit'][:12]}, {origin['finished']}"
    )
    listed = lambda texts: "".join(f"<li>{html.escape(text)}</li>" for text in texts)  # noqa: E731
    surprises = getattr(study, "SURPRISES", ())
    surprised = f"<h3>What surprised us</h3><ul>{listed(surprises)}</ul>" if surprises else ""
    return (
        f"<section><h2>{study.TITLE}</h2><p class=question>{html.escape(study.QUESTION)}</p>"
        f"<p>{html.escape(study.METHOD)}</p>{pictures}{surprised}"
        f"<h3>Differences from the documents</h3><ol>{listed(study.DIFFERENCES)}</ol><p class=said>{html.escape(foot)}</p></section>"
    )


def _inline(path: Path) -> str:
    return f"data:image/{path.suffix[1:]};base64," + base64.b64encode(path.read_bytes()).decode()


PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Identikit: report</title>
<style>
:root { color-scheme: light; --ink: #222; --muted: #666; --line: #e2e2e2; --accent: #0a6aa1; }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); max-width: 60rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 2rem; margin: 0 0 .3rem; } h2 { margin: 3rem 0 .4rem; } h3 { font-size: 1rem; margin: 1.5rem 0 .3rem; }
.question { font-size: 1.1rem; color: var(--accent); margin: 0 0 .6rem; }
.said { color: var(--muted); font-size: .82rem; font-weight: normal; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th { text-align: left; vertical-align: bottom; border-bottom: 2px solid var(--ink); padding: .3rem .6rem; }
td { vertical-align: top; border-bottom: 1px solid var(--line); padding: .45rem .6rem; } .r { text-align: right; }
.v { white-space: nowrap; font-weight: 600; } .reproduced { color: #11702f; } .partly { color: #8a6100; }
.not-reproduced { color: #b02a1a; } .not-run { color: var(--muted); }
figure { margin: 1.6rem 0; } img { max-width: 100%; height: auto; } figcaption { color: var(--muted); font-size: .88rem; }
.failed { color: #b02a1a; font-weight: 600; }
@media print { body { max-width: none; } figure { break-inside: avoid; } }
</style>
<body>
{{body}}
</body></html>
"""

"""The reference run: what of a paper's folder is kept in the repository; what README and lab notes show of it."""

import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from research import studies
from research.evidence import claims as c
from research.paper import tables
from research.plotting import files
from research.runs.store import Run, StoreError, atomic_write, make_folder

TABLES = ("claims.json", "claims.csv", "findings.json", "findings.csv", "claims.tex", "numbers.tex")
MAX_BYTES = 6_000_000
PNG_DPI = (150, 120, 100, 75, 65)  # of the kept figures: the first with which all of them fit
PICTURES = (("identikits", "evolution"), ("causal_maps", "signed"), ("input_clusters", "course-2d"))


def export(paper: Path, folder: Path) -> int:
    """Keeps report, claims and their tables, provenance and figures of a finished paper; returns the bytes.

    Figures are kept as PNG, two columns wide, with at most 64 colours. Raises StoreError when the paper is
    not complete or what would be kept is larger than MAX_BYTES; nothing is changed then.
    """
    missing = [name for name in studies.names() if not (paper / name / "provenance.json").exists()]
    if missing or not (paper / "report.html").exists():
        what = f"the studies {', '.join(missing)}" if missing else "report.html"
        raise StoreError(f"{paper} lacks {what}; run python -m launch.paper --workdir={paper} first")
    origin = {}
    for name in studies.names():
        run = Run(paper / name)
        origin[name] = run.provenance() | {
            "claims": [claim.id for claim in c.from_json((paper / name / "claims.json").read_text())]
        }
    names = ("report.html", *TABLES)
    kept = {name: (paper / name).read_bytes() for name in names}
    kept["report.html"] = re.sub(rb"<source [^>]*>", b"", kept["report.html"])  # one picture a figure
    kept["provenance.json"] = (json.dumps(origin, indent=2) + "\n").encode()
    for name in ("report.html", "provenance.json"):  # where it lay on the machine is nobody's business
        kept[name] = kept[name].replace(str(paper.resolve()).encode(), b"PAPER")
    drawn = {
        f"figures/{name}-{figure}.png": picture
        for name in studies.names()
        for figure in studies.part(name, "figures").FIGURES
        if (picture := paper / name / "figures" / f"{figure}.png").exists()
    }
    for dpi in PNG_DPI:
        kept |= {name: _smaller(picture, dpi) for name, picture in drawn.items()}
        size = sum(map(len, kept.values()))
        if size <= MAX_BYTES:
            break
    if size > MAX_BYTES:
        large = ", ".join(sorted(kept, key=lambda name: -len(kept[name]))[:5])
        raise StoreError(
            f"{size:,} bytes would be kept, more than {MAX_BYTES:,}; the largest: {large}; make them smaller"
        )
    for old in make_folder(folder / "figures").iterdir():
        old.unlink()
    for name, content in kept.items():
        atomic_write(folder / name, content)
    return size


def _smaller(png: Path, dpi: int) -> bytes:
    from PIL import Image

    with Image.open(png) as picture:
        scale = dpi / files.PRINT_DPI
        size = (round(picture.width * scale), round(picture.height * scale))
        small = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    written = io.BytesIO()
    # the median cut, which is the default, merges hues that are rare
    few = small.quantize(64, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    few.save(written, "PNG", optimize=True)
    return written.getvalue()


def pictures(folder: Path, at: str) -> str:
    """Three figures of the reference run as Markdown; `at` is the folder as the README sees it."""
    shown = []
    for study, name in PICTURES:
        file = folder / "figures" / f"{study}-{name}.png"
        drawing = studies.part(study, "figures").FIGURES.get(name)
        if file.exists() and drawing:
            shown.append(f"![{drawing.caption}]({at}/figures/{file.name})\n\n*{drawing.caption}*")
    return "\n\n".join(shown)


def fill(text: str, part: str, content: str) -> str:
    """The text with what stands between <!-- part --> and <!-- /part --> replaced.

    Raises ValueError when the marks are not there, once each and in this order.
    """
    mark, end = f"<!-- {part} -->", f"<!-- /{part} -->"
    found = re.findall(f"{re.escape(mark)}.*?{re.escape(end)}", text, re.DOTALL)
    if len(found) != 1 or text.count(mark) != 1:
        raise ValueError(f"expected {mark} … {end} once, found it {len(found)} times")
    return text.replace(found[0], "\n".join([mark, content, end] if content else [mark, end]))


def readme(text: str, folder: Path, at: str) -> str:
    """A README with the claims and the pictures of the reference run between its marks."""
    claims = c.from_json((folder / "claims.json").read_text())
    return fill(fill(text, "claims", tables.markdown(claims)), "pictures", pictures(folder, at))


def lab_note(text: str, claims: Sequence[c.Claim], origin: Mapping[str, Any]) -> str:
    """A lab note with what to expect and how long it takes, as the reference run had it.

    text: a file of configs/. origin: its study's part of the reference run's provenance.json.
    """
    devices = origin["devices"]
    own = [claim for claim in c.primary(claims) if claim.id in origin["claims"]]
    widest = max((len(claim.id) for claim in own), default=0)
    expect = [
        f"{claim.id:<{widest}}  {c.number(claim.measured)}"
        + (f" ({tables.interval(claim).replace(' … ', ' to ')}, n = {tables.size(claim)})" if claim.n else "")
        for claim in own
    ]
    time = [
        f"{origin['seconds']:.0f} s in `{origin['command']}` on {devices['cores']} cores of {devices['machine']};",
        "networks that were trained before it asked are not in it",
    ]
    lines = "".join(
        f"{word:<9}" + ("\n" + 9 * " ").join(parts) + "\n"
        for word, parts in (("Expect", expect), ("Time", time))
    )
    return re.sub(r"(?ms)^(Expect   .*?)?(?=^Run      )", lambda _: lines, text, count=1)

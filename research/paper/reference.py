"""The reference run: the part of a paper's folder that the repository keeps, and what README and lab notes show of it.

    DIR/report.html  claims.*  findings.*  numbers.tex     the paper's texts; paper.pdf unless it is too large
    DIR/results/STUDY.nc                                   results in compact form, enough to draw the figures
    DIR/figures/*.png  provenance.json  seconds.json       README's figures, origin of the results, cost of presets

Claims and findings are computed from the full results.
"""

import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from research import studies
from research.evidence import claims as c
from research.paper import estimate, prose, tables
from research.plotting import files
from research.runs.folders import StoreError, atomic_write, make_folder
from research.runs.store import Run, packed

TEXTS = (
    "numbers.tex",
    *(f"{name}.{end}" for name in ("claims", "findings") for end in ("json", "csv", "tex")),
)
MAX_BYTES = 24_000_000
MAX_PDF = 8_000_000
FINENESS = (10, 8, 7, 6, 5)  # bits of images in the results: the first that fits
DPI = 150  # of the pictures
IMAGE = ("y", "x")  # the dims of an image
MANTISSA = 23  # bits of a float32
NUMBER_BITS = 12  # of the mantissa of a number: three digits, more than a figure shows
PICTURES = (("reconstruction", "alphabet"), ("identikits", "evolution"), ("causal_maps", "signed"))
COMMANDS = {"quick": "make paper", "full": "make paper PRESET=full"}


def export(paper: Path, folder: Path) -> int:
    """Copies a finished paper's texts, compact results and PICTURES into a folder; returns their number of bytes.

    The pictures are PNGs, two columns wide, with at most 64 colours; report and PDF have all figures.

    Args:
        paper: folder of the paper.
        folder: of the reference run; its figures and results are replaced.

    Raises:
        StoreError: the paper is not complete, or more than MAX_BYTES would be kept; then nothing is changed.
    """
    names = studies.names()
    missing = [name for name in names if not (paper / name).is_dir() or not Run(paper / name).provenance()]
    if missing or not (paper / "report.html").exists():
        what = f"the studies {', '.join(missing)}" if missing else "report.html"
        raise StoreError(f"{paper} lacks {what}; run python -m launch.paper --workdir={paper} first")
    kept = {name: (paper / name).read_bytes() for name in ("report.html", *TEXTS)}
    pdf = paper / "paper.pdf"
    if pdf.exists() and pdf.stat().st_size <= MAX_PDF:
        kept[pdf.name] = pdf.read_bytes()
    kept["report.html"] = re.sub(rb"<source [^>]*>", b"", kept["report.html"])  # one picture a figure
    kept["provenance.json"] = (json.dumps(_origins(paper), indent=2) + "\n").encode()
    for name in ("report.html", "provenance.json"):  # where the paper lay on the machine stays private
        kept[name] = kept[name].replace(str(paper.resolve()).encode(), b"PAPER")
    results = {name: Run(paper / name).results() for name in names}
    for name, figure in PICTURES:
        if (picture := paper / name / "figures" / f"{figure}.png").exists():
            kept[f"figures/{name}-{figure}.png"] = _smaller(picture, DPI)
    for bits in FINENESS:
        kept |= {f"results/{name}.nc": packed(compact(whole, bits), 9) for name, whole in results.items()}
        size = sum(map(len, kept.values()))
        if size <= MAX_BYTES:
            break
    if size > MAX_BYTES:
        large = ", ".join(sorted(kept, key=lambda name: -len(kept[name]))[:5])
        raise StoreError(
            f"{size:,} bytes would be kept, more than {MAX_BYTES:,}; the largest: {large}; make them smaller"
        )
    (folder / pdf.name).unlink(missing_ok=True)
    for part, kind in (("figures", "png"), ("results", "nc")):
        for old in make_folder(folder / part).glob(f"*.{kind}"):
            old.unlink()
    for name, content in kept.items():
        atomic_write(folder / name, content)
    return size


def _origins(paper: Path) -> dict[str, Any]:
    """The provenance of each study, with the ids of its claims."""
    return {
        name: Run(paper / name).provenance()
        | {"claims": [claim.id for claim in c.from_json((paper / name / "claims.json").read_text())]}
        for name in studies.names()
    }


def compact(results: xr.Dataset, bits: int = FINENESS[0]) -> xr.Dataset:
    """Results without the precision that no figure shows.

    Images have 2^bits shades between zero and their largest value, rounded up to a power of two; other floats keep
    NUMBER_BITS of their mantissa. Coordinates keep all digits, because they are looked up by value.
    """

    def smaller(x: xr.DataArray) -> xr.DataArray:
        if set(IMAGE) <= set(x.dims):
            few = _shades(x.values, tuple(x.dims.index(dim) for dim in IMAGE), bits)
            return x.copy(data=few if x.dtype.kind == "f" else few.clip(0, 255).astype(x.dtype))
        return x.copy(data=_rounded(x.values.astype(np.float32), NUMBER_BITS)) if x.dtype.kind == "f" else x

    return results.assign({name: smaller(x) for name, x in results.data_vars.items()})


def _shades(images: np.ndarray, axes: tuple[int, ...], bits: int) -> np.ndarray:
    """The nearest of 2^bits shades of either sign, as float32; what is not finite stays."""
    exact = images.astype(np.float32)
    finite = np.isfinite(exact)
    largest = np.abs(exact).max(axes, keepdims=True, where=finite, initial=1e-30)
    step = 2.0 ** (np.ceil(np.log2(largest)) - bits)
    return np.where(finite, np.round(exact / step) * step, exact).astype(np.float32)


def _rounded(x: np.ndarray, bits: int) -> np.ndarray:
    """The nearest float32 values with this many bits of mantissa, ties to even."""
    drop = MANTISSA - bits
    all_bits = np.ascontiguousarray(x).view(np.uint32)
    up = np.uint32((1 << (drop - 1)) - 1) + ((all_bits >> np.uint32(drop)) & np.uint32(1))
    near = ((all_bits + up) & ~np.uint32((1 << drop) - 1)).view(np.float32)
    return np.where(np.isfinite(x), near.reshape(x.shape), x)


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
    """Three figures of the reference run as Markdown; `at` is the folder's path from the README."""
    shown, names = [], prose.Names(c.from_json((folder / "claims.json").read_text()))
    for study, name in PICTURES:
        file = folder / "figures" / f"{study}-{name}.png"
        drawing = studies.part(study, "figures").FIGURES.get(name)
        if file.exists() and drawing:
            caption = names.fill(drawing.caption, f"caption of {study}-{name}")
            shown.append(f"![{caption}]({at}/figures/{file.name})\n\n*{caption}*")
    return "\n\n".join(shown)


def fill(text: str, part: str, content: str) -> str:
    """Replaces the text between <!-- part --> and <!-- /part -->.

    Raises:
        ValueError: the marks are not there once each and in this order.
    """
    mark, end = f"<!-- {part} -->", f"<!-- /{part} -->"
    found = re.findall(f"{re.escape(mark)}.*?{re.escape(end)}", text, re.DOTALL)
    if len(found) != 1 or text.count(mark) != 1:
        raise ValueError(f"expected {mark} … {end} once, found it {len(found)} times")
    return text.replace(found[0], "\n".join([mark, content, end] if content else [mark, end]))


def readme(text: str, folder: Path, at: str) -> str:
    """Fills the marks of a README with the claims, the pictures and the times of the reference run."""
    claims = c.from_json((folder / "claims.json").read_text())
    parts = {
        "claims": tables.markdown(claims),
        "pictures": pictures(folder, at),
        "time": estimate.sentence(folder / "seconds.json", COMMANDS),
    }
    for part, content in parts.items():
        text = fill(text, part, content)
    return text


def lab_note(text: str, claims: Sequence[c.Claim], origin: Mapping[str, Any]) -> str:
    """Writes the primary rows of the reference run into a lab note.

    Args:
        text: a file of configs/; the lines from Expect or Time to Run are replaced.
        claims: of the reference run.
        origin: the study's part of the reference run's provenance.json.
    """
    own = [claim for claim in c.primary(claims) if claim.id in origin["claims"]]
    widest = max((len(claim.id) for claim in own), default=0)
    expect = [
        f"{claim.id:<{widest}}  {c.number(claim.measured)}"
        + (f" ({tables.interval(claim).replace(' … ', ' to ')}, n = {tables.size(claim)})" if claim.n else "")
        for claim in own
    ]
    lines = "Expect   " + ("\n" + 9 * " ").join(expect) + "\n"
    return re.sub(r"(?ms)^((Expect|Time) .*?)?(?=^Run )", lambda _: lines, text, count=1)

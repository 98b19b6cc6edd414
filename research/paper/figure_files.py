"""Figures of run folders, which are redrawn when results, code or drawing libraries have changed."""

import hashlib
import json
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from types import ModuleType

import xarray as xr

from research import studies
from research.plotting import export, files, style
from research.plotting.style import WIDTHS
from research.runs import code
from research.runs.store import atomic_write, digest

LOCK = ".lock"
LISTING = "drawn.json"  # beside the figures: what they were made of


def redraw(study: str, results: Path, folder: Path, *, widths: Sequence[float] = WIDTHS) -> bool:
    """Draws the figures of saved results unless they are `up_to_date`; returns whether it drew.

    Other files in the folder are deleted.
    """
    if up_to_date(study, results, folder, widths=widths):
        return False
    made_of = _made_of(study, results, widths)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.name != LOCK:
            old.unlink()
    files.draw_all(
        studies.part(study, "figures"), xr.load_dataset(results, engine="h5netcdf"), folder, widths=widths
    )
    listed = sorted(path.name for path in folder.iterdir() if path.name != LOCK)
    atomic_write(folder / LISTING, json.dumps({"of": made_of, "files": listed}, indent=1) + "\n")
    return True


def draw(study: str, results: Path, folder: Path, names: Collection[str]) -> None:
    """Draws the named figures of saved results, even if they are up to date.

    Raises:
        ValueError: the study has no figure of that name, or these results lack what it shows.
    """
    module = studies.part(study, "figures")
    some = ModuleType(module.__name__)
    for kind in ("FIGURES", "ANIMATIONS"):
        setattr(some, kind, {k: v for k, v in getattr(module, kind, {}).items() if k in names})
    known = [*module.FIGURES, *getattr(module, "ANIMATIONS", {})]
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"{study} has no figure {', '.join(unknown)}; known: {', '.join(known)}")
    (folder / LISTING).unlink(missing_ok=True)  # it no longer describes the folder
    drawn = files.draw_all(some, xr.load_dataset(results, engine="h5netcdf"), folder, widths=WIDTHS)
    if absent := [name for name in names if name not in drawn]:
        raise ValueError(f"{results} lacks what the figure {', '.join(absent)} shows; a larger preset has it")


def draw_as(
    study: str,
    results: Path,
    folder: Path,
    names: Collection[str] = (),
    *,
    width: float = style.DOUBLE,
    formats: Sequence[str] = ("pdf",),
    sheet: Path | None = None,
) -> list[str]:
    """Draws figures for another paper.

    Args:
        study: its name.
        results: file of its saved results.
        folder: where the figures go.
        names: of the figures; by default all that these results show.
        width: inches.
        formats: some of `export.FORMATS`; csv holds the data that the figure shows.
        sheet: a matplotlib style sheet that overrides the paper's style.

    Returns:
        The names drawn.

    Raises:
        ValueError: the study has no figure of that name, these results lack what it shows, or the sheet is unusable.
    """
    known = studies.part(study, "figures").FIGURES
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"{study} has no figure {', '.join(unknown)}; known: {', '.join(known)}")
    os.environ["SOURCE_DATE_EPOCH"] = "0"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / LISTING).unlink(missing_ok=True)
    data, drawn = xr.load_dataset(results, engine="h5netcdf"), []
    with style.paper_style(sheet):
        for name in names or known:
            if (figure := known[name].draw(data, width)) is not None:
                export.save(figure, folder / name, formats)
                drawn.append(name)
    if absent := [name for name in names if name not in drawn]:
        raise ValueError(f"{results} lacks what the figure {', '.join(absent)} shows; a larger preset has it")
    return drawn


def results_of(source: Path, study: str) -> Path:
    """The results of a study in the folder of a paper or of the reference run.

    Raises:
        ValueError: there are none, or no such study.
    """
    studies.part(study, "figures")
    places = (source / "results" / f"{study}.nc", source / study / "results.nc")
    found = next((place for place in places if place.exists()), None)
    if found is None:
        raise ValueError(f"{source} holds no results of {study}: expected {places[0]} or {places[1]}")
    return found


def up_to_date(study: str, results: Path, folder: Path, *, widths: Sequence[float] = WIDTHS) -> bool:
    """Whether the folder holds all figures of the same results, code and drawing libraries."""
    try:
        drawn = json.loads((folder / LISTING).read_text())
        there = all((folder / name).exists() for name in drawn["files"])
        return there and drawn["of"] == _made_of(study, results, widths)
    except (OSError, ValueError, KeyError):
        return False


def _made_of(study: str, results: Path, widths: Sequence[float]) -> str:
    """Hash of everything that a study's figures depend on."""
    import matplotlib
    import PIL

    drawing = studies.part(study, "figures").__name__
    sheet = Path(str(style.__file__)).with_name("paper.mplstyle")
    contents = [hashlib.sha256(path.read_bytes()).hexdigest() for path in (results, sheet)]
    made_by = code.digest([drawing, files.__name__])
    return digest(*contents, *widths, made_by, matplotlib.__version__, PIL.__version__)

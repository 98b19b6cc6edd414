"""The chapters of a paper: one for each study, read from its run folder."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from research import studies
from research.evidence import claims as c
from research.evidence import findings as f
from research.plotting import files, style


class Chapter(NamedTuple):
    """A study in the report: its name, its run folder, and the error that stopped it, if any."""

    study: str
    folder: Path
    failure: str | None = None

    @property
    def title(self) -> str:
        """The study's TITLE."""
        return studies.part(self.study, "about").TITLE

    def claims(self) -> list[c.Claim]:
        """The saved claims; none for a study that failed."""
        return [] if self.failure else c.from_json((self.folder / "claims.json").read_text())

    def findings(self) -> list[f.Finding]:
        """The saved findings; none for a study that failed."""
        return [] if self.failure else f.from_json((self.folder / "findings.json").read_text())

    def pictures(self) -> list["Picture"]:
        """The figures that were drawn, in the order of the study's figures module."""
        if self.failure:
            return []
        drawings, folder = studies.part(self.study, "figures"), self.folder / "figures"
        kinds = ((drawings.FIGURES, False), (getattr(drawings, "ANIMATIONS", {}), True))
        drawn = (
            Picture(self.study, name, folder, drawing, moving)
            for these, moving in kinds
            for name, drawing in these.items()
        )
        return [picture for picture in drawn if picture.file().exists()]


class Picture(NamedTuple):
    """A figure in the run folder of a study; an animation (`moving`) is a GIF, others have several files."""

    study: str
    name: str
    folder: Path
    drawing: style.Drawing
    moving: bool

    def file(self, width: float = style.DOUBLE, ending: str = ".webp") -> Path:
        """The figure's file at a width in inches; the GIF of an animation."""
        stem = files.file_name(self.name, width)
        return self.folder / f"{stem}{'.gif' if self.moving else ending}"


def claims_of(chapters: Sequence[Chapter]) -> list[tuple[str, c.Claim]]:
    """(study, claim) of every row, in order.

    Raises:
        ValueError: two rows have the same id.
    """
    return _different("claim", [(chapter.study, claim) for chapter in chapters for claim in chapter.claims()])


def findings_of(chapters: Sequence[Chapter]) -> list[tuple[str, f.Finding]]:
    """(study, finding) of every finding, in order.

    Raises:
        ValueError: two findings have the same id.
    """
    return _different(
        "finding", [(chapter.study, each) for chapter in chapters for each in chapter.findings()]
    )


def _different(what: str, rows: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The rows, if no two of them have the same id."""
    for id, times in Counter(each.id for _, each in rows).items():
        if times > 1:
            where = ", ".join(study for study, each in rows if each.id == id)
            raise ValueError(
                f"the {what} {id!r} is there {times} times, in {where}; give each an id of its own"
            )
    return rows

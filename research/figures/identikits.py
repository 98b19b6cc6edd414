"""Figures of the study "identikits"."""

from research.figures import Drawing

FIGURES: dict[str, Drawing] = {}

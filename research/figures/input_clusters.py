"""Figures of the study "input_clusters"."""

FIGURES = {}

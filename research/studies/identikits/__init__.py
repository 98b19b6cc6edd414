"""Identikits: which image a network takes for a digit."""

"""Causal maps: what each pixel means to a network."""

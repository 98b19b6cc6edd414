"""The documents' statements, judged from the saved results."""

from research.studies.causal_maps.study import claims as claims

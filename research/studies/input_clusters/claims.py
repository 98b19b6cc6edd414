"""The documents' statements, judged from the saved results."""

from research.studies.input_clusters.study import claims as claims

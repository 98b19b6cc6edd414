"""The documents' statements, judged from the saved results."""

from research.studies.bottlenecks.study import claims as claims

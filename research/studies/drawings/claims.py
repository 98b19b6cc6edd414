"""The documents' statements, judged from the saved results."""

from research.studies.drawings.study import claims as claims

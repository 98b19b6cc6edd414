"""The documents' statements, judged from the saved results."""

from research.studies.identikits.study import claims as claims

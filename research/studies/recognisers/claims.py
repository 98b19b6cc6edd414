"""The documents' statements, judged from the saved results."""

from research.studies.recognisers.study import claims as claims

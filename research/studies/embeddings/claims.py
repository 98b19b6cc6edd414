"""The documents' statements, judged from the saved results."""

from research.studies.embeddings.study import claims as claims

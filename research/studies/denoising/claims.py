"""The documents' statements, judged from the saved results."""

from research.studies.denoising.study import claims as claims

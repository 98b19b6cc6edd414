"""Direct labels that do not overlap."""

import numpy as np
from jaxtyping import Float
from scipy.optimize import isotonic_regression


def spread(places: Float[np.ndarray, " n"], gap: float) -> Float[np.ndarray, " n"]:
    """Places for labels at least `gap` apart, in the same order and as close as possible to the given places.

    Minimises Σ (y_i − places_i)² under y_(i+1) ≥ y_(i) + gap: isotonic regression on places_(i) − i·gap.
    """
    order = np.argsort(places, kind="stable")
    steps = gap * np.arange(len(places))
    apart = np.empty(len(places))
    apart[order] = isotonic_regression(np.asarray(places, float)[order] - steps).x + steps
    return apart

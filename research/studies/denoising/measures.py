"""Numbers of the saved results that claims, findings and figures share."""

from typing import Literal

import numpy as np
import xarray as xr

from research import evidence as e
from research.studies.denoising.study import CLEAN

NAMES = {"salt_and_pepper": "salt-and-pepper", "gaussian": "Gaussian"}


def noise_name(noise: str) -> str:
    """The name of a family of noise in sentences."""
    return NAMES.get(noise, noise.replace("_", "-"))


def accuracy(results: xr.Dataset, condition: str, cleaning: str) -> np.ndarray:
    """Accuracy of the judged network of every pair [pair]; nan if the pair keeps 89 % at no strength."""
    return results.kept.sel(condition=condition, cleaning=cleaning).values.astype(float)


def reproduced(results: xr.Dataset) -> np.ndarray:
    """Share of the variance of clean test pixels that every autoencoder's output explains [pair].

    1 − (squared error of the output) / (squared error of the mean training image); 0 is what the mean image does.
    """
    error = results.kept_error.sel(condition=CLEAN, cleaning="autoencoder").values.astype(float)
    return 1 - error / float(results.mean_image_error)


def nearest(claimed: float, margin: float, *, neutral: float, better: bool = False) -> e.Near:
    """The criterion for the document's number; it has no neutral value if that lies within the margin.

    Args:
        claimed: the document's number.
        margin: largest difference that counts as the same.
        neutral: measured value of no effect.
        better: whether higher values are better.
    """
    higher: Literal["better"] | None = "better" if better else None
    apart = np.isfinite(neutral) and not e.Near(claimed, margin).meets(neutral)
    return e.Near(claimed, margin, neutral=float(neutral) if apart else None, higher_is=higher)

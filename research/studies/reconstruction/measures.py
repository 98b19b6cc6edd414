"""Numbers of the saved results that claims, findings and figures share."""

import numpy as np
import xarray as xr

from research.studies.reconstruction.teachers import LABELS, NULLS

CHANCE = 0.1
READING_WORDS = {
    "search": "search, as the document does",
    "blank": "ascent from blank",
    "low_frequency": "ascent from soft blobs",
    "uniform_noise": "ascent from noise",
    "frequencies": "ascent in frequencies",
    "varied": "ascent towards mixtures of classes, stopped early",
}


def label(kind: str) -> str:
    """The name of a kind of teacher."""
    return f"CNN, {LABELS[kind.removeprefix('cnn_')]}" if kind.startswith("cnn_") else LABELS[kind]


def kinds(results: xr.Dataset, *, dense: bool = True, nulls: bool = True) -> list[str]:
    """The kinds of teacher that took part, in the order of LABELS, the CNNs last."""
    order = [*LABELS, *(f"cnn_{name}" for name in LABELS)]
    there = sorted((str(kind) for kind in results.kind.values), key=order.index)
    there = [kind for kind in there if nulls or kind.removeprefix("cnn_") not in NULLS]
    return [kind for kind in there if not (dense and kind.startswith("cnn_"))]


def of_kind(results: xr.Dataset, name: str, kind: str, **at) -> np.ndarray:
    """A measurement on every teacher of a kind [teacher]."""
    values = results[name].sel(kind=kind, **at).values.astype(float)
    return values[np.isfinite(values)]


def agreement(results: xr.Dataset, kind: str, reading: str) -> np.ndarray:
    """Share of the identikits of every teacher that judges classify as intended [teacher], over digits and judges."""
    values = results.agreed.sel(kind=kind, reading=reading).transpose("teacher", "digit", "judge").values
    values = values.astype(float).mean((1, 2))
    return values[np.isfinite(values)]


def by_digit(results: xr.Dataset, kind: str, reading: str) -> np.ndarray:
    """The same for every digit [teacher digit]."""
    values = results.agreed.sel(kind=kind, reading=reading).transpose("teacher", "digit", "judge").values
    values = values.astype(float).mean(2)
    return values[np.isfinite(values).all(1)]


def lesson(results: xr.Dataset, start: str, size: int, labels: str) -> int | None:
    """The index of a lesson, or None."""
    found = np.flatnonzero(
        (results.start.values == start)
        & (results.learned_from.values == size)
        & (results.labels.values == labels)
    )
    return int(found[0]) if len(found) else None


def student(
    results: xr.Dataset, kind: str, size: int, labels: str = "soft", start: str | None = None
) -> np.ndarray:
    """Accuracy on real digits of the student of every teacher [teacher]; empty if there is none.

    Without `start` it learned from the identikits that all sizes are of.
    """
    at = lesson(results, start or curve(results), size, labels)
    if at is None:
        return np.array([])
    values = results.student.sel(kind=kind).isel(lesson=at).values.astype(float)
    return values[np.isfinite(values)]


def curve(results: xr.Dataset) -> str:
    """The kind of identikits that students of every size learned from."""
    return str(results.start.values[0])


def learning(results: xr.Dataset, kind: str) -> np.ndarray:
    """b of the power law error ∝ n⁻ᵇ, fitted to the students of every teacher over all sizes [teacher]."""
    scores = [student(results, kind, n) for n in sizes(results)]
    there = [(n, 1 - x) for n, x in zip(sizes(results), scores) if len(x)]
    if len(there) < 3:
        return np.array([])
    n, errors = map(np.array, zip(*there))
    return -np.polyfit(np.log(n), np.log(np.maximum(errors, 1e-4)), 1)[0]


def sizes(results: xr.Dataset) -> list[int]:
    """Numbers of identikits that students learned from, rising."""
    return sorted({int(size) for size in results.learned_from.values})


def compared(results: xr.Dataset) -> int:
    """The number of identikits for which starts and labels are compared."""
    return int(results.learned_from.values[results.labels.values == "hard"][0])


def alphabet(results: xr.Dataset, kind: str, reading: str, teacher: int = 0) -> np.ndarray:
    """The ten identikits of one teacher in [0, 1]: [digit y x]."""
    images = results.alphabet.sel(kind=kind, reading=reading).isel(teacher=teacher)
    return images.transpose("digit", "y", "x").values.astype(float) / 255

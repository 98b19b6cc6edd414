"""The blind test: identikits of teachers that the visitor does not know, and what the judges called the same images.

Images and judgements are those that the study "reconstruction" saved; nothing is computed here.
"""

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from research.studies.reconstruction import measures

IMAGES = 10
READINGS = ("search", "low_frequency")  # the document's search, and ascent from soft blobs


def find(report: Path | None) -> Path | None:
    """The study's results beside a report: in a paper's folder, or in the reference."""
    if report is None:
        return None
    places = (
        report.parent / "reconstruction" / "results.nc",
        report.parent / "results" / "reconstruction.nc",
    )
    return next((place for place in places if place.is_file()), None)


def draw(results: xr.Dataset, seed: int) -> list[dict[str, Any]]:
    """Ten identikits, as far as possible one of each kind of teacher, in an order that tells nothing.

    Returns: of each the image [784] of bytes, the digit that was asked for, what its teacher and reading are called, and
        how many of how many judges named the digit.
    """
    rng = np.random.default_rng(seed)
    kinds = [str(kind) for kind in results.kind.values]
    readings = [reading for reading in READINGS if reading in results.reading.values]
    chosen = [kinds[i % len(kinds)] for i in range(max(IMAGES, len(kinds)))]
    made = []
    for kind in rng.permutation(chosen)[:IMAGES]:
        agreed = results.agreed.sel(kind=kind)
        there = np.flatnonzero(np.isfinite(agreed.transpose("teacher", ...).values).all((1, 2, 3)))
        at = {
            "teacher": int(rng.choice(there)),
            "digit": int(rng.integers(results.sizes["digit"])),
        }
        reading = str(rng.choice(readings))
        image = results.alphabet.sel(kind=kind, reading=reading).isel(at).transpose("y", "x").values
        named = agreed.sel(reading=reading).isel(at).values
        made.append(
            {
                "image": image.ravel().tolist(),
                "digit": at["digit"],
                "kind": kind,
                "teacher": measures.label(kind),
                "reading": measures.READING_WORDS[reading],
                "named": int(named.sum()),
                "judges": named.size,
            }
        )
    return made

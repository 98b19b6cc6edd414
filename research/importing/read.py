"""Reads a network that was trained elsewhere: its accuracy first, then one reading, into a run folder.

The folder is that of a study (config, provenance, results, figures); its list of claims is empty, since no
document speaks of this network.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from research import data, importing
from research.attribution import causal_index
from research.attribution import comparison as agreement
from research.identikits import identikits
from research.importing import Imported, Settings, figures
from research.plotting import files
from research.runs.store import Run, lock
from research.runtime import progress
from research.runtime.rng import named

Say = Callable[[str], None]


@dataclass
class Config:
    """Which network is read, how, and with what; `sha256` says which file it was."""

    network: str
    reading: str = "causal_index"
    settings: Settings = field(default_factory=Settings)
    data: str = "mnist"
    images: int = 10_000  # over which mean_jacobian averages
    restarts: int = 4  # identikits a digit
    method: str = "search"  # of the identikits
    seed: int = 0
    sha256: str = ""

    def validate(self) -> None:
        if self.reading not in READINGS:
            raise ValueError(f"unknown reading {self.reading!r}; known: {', '.join(READINGS)}")
        for name in ("images", "restarts"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")


def read(config: Config, folder: Path, say: Say = print) -> list[str]:
    """Says what the network is and how many of the test images it gets right, then reads it.

    Leaves a run folder behind and returns what to say about the reading.

    Raises: ValueError, in one line, for a file that cannot be read, a network that does not answer with one
    logit a class, and a reading that is unknown or that the network does not have.
    """
    config.validate()
    network = importing.load(config.network, config.settings)
    say(network.description)
    test = data.load(config.data, "test")
    _check_classes(network, test)
    check = importing.check(network, test.images, test.labels)
    say(str(check))
    config = replace(config, sha256=hashlib.sha256(Path(config.network).read_bytes()).hexdigest())
    with lock(folder):
        begin = time.perf_counter()
        results = READINGS[config.reading](network, config).assign_attrs(
            reading=config.reading,
            network=network.description,
            accuracy=check.accuracy,
            accuracy_n=check.n,
            hint=check.hint or "",
        )
        run = Run(folder)
        run.save(config, results, time.perf_counter() - begin)
        files.draw_all(figures, run.results(), folder / "figures")
    return _summary(results)


def _causal_index(network: Imported, config: Config) -> xr.Dataset:
    if network.kernels is None:
        raise ValueError(
            f"the causal index is defined for a chain of dense layers, and {Path(config.network).name} is none; "
            "--reading=mean_jacobian asks the same question of any network"
        )
    maps = causal_index.weight_product(network.kernels)
    return _maps(maps.reshape(-1, *config.settings.image_shape), config)


def _mean_jacobian(network: Imported, config: Config) -> xr.Dataset:
    train = data.load(config.data, "train").images
    chosen = train[:: max(1, len(train) // config.images)][: config.images]
    maps = causal_index.mean_jacobian(network.predict, chosen.astype(np.float32) / 255)
    return _maps(maps, config).assign_attrs(images=len(chosen))


def _maps(maps: Float[Array, "k h w"], config: Config) -> xr.Dataset:
    """The maps, and how much each resembles its digit."""
    train = data.load(config.data, "train")
    contrast = agreement.class_contrast(train.images, train.labels)
    return xr.Dataset(
        {
            "map": (("class", "y", "x"), np.asarray(maps)),
            "contrast": (("class", "y", "x"), contrast),
            "resemblance": ("class", np.asarray(jax.vmap(agreement.pearson)(maps, jnp.asarray(contrast)))),
        },
        {"class": np.arange(len(maps))},
    )


def _identikits(network: Imported, config: Config) -> xr.Dataset:
    digits = range(len(np.unique(data.load(config.data, "test").labels)))
    with progress.bar("identikits") as report:
        return identikits(
            network.predict,
            digits,
            named(jax.random.key(config.seed), "identikits"),
            config.method,
            restarts=config.restarts,
            progress=lambda now: report(now.done / now.runs, reached=now.reached),
        )


READINGS = {"causal_index": _causal_index, "mean_jacobian": _mean_jacobian, "identikits": _identikits}


def _check_classes(network: Imported, test: data.Digits) -> None:
    image = jax.ShapeDtypeStruct(test.images.shape[1:], jnp.float32)
    came, expected = jax.eval_shape(network.predict, image).shape[0], len(np.unique(test.labels))
    if came != expected:
        raise ValueError(
            f"expected one logit for each of the {expected} digits, got {came}; for an ONNX graph with other "
            "outputs set --output to the tensor of the digits"
        )


def _summary(results: xr.Dataset) -> list[str]:
    if "map" in results:
        r = results.resemblance.values
        each = "  ".join(f"{digit} {value:+.2f}" for digit, value in enumerate(r))
        return [
            f"resemblance of map and digit (correlation with the class mean minus the mean): {each}; mean {r.mean():+.2f}"
        ]
    reached, spent = results.reached.values, results.evaluations.values
    return [
        f"{int(reached.sum())} of {reached.size} identikits reach 0.99, after {np.median(spent):,.0f} evaluations "
        "in the median"
    ]

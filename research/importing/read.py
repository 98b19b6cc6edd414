"""Reads a network that was trained elsewhere: its accuracy first, then one reading, into a run folder.

The folder is that of a study (config, provenance, results, figures); its list of claims is empty, since no
document speaks of this network.
"""

import hashlib
import importlib
import time
import warnings
from collections import ChainMap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from research import data, importing
from research.attribution import causal_index
from research.attribution import comparison as agreement
from research.data.sources import is_elsewhere
from research.fields import Checked
from research.fields.bounds import (
    ITERATIONS,
    NOT_NEGATIVE,
    SAMPLES,
    SEED,
    TRAINING_IMAGES,
    Bound,
    bounded,
    one_of,
)
from research.identikits import identikits
from research.identikits.gradient_ascent import GradientAscent
from research.importing import Imported, Settings, figures
from research.plotting import files
from research.runs import folders, numerics
from research.runs.store import Run
from research.runtime import progress
from research.runtime.rng import named

Say = Callable[[str], None]
Maps = Callable[[Callable, Float[Array, "n h w"]], Float[Array, "k h w"]]
# Readings that give one map for each output, from `predict` and images in [0, 1]: a registry.
MAPS: dict[str, Maps] = {"mean_jacobian": causal_index.mean_jacobian}
READINGS: Mapping[str, Any] = ChainMap(
    MAPS, {"causal_index": causal_index.weight_product, "identikits": identikits}
)
HOLDS = "a reading"  # what is said of its folder


@dataclass
class Config(Checked):
    """Which network is read, how, and with what; `sha256` says which file it was."""

    network: str
    reading: str = one_of("causal_index", READINGS, "reading")
    settings: Settings = field(default_factory=Settings)
    data: str = "mnist"  # or a folder of pictures, an .npz file or an IDX file
    prepare: str = "none"  # of such images: mnist or none
    images: int = bounded(10_000, TRAINING_IMAGES)  # that mean_jacobian and readings of one's own are given
    raw_weights: bool = False  # causal_index in units of what the network sees, not of the image in [0, 1]
    restarts: int = bounded(4, SAMPLES)  # identikits a digit
    method: str = "search"  # of the identikits
    start: str = ""  # of the identikits; "" chooses starts with which several restarts differ
    target: float = bounded(0.99, Bound(0, 1, "a confidence", above=True, below=True))
    patience: int = bounded(50, ITERATIONS)
    budget: int = bounded(100_000, Bound(1, 10**9, "evaluations of one identikit", liftable=True))
    rate: float = bounded(0.0, NOT_NEGATIVE)  # learning rate of the ascent; 0 is its own default
    seed: int = bounded(0, SEED)
    sha256: str = ""

    def check_together(self) -> None:
        """Raises: ValueError for a learning rate of a method that has none."""
        if self.rate and self.method != "ascent":
            raise ValueError(f"rate is the step of --method=ascent and at least 0, got {self.rate}")


def add_by_path(path: str) -> None:
    """Adds the reading `package.module:function` to MAPS under this name; its code becomes part of every key.

    Raises: ValueError, if it cannot be imported or is no function.
    """
    module, _, name = path.partition(":")
    numerics.plug_in([*numerics.plugins(), module])
    found = getattr(importlib.import_module(module), name, None)
    if not callable(found):
        raise ValueError(f"{module} has no function {name!r} (predict, images [n h w]) -> maps [k h w]")
    MAPS[path] = found


def read(config: Config, folder: Path, say: Say = print, force: bool = False) -> list[str]:
    """Says what the network is and how many of the test images it gets right, then reads it.

    Leaves a run folder behind and returns what to say about the reading. A network with other outputs than the
    data has classes is read without an accuracy, unless `settings.labels` says which class each output stands for.

    Raises: ValueError, in one line, for a file that cannot be read, labels that do not fit its outputs, a reading
    that is unknown or that the network does not have, a folder that is not ours, and one that holds another reading (unless `force`).
    """
    config.validate()
    network = importing.load(config.network, config.settings)
    say(network.description)
    if config.reading == "causal_index" and network.kernels is None:
        raise ValueError(
            f"the causal index is defined for a chain of dense layers, and {Path(config.network).name} is none; "
            "--reading=mean_jacobian asks the same question of any network"
        )
    config = replace(config, sha256=hashlib.sha256(Path(config.network).read_bytes()).hexdigest())
    folders.check(folder, HOLDS, force=force)
    if not force and folder.is_dir():
        Run(folder).refuse_other(config)
    test = _digits(config, "test")
    classes = _classes(network, test, config)
    labelled = test.labels >= 0
    check = None
    if classes and labelled.any():
        check = importing.check(network, test.images[labelled], test.labels[labelled])
    say(str(check) if check else _no_accuracy(network, test, config))
    with folders.claimed(folder, HOLDS, force=force):
        begin = time.perf_counter()
        results = _READ.get(config.reading, _of_images)(network, config, classes).assign_attrs(
            reading=config.reading,
            network=network.description,
            accuracy=check.accuracy if check else np.nan,
            accuracy_n=check.n if check else 0,
            hint=(check and check.hint) or "",
        )
        run = Run(folder)
        run.save(config, results, time.perf_counter() - begin)
        files.draw_all(figures, run.results(), folder / "figures")
    return _summary(results, network, config, test)


def _digits(config: Config, split: str) -> data.Digits:
    """A split of a known data set, or all images of a folder or file."""
    if is_elsewhere(config.data):
        return data.load_folder(config.data, config.prepare)
    return data.load(config.data, split)


def _outputs(network: Imported, config: Config) -> int:
    image = jax.ShapeDtypeStruct(config.settings.image_shape, jnp.float32)
    return jax.eval_shape(network.predict, image).shape[0]


def _classes(network: Imported, test: data.Digits, config: Config) -> tuple[int, ...]:
    """The class of each output; none where the file has other outputs than the data has classes."""
    outputs, labels = _outputs(network, config), config.settings.labels
    if labels and len(labels) != outputs:
        raise ValueError(
            f"expected one label for each of the {outputs} outputs, got {len(labels)} (--labels)"
        )
    known = 10 if is_elsewhere(config.data) else len(np.unique(test.labels))
    return labels or (tuple(range(known)) if outputs == known else ())


def _no_accuracy(network, test, config):
    if (test.labels < 0).all():
        return f"no accuracy: the images of {config.data} have no labels"
    return (
        f"no accuracy: {_outputs(network, config)} outputs, but {config.data} has {len(np.unique(test.labels))} "
        "classes; --labels=0,1,... says which class each output stands for (-1 for none)"
    )


def _causal_index(network: Imported, config: Config, classes: tuple[int, ...]) -> xr.Dataset:
    assert network.kernels is not None  # `read` has looked
    scale = config.settings.pixel_scale[0]
    maps = causal_index.weight_product(network.kernels) / (scale if config.raw_weights else 1.0)
    results = _maps(maps.reshape(-1, *config.settings.image_shape), config, classes)
    return results.assign_attrs(input_scale=scale, raw_weights=int(config.raw_weights))


def _of_images(network: Imported, config: Config, classes: tuple[int, ...]) -> xr.Dataset:
    train = _digits(config, "train").images
    chosen = train[:: max(1, len(train) // config.images)][: config.images]
    maps = jnp.asarray(MAPS[config.reading](network.predict, jnp.asarray(chosen, jnp.float32) / 255))
    if maps.shape != (shape := (_outputs(network, config), *config.settings.image_shape)):
        raise ValueError(f"{config.reading} must give one map for each output, {shape}, got {maps.shape}")
    return _maps(maps, config, classes).assign_attrs(images=len(chosen))


def _maps(maps: Float[Array, "k h w"], config: Config, classes: tuple[int, ...]) -> xr.Dataset:
    """The maps and, where the class of each output is known, how much each resembles its class."""
    found = xr.Dataset({"map": (("class", "y", "x"), np.asarray(maps))}, {"class": np.arange(len(maps))})
    train = _digits(config, "train")
    if not set(classes) - {-1} or not set(classes) - {-1} <= set(train.labels.tolist()):
        return found
    own = np.asarray(classes)
    contrast = np.asarray(agreement.class_contrast(train.images, train.labels))[own]
    contrast = np.where((own < 0)[:, None, None], np.nan, contrast)
    r = np.asarray(jax.vmap(agreement.pearson)(maps, jnp.asarray(contrast)))
    return found.assign(contrast=(("class", "y", "x"), contrast), resemblance=("class", r))


def _identikits(network: Imported, config: Config, classes: tuple[int, ...]) -> xr.Dataset:
    differing = "low_noise" if config.restarts > 1 else "auto"
    start = config.start or (differing if config.method == "ascent" else "blank")
    method = GradientAscent(learning_rate=config.rate) if config.rate else config.method
    with progress.bar("identikits") as report, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the gradient is exactly 0")  # the summary says it
        return identikits(
            network.predict,
            range(_outputs(network, config)),
            named(jax.random.key(config.seed), "identikits"),
            method,
            restarts=config.restarts,
            start=start,
            shape=config.settings.image_shape,
            target=config.target,
            patience=config.patience,
            budget=config.budget,
            progress=lambda now: report(now.done / now.runs, reached=now.reached),
        )


_READ = {"causal_index": _causal_index, "identikits": _identikits}  # all others: _of_images


def _summary(results: xr.Dataset, network: Imported, config: Config, test: data.Digits) -> list[str]:
    if "map" in results:
        return [*_scale_said(results), *_resemblance_said(results)]
    reached, spent = results.reached.values, results.evaluations.values
    images = results.image.values.reshape(reached.size, -1)
    different = len(np.unique(images, axis=0))
    equal = f" ({different} different images: give --start=low_noise)" if different < reached.size else ""
    lines = [
        f"{int(reached.sum())} of {reached.size} identikits{equal} reach {config.target:g}, after "
        f"{np.median(spent):,.0f} evaluations in the median; confidence {np.median(results.start_confidence):.3f} at "
        f"the start and {np.median(results.confidence):.3f} at the end, in the median"
    ]
    return lines if reached.all() else [*lines, _why_not(results, network, config, test)]


def _scale_said(results):
    scale = results.attrs.get("input_scale", 1.0)
    if scale == 1.0:
        return []
    if results.attrs["raw_weights"]:
        return ["maps are products of the file's weights alone"]
    return [
        f"maps are for the image in [0, 1]: {scale:.4g} times the product of the file's weights (--raw_weights leaves "
        "the factor out)"
    ]


def _resemblance_said(results):
    r = results.resemblance.values if "resemblance" in results else np.full(1, np.nan)
    known = np.flatnonzero(np.isfinite(r))
    if not len(known):
        return ["no resemblance of maps and digits: no output has a known class and a map that varies"]
    each = "  ".join(f"{i} {r[i]:+.2f}" for i in known)
    return [
        f"resemblance of map and digit (correlation with the class mean minus the mean): {each}; mean "
        f"{r[known].mean():+.2f}"
    ]


def _why_not(results, network, config, test):
    """Why runs end below the target: no gradient, a target that no image of the data reaches, patience or budget."""
    missed = ~results.reached.values
    stuck = missed & (results.distance.values == 0) & (config.method == "ascent")
    stalled = missed & results.stalled.values & ~stuck
    images = jnp.asarray(test.images[:1000]).astype(jnp.float32) / 255
    sure = jax.jit(
        lambda images: jax.lax.map(lambda x: jax.nn.softmax(network.predict(x)), images, batch_size=250)
    )
    highest = np.asarray(sure(images)).max(0)
    hard = [str(k) for k in np.flatnonzero(highest < config.target) if missed[:, k].any()]
    reasons = [
        f"{stuck.sum()} cannot move, because the gradient at their start is 0 (--start=low_noise)"
        * bool(stuck.any()),
        f"{stalled.sum()} end after {config.patience} generations without a gain (--patience)"
        * bool(stalled.any()),
        f"{(missed & ~stuck & ~stalled).sum()} end with their budget of {config.budget:,} evaluations (--budget)"
        * bool((missed & ~stuck & ~stalled).any()),
        f"no test image is above the target either for output {', '.join(hard)} (--target)" * bool(hard),
    ]
    return "those that do not: " + "; ".join(filter(None, reasons))

"""Identikits: which images does a network classify as a 3 with a confidence close to 1?

Document 003 adds 500 random masks to a blank image, keeps the candidate with the highest confidence in the digit, and
repeats this until the confidence is high. It does not describe its masks, but the outcome depends on them. Therefore
populations of three kinds of network are searched with eight families of masks, with other start images, and by
gradient ascent.
"""

import dataclasses
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
import xarray as xr
from jaxtyping import Array, Key

from research import data
from research.data.sources import SOURCES
from research.fields import Checked
from research.fields.bounds import ITERATIONS, NETWORKS, SAMPLES, SEED, TEST_IMAGES, Bound, bounded, one_of
from research.identikits.gradient_ascent import GradientAscent
from research.identikits.perturbations import (
    DenseGaussian,
    DenseUniform,
    LowFrequency,
    Patch,
    Perturbation,
    SinglePixel,
    Sparse,
)
from research.identikits.random_search import RandomSearch
from research.runs.store import Run
from research.runtime.rng import named
from research.studies.identikits.runs import Condition, ask, judged, kept, table
from research.training import populations
from research.training.populations import Population, Wanted
from research.training.recipes import by_recipe, is_recipe
from research.training.train import NetworkConfig

KINDS = ("softmax", "mlp100", "cnn")  # the fields of Config that hold networks; the document's is the last
PICTURES = "low_frequency"  # the masks that give the document's pictures
TARGETS = {PICTURES: (0.9, 0.99, 0.9999)}  # a run ends at the last one
PERTURBATIONS: dict[str, tuple[Perturbation, bool]] = {  # masks; whether candidates are clipped to [0, 1]
    PICTURES: (LowFrequency(), True),
    "gauss_0.1": (DenseGaussian(0.1), False),
    "gauss_0.1_clipped": (DenseGaussian(0.1), True),
    "gauss_0.3": (DenseGaussian(0.3), False),
    "uniform_0.2": (DenseUniform(0.2), False),
    "sparse": (Sparse(), True),
    "patch": (Patch(), True),
    "single_pixel": (SinglePixel(), True),
}
CLIMB = "single_pixel"  # hill climbing: one mask a generation
FIRST = ("gauss_0.1", "gauss_0.1_clipped", PICTURES)  # searches whose first candidates are the random images
STARTS = {"from_uniform_noise": "uniform_noise", "from_other_digit": "other_digit"}
SPACES = {"ascent_pixel": "pixel", "ascent_frequency": "frequency"}
CONDITIONS = (*PERTURBATIONS, *STARTS, *SPACES, "untrained")
EVOLVING = (0, 3, 4, 7)  # digits of which one run keeps its images on the way
STEP = 1 / 256  # saved images are rounded to it, so that they compress

Asked = dict[str, dict[str, tuple[int, int]]]


def asked(dense: Mapping[str, tuple[int, int]], cnn: Mapping[str, tuple[int, int]]) -> Asked:
    """The conditions for both dense kinds and for the CNN, each with (networks, restarts of each digit)."""
    return {"softmax": dict(dense), "mlp100": dict(dense), "cnn": dict(cnn)}


def quick() -> Asked:
    """Five networks for the conditions of primary claims; one or two for pictures of some others."""
    few = dict.fromkeys((*STARTS, "ascent_pixel", "untrained"), (2, 1))
    shown = dict.fromkeys(("gauss_0.3", "patch", "ascent_pixel", "ascent_frequency"), (1, 1))
    main = {PICTURES: (5, 2), "gauss_0.1": (5, 1)}
    return asked(main | few, main | shown)


@dataclass
class Config(Checked):
    """Which networks are searched in which way, how often, and when a run ends."""

    seed: int = bounded(0, SEED)
    data: str = one_of("mnist", SOURCES, "dataset")
    digits: tuple[int, ...] = bounded(tuple(range(10)), Bound(0, 9, "digits"), distinct=True)
    # kind -> condition -> (networks, restarts of each digit)
    asked: Asked = bounded(quick, NETWORKS)
    masks: int = bounded(500, SAMPLES)
    generations: int = bounded(40, ITERATIONS)  # at most, of a search
    patience: int = bounded(10, ITERATIONS)  # generations without gain after which a search is stuck
    tries: int = bounded(2000, ITERATIONS)  # at most, of the hill climb: one mask, one evaluation each
    steps: int = bounded(200, ITERATIONS)  # at most, of a gradient ascent
    images: int = bounded(1000, TEST_IMAGES)  # random images of each kind, and test digits
    softmax: NetworkConfig = by_recipe("softmax")
    mlp100: NetworkConfig = by_recipe("mlp100")
    cnn: NetworkConfig = by_recipe("cnn")

    def check_together(self) -> None:
        """Raises: ValueError for conditions that are unknown or lack the one that figures and claims need."""
        if not self.asked:
            raise ValueError(f"asked names no network; known: {', '.join(KINDS)}")
        for kind, conditions in self.asked.items():
            if kind not in KINDS:
                raise ValueError(f"unknown network {kind!r} in asked; known: {', '.join(KINDS)}")
            if PICTURES not in conditions:
                raise ValueError(f"asked[{kind!r}] lacks {PICTURES!r}, which figures and claims need")
            for name in conditions:
                if name not in CONDITIONS:
                    raise ValueError(f"unknown condition {name!r} of {kind}; known: {', '.join(CONDITIONS)}")


def condition(config: Config, name: str, restarts: int) -> Condition:
    """A condition by its name; searches that vary the start or the network use the masks of PICTURES."""
    if name in SPACES:
        method: Any = GradientAscent(parameterisation=SPACES[name], jitter=1)
        return Condition(name, method, restarts, config.steps, config.steps, targets=TARGETS[PICTURES])
    masks, clip = PERTURBATIONS.get(name, PERTURBATIONS[PICTURES])
    if name == CLIMB:
        return Condition(name, RandomSearch(1, masks, clip), restarts, config.tries, config.tries)
    search = RandomSearch(config.masks, masks, clip)
    start, targets = STARTS.get(name, "blank"), TARGETS.get(name, (0.9, 0.99))
    rounds = config.patience, config.generations
    return Condition(name, search, restarts, *rounds, targets, start, trained=name != "untrained")


def wanted(config: Config) -> list[Wanted]:
    """The networks of each kind, as many as its largest condition needs."""
    kinds = [kind for kind in KINDS if kind in config.asked]
    return [
        Wanted(getattr(config, kind), max(m for m, _ in config.asked[kind].values()), kind) for kind in kinds
    ]


def run(config: Config, run: Run) -> xr.Dataset:
    """Trains or loads the networks, searches for identikits, and has all networks judge them.

    Dims: run (with coordinates kind, network, digit, restart, condition), target, y, x; kind_name (with label); judge
    (every trained network); of (one run a digit, with its images on the way), frame; noise, example; class.
    """
    key = named(jax.random.key(config.seed), "identikits")
    test, train = data.load(config.data, "test"), data.load(config.data, "train")
    trained = {wish.name: populations.train_or_load(*wish) for wish in wanted(config)}
    folder = run.checkpoints(config)
    tables = []
    for kind, population in trained.items():
        for name in sorted(config.asked[kind], key=CONDITIONS.index):
            begin = time.perf_counter()
            rows = _rows(config, kind, name, population, test, key, folder)
            reached = float(np.isfinite(rows.evaluations_to.sel(target=0.99)).mean())
            n, spent = rows.sizes["run"], int(rows.evaluations.sum())
            seconds = round(time.perf_counter() - begin, 2)
            run.metrics(
                kind=kind, condition=name, runs=n, evaluations=spent, reached=reached, seconds=seconds
            )
            names = {name: rows[name].astype(object) for name in ("kind", "condition")}
            tables.append(rows.assign_coords(names))  # as objects, because fixed-width strings would be cut
    runs = xr.concat(tables, "run", join="outer", fill_value=np.nan, coords="different", compat="equals")
    searches = {name: RandomSearch(config.images, *PERTURBATIONS[name]) for name in FIRST}
    seen = judged(trained, runs, searches, config.images, test, train, named(key, "random"))
    rounded = np.round(runs.image.values.astype(np.float32) / STEP) * STEP
    runs = runs.assign(image=runs.image.copy(data=rounded.astype(np.float16)))
    labels = [population.config.model.label for population in trained.values()]
    results = xr.merge([runs, seen, _evolution(config, trained, key)])
    results = results.assign_coords(kind_name=list(trained), label=("kind_name", labels))
    shutil.rmtree(folder, ignore_errors=True)
    settings = {name: getattr(config, name) for name in ("masks", "patience", "generations")}
    return results.assign_attrs(settings, documents_network=int(is_recipe(config.cnn, "cnn")))


def _rows(
    config: Config,
    kind: str,
    name: str,
    population: Population,
    images: data.Digits,
    key: Key[Array, ""],
    folder: Path,
) -> xr.Dataset:
    """All runs of one condition as a table, or the table that an interrupted study saved in the folder."""
    networks, restarts = config.asked[kind][name]
    way = condition(config, name, restarts)
    params = _first(population.params, networks)
    if not way.trained:
        params = populations.untrained(population.config, networks)

    def compute() -> xr.Dataset:
        halfway, own = folder / f"{kind}-{name}", named(key, f"{kind}-{name}")
        answers = ask(way, population, params, config.digits, own, images=images, halfway=halfway)
        return table(answers, kind, name)

    return kept(folder / f"{kind}-{name}.nc", compute)


def _first(params: Any, m: int) -> Any:
    """The first m networks' parameters."""
    return jax.tree.map(lambda leaf: leaf[:m], params)


def _evolution(config: Config, trained: dict[str, Population], key: Key[Array, ""]) -> xr.Dataset:
    """One run of a few digits with its intermediate images, by the first network of the last kind."""
    kind, population = list(trained.items())[-1]
    digits = tuple(d for d in EVOLVING if d in config.digits) or config.digits[:1]
    way = dataclasses.replace(condition(config, PICTURES, 1), frames=config.generations + 1)
    own = named(key, f"{kind}-{PICTURES}")
    runs = ask(way, population, _first(population.params, 1), digits, own).isel(network=0, restart=0)
    confidence = runs.confidence_history.sel(generation=runs.frame.values)
    return xr.Dataset(
        {
            "evolution": (("of", "frame", "y", "x"), runs.frames.values.astype(np.float16)),
            "evolution_confidence": (("of", "frame"), confidence.values),
            "evolution_generations": ("of", runs.generations.values),
        },
        {"of": runs.digit.values, "frame": runs.frame.values},
    )

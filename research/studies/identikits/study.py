"""Identikits: which images does a network call a 3, sure of itself?

Document 003 asks a convolutional network by adding 500 random masks to a blank image and keeping the one that
looks most like the digit, until the network is sure. Its masks are not described, and they decide everything;
here every family of masks is asked, of populations of three kinds of network, beside gradient ascent.
"""

import dataclasses
import functools
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import numpy as np
import xarray as xr
from jaxtyping import Array, Key

from research import data
from research.evidence import claims as c
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
from research.studies import at_least
from research.studies.identikits import measures as identikits_measures
from research.studies.identikits.measures import DEFAULT, KINDS
from research.studies.identikits.runs import Condition, ask, judged, kept, table
from research.training import populations
from research.training.populations import Population, Wanted
from research.training.recipes import recipe
from research.training.train import NetworkConfig

TARGETS = (0.9, 0.99, 0.9999)
PERTURBATIONS: dict[
    str, tuple[Perturbation, bool]
] = {  # masks, and whether the candidates are clipped to [0, 1]
    "low_frequency": (LowFrequency(), True),
    "gauss_0.1": (DenseGaussian(0.1), False),
    "gauss_0.1_clipped": (DenseGaussian(0.1), True),
    "gauss_0.3": (DenseGaussian(0.3), False),
    "uniform_0.2": (DenseUniform(0.2), False),
    "sparse": (Sparse(), True),
    "patch": (Patch(), True),
    "single_pixel": (SinglePixel(), True),
}
CLIMB = "single_pixel"  # one mask a generation: the hill climb
STARTS = {"from_uniform_noise": "uniform_noise", "from_other_digit": "other_digit"}
SPACES = {"ascent_pixel": "pixel", "ascent_frequency": "frequency"}
EVOLVING = (0, 3, 4, 7)  # digits of which one run is remembered in full
CONDITIONS = (*PERTURBATIONS, *STARTS, *SPACES, "untrained")


@dataclass
class Config:
    """How many networks, runs and evaluations."""

    seed: int = 0
    data: str = "mnist"
    include: tuple[str, ...] = tuple(KINDS)
    digits: tuple[int, ...] = tuple(range(10))
    cnns: int = 2
    dense: int = 5  # networks of each of the other kinds
    restarts: int = 5  # of each CNN and digit with the default masks
    other_cnns: int = 1  # CNNs asked in any other way
    other_restarts: int = 3  # with other masks
    varied_restarts: int = 1  # from other starts, and by gradient
    dense_restarts: int = 20
    dense_other_restarts: int = 2
    conditions: tuple[str, ...] = (
        *PERTURBATIONS,
        *STARTS,
        *SPACES,
    )  # ways of asking the CNNs; the default always is
    dense_conditions: tuple[str, ...] = (DEFAULT, *STARTS, "ascent_pixel", "untrained")
    masks: int = 500
    generations: int = 30  # at most, of a search
    patience: int = 6  # generations without gain after which a search is stuck
    tries: int = 2000  # at most, of the hill climb: one mask, one evaluation each
    steps: int = 200  # at most, of a gradient ascent
    images: int = 1000  # random images of each kind, and test digits
    softmax: NetworkConfig = field(default_factory=functools.partial(recipe, "softmax"))
    mlp100: NetworkConfig = field(default_factory=functools.partial(recipe, "mlp100"))
    cnn: NetworkConfig = field(default_factory=functools.partial(recipe, "cnn"))

    def validate(self) -> None:
        at_least(self, seed=0, cnns=1, other_cnns=1, dense=1, restarts=1, other_restarts=1, images=1)
        at_least(self, dense_restarts=1, dense_other_restarts=1, varied_restarts=1)
        at_least(self, masks=1, generations=1, patience=1, tries=1, steps=1)
        if not self.include:
            raise ValueError(f"include names no network; known: {', '.join(KINDS)}")
        for name in self.include:
            if name not in KINDS:
                raise ValueError(f"unknown network {name!r}; known: {', '.join(KINDS)}")
            getattr(self, name).training.validate()
        for name in (*self.conditions, *self.dense_conditions):
            if name not in CONDITIONS:
                raise ValueError(f"unknown way of asking {name!r}; known: {', '.join(CONDITIONS)}")
        if not self.digits or not set(self.digits) <= set(range(10)):
            raise ValueError(f"digits must name some of 0 to 9, got {self.digits}")


def conditions(config: Config, kind: str) -> list[Condition]:
    """Every way in which networks of this kind are asked, the default first."""
    many, few, least = config.restarts, config.other_restarts, config.varied_restarts
    asked = config.conditions
    if kind != "cnn":
        many, few, least = config.dense_restarts, config.dense_other_restarts, config.dense_other_restarts
        asked = config.dense_conditions
    search = functools.partial(Condition, patience=config.patience, generations=config.generations)
    climb = functools.partial(Condition, patience=config.tries, generations=config.tries)
    ascent = functools.partial(Condition, patience=config.steps, generations=config.steps, targets=TARGETS)
    default = RandomSearch(config.masks, *PERTURBATIONS[DEFAULT])

    def condition(name: str) -> Condition:
        if name == CLIMB:
            return climb(name, RandomSearch(1, *PERTURBATIONS[name]), few)
        if name in PERTURBATIONS:
            return search(name, RandomSearch(config.masks, *PERTURBATIONS[name]), few)
        if name in SPACES:
            return ascent(name, GradientAscent(parameterisation=SPACES[name], jitter=1), least)
        start = STARTS.get(name, "blank")
        return search(name, default, least, start=start, trained=name != "untrained")

    first = search(DEFAULT, default, many, targets=TARGETS)
    return [first, *(condition(name) for name in asked if name != DEFAULT)]


def wanted(config: Config) -> list[Wanted]:
    """The networks of each kind."""
    return [
        Wanted(getattr(config, kind), config.cnns if kind == "cnn" else config.dense, kind)
        for kind in config.include
    ]


def run(config: Config, run: Run) -> xr.Dataset:
    """Trains or loads the networks, asks them, and shows what they drew to all of them.

    Dims: run (with coordinates kind, network, digit, restart, condition), target, y, x; judge (every trained
    network); of (one run a digit, remembered in full), frame; noise, example.
    """
    key = named(jax.random.key(config.seed), "identikits")
    test = data.load(config.data, "test")
    trained = {wish.name: populations.train_or_load(*wish) for wish in wanted(config)}
    folder = run.checkpoints(config)
    tables = []
    for kind, population in trained.items():
        for condition in conditions(config, kind):
            begin = time.perf_counter()
            rows = _rows(config, kind, condition, population, test, key, folder)
            reached = float(np.isfinite(rows.evaluations_to.sel(target=0.99)).mean())
            n, seconds = rows.sizes["run"], round(time.perf_counter() - begin, 2)
            run.metrics(kind=kind, condition=condition.name, runs=n, reached=reached, seconds=seconds)
            names = {name: rows[name].astype(object) for name in ("kind", "condition")}
            tables.append(rows.assign_coords(names))  # as objects: names of a fixed width would be cut to it
    runs = xr.concat(tables, "run", join="outer", fill_value=np.nan, coords="different", compat="equals")
    train = data.load(config.data, "train")
    seen = judged(trained, runs, config.images, test, train, named(key, "random"))
    results = xr.merge([runs, seen, _evolution(config, trained, key)])
    shutil.rmtree(folder, ignore_errors=True)
    return results.assign_attrs(masks=config.masks, patience=config.patience, generations=config.generations)


def _rows(
    config: Config,
    kind: str,
    condition: Condition,
    population: Population,
    images: data.Digits,
    key: Key[Array, ""],
    folder: Path,
) -> xr.Dataset:
    """All runs of one condition as a table; from the folder where a study that was killed left it."""
    params, name = population.params, f"{kind}-{condition.name}"
    if not condition.trained:
        params = populations.untrained(population.config, len(population))
    if kind == "cnn" and condition.name != DEFAULT:
        params = _first(params, config.other_cnns)

    def compute() -> xr.Dataset:
        halfway, own = folder / name, named(key, name)
        answers = ask(condition, population, params, config.digits, own, images=images, halfway=halfway)
        return table(answers, kind, condition.name)

    return kept(folder / f"{name}.nc", compute)


def _first(params: Any, m: int) -> Any:
    """The first m networks' parameters."""
    return jax.tree.map(lambda leaf: leaf[:m], params)


def _evolution(config: Config, trained: dict[str, Population], key: Key[Array, ""]) -> xr.Dataset:
    """One run of a few digits with its images on the way, by the first network of the largest kind."""
    kind, population = list(trained.items())[-1]
    digits = tuple(d for d in EVOLVING if d in config.digits) or config.digits[:1]
    condition = conditions(config, kind)[0]
    condition = dataclasses.replace(condition, restarts=1, frames=config.generations + 1)
    own = named(key, f"{kind}-{condition.name}")
    runs = ask(condition, population, _first(population.params, 1), digits, own).isel(network=0, restart=0)
    confidence = runs.confidence_history.sel(generation=runs.frame.values)
    return xr.Dataset(
        {
            "evolution": (("of", "frame", "y", "x"), runs.frames.values.astype(np.float16)),
            "evolution_confidence": (("of", "frame"), confidence.values),
            "evolution_generations": ("of", runs.generations.values),
        },
        {"of": runs.digit.values, "frame": runs.frame.values},
    )


def claims(results: xr.Dataset) -> list[c.Claim]:
    """The document's statements, measured on one kind of network with the default masks."""
    return identikits_measures.claims(results)

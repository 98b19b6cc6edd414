"""Reconstruction: could aliens learn how we wrote digits from the last recogniser alone?

Document 003 ends with this question. We answer it in two ways for networks that were trained in several ways: judges that
are independent of the network classify its identikits; and a student that is trained on thousands of them, without any
real digit, is tested on real digits.
"""

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import xarray as xr
from jaxtyping import Array, Key

from research import data
from research.data.sources import SOURCES
from research.fields import Checked
from research.fields.bounds import (
    ITERATIONS,
    NETWORKS,
    SAMPLES,
    SEED,
    TEST_IMAGES,
    TRAINING_IMAGES,
    Bound,
    bounded,
    one_of,
)
from research.models.mlp import MLPConfig
from research.runs.store import Run
from research.runtime import progress
from research.runtime.rng import named
from research.studies import documents
from research.studies.reconstruction import judges, students, teachers
from research.studies.reconstruction.asking import Reading, ask_all, growth, search
from research.studies.reconstruction.students import Lessons
from research.training import train
from research.training.populations import Wanted
from research.training.recipes import by_recipe
from research.training.settings import TrainingConfig
from research.training.train import NetworkConfig

SEARCH = "search"  # the document's way: from a blank image, with low-frequency masks
READINGS = {
    "blank": Reading("blank"),
    "low_frequency": Reading("low_frequency"),
    "uniform_noise": Reading("uniform_noise"),
    "frequencies": Reading("blank", space="frequency"),
}
LESSONS = READINGS | {  # what students may learn from
    "varied": Reading("low_frequency", varied=True),
    "similar": Reading("low_frequency", varied=True, similar=True),
}
GROWTH = (0, 2, 5, 10, 20, 40)  # steps after which one identikit is kept
GROWN = 3  # the digit of which
CLASSES = 10
REGIMES = (*teachers.REGIMES, *teachers.NULLS)
SIZE = Bound(CLASSES, 54_210, "real digits of every class, for comparison")
NO_IMAGE = {"alphabet": np.uint8(0), "grown": np.uint8(0)}  # where a kind has fewer teachers
Identikits = tuple[Any, Any]  # images of bytes [all n y x], and what their networks say about them [all n k]


def _mlp() -> NetworkConfig:
    return NetworkConfig(
        MLPConfig(widths=(200, 100)), TrainingConfig(epochs=3, batch=256, learning_rate=3e-3)
    )


def _noisy() -> NetworkConfig:
    config = by_recipe("cnn_small").default_factory()
    config.training.noise, config.training.noise_strength = teachers.NOISE
    config.examples = 20_000
    return config


@dataclass
class Config(Checked):
    """Which teachers, asked in which ways, and what their students learn from."""

    seed: int = bounded(0, replace(SEED, high=SEED.high - judges.OWN_SEED))
    data: str = one_of("mnist", SOURCES, "dataset")
    # ways of training the dense teachers
    regimes: tuple[str, ...] = one_of(REGIMES, REGIMES, "regime")
    teachers: int = bounded(5, NETWORKS)  # networks of each
    cnn_regimes: tuple[str, ...] = one_of(("plain",), REGIMES, "regime", empty=True)  # of the document's CNN
    cnns: int = bounded(5, NETWORKS)  # networks of each
    # identikits that a student learns from
    sizes: tuple[int, ...] = bounded((10, 100, 1000), SIZE, distinct=True)
    cnn_sizes: tuple[int, ...] = bounded((), SIZE, distinct=True, empty=True)  # the same for students of CNNs
    # identikits for which starts and labels are compared; one of sizes
    compared: int = bounded(1000, SIZE)
    # of the lessons; the first of all sizes
    starts: tuple[str, ...] = one_of(("varied", "low_frequency", "blank", "uniform_noise"), LESSONS, "start")
    masks: int = bounded(500, SAMPLES)  # of the search
    generations: int = bounded(40, ITERATIONS)
    patience: int = bounded(10, ITERATIONS)
    lessons: Lessons = field(default_factory=Lessons)
    attacked: int = bounded(500, TEST_IMAGES)  # test images of the robust accuracy
    # training images among which a judge looks for neighbours
    neighbours_among: int = bounded(20_000, TRAINING_IMAGES)
    mlp: NetworkConfig = field(default_factory=_mlp)
    cnn: NetworkConfig = by_recipe("cnn")
    judge_cnn: NetworkConfig = by_recipe("cnn_small")
    judge_noisy: NetworkConfig = field(default_factory=_noisy)
    judge_logistic: NetworkConfig = by_recipe("sigmoid200")

    def check_together(self) -> None:
        """Raises: ValueError for lessons that cannot be compared."""
        if self.compared not in self.sizes:
            raise ValueError(f"sizes must hold compared, got {self.sizes} and {self.compared}")
        if not set(self.cnn_sizes) <= set(self.sizes):
            raise ValueError(f"cnn_sizes must be some of sizes, {self.sizes}, got {self.cnn_sizes}")


class Group(NamedTuple):
    """Teachers of one base network, which are computed together so that each program is compiled once."""

    prefix: str  # of the names of its kinds
    base: NetworkConfig
    regimes: tuple[str, ...]
    teachers: int  # networks of each regime
    lessons: list[tuple[str, int, str]]  # of their students


def groups(config: Config) -> list[Group]:
    """The dense teachers, and the CNNs if any regime is given for them."""
    dense = Group("", config.mlp, config.regimes, config.teachers, lessons_of(config))
    learned = [(config.starts[0], n, "soft") for n in config.cnn_sizes]
    cnns = Group("cnn_", config.cnn, config.cnn_regimes, config.cnns, learned)
    return [dense, cnns] if cnns.regimes else [dense]


def panel(config: Config) -> tuple[NetworkConfig, ...]:
    """The networks among the judges."""
    return config.judge_cnn, config.judge_noisy, config.judge_logistic


def wanted(config: Config) -> list[Wanted]:
    """The trained teachers, and the judges."""
    taught = [
        Wanted(teachers.taught(group.base, regime), group.teachers, f"{group.prefix}{regime} teachers")
        for group in groups(config)
        for regime in group.regimes
        if regime not in teachers.NULLS
    ]
    return taught + [Wanted(judges.apart(how, config.seed), 1, judges.name(how)) for how in panel(config)]


def run(config: Config, run: Run) -> xr.Dataset:
    """Trains the teachers, draws their identikits, has judges classify them and trains students on them.

    Dims: kind (of teacher), teacher (padded with nan), reading, digit, y, x; judge; lesson (what students learn from:
    a start, a number of identikits, soft or hard labels); real_size and repetition (students of real digits);
    grown_step (of one identikit on its way).
    """
    key = named(jax.random.key(config.seed), "reconstruction")
    bench = judges.panel(panel(config), config.seed, config.neighbours_among)
    found = [_group(config, group, bench, named(key, f"group {group.prefix}")) for group in groups(config)]
    for row in found:
        for kind in row.kind.values:
            run.metrics(kind=str(kind), accuracy=float(row.accuracy.sel(kind=kind).mean()))
    return (
        xr.concat(found, "kind", join="outer", coords="minimal", compat="override", fill_value=NO_IMAGE)
        .merge(_of_real_digits(config, named(key, "real")))
        .assign_attrs(
            mlp=config.mlp.model.label,
            **documents.attributes(config, "cnn"),
            steps=READINGS["blank"].steps,
        )
    )


def _group(config: Config, group: Group, bench: dict[str, judges.Judge], key: Key[Array, ""]) -> xr.Dataset:
    """All that is measured on the teachers of one group, over kind and teacher."""
    each = [
        teachers.parameters(group.base, regime, group.teachers, named(key, regime))
        for regime in group.regimes
    ]
    params = jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *each)
    asked = _ask(config, group, params, named(key, "asked"))
    rows = _read(config, group, params, asked, bench, key)
    rows = rows.merge(_students(config, group, asked, named(key, "students")))
    shape = {
        "kind": [f"{group.prefix}{regime}" for regime in group.regimes],
        "teacher": range(group.teachers),
    }
    index = pd.MultiIndex.from_product(shape.values(), names=shape.keys())
    return (
        rows.assign_coords(xr.Coordinates.from_pandas_multiindex(index, "all"))
        .unstack("all")
        .sel(kind=shape["kind"])
    )


def _read(
    config: Config, group: Group, params: Any, asked: dict[str, Identikits], bench: dict[str, judges.Judge],
    key: Key[Array, ""],
) -> xr.Dataset:  # fmt: skip
    """Accuracy of the teachers, their alphabets by every reading, and the judges' agreement; over `all`."""
    apply = train.fit_of(group.base).apply
    scores = teachers.scores(
        apply, params, data.load(config.data, "test"), config.attacked, named(key, "noise")
    )
    with progress.bar(f"{group.prefix}identikits, search".replace("_", " ")) as report:
        how = config.masks, config.generations, config.patience
        drawn = {SEARCH: search(apply, params, CLASSES, *how, named(key, SEARCH), report)}
    drawn |= {name: np.asarray(asked[name][0][:, :CLASSES]) for name in READINGS}
    images = np.stack(list(drawn.values()))  # [reading all digit y x]
    said = np.stack([judge(images.reshape(-1, *images.shape[-2:]) / 255.0) for judge in bench.values()], -1)
    agreed = said.reshape(*images.shape[:3], len(bench)) == np.arange(CLASSES)[:, None]
    grown = growth(
        apply, params, jnp.eye(CLASSES)[GROWN], named(key, "growth"), READINGS["low_frequency"], GROWTH
    )
    return xr.Dataset(
        {
            **scores,
            "alphabet": (("reading", "all", "digit", "y", "x"), images),
            "agreed": (("reading", "all", "digit", "judge"), agreed.astype(np.float32)),
            "grown": (("all", "grown_step", "y", "x"), np.asarray(grown)),
        },
        {"reading": list(drawn), "digit": range(CLASSES), "judge": list(bench), "grown_step": list(GROWTH)},
    )


def _ask(config: Config, group: Group, params: Any, key: Key[Array, ""]) -> dict[str, Identikits]:
    """Identikits by reading: as many of every teacher as a lesson needs, at least one of each digit."""
    apply = train.fit_of(group.base).apply
    needed = dict.fromkeys(READINGS, CLASSES)
    for start, n, _ in group.lessons:
        needed[start] = max(n, needed.get(start, 0))
    asked = {}
    for name, n in needed.items():
        with progress.bar(f"{group.prefix}identikits, {name}".replace("_", " ")) as report:
            asked[name] = ask_all(apply, params, n, CLASSES, named(key, name), LESSONS[name], report)
    return asked


def lessons_of(config: Config) -> list[tuple[str, int, str]]:
    """The lessons: (start, number of identikits, labels)."""
    first, *others = config.starts
    return [
        *((first, n, "soft") for n in config.sizes),
        (first, config.compared, "hard"),
        *((start, config.compared, "soft") for start in others),
    ]


def _students(config: Config, group: Group, asked: dict[str, Identikits], key: Key[Array, ""]) -> xr.Dataset:
    """Accuracy on real digits of a student of every teacher, for each lesson; nan where it was not given."""
    test = data.load(config.data, "test")
    scores = []
    for lesson in lessons_of(config):
        start, n, labels = lesson
        if lesson not in group.lessons:
            scores.append(np.full(len(group.regimes) * group.teachers, np.nan))
            continue
        images, logits = (x[:, :n] for x in asked[start])
        told = (
            students.softened(logits, config.lessons.temperature)
            if labels == "soft"
            else jnp.argmax(logits, axis=-1)
        )
        named_key = named(key, f"{start} {n} {labels}")
        with progress.bar(f"{group.prefix}students of {n:,}, {start}".replace("_", " ")) as report:
            taught, read = students.teach(group.base, images, told, named_key, config.lessons, report)
        scores.append(students.accuracy(read, taught, test))
    starts, sizes, kinds_of_label = map(list, zip(*lessons_of(config)))
    return xr.Dataset(
        {"student": (("lesson", "all"), np.stack(scores))},
        {
            "start": ("lesson", starts),
            "learned_from": ("lesson", sizes),
            "labels": ("lesson", kinds_of_label),
        },
    )


def _of_real_digits(config: Config, key: Key[Array, ""]) -> xr.Dataset:
    """For comparison: test accuracies of students that are trained on as many labelled real digits."""
    digits, test = data.load(config.data, "train"), data.load(config.data, "test")
    scores = [
        students.of_real_digits(
            config.mlp, digits, test, n, config.teachers, named(key, str(n)), config.lessons
        )
        for n in config.sizes
    ]
    return xr.Dataset(
        {"real_digits": (("real_size", "repetition"), np.stack(scores))}, {"real_size": list(config.sizes)}
    )

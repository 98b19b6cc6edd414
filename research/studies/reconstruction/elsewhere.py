"""Reconstruction from a network that was trained elsewhere: its alphabet, and the accuracy of its student."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib.figure import Figure

from research import data
from research.data.sources import SOURCES
from research.fields import Checked
from research.fields.bounds import SAMPLES, SEED, bounded, one_of
from research.plotting.style import DOUBLE, Drawing
from research.plotting.tiles import tiles
from research.runtime.rng import named
from research.studies.reconstruction import measures, students
from research.studies.reconstruction.asking import ask_all
from research.studies.reconstruction.students import Lessons
from research.studies.reconstruction.study import LESSONS, READINGS
from research.studies.reconstruction.study import Config as StudyConfig


@dataclass
class Config(Checked):
    """How a network is asked, and what its student learns from."""

    identikits: int = bounded(1000, SAMPLES)  # that the student learns from
    start: str = one_of("varied", LESSONS, "start")  # of these identikits
    data: str = one_of("mnist", SOURCES, "dataset")  # whose test digits the student is scored on
    seed: int = bounded(0, SEED)
    lessons: Lessons = field(default_factory=Lessons)


def reconstruct(
    predict: Callable[[Float[jax.Array, "28 28"]], Float[jax.Array, " k"]], config: Config
) -> xr.Dataset:
    """The alphabet of one network by every reading, and the accuracy of its student on real digits.

    Args:
        predict: one image in [0, 1] -> logits.
        config: settings of identikits and student.

    Returns:
        alphabet [reading digit y x] as bytes, confidence [reading digit], student (test accuracy).

    Raises:
        ValueError: for an invalid setting, or if the network's number of outputs is not that of the data's classes.
    """
    config.validate()
    test = data.load(config.data, "test")
    image = jax.ShapeDtypeStruct((28, 28), jnp.float32)
    k, classes = jax.eval_shape(predict, image).shape[0], len(np.unique(test.labels))
    if k != classes:
        raise ValueError(
            f"the network has {k} outputs and {config.data} {classes} classes; a student of it cannot be scored"
        )
    key = named(jax.random.key(config.seed), "reconstruction")

    def apply(_: Any, image: jax.Array) -> tuple[jax.Array, dict]:
        return predict(image), {}

    nothing = jnp.zeros((1, 1))  # the parameters are inside `predict`
    alphabet, sure = {}, {}
    for name, reading in READINGS.items():
        images, logits = ask_all(apply, nothing, k, k, named(key, name), reading)
        alphabet[name], sure[name] = images[0], jnp.diagonal(jax.nn.softmax(logits[0]))
    n = config.identikits
    images, logits = ask_all(apply, nothing, n, k, named(key, "lessons"), LESSONS[config.start])
    network, told = StudyConfig().mlp, students.softened(logits, config.lessons.temperature)
    taught, read = students.teach(network, images, told, named(key, "student"), config.lessons)
    score = students.accuracy(read, taught, test)
    return xr.Dataset(
        {
            "alphabet": (("reading", "digit", "y", "x"), np.stack(list(alphabet.values()))),
            "confidence": (("reading", "digit"), np.stack(list(sure.values()))),
            "student": float(score[0]),
        },
        {"reading": list(alphabet), "digit": np.arange(k)},
        {"identikits": n, "start": config.start, "student_network": network.model.label},
    )


def alphabets(results: xr.Dataset, width: float = DOUBLE) -> Figure:
    """A row of identikits for every reading."""
    figure, axes = plt.subplots(
        results.sizes["reading"], 1, figsize=(width, 0.11 * width * results.sizes["reading"])
    )
    for ax, reading in zip(axes, results.reading.values):
        images = results.alphabet.sel(reading=reading).values.astype(float) / 255
        row = tiles(ax, images)
        row.name_row(measures.READING_WORDS[str(reading)], fontsize="small")
        for i in results.digit.values if ax is axes[0] else ():
            row.name(i, str(i), above=True, fontsize="medium", fontweight="bold")
    return figure


FIGURES: dict[str, Any] = {
    "alphabets": Drawing(
        alphabets, "Which images does this network take for the ten digits? One row per reading."
    )
}

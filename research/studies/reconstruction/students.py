"""Students: networks that are trained on identikits alone or, for comparison, on as many real digits."""

import functools
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key, UInt8

from research import data
from research.fields.bounds import ITERATIONS, POSITIVE, SHIFT, TRAINING_IMAGES, Bound, bounded
from research.runtime import multihost, progress
from research.runtime.rng import named
from research.training import fit
from research.training.settings import TrainingConfig
from research.training.train import NetworkConfig

TEMPERATURE = Bound(0, 1000, "labels become uniform", above=True)
BLOCK = 200  # digits that are scored at once
PIECES = 100  # of a training; after each the share that is done is reported


@dataclass(frozen=True)
class Lessons:
    """How long students learn, and how; the model is that of the config's network."""

    steps: int = bounded(800, ITERATIONS)  # batches in all, whatever the number of images
    batch: int = bounded(50, TRAINING_IMAGES)
    learning_rate: float = bounded(2e-3, POSITIVE)
    shift: int = bounded(0, SHIFT)  # every image moved at random by up to this many pixels; its label stays
    temperature: float = bounded(4.0, TEMPERATURE)  # of soft labels


def settings(lessons: Lessons, n: int, soft: bool) -> TrainingConfig:
    """Training on n images for `lessons.steps` batches in all."""
    batch = min(lessons.batch, n)
    return TrainingConfig(
        epochs=max(1, round(lessons.steps * batch / n)),
        batch=batch,
        learning_rate=lessons.learning_rate,
        shift=lessons.shift,
        loss="soft_cross_entropy" if soft else "cross_entropy",
    )


def teach(
    network: NetworkConfig,
    images: UInt8[Array, "m n h w"],
    labels: Array,
    key: Key[Array, ""],
    lessons: Lessons,
    report: progress.Report = lambda share: None,
) -> tuple[Any, Any]:
    """Trains m students, each on its own images.

    Args:
        network: gives the students' model; its training is not used.
        images: n images of bytes for each student.
        labels: classes [m n], or distributions over them [m n k].
        key: of the students' starts and of the order of their images.
        lessons: length and settings of the training.
        report: called with the share of the training that is done.

    Returns:
        Stacked parameters of the m students, and apply(params of one, image) -> (logits, activations).

    Raises:
        Preempted: the process was told to end.
        TrainingError: a loss is not finite.
    """
    m, n = images.shape[:2]
    config = settings(lessons, n, soft=labels.ndim == 3)
    one = _one(network, config, n)
    state = _begin(one, jax.random.split(named(key, "students"), m))
    piece = -(-config.epochs // PIECES)
    for done in range(0, config.epochs, piece):
        state = _learn(one, min(piece, config.epochs - done), state, images, labels)
        jax.block_until_ready(state.params)
        multihost.stop_if_told()
        report(min(1.0, (done + piece) / config.epochs))
    fit.require_finite(state)
    return state.params, one.apply


_made: dict[str, fit.One] = {}


def _one(network: NetworkConfig, config: TrainingConfig, n: int) -> fit.One:
    """The functions that train such a student, cached so that they are compiled once."""
    how = f"{type(network.model).__module__} {network.model} {config} {n}"
    if how not in _made:
        _made[how] = fit.make_one(network.model.build, config, n)
    return _made[how]


@functools.partial(jax.jit, static_argnums=0)
def _begin(one: fit.One, keys: Array) -> fit.State:
    return fit.over_networks(one.init, keys)


@functools.partial(jax.jit, static_argnums=0)
def _learn(one: fit.One, epochs: Array | int, state: fit.State, images: Array, labels: Array) -> fit.State:
    def learn(mine: tuple[fit.State, Array, Array]) -> fit.State:
        state, images, labels = mine
        epoch = lambda _, state: one.advance(state, images, labels, one.steps_per_epoch)  # noqa: E731
        return jax.lax.fori_loop(0, epochs, epoch, state)

    return fit.over_networks(learn, (state, images, labels))


def softened(logits: Float[Array, "... k"], temperature: float) -> Float[Array, "... k"]:
    """softmax(logits / T), the soft labels of a teacher.

    A student that matches them has the teacher's logits divided by T, and predicts the same classes as with T = 1.

    Source: Hinton et al. 2015.
    """
    return jax.nn.softmax(logits / temperature)


def accuracy(apply: Any, params: Any, digits: data.Digits) -> Float[np.ndarray, " m"]:
    """Share of the digits that each of m networks classifies correctly."""
    images, labels = jnp.asarray(digits.images), jnp.asarray(digits.labels)
    return np.asarray(_accuracy(apply, min(BLOCK, len(images)), params, images, labels))


@functools.partial(jax.jit, static_argnums=(0, 1))
def _accuracy(apply: Any, block: int, params: Any, images: Array, labels: Array) -> Array:
    def one(params: Any) -> Array:
        read = lambda image: jnp.argmax(apply(params, image.astype(jnp.float32) / 255)[0])  # noqa: E731
        return jnp.mean(jax.lax.map(read, images, batch_size=block) == labels)

    return fit.over_networks(one, params)


def of_real_digits(
    network: NetworkConfig, digits: data.Digits, test: data.Digits, n: int, m: int, key: Key[Array, ""],
    lessons: Lessons,
) -> Float[np.ndarray, " m"]:  # fmt: skip
    """Test accuracies of m students that are trained on n labelled digits each, drawn at random for each student."""
    rng = np.random.default_rng(np.asarray(jax.random.key_data(named(key, "draw"))))
    rows = np.stack([_balanced(digits.labels, n, rng) for _ in range(m)])
    images, labels = jnp.asarray(digits.images[rows]), jnp.asarray(digits.labels[rows], jnp.int32)
    taught, read = teach(network, images, labels, key, lessons)
    return accuracy(read, taught, test)


def _balanced(labels: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Indices of n random training digits with equally many of every class (up to one)."""
    classes = labels.max() + 1
    each = [rng.permutation(np.flatnonzero(labels == d)) for d in range(classes)]
    return np.array([each[i % classes][i // classes] for i in range(n)])

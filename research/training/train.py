"""Train a population of networks: one config, many indices, the same bits however the training is cut into pieces.

Everything that decides the weights is here or imported from here, so the cache key of a network
(`research.training.populations`) is the digest of this module and of the model's. Progress bars and checkpoints
come in as a function.
"""

import copy
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float, Int

from research import data
from research.data.sources import SOURCES
from research.fields.bounds import LARGEST, SEED, TRAINING_IMAGES, bounded, one_of
from research.runtime import multihost
from research.training import fit
from research.training.losses import LOSSES
from research.training.settings import TrainingConfig

ROUNDING = 1e-6  # of a mean in float32: 9,750 of 10,000 is 97.5 %
SIDE, PIXELS, CLASSES = 28, 784, 10  # of every data set
OF_STUDY = -1  # a seed that is not set: the study's


@dataclass
class NetworkConfig:
    """What a network is and how it is trained: all that its weights depend on but its index and the code."""

    model: Any  # a config of research.models, or any dataclass with build(rngs) -> nnx.Module
    training: TrainingConfig = field(default_factory=TrainingConfig)
    # name of the data set; empty: the study's, outside of studies mnist
    data: str = one_of("", SOURCES, "dataset", also=("",))
    # train on the first so many images only; 0 means all
    examples: int = bounded(0, replace(TRAINING_IMAGES, low=0))
    seed: int = bounded(OF_STUDY, replace(SEED, low=OF_STUDY))  # -1: the study's, outside of studies 0

    def check_together(self) -> None:
        """Raises: ValueError for a model that does not fit the images, the labels or the loss, or too many steps."""
        n, training = self.examples or TRAINING_IMAGES.high, self.training
        if not hasattr(self.model, "build"):
            raise ValueError(f"model must be a config with build(rngs), got {self.model!r}")
        if training.batch > n:
            raise ValueError(f"training.batch must be at most {n}, the training images, got {training.batch}")
        if training.epochs * (n // training.batch) > LARGEST:
            raise ValueError(f"training.epochs makes more than {LARGEST:,} steps, got {training.epochs}")
        if training.loss == "soft_cross_entropy":
            raise ValueError(
                "training.loss 'soft_cross_entropy' needs distributions as labels, the data's are classes"
            )
        classifies = LOSSES[training.loss].classifies
        sizes = {"side": SIDE, "pixels": PIXELS, "classes": CLASSES if classifies else PIXELS}
        for name, size in sizes.items():
            if getattr(self.model, name, size) != size:
                raise ValueError(
                    f"model.{name} must be {size} with training.loss {training.loss!r}, got {getattr(self.model, name)}: "
                    f"the data are images of {SIDE} x {SIDE} pixels of {CLASSES} classes"
                )


def resolved(config: NetworkConfig, dataset: str = "mnist", seed: int = 0) -> NetworkConfig:
    """A copy of the config with a data set and a seed, those of the study where it names none.

    Raises:
        ValueError: if the config names another data set than `dataset`, or a seed outside [0, 2³²).
    """
    named = copy.deepcopy(config)
    named.data = config.data or dataset
    named.seed = seed if config.seed == OF_STUDY else config.seed
    if not 0 <= named.seed < 2**32:
        raise ValueError(f"a seed must be a whole number from 0 to 4294967295, got {named.seed}")
    return named


class Progress(NamedTuple):
    """Where a training stands after a piece: everything that is needed to go on, and what a progress bar shows."""

    step: int
    steps: int
    state: fit.State
    curve: Float[np.ndarray, "m epochs 4"]
    seconds: Float[np.ndarray, "2"]  # of training so far, of compilation
    shown: dict[str, str]


class Trained(NamedTuple):
    """m trained networks; every leaf of `params` has m as its leading axis."""

    params: Any
    curve: Float[np.ndarray, "m epochs 4"]  # a row an epoch: loss, training and test accuracy, seconds so far
    seconds: float  # of all of them together, compilation included
    compile_seconds: float
    images_seen: int  # by each


def keys(seed: int, indices: Iterable[int]) -> Array:
    """The key of each network of a seed by its index: fold_in(key(seed), i)."""
    return _keys(jax.random.key(seed), np.fromiter(indices, np.int32))


@jax.jit
def _keys(root: Array, indices: Int[Array, " m"]) -> Array:
    return jax.vmap(lambda i: jax.random.fold_in(root, i))(indices)


_fits: dict[str, fit.Fit] = {}


def fit_of(config: NetworkConfig) -> fit.Fit:
    """The functions that train and score this kind of network, compiled once a process."""
    n = examples(config)
    how = f"{type(config.model).__module__} {config.model} {config.training} {n}"
    if how not in _fits:
        kept = copy.deepcopy(
            config
        )  # the functions are traced later, when the caller may have changed the config
        _fits[how] = fit.make_fit(kept.model.build, kept.training, n)
    return _fits[how]


def examples(config: NetworkConfig) -> int:
    """How many images the network is trained on."""
    return config.examples or len(data.load(config.data, "train").labels)


def train(
    config: NetworkConfig,
    indices: list[int],
    *,
    begin: Progress | None = None,
    after_piece: Callable[[Progress], None] = lambda _: None,
) -> Trained:
    """Trains the networks with these indices together, in pieces of about a second.

    Args:
        config: a `resolved` config.
        indices: which networks of the config's seed.
        begin: where an earlier call was interrupted (step, state, curve and seconds); None starts anew.
        after_piece: called after each piece, so that the training can be shown, saved or stopped.

    Raises:
        TrainingError: if a loss is not finite.
    """
    train_set, test = data.load(config.data, "train"), data.load(config.data, "test")
    functions, n = fit_of(config), examples(config)
    if begin:
        state, curve, (spent, compiling) = begin.state, np.array(begin.curve), begin.seconds
    else:
        state = functions.init(keys(config.seed, indices))
        curve = np.full((len(indices), config.training.epochs, 4), np.nan, np.float32)
        spent = compiling = 0.0
    images, labels, *tested = jax.device_put(
        (train_set.images[:n], train_set.labels[:n], test.images, test.labels)
    )
    start = time.perf_counter()
    advance = functions.advance.lower(state, images, labels, 1).compile()
    score = None
    if LOSSES[config.training.loss].classifies:
        score = functions.evaluate.lower(state.params, *tested).compile()
    compiling += time.perf_counter() - start
    step, pace = int(np.asarray(state.step)[0]), 0.0
    while step < functions.steps:
        in_epoch = step % functions.steps_per_epoch
        left = functions.steps_per_epoch - in_epoch
        count = min(left, multihost.on_process_zero(lambda: max(1, round(pace)) if pace else 20))  # noqa: B023
        piece = time.perf_counter()
        state = advance(state, images, labels, np.int32(count))
        fit.require_finite(state)
        pace = count / (time.perf_counter() - piece)  # steps in about one second
        step += count
        loss, hits = (np.asarray(total) / (in_epoch + count) for total in (state.loss, state.hits))
        seconds = np.array([spent + time.perf_counter() - start, compiling])
        if count == left:
            accuracy = np.asarray(score(state.params, *tested)[1]) if score else np.nan
            curve[:, step // functions.steps_per_epoch - 1] = np.stack(
                np.broadcast_arrays(loss, hits, accuracy, seconds[0]), 1
            )
        shown = {
            "loss": f"{loss.mean():.3f}",
            "accuracy": f"{hits.mean():.4f}",
            "images_per_second": f"{pace * config.training.batch * len(indices):,.0f}",
        }
        if count == left and score and np.all(accuracy >= np.float32(config.training.stop_at) - ROUNDING):
            break
        after_piece(Progress(step, functions.steps, state, curve, seconds, shown))
    total = spent + time.perf_counter() - start
    return Trained(jax.device_get(state.params), curve, total, compiling, step * config.training.batch)

"""Thousands of identikits of many networks, by gradient ascent from many starts with a fixed number of steps.

`research.identikits` records the course of every run; here only the outcomes are needed.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key, UInt8

from research.identikits import identikits
from research.identikits.gradient_ascent import GradientAscent
from research.identikits.initial_images import STARTS
from research.identikits.random_search import RandomSearch
from research.runtime import multihost, progress
from research.training.fit import over_networks

SHAPE = (28, 28)  # of the images
BLOCK = 100  # ascents that are computed at once
CONCENTRATION = 0.1  # of each class, of the mixtures of a varied reading
LEAST = 0.01  # the least concentration of mixtures of similar classes
LOOKED_AT = 20  # start images at which classes are compared
KINDS = {"blank": "low_noise"}  # "blank" is almost blank, because ReLUs have no gradient at a blank image


@dataclass(frozen=True)
class Reading:
    """One way of drawing identikits by gradient ascent."""

    start: str  # one of initial_images.STARTS
    space: str = "pixel"  # or "frequency"
    steps: int = 40
    learning_rate: float = 0.05
    jitter: int = 1  # pixels
    # every image wants a random mixture of classes and stops after a random number of steps
    varied: bool = False
    similar: bool = False  # mixtures prefer classes that the network takes for similar; for a varied reading

    @property
    def ascent(self) -> GradientAscent:
        """The method of these settings."""
        return GradientAscent(
            learning_rate=self.learning_rate, parameterisation=self.space, jitter=self.jitter
        )


def targets(
    reading: Reading, n: int, classes: int, key: Key[Array, ""], likeness: Float[Array, "m k k"] | None = None
) -> tuple[Float[Array, "#m n k"], Int[Array, " n"]]:
    """What n identikits want, as distributions over the classes, and the steps that each takes.

    Usually one class each, in turn, and all steps. A varied reading draws the distributions from a Dirichlet
    distribution and the steps uniformly: a network says more about itself on the way to a class, and between classes,
    than where it is sure. The distribution is symmetric; or, with the `likeness` of the classes to each of m networks,
    its concentration is a row of that, of the classes in turn.

    Source: Nayak et al. 2019, with likenesses from the weights of the last layer.
    """
    if not reading.varied:
        return jnp.eye(classes)[None, in_turn(n, classes)], jnp.full(n, reading.steps)
    mixture, stop = jax.random.split(key)
    steps = jax.random.randint(stop, (n,), 0, reading.steps + 1)
    if likeness is None:
        return jax.random.dirichlet(mixture, jnp.full(classes, CONCENTRATION), (n,))[None], steps
    rows = likeness[:, in_turn(n, classes)]
    return jax.vmap(lambda row: jax.random.dirichlet(mixture, row))(rows), steps


def likeness_of_classes(
    predict: Callable[[Float[Array, "h w"]], Float[Array, " k"]], images: Float[Array, "n h w"]
) -> Float[Array, "k k"]:
    """How alike two classes are to a network: the cosine of the mean gradients of their logits, each row scaled to LEAST … 1."""
    gradients = jnp.mean(jax.lax.map(jax.jacrev(predict), images), 0)
    gradients = gradients.reshape(len(gradients), -1)
    directions = gradients / jnp.maximum(jnp.linalg.norm(gradients, axis=1, keepdims=True), 1e-12)
    cosines = directions @ directions.T
    low, high = cosines.min(1, keepdims=True), cosines.max(1, keepdims=True)
    return LEAST + (1 - LEAST) * (cosines - low) / jnp.maximum(high - low, 1e-12)


def in_turn(n: int, classes: int) -> Int[Array, " n"]:
    """Classes of n identikits: 0, 1, …, 9, 0, …"""
    return jnp.arange(n) % classes


@functools.partial(jax.jit, static_argnums=(0, 2))
def starts(kind: str, key: Key[Array, ""], n: int) -> Float[Array, "n h w"]:
    """Start images of n ascents."""
    draw = STARTS[KINDS.get(kind, kind)]()
    return jax.vmap(lambda key: draw(key, SHAPE))(jax.random.split(key, n))


def climb(
    predict: Callable[[Float[Array, "h w"]], Float[Array, " k"]],
    start: Float[Array, "h w"],
    target: Float[Array, " k"],
    key: Key[Array, ""],
    ascent: GradientAscent,
    steps: Int[Array, ""] | int,
) -> UInt8[Array, "h w"]:
    """One identikit as bytes: the best image of an ascent of `steps` steps on Σ_k target_k log p_k."""

    def evaluate(image: Array) -> tuple[Array, Array]:
        log_p = jax.nn.log_softmax(predict(image))
        return target @ log_p, jnp.exp(log_p)[jnp.argmax(target)]

    stepper = ascent.stepper(evaluate)
    done = jax.lax.fori_loop(0, steps, lambda _, state: stepper.step(state)[0], stepper.init(start, key))
    return jnp.round(255 * done.image).astype(jnp.uint8)


def ask_all(
    apply: Callable[..., Any],
    params: Any,
    n: int,
    classes: int,
    key: Key[Array, ""],
    reading: Reading,
    report: progress.Report = lambda share: None,
) -> tuple[UInt8[Array, "m n h w"], Float[Array, "m n k"]]:
    """n identikits of each of m networks as bytes, and the logits of the network for them.

    Args:
        apply: (params of one network, image in [0, 1]) -> (logits, activations). Compiled once for each `apply`.
        params: of m networks, stacked.
        n, classes: identikits of each network, and classes that it knows.
        key: of starts, jitter and targets. Every network starts from the same images and is asked for the same.
        reading: start and settings of the ascents.
        report: called with the share that is done.

    Raises:
        Preempted: the process was told to end.
    """
    key_starts, key_steps, key_targets = jax.random.split(key, 3)
    begin, keys = starts(reading.start, key_starts, n), jax.random.split(key_steps, n)
    alike = _likeness(apply, params, begin[:LOOKED_AT]) if reading.similar else None
    wanted, steps = targets(reading, n, classes, key_targets, alike)
    wanted = jnp.broadcast_to(wanted, (len(jax.tree.leaves(params)[0]), n, classes))
    found = []
    for i in range(0, n, BLOCK):
        block = slice(i, i + BLOCK)
        runs = (begin[block], keys[block], steps[block])
        found.append(jax.block_until_ready(_ask_block(apply, reading.ascent, params, wanted[:, block], runs)))
        multihost.stop_if_told()
        report(min(1.0, (i + BLOCK) / n))
    images, logits = (jnp.concatenate(x, axis=1) for x in zip(*found))
    return images, logits


@functools.partial(jax.jit, static_argnums=0)
def _likeness(apply, params, images):
    return over_networks(
        lambda mine: likeness_of_classes(lambda image: apply(mine, image)[0], images), params
    )


@functools.partial(jax.jit, static_argnums=(0, 1))
def _ask_block(apply, ascent, params, wanted, runs):
    def of_network(mine: Any) -> tuple[Array, Array]:
        params, wanted = mine
        predict = lambda image: apply(params, image)[0]  # noqa: E731

        def one(wanted: Array, begin: Array, key: Array, steps: Array) -> tuple[Array, Array]:
            image = climb(predict, begin, wanted, key, ascent, steps)
            return image, predict(image.astype(jnp.float32) / 255)

        return jax.vmap(one)(wanted, *runs)

    return over_networks(of_network, (params, wanted))


def search(
    apply: Callable[..., Any], params: Any, classes: int, masks: int, generations: int, patience: int,
    key: Key[Array, ""], report: progress.Report = lambda share: None,
) -> UInt8[np.ndarray, "m k h w"]:  # fmt: skip
    """The document's identikits, one of each class, as bytes: random search from a blank image, `masks` a generation."""
    predict = lambda params, image: apply(params, image)[0]  # noqa: E731
    method = RandomSearch(masks)
    found = identikits(
        predict, range(classes), key, method, params=params, patience=patience,
        budget=method.start_cost + generations * method.step_cost, history=2,
        progress=lambda now: report(now.done / now.runs),
    )  # fmt: skip
    return np.rint(255 * found.image.values[:, :, 0]).astype(np.uint8)


def growth(
    apply: Callable[..., Any],
    params: Any,
    target: Float[Array, " k"],
    key: Key[Array, ""],
    reading: Reading,
    at: tuple[int, ...],
) -> UInt8[Array, "m steps h w"]:
    """The course of one identikit of each of m networks: the best image after each number of steps in `at`."""
    key_start, key_steps = jax.random.split(key)
    begin = starts(reading.start, key_start, 1)[0]
    return _growth(apply, reading.ascent, params, begin, target, key_steps, jnp.array(at))


@functools.partial(jax.jit, static_argnums=(0, 1))
def _growth(apply, ascent, params, begin, target, key, at):
    def of_network(mine: Any) -> Array:
        predict = lambda image: apply(mine, image)[0]  # noqa: E731
        return jax.lax.map(lambda steps: climb(predict, begin, target, key, ascent, steps), at)

    return over_networks(of_network, params)

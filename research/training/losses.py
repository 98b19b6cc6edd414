"""What training can minimise, for one example."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array


class Loss(NamedTuple):
    """What is minimised for one example, and whether the outputs are logits of classes, to be scored by the label."""

    of: Callable[[Array, Array, Array], Array]  # (output, label, clean image) -> loss
    classifies: bool = True


def _cross_entropy(output: Array, label: Array, clean: Array) -> Array:
    return optax.softmax_cross_entropy_with_integer_labels(output, label)


def _soft_cross_entropy(output: Array, label: Array, clean: Array) -> Array:
    return optax.softmax_cross_entropy(output, label)


def _reconstruction(output: Array, label: Array, clean: Array) -> Array:
    return jnp.mean((output - clean.reshape(-1)) ** 2)


LOSSES = {
    "cross_entropy": Loss(_cross_entropy),
    "soft_cross_entropy": Loss(_soft_cross_entropy),  # a label is a distribution over the classes
    "reconstruction": Loss(_reconstruction, classifies=False),  # squared error to the clean image
}


def smoothed(value: Array, output: Array, share: float) -> Array:
    """The cross-entropy against (1 − share)·label + share·uniform, given that against the label.

    Source: Szegedy et al. 2016.
    """
    return (1 - share) * value - share * jnp.mean(jax.nn.log_softmax(output))


def named_class(label: Array) -> Array:
    """The class that a label names: the label itself, or the most probable class of a distribution."""
    return jnp.argmax(label) if label.ndim else label

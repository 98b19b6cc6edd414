"""Networks that know no class: what remains of a result on them is not due to what a network has learned."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from research import data
from research.training import fit
from research.training.train import NetworkConfig


def shuffled(how: NetworkConfig, m: int, epochs: int, key: Key[Array, ""]) -> Any:
    """Parameters of m networks that were trained on labels in random order: they know images and no class."""
    train = data.load(how.data, "train")
    n = how.examples or len(train.labels)
    functions = fit.make_fit(how.model.build, replace(how.training, epochs=epochs), n)
    key_labels, key_networks = jax.random.split(key)
    images = jnp.asarray(train.images[:n])
    labels = jax.random.permutation(key_labels, jnp.asarray(train.labels[:n]))
    state = functions.init(jax.random.split(key_networks, m))
    for _ in range(epochs):
        state = functions.advance(state, images, labels, jnp.int32(functions.steps_per_epoch))
    fit.require_finite(state)
    return state.params

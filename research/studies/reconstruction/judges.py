"""The judges, which classify identikits and share neither architecture nor seed with any teacher.

They are a small CNN, the same CNN trained on noisy digits, a network with logistic neurons, and the nearest neighbours
among real digits.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from research import data
from research.embedding import knn
from research.training import populations
from research.training.train import NetworkConfig

OWN_SEED = 10_000  # added to the study's seed, so that no judge shares a seed with a teacher
NEIGHBOURS = 5
Judge = Callable[[Float[np.ndarray, "n h w"]], Int[np.ndarray, " n"]]


def apart(network: NetworkConfig, seed: int) -> NetworkConfig:
    """The network with a seed that no teacher has."""
    return dataclasses.replace(network, seed=seed + OWN_SEED)


def name(network: NetworkConfig) -> str:
    """The name of a judge."""
    return network.model.label + (", trained on noise" if network.training.noise != "none" else "")


def panel(networks: Sequence[NetworkConfig], seed: int, neighbours_among: int) -> dict[str, Judge]:
    """The judges by name, as functions from images in [0, 1] to classes.

    Args:
        networks: configs of the networks among them.
        seed: of the study.
        neighbours_among: training digits that the nearest neighbours are searched among.
    """
    judges = {name(config): _network(apart(config, seed), name(config)) for config in networks}
    dataset = networks[0].data
    return judges | {f"{NEIGHBOURS} nearest neighbours": _neighbours(dataset, neighbours_among)}


def _network(config: NetworkConfig, name: str) -> Judge:
    population = populations.train_or_load(config, 1, f"judge {name}")

    @jax.jit
    def read(params: Any, images: Any) -> Any:
        one = lambda image: jnp.argmax(population.predict(params, image))  # noqa: E731
        return jax.lax.map(one, images, batch_size=min(100, len(images)))

    return lambda images: np.asarray(read(population.network(0), jnp.asarray(images, jnp.float32)))


def _neighbours(dataset: str, among: int) -> Judge:
    train = data.load(dataset, "train")
    k = min(NEIGHBOURS, among)
    index = knn.build(data.rows(train.images[:among]), k)
    labels = train.labels[:among]

    def read(images: Float[np.ndarray, "n h w"]) -> Int[np.ndarray, " n"]:
        nearest = knn.search(index, images.reshape(len(images), -1).astype(np.float32), k)[0]
        return knn.vote(labels[nearest])

    return read

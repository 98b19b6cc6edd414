"""The recipes of the documents' networks: shapes from the documents, training ours, chosen by measuring."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

from research.models.autoencoder import AutoencoderConfig
from research.models.bottleneck import BottleneckConfig
from research.models.cnn import CNNConfig, CNNSmallConfig
from research.models.mlp import MLPConfig
from research.models.softmax import SoftmaxConfig
from research.training.settings import TrainingConfig
from research.training.train import NetworkConfig

RECIPES: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "softmax": (SoftmaxConfig, dict(epochs=6, batch=500, learning_rate=1e-2)),
    "mlp100": (MLPConfig, dict(epochs=8, batch=128, learning_rate=3e-3)),
    "mlp3": (
        functools.partial(MLPConfig, widths=(500, 200, 50)),
        dict(epochs=4, batch=256, learning_rate=2e-3),
    ),
    "sigmoid200": (
        functools.partial(MLPConfig, widths=(200,), activation="logistic", low=-1.0, high=1.0, init="lecun"),
        dict(epochs=12, batch=256, learning_rate=5e-3, shift=1),
    ),
    "dense3": (
        functools.partial(MLPConfig, widths=(2048, 1024, 512)),
        dict(epochs=2, batch=256, learning_rate=1e-3),
    ),
    "cnn_small": (CNNSmallConfig, dict(epochs=1, batch=128, learning_rate=2e-3, shift=1)),
    "cnn": (
        functools.partial(CNNConfig, dropout=0.2),
        dict(epochs=1, batch=128, learning_rate=2e-3, shift=1),
    ),
    "autoencoder": (
        AutoencoderConfig,
        dict(epochs=3, batch=256, learning_rate=2e-3, loss="reconstruction"),
    ),
    "denoiser": (
        AutoencoderConfig,
        dict(
            epochs=2,
            batch=256,
            learning_rate=2e-3,
            loss="reconstruction",
            noise="log_uniform",
            noise_strength=1.0,
        ),
    ),
    "bottleneck": (BottleneckConfig, dict(epochs=4, batch=256, learning_rate=2e-3)),
}


def recipe(name: str) -> NetworkConfig:
    """The recipe called `name`, its data set and seed left to the study.

    Raises:
        ValueError: for an unknown name; lists the known ones.
    """
    if name not in RECIPES:
        raise ValueError(f"unknown network {name!r}; known: {', '.join(RECIPES)}")
    model, how = RECIPES[name]
    return NetworkConfig(model=model(), training=TrainingConfig(**how))


def by_recipe(name: str) -> Any:
    """A field of a study's config: a network by the recipe of that name, unless it is changed."""
    return dataclasses.field(default_factory=functools.partial(recipe, name))


def is_recipe(config: NetworkConfig, name: str) -> bool:
    """Whether a network has the shape of the recipe: what a document says is judged on its own network only."""
    return type(config.model) is type(recipe(name).model) and config.model == recipe(name).model

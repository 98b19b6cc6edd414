"""What the app computes once and keeps: networks by the store, maps in the cache folder.

    app/<hash>.npz            principal components and the t-SNE map
    app/causal-<hash>.npy     the causal index of a network

The hash is of everything the numbers depend on, so a changed setting gets a file of its own.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import Float, Int32, UInt8

from research import data
from research.app.settings import TITLES, Settings
from research.attribution import causal_index
from research.embedding import pca, tsne
from research.embedding.pca import PCA
from research.runs import code, store
from research.runtime import progress
from research.training import populations
from research.training.populations import Population
from research.training.train import NetworkConfig

Tell = Callable[[str, float], None]  # tell(what is being done, share of it that is done)
CAUSAL_IMAGES = 200


@dataclass(frozen=True)
class Fitted:
    """Everything that answers are computed from, in the memory of the host."""

    models: dict[str, Population]
    bottleneck: Population
    cleaner: Population
    pca: PCA
    map: Float[np.ndarray, "points 2"]
    images: UInt8[np.ndarray, "n 28 28"]
    labels: Int32[np.ndarray, " n"]
    test_images: UInt8[np.ndarray, "tests 28 28"]
    test_labels: Int32[np.ndarray, " tests"]


def fit(settings: Settings, tell: Tell) -> Fitted:
    """Load what is there; train and fit what is not."""
    tell("Reading the digits", 0.0)
    train, test = data.load(settings.data, "train"), data.load(settings.data, "test")
    n = settings.examples or len(train.labels)
    images, labels = train.images[:n], train.labels[:n]

    models = {name: trained(config, TITLES[name], tell) for name, config in settings.models.items()}
    bottleneck = trained(settings.bottleneck, "bottleneck of two neurons", tell)
    cleaner = trained(settings.cleaner, "denoising autoencoder", tell)
    found, points = _maps(settings, images, tell)
    return Fitted(models, bottleneck, cleaner, found, points, images, labels, test.images, test.labels)


def trained(config: NetworkConfig, title: str, tell: Tell) -> Population:
    """The network of this config, loaded or trained."""
    what = f"Training: {title.lower()}"
    tell(what if not is_there(config) else f"Loading: {title.lower()}", 0.0)
    with progress.watched(lambda _, share, **figures: tell(what, share)):
        return populations.train_or_load(config, 1, name=title)


def is_there(config: NetworkConfig) -> bool:
    """Whether the store has this network."""
    return (populations.folder(config) / "0.safetensors").exists()


def causal(population: Any, images: UInt8[np.ndarray, "n 28 28"]) -> Float[np.ndarray, "k 28 28"]:
    """The causal index of a network: its mean Jacobian over some test images, computed once and kept."""
    if population.config is None:  # brought by a page
        return _mean_jacobian(population, images)
    made_by = code.digest([causal_index.__name__])
    key = store.digest(populations.folder(population.config).name, CAUSAL_IMAGES, made_by)
    path = _folder() / f"causal-{key}.npy"
    if path.exists():
        return np.load(path)
    maps = _mean_jacobian(population, images)
    file = io.BytesIO()
    np.save(file, maps)
    store.atomic_write(path, file.getvalue())
    return maps


def _mean_jacobian(population: Any, images: UInt8[np.ndarray, "n 28 28"]) -> Float[np.ndarray, "k 28 28"]:
    predict = jax.tree_util.Partial(population.predict, population.network(0))
    shown = images[:CAUSAL_IMAGES].astype(np.float32) / 255
    return np.asarray(causal_index.mean_jacobian(predict, shown, batch_size=50))


def _maps(
    settings: Settings, images: UInt8[np.ndarray, "n 28 28"], tell: Tell
) -> tuple[PCA, Float[np.ndarray, "points 2"]]:
    """Principal components of all images, and the t-SNE map of the first of them."""
    sizes = [settings.examples, settings.points, settings.components, settings.perplexity]
    made_by = code.digest([pca.__name__, tsne.__name__])
    path = _folder() / f"{store.digest(data.checksum(settings.data), *sizes, made_by)}.npz"
    if path.exists():
        with np.load(path) as saved:
            return PCA(saved["mean"], saved["components"], saved["ratio"]), saved["map"]
    tell("Finding the principal components", 0.0)
    pixels = data.rows(images)
    found = pca.fit(pixels, settings.components)
    codes = found.transform(pixels[: settings.points])
    iterations = tsne.Settings.early_iterations + tsne.Settings.iterations
    embedding = tsne.fit(
        codes,
        jax.random.key(0),
        perplexity=settings.perplexity,
        progress=lambda done, _: tell("Drawing the t-SNE map", done / iterations),
    )
    file = io.BytesIO()
    ratio = found.explained_variance_ratio
    np.savez(file, mean=found.mean, components=found.components, ratio=ratio, map=embedding.points)
    store.atomic_write(path, file.getvalue())
    return found, embedding.points


def _folder() -> Path:
    return store.make_folder(data.cache_dir() / "app")

"""Embeddings: where do the digits lie, by principal components, by t-SNE, and inside trained networks?

Document 002 finds the labels very well separated by t-SNE; document 001 shows a drawing among the digits by
t-SNE and by its first two principal components, and the eigen-images behind them. The study "bottlenecks" compares
t-SNE with the plane of the bottleneck.

The whole experiment is repeated: each repetition has its own test digits and t-SNE key; the first few also have
their own bottleneck network and CNN.
"""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float, Key, UInt8

from research import data
from research.data.sources import SOURCES
from research.embedding import knn, pca, scores, tsne
from research.fields import Checked
from research.fields.bounds import ITERATIONS, NETWORKS, SEED, TEST_IMAGES, Bound, bounded, one_of
from research.runs.store import Run
from research.runtime.rng import named
from research.training import populations
from research.training.populations import Population, Wanted
from research.training.recipes import by_recipe
from research.training.train import NetworkConfig

MAPS = ("pca", "tsne", "bottleneck", "cnn")
COMPONENTS = 50
VOTERS = 5
NEAR = 10  # neighbours of the trustworthiness
MOST = 100  # the largest neighbourhood compared
SHOWN = 200  # held-out digits kept as images


@dataclass
class Config(Checked):
    """How often the experiment is repeated, with how many digits, and how they are mapped."""

    seed: int = bounded(0, SEED)
    data: str = one_of("mnist", SOURCES, "dataset")
    experiments: int = bounded(5, NETWORKS)  # each with other test digits and another key
    # the first experiments, which also have a bottleneck and a CNN of their own
    networks: int = bounded(5, NETWORKS)
    mapped: int = bounded(5000, replace(TEST_IMAGES, low=MOST + 1))  # test digits of an experiment
    held_out: int = bounded(1000, TEST_IMAGES)  # other test digits, put into the finished t-SNE
    perplexity: float = bounded(30.0, Bound(1, 3333, "a third of the test images"))
    iterations: int = bounded(500, ITERATIONS)  # of t-SNE after its early phase
    bottleneck: NetworkConfig = by_recipe("bottleneck")
    cnn: NetworkConfig = by_recipe("cnn")

    def check_together(self) -> None:
        """Raises: ValueError for more networks than experiments, too few digits, or layers that cannot be mapped."""
        if self.networks > self.experiments:
            raise ValueError(
                f"networks must be at most {self.experiments}, the experiments; got {self.networks}"
            )
        if 3 * self.perplexity >= self.mapped:
            raise ValueError(
                f"perplexity must be below mapped / 3, got {self.perplexity:g} for {self.mapped} digits"
            )
        if self.mapped + self.held_out > TEST_IMAGES.high:
            raise ValueError(
                f"mapped + held_out must be at most {TEST_IMAGES.high}, the test digits; "
                f"got {self.mapped} and {self.held_out}"
            )
        if self.bottleneck.model.width != 2:
            raise ValueError(f"bottleneck.model.width must be 2, got {self.bottleneck.model.width}")
        units = getattr(self.cnn.model, "dense", COMPONENTS)
        if units < COMPONENTS:
            raise ValueError(
                f"cnn.model.dense must be at least {COMPONENTS}, the principal components that t-SNE sees; got {units}"
            )


def wanted(config: Config) -> list[Wanted]:
    """The networks, the slower ones first."""
    return [Wanted(getattr(config, name), config.networks, name) for name in ("cnn", "bottleneck")]


def run(config: Config, run: Run) -> xr.Dataset:
    """Maps the digits, scores the maps, and puts held-out digits into the t-SNE.

    Dims: experiment, map, neighbourhood (1..100 neighbours); of the first experiment alone digit, axis, held_out,
    shown; component, y, x. Experiments without their own networks have nan in those maps.
    """
    train, test = data.load(config.data, "train"), data.load(config.data, "test")
    fitted = pca.fit(data.rows(train.images), COMPONENTS)
    networks = {wish.name: populations.train_or_load(*wish) for wish in wanted(config)}
    key = named(jax.random.key(config.seed), "embeddings")
    scored, first = [], xr.Dataset()
    for i in range(config.experiments):
        own = {name: (population, i) for name, population in networks.items() if i < config.networks}
        part, maps = _experiment(config, jax.random.fold_in(key, i), test, fitted, own)
        scored.append(part)
        first = first if i else maps
        run.metrics(experiment=i, kl=float(part.kl), accuracy=float(part.accuracy[MAPS.index("tsne")]))
    return (
        xr.concat(scored, "experiment")
        .merge(first)
        .assign(
            mean=(("y", "x"), fitted.mean.reshape(28, 28)),
            component=(("component", "y", "x"), fitted.components.reshape(-1, 28, 28)),
            explained=("component", fitted.explained_variance_ratio),
        )
        .assign_coords(map=list(MAPS), neighbourhood=np.arange(1, MOST + 1))
        .assign_attrs(
            perplexity=config.perplexity,
            mapped=config.mapped,
            held=config.held_out,
            cnn=config.cnn.model.label,
            bottleneck=config.bottleneck.model.label,
        )
    )


def _experiment(
    config: Config,
    key: Key[Array, ""],
    test: data.Digits,
    fitted: pca.PCA,
    networks: dict[str, tuple[Population, int]],
) -> tuple[xr.Dataset, xr.Dataset]:
    """Scores of one draw of digits; and the maps, with the new digits that were put into the t-SNE."""
    rows = np.asarray(jax.random.permutation(named(key, "test"), len(test.labels)))
    rows, held = np.split(rows[: config.mapped + config.held_out], [config.mapped])
    images, labels = test.images[rows], test.labels[rows]
    fit = lambda x, name: tsne.fit(  # noqa: E731
        x, named(key, name), perplexity=config.perplexity, iterations=config.iterations
    )
    pixels, codes = data.rows(images), fitted.transform(data.rows(images))
    made = fit(codes, "pixels")
    points = {"pca": codes[:, :2], "tsne": made.points}
    if networks:
        inside = hidden(*networks["cnn"], images)
        points["bottleneck"] = hidden(*networks["bottleneck"], images, "code")
        points["cnn"] = fit(pca.fit(inside, COMPONENTS).transform(inside), "cnn").points
    points = {name: points.get(name, np.full((len(images), 2), np.nan, np.float32)) for name in MAPS}
    places = made.place(fitted.transform(data.rows(test.images[held])))
    said = knn.classify(made.points, labels, places, VOTERS)[0]
    before = knn.classify(made.data, labels, fitted.transform(data.rows(test.images[held])), VOTERS)[0]
    truth = test.labels[held]
    scored = _scores(pixels, labels, points).assign(
        pixel_accuracy=knn.accuracy(pixels, labels, VOTERS),
        placed_accuracy=np.mean(said == truth),
        codes_accuracy=np.mean(before == truth),
        kl=made.kl,
    )
    maps = xr.Dataset(
        {
            "points": (
                ("map", "digit", "axis"),
                np.stack([points[name] for name in MAPS]).astype(np.float32),
            ),
            "label": ("digit", labels.astype(np.uint8)),
            "placed": (("held_out", "axis"), places),
            "placed_label": ("held_out", truth.astype(np.uint8)),
            "placed_said": ("held_out", said.astype(np.uint8)),
            "placed_image": (("shown", "y", "x"), test.images[held][:SHOWN]),
        }
    )
    return scored, maps


def hidden(
    population: Population, i: int, images: UInt8[np.ndarray, "n h w"], layer: str = ""
) -> Float[np.ndarray, "n units"]:
    """Activations of a layer of network i for every image, flattened.

    Args:
        population: the networks.
        i: index of the network.
        images: bytes.
        layer: by default the last hidden layer.

    Raises:
        ValueError: if the network has no hidden layer.
    """

    def unit(params, image):
        layers = population.apply(params, image.astype(jnp.float32) / 255)[1]
        if not layers:
            raise ValueError(
                f"{population.config.model.label} has no hidden layer to map: choose another cnn"
            )
        return layers[layer or list(layers)[-1]].reshape(-1)

    of_all = lambda params, x: jax.lax.map(  # noqa: E731
        lambda image: unit(params, image), x, batch_size=min(500, len(x))
    )
    return np.asarray(jax.jit(of_all)(population.network(i), jnp.asarray(images)))


def _scores(
    pixels: Float[np.ndarray, "n pixels"], labels: np.ndarray, points: dict[str, np.ndarray]
) -> xr.Dataset:
    """How well every map separates the classes and preserves the neighbourhoods among the pixels.

    Missing maps (nan) have scores of nan.
    """
    original = jnp.asarray(knn.neighbours(pixels, MOST)[0])
    found: dict[str, tuple] = {}
    for name, there in points.items():
        if np.isnan(there).any():
            found[name] = (np.nan, np.nan, np.nan, np.full(MOST, np.nan))
            continue
        near = jnp.asarray(knn.neighbours(there, MOST)[0])
        trust = float(scores.trustworthiness(jnp.asarray(pixels), near[:, :NEAR]))
        found[name] = (*rate(there, labels), trust, np.asarray(scores.shared_neighbours(original, near)))
    accuracy, silhouette, trusts, shared = (list(column) for column in zip(*found.values()))
    return xr.Dataset(
        {
            "accuracy": ("map", accuracy),
            "silhouette": ("map", silhouette),
            "trustworthiness": ("map", trusts),
            "shared": (("map", "neighbourhood"), np.stack(shared)),
        }
    )


def rate(points: Float[np.ndarray, "n 2"], labels: np.ndarray) -> tuple[float, float]:
    """How well a map separates the classes: 5-NN accuracy and silhouette."""
    silhouette = _silhouette(jnp.asarray(points), jnp.asarray(labels, jnp.int32))
    return knn.accuracy(points, labels, VOTERS), float(silhouette)


@jax.jit
def _silhouette(points, labels):
    return scores.silhouette(scores.squared_distances(points), labels, 10)

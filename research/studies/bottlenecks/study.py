"""Bottlenecks: can a digit be recognised from the activations of two neurons?

Document 002 puts a layer of two neurons into a classifier, 784-500-100-2-100-10, recovers more than 96 % of the
labels, and finds some of t-SNE's neighbourhoods in the plane of the two numbers.
"""

import dataclasses
from dataclasses import dataclass

import jax
import numpy as np
import xarray as xr
from jaxtyping import Array, Float, Key

from research import data
from research.embedding import pca, tsne
from research.models import mlp
from research.runs.store import Run
from research.runtime.rng import named
from research.studies import at_least, documents
from research.studies.bottlenecks import geometry, plane
from research.training import populations
from research.training.populations import Population, Wanted
from research.training.recipes import by_recipe
from research.training.train import NetworkConfig

COMPONENTS = 50  # principal components that t-SNE sees
FEW = 2000  # test digits whose codes are kept for each activation


@dataclass
class Config:
    """How many networks, which widths and activations, and how large a t-SNE."""

    seed: int = 0
    data: str = "mnist"
    networks: int = 5  # of the claims; each has a t-SNE of its own
    widths: tuple[int, ...] = (1, 2, 5, 10, 30)
    bottleneck_activations: tuple[str, ...] = ("linear", "relu", "tanh", "logistic")
    curve_networks: int = 2
    curve_epochs: int = 1
    mapped: int = 2000  # test digits in each t-SNE; 0 makes none
    iterations: int = 500  # of t-SNE after its early phase
    bottleneck: NetworkConfig = by_recipe("bottleneck")

    def validate(self) -> None:
        at_least(self, seed=0, networks=1, curve_networks=1, curve_epochs=1, mapped=0, iterations=1)
        for name in self.bottleneck_activations:
            mlp.activation(name)
        if not self.widths or min(self.widths) < 1:
            raise ValueError(f"widths must be at least 1 each, got {self.widths}")
        if self.bottleneck.model.width != 2:
            raise ValueError(
                f"bottleneck.model.width must be 2, the plane's; got {self.bottleneck.model.width}; "
                "other widths go into `widths`"
            )
        self.bottleneck.training.validate()


def variant(config: Config, **changes) -> NetworkConfig:
    """The bottleneck network with other settings of its model, trained as the curves are."""
    network = config.bottleneck
    return dataclasses.replace(
        network,
        model=dataclasses.replace(network.model, **changes),
        training=dataclasses.replace(network.training, epochs=config.curve_epochs),
    )


def wanted(config: Config) -> list[Wanted]:
    """The networks of the claims and of the curves."""
    return [_of_claims(config), *_of_widths(config), *_of_activations(config)]


def _of_claims(config: Config) -> Wanted:
    return Wanted(config.bottleneck, config.networks, "bottleneck")


def _of_widths(config: Config) -> list[Wanted]:
    return [Wanted(variant(config, width=w), config.curve_networks, f"width {w}") for w in config.widths]


def _of_activations(config: Config) -> list[Wanted]:
    return [
        Wanted(variant(config, bottleneck_activation=name), config.curve_networks, name)
        for name in config.bottleneck_activations
    ]


def run(config: Config, run: Run) -> xr.Dataset:
    """Trains or loads every network, fits a t-SNE for each network of the claims, and reads the plane of the first.

    Dims: seed (one network and one t-SNE each); width, activation, curve_seed; image, axis; see `plane` for
    regions and the walk, and `_beside_tsne` for the maps.
    """
    test = data.load(config.data, "test")
    key = named(jax.random.key(config.seed), "bottlenecks")
    trained = populations.train_or_load(*_of_claims(config))
    outputs, accuracy = populations.evaluate(trained, test)
    run.metrics(width=2, accuracy=float(accuracy.mean()))
    codes = plane.codes(trained, test.images)
    said = np.asarray(outputs).argmax(-1).astype(np.uint8)
    results = xr.Dataset(
        {
            "right": (("seed", "image"), (said == test.labels).astype(np.uint8)),
            "code": (("image", "axis"), codes[0]),
            "said": ("image", said[0]),
            "label": ("image", test.labels.astype(np.uint8)),
        },
        attrs={
            **documents.single(config, "bottleneck"),
            "bottleneck_activation": config.bottleneck.model.bottleneck_activation,
            "epochs": config.bottleneck.training.epochs,
            "curve_epochs": config.curve_epochs,
        },
    )
    parts = [
        results,
        plane.regions(trained, codes[0]),
        plane.walk(trained, codes[0], test),
        _curves(config, test, run),
    ]
    if config.mapped:
        parts.append(_beside_tsne(config, codes, test, key, run))
    return xr.merge(parts, combine_attrs="no_conflicts")


def _curves(config: Config, test: data.Digits, run: Run) -> xr.Dataset:
    """Accuracy by width of the bottleneck, and by activation at width 2, with codes of some digits."""

    def train(wish: Wanted) -> tuple[Population, np.ndarray]:
        population = populations.train_or_load(*wish)
        accuracy = np.asarray(populations.evaluate(population, test)[1])
        run.metrics(network=wish.name, accuracy=float(accuracy.mean()))
        return population, accuracy

    by_width = [train(wish)[1] for wish in _of_widths(config)]
    by_activation, planes = [], []
    for wish in _of_activations(config):
        population, accuracy = train(wish)
        by_activation.append(accuracy)
        planes.append(plane.codes(population, test.images[:FEW])[0])
    return xr.Dataset(
        {
            "width_accuracy": (("width", "curve_seed"), np.stack(by_width)),
            "activation_accuracy": (("activation", "curve_seed"), np.stack(by_activation)),
            "activation_code": (("activation", "few", "axis"), np.stack(planes).astype(np.float16)),
        },
        {"width": list(config.widths), "activation": list(config.bottleneck_activations)},
    )


def _beside_tsne(
    config: Config, codes: Float[np.ndarray, "m n 2"], test: data.Digits, key: Key[Array, ""], run: Run
) -> xr.Dataset:
    """A t-SNE for each network, with its own key and its own random test digits, and the geometry of both maps.

    Saved for each seed: distances between class centroids and elongation of the classes in both maps, their disparity
    and the share of common neighbours (see `geometry`); for the first seed the map itself.
    """
    count = min(config.mapped, len(test.labels))
    perplexity = min(30.0, (count - 1) // 3)
    rows, first = [], None
    for i, code in enumerate(codes):
        mine = named(key, f"t-SNE {i}")
        chosen = np.sort(jax.random.permutation(named(mine, "digits"), len(test.labels))[:count])
        flat = data.rows(test.images[chosen])
        reduced = pca.fit(flat, COMPONENTS).transform(flat)
        made = tsne.fit(reduced, named(mine, "map"), perplexity=perplexity, iterations=config.iterations)
        points, labels = np.asarray(made.points, np.float32), test.labels[chosen]
        rows.append(_both(points, code[chosen], labels).assign(kl=made.kl))
        first = (points, chosen) if first is None else first
        run.metrics(tsne=i, kl=float(made.kl))
    assert first
    return xr.concat(rows, "seed").assign(
        tsne=(("mapped", "axis"), first[0]), mapped_image=("mapped", first[1].astype(np.int32))
    )


def _both(tsne: np.ndarray, code: np.ndarray, labels: np.ndarray) -> xr.Dataset:
    maps = (tsne, code)
    return xr.Dataset(
        {
            "distance": (("map", "a", "b"), np.stack([geometry.centroid_distances(x, labels) for x in maps])),
            "elongation": ("map", [geometry.elongation(x, labels) for x in maps]),
            "disparity": geometry.disparity(tsne, code),
            "shared_neighbours": geometry.shared_neighbours(tsne, code),
        },
        {"map": ["tsne", "bottleneck"]},
    )

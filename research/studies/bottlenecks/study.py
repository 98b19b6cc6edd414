"""Bottlenecks: can a digit pass through two neurons and still be known?

Document 002 puts a layer of two neurons into a classifier, 784-500-100-2-100-10, keeps more than 96 % of the
labels and finds in the plane of the two numbers some of the neighbourhoods that t-SNE shows.
"""

from dataclasses import dataclass

import jax
import numpy as np
import xarray as xr

from research import data
from research.embedding import pca, tsne
from research.evidence import claims as c
from research.models import mlp
from research.models.bottleneck import BottleneckConfig
from research.runs.store import Run
from research.runtime.rng import named
from research.studies import at_least
from research.studies.bottlenecks import plane as bottlenecks_plane
from research.training import populations
from research.training.fit import TrainingConfig
from research.training.populations import Population, Wanted
from research.training.recipes import by_recipe
from research.training.train import NetworkConfig


@dataclass
class Config:
    """How many networks, which widths and activations, and how large a t-SNE."""

    seed: int = 0
    data: str = "mnist"
    networks: int = 5
    widths: tuple[int, ...] = (1, 2, 3, 5, 10, 30)
    bottleneck_activations: tuple[str, ...] = ("linear", "relu", "tanh", "logistic")
    curve_networks: int = 3
    curve_epochs: int = 1
    mapped: int = 5000  # test digits in the t-SNE; 0 makes none
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
    how = config.bottleneck
    return NetworkConfig(
        model=BottleneckConfig(**{**vars(how.model), **changes}),
        training=TrainingConfig(**{**vars(how.training), "epochs": config.curve_epochs}),
        data=how.data,
        examples=how.examples,
        seed=how.seed,
    )


def wanted(config: Config) -> list[Wanted]:
    """The network of the claim, and those of the curves."""
    return [_of_claim(config), *_of_widths(config), *_of_squeezes(config)]


def _of_claim(config: Config) -> Wanted:
    return Wanted(config.bottleneck, config.networks, "bottleneck")


def _of_widths(config: Config) -> list[Wanted]:
    return [Wanted(variant(config, width=w), config.curve_networks, f"width {w}") for w in config.widths]


def _of_squeezes(config: Config) -> list[Wanted]:
    return [
        Wanted(variant(config, bottleneck_activation=name), config.curve_networks, name)
        for name in config.bottleneck_activations
    ]


def run(config: Config, run: Run) -> xr.Dataset:
    """Trains or loads every network, and looks at the plane of the first one.

    Dims: seed; width, bottleneck_activation, curve_seed; image, code; see `bottlenecks_plane` for regions and the walk, and
    `_beside_tsne` for the maps.
    """
    test = data.load(config.data, "test")
    key = named(jax.random.key(config.seed), "bottlenecks")
    trained = populations.train_or_load(*_of_claim(config))
    outputs, accuracy = populations.evaluate(trained, test)
    run.metrics(width=2, accuracy=float(accuracy.mean()))
    codes = bottlenecks_plane.codes(trained, test.images)
    results = xr.Dataset(
        {
            "accuracy": ("seed", np.asarray(accuracy)),
            "code": (("image", "axis"), codes[0]),
            "said": ("image", np.asarray(outputs[0]).argmax(-1).astype(np.uint8)),
            "label": ("image", test.labels.astype(np.uint8)),
        },
        attrs={
            "curve_epochs": config.curve_epochs,
            "bottleneck_activation": config.bottleneck.model.bottleneck_activation,
        },
    )
    parts = [
        results,
        bottlenecks_plane.regions(trained, codes[0]),
        bottlenecks_plane.walk(trained, codes[0], test),
        _curves(config, test, run),
    ]
    if config.mapped:
        parts.append(_beside_tsne(config, codes[:, : config.mapped], test, key))
    return xr.merge(parts, combine_attrs="no_conflicts")


def _curves(config: Config, test: data.Digits, run: Run) -> xr.Dataset:
    """Accuracy against the width of the bottleneck, and against its activation at width 2, with some codes."""

    def train(wish: Wanted) -> tuple[Population, np.ndarray]:
        population = populations.train_or_load(*wish)
        accuracy = np.asarray(populations.evaluate(population, test)[1])
        run.metrics(network=wish.name, accuracy=float(accuracy.mean()))
        return population, accuracy

    by_width = [train(wish)[1] for wish in _of_widths(config)]
    by_squeeze, planes = [], []
    for wish in _of_squeezes(config):
        population, accuracy = train(wish)
        by_squeeze.append(accuracy)
        planes.append(bottlenecks_plane.codes(population, test.images[:2000])[0])
    return xr.Dataset(
        {
            "width_accuracy": (("width", "curve_seed"), np.stack(by_width)),
            "squeeze_accuracy": (("bottleneck_activation", "curve_seed"), np.stack(by_squeeze)),
            "squeeze_code": (("bottleneck_activation", "few", "axis"), np.stack(planes)),
        },
        {"width": list(config.widths), "bottleneck_activation": list(config.bottleneck_activations)},
    )


def _beside_tsne(config: Config, codes: np.ndarray, test: data.Digits, key) -> xr.Dataset:
    """The t-SNE of the first test digits, and the distances of class centroids there and in every network."""
    flat = data.rows(test.images[: config.mapped])
    reduced = pca.fit(flat, 50).transform(flat)
    perplexity = min(30.0, (config.mapped - 1) // 3)
    made = tsne.fit(reduced, named(key, "tsne"), perplexity=perplexity, iterations=config.iterations)
    labels = test.labels[: config.mapped]
    return xr.Dataset(
        {
            "tsne": (("mapped", "axis"), np.asarray(made.points, np.float32)),
            "tsne_distance": (("a", "b"), centroid_distances(made.points, labels)),
            "code_distance": (("seed", "a", "b"), np.stack([centroid_distances(x, labels) for x in codes])),
        },
        attrs={"kl": float(made.kl), "perplexity": perplexity},
    )


def centroid_distances(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Euclidean distances between the means of the ten classes [10 10]."""
    centres = np.stack([np.asarray(points)[labels == d].mean(0) for d in range(10)])
    return np.linalg.norm(centres[:, None] - centres[None], axis=-1)


def rank_correlation(a: np.ndarray, b: np.ndarray, digits: np.ndarray) -> float:
    """Spearman's correlation of the distances between these digits in two matrices; each may come repeatedly."""
    from scipy.stats import rankdata

    i, j = np.triu_indices(len(digits), 1)
    apart = digits[i] != digits[j]
    rows, columns = digits[i][apart], digits[j][apart]
    if len(np.unique(np.stack([rows, columns]))) < 3:
        return np.nan
    return float(np.corrcoef(rankdata(a[rows, columns]), rankdata(b[rows, columns]))[0, 1])


def likeness(results: xr.Dataset) -> c.Interval | None:
    """Mean rank correlation of the networks with the t-SNE; the interval resamples the ten digits."""
    if "tsne_distance" not in results:
        return None
    there, here = results.tsne_distance.values, results.code_distance.values

    def statistic(digits):
        return np.mean([rank_correlation(there, one, digits.astype(int)) for one in here])

    return c.bootstrap(np.arange(10), statistic, resamples=1000)


def by_chance(results: xr.Dataset, permutations: int = 1000) -> float:
    """Mantel's test: the share of random relabellings of the digits whose likeness is as large as the one seen."""
    there, here = results.tsne_distance.values, results.code_distance.values
    digits, rng = np.arange(10), np.random.default_rng(0)

    def mean(order: np.ndarray) -> float:
        return float(np.mean([rank_correlation(there[np.ix_(order, order)], one, digits) for one in here]))

    seen = mean(digits)
    return (1 + sum(mean(rng.permutation(10)) >= seen for _ in range(permutations))) / (1 + permutations)


SOURCE = "002_eb807d842c45b5c6.txt"


def claims(results: xr.Dataset) -> list[c.Claim]:
    return [
        c.judge(
            "bottleneck-96",
            SOURCE,
            "That network recovers more than 96% of the labels correctly!",
            0.96,
            c.mean_share(results.accuracy.values),
            "networks; accuracy on the test images through two neurons",
            "at least",
        ),
        c.judge(
            "bottleneck-like-tsne",
            SOURCE,
            "similarities [with t-SNE] in terms of which digits are more closely together than others",
            0.0,
            likeness(results),
            "digits; rank correlation of the distances between class centroids",
            "at least",
        ),
    ]

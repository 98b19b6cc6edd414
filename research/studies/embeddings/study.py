"""Embeddings: where do the digits lie, by principal components, by t-SNE, and inside trained networks?

Document 002 finds the labels very well separated by t-SNE; document 001 shows a drawing among the digits by
t-SNE and by its first two principal components, and the eigen-images behind them. How alike t-SNE and the plane
of the bottleneck are is asked in the study "bottlenecks".
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float, UInt8

from research import data
from research.embedding import knn, pca, scores, tsne
from research.evidence import claims as c
from research.runs.store import Run
from research.runtime.rng import named
from research.studies import at_least
from research.studies.bottlenecks import plane as bottlenecks_plane
from research.training import populations
from research.training.populations import Population, Wanted
from research.training.recipes import by_recipe
from research.training.train import NetworkConfig

MAPS = ("pca", "tsne", "bottleneck", "cnn")
PENULTIMATE = "dense1"  # the CNN's last hidden layer
COMPONENTS = 50
VOTERS = 5
NEAR = 10  # neighbours of the trustworthiness
MOST = 100  # the largest neighbourhood compared
SHOWN = 200  # held-out digits kept as images


@dataclass
class Config:
    """How many digits, and how they are mapped."""

    seed: int = 0
    data: str = "mnist"
    mapped: int = 5000  # test digits
    held_out: int = 1000  # other test digits, put into the finished t-SNE
    perplexity: float = 30.0
    iterations: int = 500  # of t-SNE after its early phase
    bottleneck: NetworkConfig = by_recipe("bottleneck")
    cnn: NetworkConfig = by_recipe("cnn")

    def validate(self) -> None:
        at_least(self, seed=0, mapped=MOST + 1, held_out=1, perplexity=1, iterations=1)
        if 3 * self.perplexity >= self.mapped:
            raise ValueError(
                f"perplexity must be below mapped / 3, got {self.perplexity:g} for {self.mapped} digits"
            )
        if self.bottleneck.model.width != 2:
            raise ValueError(f"bottleneck.model.width must be 2, got {self.bottleneck.model.width}")
        for how in (self.bottleneck, self.cnn):
            how.training.validate()


def wanted(config: Config) -> list[Wanted]:
    """One network of each kind, the one that takes longer first."""
    return [Wanted(config.cnn, 1, "cnn"), Wanted(config.bottleneck, 1, "bottleneck")]


def run(config: Config, run: Run) -> xr.Dataset:
    """Maps the digits, scores the maps, and puts held-out digits into the t-SNE.

    Dims: map, digit, axis; neighbourhood (1..100 neighbours); held_out; component, y, x.
    """
    train, test = data.load(config.data, "train"), data.load(config.data, "test")
    if config.mapped + config.held_out > len(test.labels):
        raise ValueError(f"mapped + held_out must be at most {len(test.labels)}, the test digits")
    key = named(jax.random.key(config.seed), "embeddings")
    rows = np.asarray(jax.random.permutation(named(key, "test"), len(test.labels)))
    rows, held = np.split(rows[: config.mapped + config.held_out], [config.mapped])
    images, labels = test.images[rows], test.labels[rows]
    fitted = pca.fit(data.rows(train.images), COMPONENTS)

    def tsne_of(x: Float[np.ndarray, "n d"], name: str) -> tsne.Embedding:
        made = tsne.fit(x, named(key, name), perplexity=config.perplexity, iterations=config.iterations)
        run.metrics(tsne=name, kl=made.kl)
        return made

    codes = fitted.transform(data.rows(images))
    made = tsne_of(codes, "pixels")
    of_pixels = _placed(made, fitted, labels, test.images[held], test.labels[held])
    of_pixels["pixel_accuracy"] = knn_accuracy(data.rows(images), labels)
    cnn, bottleneck = (populations.train_or_load(*wish) for wish in wanted(config))
    inside = _hidden(cnn, images)
    points = {
        "pca": codes[:, :2],
        "tsne": made.points,
        "bottleneck": bottlenecks_plane.codes(bottleneck, images)[0],
        "cnn": tsne_of(pca.fit(inside, COMPONENTS).transform(inside), "cnn").points,
    }
    kept = _kept(data.rows(images), points)
    rated = {name: rate(points[name], labels) for name in MAPS}
    return xr.Dataset(
        {
            "points": (
                ("map", "digit", "axis"),
                np.stack([points[name] for name in MAPS]).astype(np.float32),
            ),
            "label": ("digit", labels.astype(np.uint8)),
            "accuracy": ("map", [rated[name][0] for name in MAPS]),
            "silhouette": ("map", [rated[name][1] for name in MAPS]),
            "mean": (("y", "x"), fitted.mean.reshape(28, 28)),
            "component": (("component", "y", "x"), fitted.components.reshape(-1, 28, 28)),
            "explained": ("component", fitted.explained_variance_ratio),
            **kept,
            **of_pixels,
        },
        {"map": list(MAPS), "neighbourhood": np.arange(1, MOST + 1)},
        {"perplexity": config.perplexity, "kl": made.kl},
    )


def _hidden(population: Population, images: UInt8[np.ndarray, "n h w"]) -> Float[np.ndarray, "n units"]:
    """The first network's last hidden layer."""
    params = population.network(0)
    unit = lambda image: population.apply(params, image.astype(jnp.float32) / 255)[1][PENULTIMATE]  # noqa: E731
    return np.asarray(
        jax.jit(lambda x: jax.lax.map(unit, x, batch_size=min(500, len(x))))(jnp.asarray(images))
    )


def knn_accuracy(points: Float[Array, "n d"] | np.ndarray, labels: np.ndarray) -> float:
    """Share of the points whose 5 nearest others outvote every other class."""
    return float(np.mean(knn.vote(labels[knn.neighbours(points, VOTERS)[0]]) == labels))


def rate(points: Float[np.ndarray, "n 2"], labels: np.ndarray) -> tuple[float, float]:
    """How far a map keeps the classes apart: 5-NN accuracy and silhouette."""
    return knn_accuracy(points, labels), float(
        _silhouette(jnp.asarray(points), jnp.asarray(labels, jnp.int32))
    )


@jax.jit
def _silhouette(points, labels):
    return scores.silhouette(scores.squared_distances(points), labels, 10)


def _kept(pixels: Float[np.ndarray, "n pixels"], points: dict[str, np.ndarray]) -> dict:
    """What each map keeps of the neighbourhoods among the pixels."""
    original = jnp.asarray(knn.neighbours(pixels, MOST)[0])
    near = {name: jnp.asarray(knn.neighbours(points[name], MOST)[0]) for name in MAPS}
    trust = [float(scores.trustworthiness(jnp.asarray(pixels), near[name][:, :NEAR])) for name in MAPS]
    shared = [np.asarray(scores.shared_neighbours(original, near[name])) for name in MAPS]
    return {"trustworthiness": ("map", trust), "shared": (("map", "neighbourhood"), np.stack(shared))}


def _placed(made: tsne.Embedding, fitted: pca.PCA, labels, images, truth) -> dict:
    """Held-out digits in a finished map: where, what their neighbours there say, and what those among the codes say."""
    codes = fitted.transform(data.rows(images))
    places = made.place(codes)
    return {
        "placed": (("held_out", "axis"), places),
        "placed_label": ("held_out", truth.astype(np.uint8)),
        "placed_said": ("held_out", knn.classify(made.points, labels, places, VOTERS)[0].astype(np.uint8)),
        "codes_said": ("held_out", knn.classify(made.data, labels, codes, VOTERS)[0].astype(np.uint8)),
        "placed_image": (("shown", "y", "x"), images[:SHOWN]),
    }


def claims(results: xr.Dataset) -> list[c.Claim]:
    n = results.sizes["digit"]
    named_right = round(float(results.accuracy.sel(map="tsne")) * n)
    return [
        c.judge(
            "tsne-separates",
            "002_eb807d842c45b5c6.txt",
            "The labels seem very well separated [by t-SNE: 5-NN accuracy of the map, against the 92 % that logistic "
            "regression reads from all pixels]",
            0.92,
            c.proportion(named_right, n),
            "digits of one map; share that their 5 nearest in it name",
            "at least",
        )
    ]

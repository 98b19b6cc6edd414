"""Causal maps: what does each pixel mean to each class, and how reliable is such a map?

Document 000 multiplies the weights of a 784-200-10 network along every path from a pixel to a class and sees
the digits in the ten heat maps. We compute the same maps for populations of networks of several depths, and compare
them with maps that evaluate the network at real images and with those of null models.
"""

from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float, Key

from research import data
from research.attribution import comparison
from research.data.sources import SOURCES
from research.fields import Checked
from research.fields.bounds import (
    EPOCHS,
    ITERATIONS,
    NETWORKS,
    NONE_OR_NETWORKS,
    SAMPLES,
    SEED,
    TEST_IMAGES,
    TRAINING_IMAGES,
    Bound,
    bounded,
    one_of,
)
from research.models.mlp import MLPConfig
from research.models.softmax import SoftmaxConfig
from research.runs.store import Run
from research.runtime.rng import named
from research.studies import documents
from research.studies.causal_maps import correlations
from research.studies.causal_maps import identikit_maps as drawn
from research.studies.causal_maps.identikit_maps import METHODS, RANKINGS
from research.training import null_models, populations
from research.training.populations import Population, Wanted
from research.training.recipes import by_recipe
from research.training.settings import TrainingConfig
from research.training.train import NetworkConfig

DOCUMENT = "sigmoid200"  # the network of document 000
DEPTH = Bound(1, 100, "hidden layers")
KINDS = ("softmax", DOCUMENT, "mlp100", "mlp3", "cnn")
JOINED: dict[str, Any] = dict(join="outer", fill_value=np.nan, coords="different", compat="equals")


def _deep() -> NetworkConfig:
    return NetworkConfig(MLPConfig(widths=(100,)), TrainingConfig(epochs=1, batch=128))


@dataclass
class Config(Checked):
    """Which networks are read, against which null models, at how many images."""

    seed: int = bounded(0, SEED)
    data: str = one_of("mnist", SOURCES, "dataset")
    include: tuple[str, ...] = one_of(KINDS, KINDS, "network")
    networks: int = bounded(5, NETWORKS)  # of the document's kind
    others: int = bounded(3, NETWORKS)  # of each other dense kind
    cnns: int = bounded(2, NETWORKS)
    # null models of the document's kind; of other kinds at most as many as are read
    untrained: int = bounded(5, NONE_OR_NETWORKS)
    shuffled: int = bounded(5, NONE_OR_NETWORKS)  # null models of the kinds in `shuffle`
    shuffle: tuple[str, ...] = one_of((DOCUMENT,), KINDS, "network", empty=True)
    shuffled_epochs: int = bounded(2, EPOCHS)
    images: int = bounded(1000, TRAINING_IMAGES)  # training images at which Jacobians are averaged
    cnn_images: int = bounded(300, TRAINING_IMAGES)
    # training images whose integrated gradients are averaged
    images_a_class: int = bounded(10, Bound(1, 5421, "the training images of the rarest class of mnist"))
    steps: int = bounded(16, Bound(1, 1000, "the error falls as 1 / steps"))  # of the integral
    restarts: int = bounded(4, SAMPLES)  # identikits of each digit by each network
    cnn_restarts: int = bounded(2, SAMPLES)
    masks: int = bounded(100, SAMPLES)
    generations: int = bounded(40, ITERATIONS)
    curve_images: int = bounded(100, TEST_IMAGES)  # test images whose pixels are replaced
    cnn_curve_images: int = bounded(30, TEST_IMAGES)
    points: int = bounded(14, Bound(1, 784, "pixels of an image"))  # replacements from none to all
    depths: tuple[int, ...] = bounded((1, 2, 3, 5), DEPTH, distinct=True, empty=True)
    deep_networks: int = bounded(5, NETWORKS)  # of each depth
    softmax: NetworkConfig = by_recipe("softmax")
    sigmoid200: NetworkConfig = by_recipe("sigmoid200")
    mlp100: NetworkConfig = by_recipe("mlp100")
    mlp3: NetworkConfig = by_recipe("mlp3")
    cnn: NetworkConfig = by_recipe("cnn")
    deep: NetworkConfig = field(default_factory=_deep)  # its first width, repeated

    def check_together(self) -> None:
        """Raises: ValueError if no layer could be repeated."""
        if not self.deep.model.widths:
            raise ValueError("deep.model.widths must not be empty; its first width is repeated")


def wanted(config: Config) -> list[Wanted]:
    """The networks of each kind, and those of growing depth."""
    return [*(_of_kind(config, kind) for kind in config.include), *_of_depths(config)]


def _of_kind(config: Config, kind: str) -> Wanted:
    count = {DOCUMENT: config.networks, "cnn": config.cnns}.get(kind, config.others)
    return Wanted(getattr(config, kind), count, kind)


def _of_depths(config: Config) -> list[Wanted]:
    return [
        Wanted(drawn.deep(config.deep, depth), config.deep_networks, f"{depth} hidden layers")
        for depth in config.depths
    ]


def run(config: Config, run: Run) -> xr.Dataset:
    """Trains or loads the networks, computes every map, and measures the maps.

    Dims: network (coordinates kind, index) and null (null_kind, null_training), group (the kinds, with their
    labels), reading, class, y, x; like (the class compared with); measure and other (the agreement matrix); curve,
    ranking, point; training (of the document's null models); depth, member.
    """
    key = jax.random.key(config.seed)
    train, test = data.load(config.data, "train"), data.load(config.data, "test")
    contrast = comparison.class_contrast(train.images, train.labels) / 255
    parts, means, nulls = [], [], []
    for kind in config.include:
        population = populations.train_or_load(*_of_kind(config, kind))
        part, mean = _read(config, kind, population, contrast, train, test, named(key, kind))
        parts.append(part)
        means.append(mean)
        run.metrics(kind=kind, what="maps", accuracy=float(part.accuracy.mean()))
        nulls += _null_models(config, kind, population, contrast, train, named(key, kind))
        run.metrics(kind=kind, what="null models")
    together = xr.concat(parts, "network", **JOINED)
    methods = [method for method in METHODS if method in together.reading]
    results = [together.sel(reading=methods, other=methods), _depth(config, contrast, train)]
    results.append(xr.concat(means, "group", **JOINED).sel(reading=methods))
    for name in ("null", "training"):
        if found := [part for part in nulls if name in part.dims]:
            results.append(xr.concat(found, name, **JOINED))
    ink = (train.images > 0).mean(0, dtype=np.float32)  # share of the images with ink at a pixel
    return (
        xr.merge(results, join="outer", compat="no_conflicts")
        .assign(contrast=(("class", "y", "x"), contrast), ink=(("y", "x"), ink))
        .assign_attrs(
            **documents.single(config, DOCUMENT), images=config.images, curve_images=config.curve_images,
            shuffled_epochs=config.shuffled_epochs, width=config.deep.model.widths[0],
        )
    )  # fmt: skip


def _evenly(rows: np.ndarray, n: int) -> np.ndarray:
    """n rows, evenly spread over all."""
    return rows[:: max(1, len(rows) // n)][:n]


def _spread(images: np.ndarray, n: int) -> np.ndarray:
    """n images in [0, 1]."""
    return _evenly(images, n).astype(np.float32) / 255


def _read(
    config: Config,
    kind: str,
    population: Population,
    contrast: Float[np.ndarray, "k h w"],
    train: data.Digits,
    test: data.Digits,
    key: Key[Array, ""],
) -> tuple[xr.Dataset, xr.Dataset]:
    """Measurements on the maps of the trained networks of one kind, with one map of each; and the mean maps."""
    few = kind == "cnn"
    of_class = [train.images[train.labels == k][: config.images_a_class] for k in range(len(contrast))]
    maps = drawn.indices(
        population, population.params, _spread(train.images, config.cnn_images if few else config.images)
    )
    maps["integrated_gradients"] = drawn.mean_integrated_gradients(
        population, np.stack(of_class).astype(np.float32) / 255, config.steps
    )
    maps["identikit"] = drawn.mean_identikits(
        population, named(key, "identikits"), restarts=config.cnn_restarts if few else config.restarts,
        masks=config.masks, generations=config.generations, classes=len(contrast),
    )  # fmt: skip
    maps["class_mean"] = np.broadcast_to(contrast, maps["identikit"].shape)
    methods = [method for method in METHODS if method in maps]
    stacked = np.stack([maps[method] for method in methods], 1)  # [m method k h w]
    shown = config.cnn_curve_images if few else config.curve_images
    curves = drawn.faithfulness(
        population, stacked, _spread(test.images, shown), _evenly(test.labels, shown),
        named(key, "random"), points=config.points, steps=config.steps,
    )  # fmt: skip
    compared = [correlations.agreements(jnp.asarray(one)) for one in correlations.centred(stacked)]
    measured = xr.Dataset(
        {
            "map": (("network", "class", "y", "x"), stacked[:, 0].astype(np.float16)),
            "resemblance": (
                ("network", "reading", "class", "like"),
                np.asarray(correlations.resemblance(jnp.asarray(stacked), jnp.asarray(contrast))),
            ),
            "agreement": (("network", "measure", "reading", "other"), np.stack(compared)),
            "curves": (("network", "curve", "ranking", "point"), curves),
            "accuracy": ("network", population.curve[:, -1, 2]),
        },
        {
            "kind": ("network", [kind] * len(population)), "index": ("network", np.arange(len(population))),
            "map_method": ("network", methods[:1] * len(population)),
            "reading": methods, "other": methods, "measure": list(correlations.MEASURES),
            "ranking": [*methods, *RANKINGS[-2:]], "curve": ["deletion", "insertion"],
            "point": np.linspace(0, 1, config.points + 1), "class": np.arange(len(contrast)),
        },
    )  # fmt: skip
    mean = xr.Dataset(
        {"mean_map": (("group", "reading", "class", "y", "x"), stacked.mean(0)[None].astype(np.float16))},
        {"group": [kind], "reading": methods, "label": ("group", [population.config.model.label])},
    )
    return measured, mean


def _null_models(
    config: Config,
    kind: str,
    population: Population,
    contrast: Float[np.ndarray, "k h w"],
    train: data.Digits,
    key: Key[Array, ""],
) -> list[xr.Dataset]:
    """Resemblance to the digits of maps of untrained networks of this kind, and of networks trained on shuffled labels.

    For the document's kind also mean and standard deviation of the causal index at every pixel. A null model has not
    learned the classes, so its ten maps count as ten samples.
    """
    params = {}
    if config.untrained and not isinstance(
        population.config.model, SoftmaxConfig
    ):  # whose maps start at zero
        m = config.untrained if kind == DOCUMENT else min(config.untrained, len(population))
        params["untrained"] = populations.untrained(population.config, m)
    if config.shuffled and kind in config.shuffle:
        params["shuffled"] = null_models.shuffled(
            population.config, config.shuffled, config.shuffled_epochs, named(key, "shuffled")
        )
    images = _spread(train.images, config.cnn_images if kind == "cnn" else config.images)
    found = []
    for training, trained in params.items():
        maps = drawn.indices(population, trained, images)
        stacked = np.stack(list(maps.values()), 1)
        alike = correlations.resemblance(jnp.asarray(stacked), jnp.asarray(contrast))
        found.append(
            xr.Dataset(
                {"null_resemblance": (("null", "known", "class", "like"), np.asarray(alike))},
                {
                    "null_kind": ("null", [kind] * len(stacked)),
                    "null_training": ("null", [training] * len(stacked)),
                    "known": list(maps),
                    "class": np.arange(len(contrast)),
                },
            )
        )
        if kind == DOCUMENT and "causal_index" in maps:
            flat = maps["causal_index"].reshape(-1, *contrast.shape[1:])
            found.append(
                xr.Dataset(
                    {
                        "null_mean": (("training", "y", "x"), flat.mean(0)[None]),
                        "null_spread": (("training", "y", "x"), flat.std(0, ddof=1)[None]),
                    },
                    {"training": [training]},
                )
            )
    return found


def _depth(config: Config, contrast: Float[np.ndarray, "k h w"], train: data.Digits) -> xr.Dataset:
    """Agreement and resemblance of the maps of networks of one width and growing depth."""
    images, rows = _spread(train.images, config.images), []
    for depth, wish in zip(config.depths, _of_depths(config)):
        population = populations.train_or_load(*wish)
        maps = drawn.indices(population, population.params, images)
        both = correlations.centred(np.stack(list(maps.values()), 1))
        r = correlations.own(np.asarray(correlations.resemblance(jnp.asarray(both), jnp.asarray(contrast))))
        agree = np.stack([correlations.agreements(jnp.asarray(one)) for one in both])[:, 0, 0, 1]
        rows.append(
            xr.Dataset(
                {
                    "depth_agreement": ("member", agree),
                    "depth_resemblance": (("member", "known"), r.mean(-1)),
                    "depth_accuracy": ("member", population.curve[:, -1, 2]),
                },
                {"known": list(maps), "depth": depth},
            )
        )
    return xr.concat(rows, "depth", **JOINED) if rows else xr.Dataset()

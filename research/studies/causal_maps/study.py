"""Causal maps: what does each pixel mean to each class, and how sure is such a map?

Document 000 multiplies the weights of a 784-200-10 network along every path from a pixel to a class and sees
the digits in the ten heat maps. Here the same maps are drawn for whole populations of networks of several
depths, set beside maps that ask the network at real images, and held against networks that know nothing.
"""

from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float, Key

from research import data
from research.attribution import comparison as agreement
from research.evidence import claims as c
from research.models.mlp import MLPConfig
from research.runs.store import Run
from research.runtime.rng import named
from research.studies import at_least
from research.studies.causal_maps import identikit_maps as drawn
from research.studies.causal_maps import measures
from research.studies.causal_maps.identikit_maps import METHODS, RANKINGS
from research.training import populations
from research.training.fit import TrainingConfig
from research.training.populations import Population, Wanted
from research.training.recipes import recipe
from research.training.train import NetworkConfig

DENSE = ("softmax", "sigmoid200", "mlp100", "mlp3")
KINDS = (*DENSE, "cnn")
JOINED: dict[str, Any] = dict(join="outer", fill_value=np.nan, coords="different", compat="equals")


def _recipe(name: str):
    return field(default_factory=lambda: recipe(name))


def _deep() -> NetworkConfig:
    return NetworkConfig(MLPConfig(widths=(100,)), TrainingConfig(epochs=1, batch=128))


@dataclass
class Config:
    """Which networks are read, against which null models, at how many images."""

    seed: int = 0
    data: str = "mnist"
    include: tuple[str, ...] = KINDS
    networks: int = 5  # of each dense kind
    cnns: int = 2
    untrained: int = 5  # null networks of each kind but softmax regression, which starts at zero
    shuffled: int = 3  # null networks of the kinds in `shuffle`
    shuffle: tuple[str, ...] = ("sigmoid200",)
    shuffled_epochs: int = 2
    images: int = 1000  # training images at which Jacobians are averaged
    cnn_images: int = 300
    images_a_class: int = 10  # training images whose integrated gradients are averaged
    steps: int = 16  # of the integral
    restarts: int = 4  # identikits of each digit by each network
    cnn_restarts: int = 2
    masks: int = 100
    generations: int = 40
    curve_images: int = 100  # test images whose pixels are replaced
    cnn_curve_images: int = 30
    points: int = 14  # replacements from none to all
    depths: tuple[int, ...] = (1, 2, 3, 5)  # hidden layers
    deep_networks: int = 3
    softmax: NetworkConfig = _recipe("softmax")
    sigmoid200: NetworkConfig = _recipe("sigmoid200")
    mlp100: NetworkConfig = _recipe("mlp100")
    mlp3: NetworkConfig = _recipe("mlp3")
    cnn: NetworkConfig = _recipe("cnn")
    deep: NetworkConfig = field(default_factory=_deep)  # its first width, repeated

    def validate(self) -> None:
        at_least(
            self, seed=0, networks=1, cnns=1, untrained=0, shuffled=0, shuffled_epochs=1, images=1, cnn_images=1,
            images_a_class=1, steps=1, restarts=1, cnn_restarts=1, masks=1, generations=1, curve_images=1,
            cnn_curve_images=1, points=1, deep_networks=1,
        )  # fmt: skip
        for name in (*self.include, *self.shuffle):
            if name not in KINDS:
                raise ValueError(f"unknown network {name!r}; known: {', '.join(KINDS)}")
        if min(self.depths, default=1) < 1:
            raise ValueError(f"depths count hidden layers, at least 1 each, got {self.depths}")


def wanted(config: Config) -> list[Wanted]:
    """Each kind of network, and those of growing depth."""
    return [*(_of_kind(config, kind) for kind in config.include), *_of_depths(config)]


def _of_kind(config: Config, kind: str) -> Wanted:
    return Wanted(getattr(config, kind), _count(config, kind), kind)


def _of_depths(config: Config) -> list[Wanted]:
    return [
        Wanted(drawn.deep(config.deep, depth), config.deep_networks, f"{depth} hidden layers")
        for depth in config.depths
    ]


def run(config: Config, run: Run) -> xr.Dataset:
    """Trains or loads the networks, draws every map, and measures them.

    Dims: network (coordinates kind, index) and null (null_kind, null_training), reading, class, y, x; like (the
    class compared with); measure and other (the agreement matrix); curve, ranking, point; depth, member.
    """
    key = jax.random.key(config.seed)
    train, test = data.load(config.data, "train"), data.load(config.data, "test")
    contrast = agreement.class_contrast(train.images, train.labels) / 255
    parts, null_model = [], []
    for kind in config.include:
        population = populations.train_or_load(*_of_kind(config, kind))
        parts.append(_read(config, kind, population, contrast, train, test, named(key, kind)))
        run.metrics(kind=kind, what="maps", accuracy=float(parts[-1].accuracy.mean()))
        null_model += _null_models(config, kind, population, contrast, train, named(key, kind))
        run.metrics(kind=kind, what="null models")
    together = xr.concat(parts, "network", **JOINED)
    methods = [method for method in METHODS if method in together.reading]
    results = [together.sel(reading=methods, other=methods), _depth(config, contrast, train)]
    if null_model:
        results.append(xr.concat(null_model, "null", **JOINED))
    ink = (train.images > 0).mean(0, dtype=np.float32)  # share of the images with ink at a pixel
    return (
        xr.merge(results, join="outer", compat="no_conflicts")
        .assign(contrast=(("class", "y", "x"), contrast), ink=(("y", "x"), ink))
        .assign_attrs(
            images=config.images, curve_images=config.curve_images, shuffled_epochs=config.shuffled_epochs
        )
    )


def _count(config: Config, kind: str) -> int:
    return config.cnns if kind == "cnn" else config.networks


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
) -> xr.Dataset:
    """All maps of the trained networks of one kind, and what is measured on them."""
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
    compared = [measures.agreements(jnp.asarray(one)) for one in measures.centred(stacked)]
    return xr.Dataset(
        {
            "map": (("network", "reading", "class", "y", "x"), stacked),
            "resemblance": (
                ("network", "reading", "class", "like"),
                np.asarray(measures.resemblance(jnp.asarray(stacked), jnp.asarray(contrast))),
            ),
            "agreement": (("network", "measure", "reading", "other"), np.stack(compared)),
            "curves": (("network", "curve", "ranking", "point"), curves),
            "accuracy": ("network", population.curve[:, -1, 2]),
        },
        {
            "kind": ("network", [kind] * len(population)), "index": ("network", np.arange(len(population))),
            "reading": methods, "other": methods, "measure": list(measures.MEASURES),
            "ranking": [*methods, *RANKINGS[-2:]], "curve": ["deletion", "insertion"],
            "point": np.linspace(0, 1, config.points + 1), "class": np.arange(len(contrast)),
        },
    )  # fmt: skip


def _null_models(
    config: Config,
    kind: str,
    population: Population,
    contrast: Float[np.ndarray, "k h w"],
    train: data.Digits,
    key: Key[Array, ""],
) -> list[xr.Dataset]:
    """Causal index and mean Jacobian of networks of this kind that know no class."""
    null_model = {}
    if config.untrained and kind != "softmax":
        m = min(config.untrained, len(population)) if kind == "cnn" else config.untrained
        null_model["untrained"] = populations.untrained(population.config, m)
    if config.shuffled and kind in config.shuffle:
        null_model["shuffled"] = drawn.shuffled(
            population.config, config.shuffled, config.shuffled_epochs, named(key, "shuffled")
        )
    images = _spread(train.images, config.cnn_images if kind == "cnn" else config.images)
    found = []
    for training, params in null_model.items():
        maps = drawn.indices(population, params, images)
        stacked = np.stack(list(maps.values()), 1)
        alike = measures.resemblance(jnp.asarray(stacked), jnp.asarray(contrast))
        m = len(stacked)
        found.append(
            xr.Dataset(
                {
                    "null_map": (("null", "known", "class", "y", "x"), stacked),
                    "null_resemblance": (("null", "known", "class", "like"), np.asarray(alike)),
                },
                {
                    "null_kind": ("null", [kind] * m),
                    "null_training": ("null", [training] * m),
                    "known": list(maps),
                    "class": np.arange(len(contrast)),
                },
            )
        )
    return found


def _depth(config: Config, contrast: Float[np.ndarray, "k h w"], train: data.Digits) -> xr.Dataset:
    """Networks of one width and growing depth: how far weights alone still tell what the network does."""
    images, rows = _spread(train.images, config.images), []
    for depth, wish in zip(config.depths, _of_depths(config)):
        population = populations.train_or_load(*wish)
        maps = drawn.indices(population, population.params, images)
        both = measures.centred(np.stack(list(maps.values()), 1))
        r = measures.own(np.asarray(measures.resemblance(jnp.asarray(both), jnp.asarray(contrast)))).mean(-1)
        agree = np.stack([measures.agreements(jnp.asarray(one)) for one in both])[:, 0, 0, 1]
        rows.append(
            xr.Dataset(
                {
                    "depth_agreement": ("member", agree),
                    "depth_resemblance": (("member", "known"), r),
                    "depth_accuracy": ("member", population.curve[:, -1, 2]),
                },
                {"known": list(maps), "depth": depth},
            )
        )
    return xr.concat(rows, "depth", **JOINED) if rows else xr.Dataset()


def claims(results: xr.Dataset) -> list[c.Claim]:
    """What the document says, measured on its kind of network with its causal index."""
    return measures.claims(results)

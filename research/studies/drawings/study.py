"""Drawings: what a funny seven does to three recognisers (document 001).

The document draws a seven that is "far wider and pressed further out towards the edges": the dense network and the
nearest neighbours misread it, the CNN does not, and its PCA point leaves the sevens. Here the test digits themselves
are widened, slanted, shifted and thickened, step by step.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from research import data
from research.data import deform
from research.embedding import knn, pca
from research.evidence import claims as c
from research.runs.store import Run
from research.studies import at_least
from research.training import populations
from research.training.populations import Wanted
from research.training.recipes import recipe
from research.training.train import NetworkConfig

DOCUMENT = "001_dd9c668295ae0936.txt"
KINDS = {"dense3": "dense network", "cnn_small": "CNN", "knn": "5 nearest neighbours"}
WIDE = 1.4  # the factor at which a box of 20 pixels fills the frame of 28
STEPS = {  # strengths of each family; where it leaves the digit as it is: 1 for width, else 0
    "width": (0.5, 0.75, 1.0, 1.2, WIDE, 1.6, 2.0),
    "slant": (-1.0, -0.6, -0.3, 0.0, 0.3, 0.6, 1.0),
    "shift": (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0),
    "thickness": (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0),
}
EXAMPLES = 5
DIRECTIONS = (
    256  # of the neighbours' bounds: twice as many as usual, for deformed digits lie far from all others
)


@dataclass
class Config:
    """How many networks and digits."""

    seed: int = 0
    data: str = "mnist"
    networks: int = 2  # of each kind
    sevens: int = 1028  # the first so many of the test set
    others: int = 500  # test images of all digits
    k: int = 5  # neighbours
    neighbours_among: int = 60_000  # training images that the neighbours are looked for among
    dense3: NetworkConfig = field(default_factory=lambda: recipe("dense3"))
    cnn_small: NetworkConfig = field(default_factory=lambda: recipe("cnn_small"))

    def validate(self) -> None:
        at_least(self, seed=0, networks=1, sevens=EXAMPLES, others=1, k=1, neighbours_among=1)


def wanted(config: Config) -> list[Wanted]:
    """The two kinds of network."""
    return [Wanted(getattr(config, kind), config.networks, kind) for kind in KINDS if kind != "knn"]


def run(config: Config, run: Run) -> xr.Dataset:
    """Deforms the digits and has them read.

    Dims: family, step; recogniser (with its kind); image (the sevens first, then the sample of all digits), seven,
    axis (of the PCA plane), digit, known (training images in the plane), example, y, x.
    """
    train, test = data.load(config.data, "train"), data.load(config.data, "test")
    sevens = np.flatnonzero(test.labels == 7)[: config.sevens]
    sample = np.random.default_rng(config.seed).choice(len(test.labels), config.others, replace=False)
    chosen = np.concatenate([sevens, sample])
    deformed = {name: _deformed(name, test.images[chosen]) for name in STEPS}  # [step n 28 28], 8 bits
    predicted = {}
    for kind, read in _readers(config, train).items():
        read = _once(read)
        every = np.array([[read(images) for images in deformed[name]] for name in STEPS], np.uint8)
        predicted[kind] = np.moveaxis(every, 2, 0)  # [network family step image]
        run.metrics(recogniser=kind, accuracy=float((every == test.labels[chosen]).mean()))
    plane = pca.fit(data.rows(train.images), 2)
    codes = [
        [plane.transform(data.rows(images[: len(sevens)])) for images in deformed[name]] for name in STEPS
    ]
    known = plane.transform(data.rows(train.images))
    shown = np.random.default_rng(config.seed + 1).choice(len(train.labels), 2000, replace=False)
    steps = ("family", "step")
    return xr.Dataset(
        {
            "strength": (steps, np.array(list(STEPS.values()))),
            "predicted": (("recogniser", *steps, "image"), np.concatenate(list(predicted.values()))),
            "label": ("image", test.labels[chosen].astype(np.uint8)),
            "codes": ((*steps, "seven", "axis"), np.array(codes, np.float32)),
            "means": (("digit", "axis"), np.stack([known[train.labels == d].mean(0) for d in range(10)])),
            "known": (("known", "axis"), known[shown]),
            "known_label": ("known", train.labels[shown].astype(np.uint8)),
            "example": (
                (*steps, "example", "y", "x"),
                np.stack([deformed[name][:, :EXAMPLES] for name in STEPS]),
            ),
        },
        {
            "family": list(STEPS),
            "kind": ("recogniser", np.repeat(list(predicted), [len(p) for p in predicted.values()])),
        },
        {"sevens": len(sevens)},
    )


def _deformed(name: str, images: np.ndarray) -> np.ndarray:
    """The images at every strength of a family, as 8 bits a pixel like the originals [step n 28 28]."""
    one = deform.deformation(name)

    @jax.jit
    def all_images(images, strength):
        # one image after the other: the neighbourhoods of all at once would not fit a cache
        changed = jax.lax.map(lambda image: one(image / 255, strength), jnp.float32(images), batch_size=64)
        return jnp.round(255 * changed).astype(jnp.uint8)

    return np.stack([all_images(images, strength) for strength in STEPS[name]])


def _readers(config: Config, train: data.Digits) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Kind -> what its m networks take images [n 28 28] for [m n]; of the nearest neighbours there is one."""
    chosen = slice(config.neighbours_among)
    index = knn.build(data.rows(train.images[chosen]), config.k, directions=DIRECTIONS)

    def by_networks(population: populations.Population, images: np.ndarray) -> np.ndarray:
        unlabelled = data.Digits(images, np.zeros(len(images), np.int32))
        return np.asarray(populations.evaluate(population, unlabelled)[0]).argmax(-1)

    def by_neighbours(images: np.ndarray) -> np.ndarray:
        return knn.vote(train.labels[chosen][knn.search(index, data.rows(images), config.k)[0]])[None]

    readers: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        wish.name: functools.partial(by_networks, populations.train_or_load(*wish)) for wish in wanted(config)
    }
    return readers | {"knn": by_neighbours}


def _once(read: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """The same answers; the digits as they are, a step of every family of deformations, are read once."""
    known: dict[bytes, np.ndarray] = {}

    def answer(images: np.ndarray) -> np.ndarray:
        key = images.tobytes()
        if key not in known:
            known[key] = read(images)
        return known[key]

    return answer


def right(results: xr.Dataset, kind: str, which: str) -> xr.DataArray:
    """Share of the networks of a kind that read each image right [family step image]; which: "sevens" or "all"."""
    part = slice(results.sevens) if which == "sevens" else slice(results.sevens, None)
    some = results.isel(image=part, recogniser=(results.kind == kind).values)
    return (some.predicted == some.label).mean("recogniser")


def accuracy(hits: xr.DataArray) -> c.Interval:
    """Share of the images that are read right, with Wilson's interval for as many images."""
    n = hits.sizes["image"]
    return c.proportion(round(float(hits.sum())), n)


def step_of(results: xr.Dataset, family: str, strength: float) -> int:
    """The step at which a family has a strength."""
    return int(np.abs(results.strength.sel(family=family).values - strength).argmin())


def distances(results: xr.Dataset, family: str) -> tuple[np.ndarray, np.ndarray]:
    """Of every seven at every step [step seven]: to the mean of the sevens, and to the centre of all digits."""
    codes = results.codes.sel(family=family).values
    return (
        np.linalg.norm(codes - results.means.values[7], axis=-1),
        np.linalg.norm(codes, axis=-1),
    )


def claims(results: xr.Dataset) -> list[c.Claim]:
    wide, plain = (step_of(results, "width", strength) for strength in (WIDE, 1.0))
    hits = {kind: right(results, kind, "sevens").sel(family="width").isel(step=wide) for kind in KINDS}
    best = max(("dense3", "knn"), key=lambda kind: float(hits[kind].mean()))
    words = (
        "a far wider 7, pressed out towards the edges: the dense network and KNN are wrong, the CNN is right"
    )
    unit = f"sevens {WIDE} times as wide; "
    rows = [
        c.judge("funky-seven", DOCUMENT, f"{words} [the CNN's lead over the better of the two]", 0.0,
                c.mean((hits["cnn_small"] - hits[best]).values), unit + "gain in accuracy", "at least"),
        c.judge("funky-seven-dense", DOCUMENT, "the dense network wrongly predicts the wide 7 [most of them]", 0.5,
                accuracy(hits["dense3"]), unit + "accuracy of the dense network", "at most"),
        c.judge("funky-seven-knn", DOCUMENT, "KNN wrongly predicts the wide 7 [most of them]", 0.5,
                accuracy(hits["knn"]), unit + "accuracy of the nearest neighbours", "at most"),
        c.judge("funky-seven-cnn", DOCUMENT, "the CNN's prediction of the wide 7 is still correct [of most]", 0.5,
                accuracy(hits["cnn_small"]), unit + "accuracy of the CNN", "at least"),
    ]  # fmt: skip
    away, central = (d[wide] - d[plain] for d in distances(results, "width"))
    rows += [
        c.judge("funky-seven-pca", DOCUMENT, "its PCA point lies away from the sevens [distance to their mean grows]",
                0.0, c.mean(away), unit + "change of the distance in the PCA plane", "at least"),
        c.judge("funky-seven-pca-centre", DOCUMENT, "its PCA point is much further to the centre [distance shrinks]",
                0.0, c.mean(central), unit + "change of the distance in the PCA plane", "at most"),
    ]  # fmt: skip
    return rows

"""Drawings: how three recognisers and the maps of the digits treat a funky seven (document 001).

The document draws a plain seven, and one that is "far wider and is pressed further out towards the edges": the dense
network and the nearest neighbours misread it, the CNN does not, and in the maps it lies away from the sevens. We widen
test sevens and move them towards the edges, over a grid of both; and we widen, slant, shift and thicken all test digits,
one family of deformations at a time.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from research import data
from research.data import deform
from research.embedding import knn, pca
from research.runs.store import Run
from research.runtime.rng import named
from research.studies import at_least, documents
from research.studies.drawings import filters, tenths
from research.studies.drawings.sevens import TOWARDS, funky
from research.training import populations
from research.training.populations import Wanted
from research.training.recipes import by_recipe
from research.training.train import NetworkConfig

NETWORKS = ("dense3", "cnn_small")
KINDS = (*NETWORKS, "knn")
WIDTHS, SHIFTS = (1.0, 1.2, 1.4, 1.6), (0, 2, 4, 6, 8)  # of the grid: factors, pixels to the right
WIDE, EDGE = 1.4, 4  # the funky seven of the claims: with 1.4 a box of 20 pixels fills the frame of 28
STEPS = {  # strengths of each family; where it leaves the digit as it is: 1 for width, else 0
    "width": (0.5, 0.75, 1.0, WIDE, 2.0),
    "slant": (-1.0, -0.5, 0.0, 0.5, 1.0),
    "shift": (0.0, 2.0, 4.0, 6.0, 8.0),
    "thickness": (0.0, 0.75, 1.5, 2.25, 3.0),
}
EXAMPLES = 5
FILTERED = 100  # funky sevens on which the second layer's filters are chosen and scored
DIRECTIONS = (
    256  # of the neighbours' bounds; more than usual, because deformed digits lie far from all others
)


@dataclass
class Config:
    """How many networks and digits."""

    seed: int = 0
    data: str = "mnist"
    networks: int = 5  # of each kind
    sevens: int = 400  # test sevens, evenly from the first to the last
    others: int = 200  # test images of all digits
    k: int = 5  # neighbours
    neighbours_among: int = 60_000  # training images that the neighbours are looked for among
    tenths: int = 5  # disjoint tenths of the data on which the embeddings are repeated
    mapped: int = 500  # training digits in the t-SNE map of a tenth
    dense3: NetworkConfig = by_recipe("dense3")
    cnn_small: NetworkConfig = by_recipe("cnn_small")

    def validate(self) -> None:
        at_least(
            self, seed=0, networks=1, sevens=EXAMPLES, others=1, k=1, neighbours_among=1, tenths=1, mapped=100
        )
        if self.tenths > tenths.TENTHS:
            raise ValueError(f"tenths must be at most {tenths.TENTHS}, got {self.tenths}")


def wanted(config: Config) -> list[Wanted]:
    """The two kinds of network."""
    return [Wanted(getattr(config, kind), config.networks, kind) for kind in NETWORKS]


def run(config: Config, run: Run) -> xr.Dataset:
    """Deforms the digits, classifies them, and places them in the maps.

    Dims: family, step; recogniser (with its kind); image (the sevens first, then the sample of all digits), seven;
    width, shift; towards (direction of the shift); tenth, state (plain, funky); cnn, training (of its filters), part
    (bar, slash); axis (of the PCA plane), digit, known (training images in the plane), example, y, x.
    """
    train, test = data.load(config.data, "train"), data.load(config.data, "test")
    all_sevens = np.flatnonzero(test.labels == 7)
    rows = np.linspace(0, len(all_sevens) - 1, min(config.sevens, len(all_sevens))).astype(int)
    sevens, n = test.images[all_sevens[rows]], len(rows)
    sample = np.random.default_rng(config.seed).choice(len(test.labels), config.others, replace=False)
    chosen = np.concatenate([all_sevens[rows], sample])
    deformed = np.stack([_deformed(name, test.images[chosen]) for name in STEPS])  # [family step n 28 28]
    grid = np.stack([[funky(sevens, width, shift) for shift in SHIFTS] for width in WIDTHS])
    edges = np.stack([funky(sevens, WIDE, EDGE, towards) for towards in TOWARDS])
    shown: list[list[np.ndarray]] = []
    kinds: list[str] = []
    for kind, read in _readers(config, train).items():
        read = _once(read)
        shown.append([_all(read, images) for images in (deformed, grid, edges)])
        kinds += [kind] * len(shown[-1][0])
        run.metrics(recogniser=kind, accuracy=float((shown[-1][0] == test.labels[chosen]).mean()))
    predicted, of_grid, of_edges = (np.concatenate(one) for one in zip(*shown))
    key = named(jax.random.key(config.seed), "drawings")
    plain = test.images[all_sevens]
    parts = tenths.split(train, plain, funky(plain, WIDE, EDGE), config.tenths, config.seed)
    return xr.Dataset(
        {
            "strength": (("family", "step"), np.array(list(STEPS.values()))),
            "predicted": (("recogniser", "family", "step", "image"), predicted),
            "grid": (("recogniser", "width", "shift", "seven"), of_grid),
            "edges": (("recogniser", "towards", "seven"), of_edges),
            "label": ("image", test.labels[chosen].astype(np.uint8)),
            "example": (("family", "step", "example", "y", "x"), deformed[:, :, :EXAMPLES]),
            "grid_example": (("width", "shift", "y", "x"), grid[:, :, 0]),
            **_plane(config, train, deformed[:, :, :n], grid),
            **_tenths(tenths.all_tenths(parts, config.k, config.mapped, key)),
            **_filters(config, grid[WIDTHS.index(WIDE), SHIFTS.index(EDGE)][:FILTERED]),
        },
        {
            "family": list(STEPS),
            "kind": ("recogniser", kinds),
            "width": list(WIDTHS),
            "shift": list(SHIFTS),
            "towards": list(TOWARDS),
            "state": ["plain", "funky"],
            "part": ["bar", "slash"],
            "training": ["trained", "untrained"],
        },
        {
            "sevens": n,
            "neighbours_among": min(config.neighbours_among, len(train.labels)),
            "k": config.k,
            "mapped": config.mapped,
            **documents.attributes(config, *NETWORKS),
        },
    )


def _deformed(name: str, images: np.ndarray) -> np.ndarray:
    """The images at every strength of a family, as 8 bits a pixel like the originals [step n 28 28]."""
    one = deform.deformation(name)

    @jax.jit
    def all_images(images, strength):
        # in small batches, because the neighbourhoods of all images at once do not fit a cache
        changed = jax.lax.map(lambda image: one(image / 255, strength), jnp.float32(images), batch_size=64)
        return jnp.round(255 * changed).astype(jnp.uint8)

    return np.stack([all_images(images, strength) for strength in STEPS[name]])


def _readers(config: Config, train: data.Digits) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """For each kind a function from images [n 28 28] to the classes that its m networks predict [m n].

    The nearest neighbours are one recogniser (m = 1).
    """
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


def _all(read: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
    """Classes that m recognisers predict for images [... n 28 28], as bytes [m ... n]."""
    flat = images.reshape(-1, *images.shape[-3:])
    every = np.stack([read(some) for some in flat], 1).astype(np.uint8)
    return every.reshape(len(every), *images.shape[:-2])


def _once(read: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """The same function with a cache, because every family holds the undeformed digits too."""
    known: dict[bytes, np.ndarray] = {}

    def answer(images: np.ndarray) -> np.ndarray:
        key = images.tobytes()
        if key not in known:
            known[key] = read(images)
        return known[key]

    return answer


def _plane(config: Config, train: data.Digits, deformed: np.ndarray, grid: np.ndarray) -> dict[str, Any]:
    """The plane of two principal components of all training images, and the sevens in it."""
    plane = pca.fit(data.rows(train.images), 2)
    known = plane.transform(data.rows(train.images))
    shown = np.random.default_rng(config.seed + 1).choice(len(train.labels), 2000, replace=False)

    def codes(images: np.ndarray) -> np.ndarray:
        flat = plane.transform(data.rows(images.reshape(-1, *images.shape[-2:])))
        return flat.reshape(*images.shape[:-2], 2).astype(np.float16)

    return {
        "codes": (("family", "step", "seven", "axis"), codes(deformed)),
        "grid_codes": (("width", "shift", "seven", "axis"), codes(grid)),
        "means": (("digit", "axis"), np.stack([known[train.labels == d].mean(0) for d in range(10)])),
        "known": (("known", "axis"), known[shown].astype(np.float16)),
        "known_label": ("known", train.labels[shown].astype(np.uint8)),
    }


def _tenths(found: dict[str, np.ndarray]) -> dict[str, Any]:
    dims: dict[str, tuple[str, ...]] = {
        "pca_near": ("state", "digit"),
        "tsne_near": ("state", "digit"),
        "positive": ("state", "axis"),
        **dict.fromkeys(("slash_r", "slash_nearest", "centred_r", "centred_nearest"), ("digit",)),
    }
    return {f"tenth_{name}": (("tenth", *dims.get(name, ("state",))), x) for name, x in found.items()}


def _filters(config: Config, sevens: np.ndarray) -> dict[str, Any]:
    """The filters for bar and slash in every CNN, and in the same networks before training."""
    population = populations.train_or_load(config.cnn_small, config.networks, "cnn_small")
    auc, shown = filters.measure(population, population.params, sevens)
    before, _ = filters.measure(population, populations.untrained(config.cnn_small, config.networks), sevens)
    scored = sevens[len(sevens) // 2 :][:EXAMPLES]
    return {
        "filter_auc": (("training", "cnn", "part"), np.stack([auc, before])),
        "filter_answer": (("part", "drawn", "fy", "fx"), shown[0][:, :EXAMPLES]),
        "filter_seven": (("drawn", "y", "x"), scored),
    }

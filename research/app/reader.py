"""The jitted answers: everything that the page shows of a drawing.

Drawings of several clients go through one call. Calls are padded to a few sizes, each compiled once before the
first client comes, so that no drawing ever waits for a compiler.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt

from research import data
from research.app import fitted
from research.app.fitted import Fitted, Tell
from research.app.model import SIZES, Model
from research.app.settings import TITLES, Settings
from research.app.wire import Draw, Field
from research.data.noise import NOISES
from research.embedding import knn, tsne_place
from research.training import populations
from research.training.populations import Population

CANDIDATES = 128  # for the nearest neighbours; almost always enough to be certain
ORDINARY, ORDINARY_TESTS = 0.99, 200  # share of these test digits that are no stranger than `Reader.strange`
NEAR_BY = 50  # candidates for the place on the map
GONE = "gone"  # owner of a network whose page was closed
MAPS = ("tsne", "pca", "plane")


class Ground(NamedTuple):
    """What all drawings are held against, on the device."""

    mean: Float[Array, " d"]
    components: Float[Array, "k d"]
    training: knn.Index
    labels: Int[Array, " n"]
    field: tsne_place.Field
    bottleneck: Any  # parameters
    cleaner: Any


class Reader:
    """Answers to drawings. Make it, `warm` it, then ask from one thread at a time."""

    def __init__(self, settings: Settings, base: Fitted):
        self.settings, self.base = settings, base
        self.models = [Model(name, population) for name, population in base.models.items()]
        pixels = data.rows(base.images)
        codes = base.pca.transform(pixels[: settings.points])
        self.ground = Ground(
            jnp.asarray(base.pca.mean),
            jnp.asarray(base.pca.components),
            knn.build(pixels, settings.neighbours),
            jnp.asarray(base.labels),
            tsne_place.field(codes, base.map),
            base.bottleneck.network(0),
            base.cleaner.network(0),
        )
        self.sizes: tuple[int, ...] = ()  # compiled so far
        self.pair: tuple[Model, Model] | None = None  # the plain and the robust network, once they are there
        self.strange = self._strange()
        self._look = jax.jit(
            functools.partial(_look, base.bottleneck.apply, base.cleaner.apply, settings.neighbours)
        )
        self._plane = jax.jit(
            lambda params, x: jax.vmap(lambda i: base.bottleneck.apply(params, i)[1]["code"])(x)
        )
        n = settings.points
        shown = jnp.asarray(base.images[:n], jnp.float32) / 255
        self.arrays: dict[str, np.ndarray] = {  # what the page draws once
            "tsne": base.map,
            "pca": codes[:, :2],
            "plane": np.asarray(self._plane(self.ground.bottleneck, shown)),
            "labels": base.labels[:n].astype(np.uint8),
            "images": base.images[:n],
            "components": base.pca.components,
            "mean": base.pca.mean,
        }
        k, m = settings.components, settings.neighbours
        self.layout = [
            Field("seen", "float32", (28, 28)),
            Field("cleaned", "float32", (28, 28)),
            Field("probabilities", "float32", (3, 10)),
            Field("codes", "float32", (k,)),
            Field("places", "float32", (3, 2)),  # in the order of MAPS
            Field("distances", "float32", (m,)),
            Field("sure", "int32", ()),
            Field("near", "int32", (m,)),  # the neighbours' numbers among the training digits
            Field("neighbours", "uint8", (m, 28, 28)),
            Field("labels", "uint8", (m,)),
        ]

    def _strange(self) -> float:
        """Distance to the nearest training digit beyond which a drawing is unlike what the networks know."""
        tests = jnp.asarray(data.rows(self.base.test_images[:ORDINARY_TESTS]))
        nobody, candidates = jnp.full(len(tests), -1), min(CANDIDATES, len(self.base.labels))
        k = self.settings.neighbours
        _, distances, _ = knn.nearest(self.ground.training, tests, nobody, k=k, candidates=candidates)
        return float(np.quantile(distances[:, 0], ORDINARY))

    def warm(self, tell: Tell, sizes: Sequence[int] = SIZES) -> None:
        """Compiles what drawings need that are answered so many together; the smallest number first."""
        blank = Draw(0, np.zeros((28, 28), np.float32), (0, 1), 0, 0, 0, 0.0, 0)
        for i, size in enumerate(sizes):
            tell("Compiling", i / len(sizes))
            self._together([blank], size)
            self.sizes = (*self.sizes, size)

    def add(self, name: str) -> None:
        """Adds one of the other networks if the store has it; from then on it can be chosen."""
        config = self.settings.others[name]
        if name not in {model.name for model in self.models} and fitted.is_there(config):
            self._append(name, populations.train_or_load(config, 1, name=name))

    def _append(self, name: str, population: Population) -> Model:
        model = Model(name, population)
        model.warm()
        self.models.append(model)
        return model

    def add_pair(self, tell: Tell) -> None:
        """Adds the plain and the robust network, which are trained if the store lacks them."""
        if self.pair is None and self.settings.pair:
            found = [fitted.trained(how, TITLES[name], tell) for name, how in self.settings.pair.items()]
            plain, robust = map(self._append, self.settings.pair, found)
            self.pair = plain, robust

    def answer(self, drawings: Sequence[Draw]) -> list[dict[str, np.ndarray]]:
        """What `layout` names, for each drawing; in calls of the largest size that is compiled."""
        most = self.sizes[-1]
        calls = [drawings[start : start + most] for start in range(0, len(drawings), most)]
        sizes = (next(size for size in self.sizes if size >= len(call)) for call in calls)
        return [answer for call, size in zip(calls, sizes) for answer in self._together(call, size)]

    def _together(self, drawings: Sequence[Draw], size: int) -> list[dict[str, np.ndarray]]:
        """The answers of one call, filled up to this size."""
        filled = [*drawings, *[drawings[0]] * (size - len(drawings))]
        looks = self._look(
            self.ground,
            np.stack([drawing.image for drawing in filled]),
            np.array([drawing.noise for drawing in filled], np.int32),
            np.array([drawing.strength for drawing in filled], np.float32),
            np.array([drawing.seed for drawing in filled], np.uint32),
        )
        asked = {model for drawing in drawings for model in drawing.models}
        sure = {i: self.models[i].look(self.models[i].params, looks["seen"]) for i in asked}
        looks, sure = jax.device_get((looks, sure))
        answers = []
        for i, drawing in enumerate(drawings):
            one = {name: np.asarray(values[i]) for name, values in looks.items()}
            first, second = (sure[model][i] for model in drawing.models)
            one["probabilities"] = np.stack([first, second, one.pop("votes")])
            near = one["near"]
            one["neighbours"], one["labels"] = self.base.images[near], self.base.labels[near]
            answers.append(one)
        return answers

    def places(self, numbers: Sequence[int]) -> Float[np.ndarray, "n 3 2"]:
        """Where these training digits lie on the maps, in the order of `MAPS`, also those that the maps do not show."""
        images = self.base.images[list(numbers)]
        codes = self.base.pca.transform(data.rows(images))
        tsne = tsne_place.place(self.ground.field, codes)
        shown = np.asarray(numbers) < self.settings.points
        tsne = np.where(shown[:, None], self.base.map[np.where(shown, numbers, 0)], tsne)
        plane = self._plane(self.ground.bottleneck, jnp.asarray(images, jnp.float32) / 255)
        return np.stack([tsne, codes[:, :2], np.asarray(plane)], axis=1).astype(np.float32)

    def read(self, image: Float[np.ndarray, "28 28"], owner: str = "") -> list[list[float] | None]:
        """What every network says of this image: its probabilities, in the order of `titles`."""
        return [
            np.asarray(model.look(model.params, image[None]))[0].astype(float).round(5).tolist()
            if model.owner in ("", owner)
            else None
            for model in self.models
        ]

    def take(self, model: Model) -> int:
        """Adds a network that a page brought, in the place of one that has gone if there is one; its number."""
        gone = next((i for i, other in enumerate(self.models) if other.owner == GONE), len(self.models))
        self.models[gone : gone + 1] = [model]
        return gone

    def dismiss(self, owner: str) -> None:
        """Forgets the networks of a page; their numbers stay, so that those of the others do."""
        for model in self.models:
            if owner and model.owner == owner:
                model.owner, model.title, model.name = GONE, "", ""

    def titles(self, owner: str = "") -> list[dict[str, str]]:
        """The networks in the order of their numbers; those that this page may not choose have no name."""
        hidden = {"name": "", "title": ""}
        return [
            {"name": model.name, "title": model.title} if model.owner in ("", owner) else hidden
            for model in self.models
        ]


def _look(
    bottleneck: Any,
    cleaner: Any,
    k: int,
    ground: Ground,
    images: Float[Array, "b h w"],
    noises: Int[Array, " b"],
    strengths: Float[Array, " b"],
    seeds: UInt[Array, " b"],
) -> dict[str, Array]:
    """All but the chosen networks' opinions; every value has the drawings as its leading axis."""
    seen = jax.vmap(_noisy)(images, noises, strengths, seeds)
    flat = seen.reshape(len(seen), -1)
    codes = jnp.matmul(flat - ground.mean[None], ground.components.T, precision="highest")
    nobody = jnp.full(len(seen), -1)
    near, distances, sure = knn.nearest(
        ground.training, flat, nobody, k=k, candidates=min(CANDIDATES, len(ground.labels))
    )
    places = len(ground.field.index.points)
    around, ways, _ = knn.nearest(
        ground.field.index, codes, nobody, k=tsne_place.NEIGHBOURS, candidates=min(NEAR_BY, places)
    )
    place = tsne_place.settle(ground.field, around, ways).T
    plane = jax.vmap(lambda image: bottleneck(ground.bottleneck, image)[1]["code"])(seen)
    cleaned = jax.vmap(lambda image: cleaner(ground.cleaner, image)[0])(seen)
    return {
        "seen": seen,
        "cleaned": jnp.clip(cleaned, 0, 1).reshape(seen.shape),
        "codes": codes,
        "places": jnp.stack([place, codes[:, :2], plane], axis=1),
        "near": near,
        "distances": distances,
        "sure": sure.astype(jnp.int32),
        "votes": jax.nn.one_hot(ground.labels[near], 10).mean(1),
    }


def _noisy(image, noise, strength, seed):
    """The image with the noise of that number, 0 being none."""
    key_noise = jax.random.key(seed)
    families: list[Callable[[], Array]] = [
        lambda: image,
        *(functools.partial(f, key_noise, image, strength) for f in NOISES.values()),
    ]
    return jax.lax.switch(noise, families)

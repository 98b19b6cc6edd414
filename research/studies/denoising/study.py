"""Denoising: does an autoencoder in front of a recogniser help against noise?

Document 002 cleans noisy digits with a 784-256-128-256-784 autoencoder before a network that was trained on clean
ones reads them. It does not describe its noise; the course material of its author uses clip(x + 10^u, 0, 1) with
u ~ U(-4, 0) per pixel. The effect of a noise depends on the network, so we measure the author's noise at strength 1,
and every family of noise also at the strength where the network falls to 89 %.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array

from research import data
from research.data.noise import NOISES
from research.data.sources import SOURCES
from research.embedding import pca
from research.fields.bounds import NETWORKS, SEED, TEST_IMAGES, bounded, one_of
from research.runs.store import Run
from research.runtime.rng import named
from research.studies import documents
from research.studies.denoising.noisy_pairs import Bench
from research.studies.networks import Networks
from research.training import populations
from research.training.populations import Wanted
from research.training.recipes import by_recipe
from research.training.train import NetworkConfig

READERS = ("softmax", "mlp100", "mlp3", "sigmoid200", "dense3", "cnn")
JUDGED, AUTHORS = "mlp3", "log_uniform"  # the network and the noise of the claims
AS_IS, CLEAN = f"{AUTHORS} at 1", "clean"  # conditions: the author's noise at strength 1, and no noise
CLEANINGS = ("none", "autoencoder", "denoiser")
STRENGTHS = {
    "gaussian": (0.0, 0.1, 0.2, 0.3, 0.45, 0.6),
    "uniform": (0.0, 0.2, 0.4, 0.6, 0.8, 1.0),
    "salt_and_pepper": (0.0, 0.05, 0.1, 0.2, 0.35, 0.5),
    "log_uniform": (0.0, 0.35, 0.7, 1.0, 2.0, 4.0),
}


@dataclass
class Config(Networks):
    """Which recognisers, how many pairs, on how many test images."""

    seed: int = bounded(0, SEED)
    data: str = one_of("mnist", SOURCES, "dataset")
    include: tuple[str, ...] = one_of(("softmax", "mlp100", "mlp3"), READERS, "network")
    pairs: int = bounded(5, NETWORKS)
    # test images of the claims, on which the judged network also falls to 89 %
    images: int = bounded(5000, TEST_IMAGES)
    # of the curves over strength, and of the other networks' 89 %
    curve_images: int = bounded(1000, TEST_IMAGES)
    autoencoder: NetworkConfig = by_recipe("autoencoder")
    denoiser: NetworkConfig = by_recipe("denoiser")

    def check_together(self) -> None:
        """Raises: ValueError without the network of the claims, or for a network with the other kind of loss."""
        if JUDGED not in self.include:
            raise ValueError(f"include must name {JUDGED!r}, the network of the claims; got {self.include}")
        for name in CLEANINGS[1:]:
            if getattr(self, name).training.loss != "reconstruction":
                raise ValueError(f"{name}.training.loss must be 'reconstruction'; it has to return images")


def wanted(config: Config) -> list[Wanted]:
    """The readers, and the autoencoders."""
    return [Wanted(getattr(config, name), config.pairs, name) for name in (*config.include, *CLEANINGS[1:])]


def run(config: Config, run: Run) -> xr.Dataset:
    """Trains or loads every pair and measures it.

    Dims: noise, level (of strength), reader, cleaning, pair; condition (each noise where the judged network keeps
    89 %, the author's noise as it is, no noise); example (one digit of each class), y, x.
    """
    train, test = data.load(config.data, "train"), data.load(config.data, "test")
    trained = {wish.name: populations.train_or_load(*wish) for wish in wanted(config)}
    readers, cleaners = ({name: trained[name] for name in names} for names in (config.include, CLEANINGS[1:]))
    key = named(jax.random.key(config.seed), "denoising")
    bench, judged = Bench(readers, cleaners, key), Bench({JUDGED: readers[JUDGED]}, cleaners, key)
    few, many = _spread(test, config.curve_images), _spread(test, config.images)

    curves, fallen, scored = [], [], []
    for noise, strengths in STRENGTHS.items():
        which, strongest = list(NOISES).index(noise), jnp.float32(strengths[-1])
        falls = {
            name: bench.falls_to(name, jnp.int32(which), strongest, *(many if name == JUDGED else few))
            for name in readers
        }
        fallen.append(np.stack(list(falls.values())))
        run.metrics(noise=noise, falls_at=np.asarray(falls[JUDGED]).tolist())
        levels = jnp.tile(jnp.array(strengths, jnp.float32), (config.pairs, 1))
        curves.append(bench.measure(jnp.int32(which), levels, *few))
        own = jnp.asarray(falls[JUDGED], jnp.float32)[:, None]
        scored.append(judged.measure(jnp.int32(which), own, *many))
    for strength in (1.0, 0.0):  # AS_IS, CLEAN
        same = jnp.full((config.pairs, 1), strength, jnp.float32)
        scored.append(judged.measure(jnp.int32(list(NOISES).index(AUTHORS)), same, *many))
    kept, kept_error = np.stack([a[:, 0, 0] for a, _ in scored]), np.stack([e[:, 0] for _, e in scored])
    falls_at = np.array(fallen, np.float32)
    # Nothing is scored for a network that keeps 89 % at no strength in reach.
    nowhere = np.isnan(falls_at[:, list(readers).index(JUDGED)])
    kept[: len(STRENGTHS)][nowhere] = kept_error[: len(STRENGTHS)][nowhere] = np.nan
    return xr.Dataset(
        {
            "accuracy": (("noise", "pair", "level", "reader", "cleaning"), np.stack([a for a, _ in curves])),
            "error": (("noise", "pair", "level", "cleaning"), np.stack([e for _, e in curves])),
            "strength": (("noise", "level"), np.array(list(STRENGTHS.values()), np.float32)),
            "falls_at": (("noise", "reader", "pair"), falls_at),
            "kept": (("condition", "pair", "cleaning"), kept),
            "kept_error": (("condition", "pair", "cleaning"), kept_error),
            **_baselines(train, np.asarray(many[0]), config.autoencoder),
            **_examples(judged, test, falls_at[:, list(readers).index(JUDGED), 0]),
        },
        {
            "noise": list(STRENGTHS),
            "reader": list(readers),
            "reader_label": ("reader", [getattr(config, name).model.label for name in readers]),
            "cleaning": list(CLEANINGS),
            "condition": [*STRENGTHS, AS_IS, CLEAN],
        },
        {
            "images": len(many[0]),
            "curve_images": len(few[0]),
            **documents.attributes(config, "autoencoder", network=JUDGED),
        },
    )


def _spread(digits: data.Digits, n: int) -> tuple[Array, Array]:
    """n digits evenly spread over all, because the test set is not in random order: its first digits are harder."""
    rows = np.linspace(0, len(digits.labels) - 1, min(n, len(digits.labels))).astype(int)
    return jnp.asarray(digits.images[rows]), jnp.asarray(digits.labels[rows])


def _baselines(train: data.Digits, images: np.ndarray, autoencoder: NetworkConfig) -> dict:
    """Squared error per pixel of two baselines: the mean training image, and as many principal components as the
    autoencoder's code has values."""
    flat = data.rows(images)
    plane = pca.fit(data.rows(train.images), autoencoder.model.code)
    return {
        "mean_image_error": float(np.mean((flat - plane.mean) ** 2)),
        "pca_error": float(np.mean((flat - plane.inverse(plane.transform(flat)).clip(0, 1)) ** 2)),
    }


def _examples(bench: Bench, test: data.Digits, strengths: np.ndarray) -> dict:
    """One test digit of each class, noisy and cleaned by the first pair, and the classes that its recogniser predicts."""
    chosen = np.array([np.flatnonzero(test.labels == d)[0] for d in range(10)])
    images = jnp.asarray(test.images[chosen], jnp.float32) / 255
    keys = jax.random.split(named(bench.key, "examples"), 10)
    reader = bench.readers[JUDGED]

    @jax.jit
    def show(pairs, which, strength):
        params = jax.tree.map(lambda leaf: leaf[0], pairs)

        def one(key, image):
            views = jnp.stack(bench.views(params, which, key, strength, image))
            said = jax.vmap(lambda view: jnp.argmax(reader.predict(params[JUDGED], view)))(views)
            return views, said

        return jax.vmap(one)(keys, images)

    shown = [
        show(bench.params, np.int32(i), np.float32(s))
        for i, s in enumerate(np.nan_to_num(strengths, nan=0.2))
    ]
    pixels = np.stack([np.rint(255 * np.asarray(views)).astype(np.uint8) for views, _ in shown])
    return {
        "original": (("example", "y", "x"), test.images[chosen]),
        "shown": (("noise", "example", "cleaning", "y", "x"), pixels),
        "said": (("noise", "example", "cleaning"), np.stack([s for _, s in shown]).astype(np.uint8)),
    }

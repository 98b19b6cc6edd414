"""The embeddings' part of the experiment, repeated on disjoint tenths of the data.

Principal components, nearest neighbours and t-SNE do not depend on a network's seed, so the data are varied: every
tenth has its own training digits and its own test sevens, which makes the tenths independent.
"""

from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float, Int, Key, UInt8

from research import data
from research.data.digits import Digits
from research.embedding import knn, pca, tsne
from research.runtime.rng import named
from research.studies.drawings.sevens import bars, centred

TENTHS = 10
NEAREST = 5  # points of a t-SNE map that vote on a seven's class
Images = UInt8[np.ndarray, "n h w"]


class Tenth(NamedTuple):
    """A tenth of the training digits, and of the test sevens in two states."""

    train: Digits
    plain: Images
    funky: Images


def split(train: Digits, plain: Images, funky: Images, count: int, seed: int) -> list[Tenth]:
    """The first `count` of the disjoint tenths, drawn at random."""
    rng = np.random.default_rng(seed)
    digits, sevens = (rng.permutation(n) for n in (len(train.labels), len(plain)))
    return [
        Tenth(Digits(train.images[rows], train.labels[rows]), plain[own], funky[own])
        for rows, own in ((digits[i::TENTHS], sevens[i::TENTHS]) for i in range(count))
    ]


def measure(tenth: Tenth, k: int, mapped: int, key: Key[Array, ""]) -> dict[str, Any]:
    """Measures a tenth: shares and means over its sevens, plain and funky (axis `state`).

    Args:
        tenth: the data.
        k: neighbours of the classifier.
        mapped: training digits in the t-SNE map.
        key: of the t-SNE.

    Returns:
        pca_near, tsne_near: share of the sevens nearest to each class [state digit], by the class means in the PCA
            plane and by the nearest points of the map; off: wrong in both [state]; knn_right [state];
            centre, own: mean distance to the centre and to the mean of the sevens in the PCA plane [state];
            positive: share of the ink on positive pixels of each component [state axis], signed so that the plain
            sevens lie on the negative side; and what `slash` returns.
    """
    flat, labels = data.rows(tenth.train.images), tenth.train.labels
    states = [data.rows(images) for images in (tenth.plain, tenth.funky)]
    plane = pca.fit(flat, 2)
    known = plane.transform(flat)
    means = np.stack([known[labels == d].mean(0) for d in range(10)])
    codes = [plane.transform(x) for x in states]
    by_mean = [np.linalg.norm(z[:, None] - means, axis=-1).argmin(1) for z in codes]
    by_map = _by_map(flat[:mapped], labels[:mapped], states, key)
    index = knn.build(flat, k)
    read = [knn.vote(labels[knn.search(index, x, k)[0]]) for x in states]
    side = -np.sign(means[7])[:, None] * plane.components
    ink = [x @ (side.T > 0) / x.sum(1, keepdims=True) for x in states]
    return {
        "pca_near": np.stack([shares(x) for x in by_mean]),
        "tsne_near": np.stack([shares(x) for x in by_map]),
        "off": np.array([np.mean((a != 7) & (b != 7)) for a, b in zip(by_mean, by_map)]),
        "knn_right": np.array([np.mean(x == 7) for x in read]),
        "centre": np.array([np.linalg.norm(z, axis=1).mean() for z in codes]),
        "own": np.array([np.linalg.norm(z - means[7], axis=1).mean() for z in codes]),
        "positive": np.stack([x.mean(0) for x in ink]),
        **slash(tenth.plain, np.stack([flat[labels == d].mean(0) for d in range(10)])),
    }


def slash(sevens: Images, class_means: Float[np.ndarray, "10 d"]) -> dict[str, np.ndarray]:
    """Correlation of the sevens without their bar with the mean image of every class, in place and centred.

    Args:
        sevens: plain test sevens.
        class_means: mean images of the classes as rows of pixels.

    Returns:
        slash_r, centred_r [digit]: mean correlation of the slash in its place, and after its centre of mass is moved to
            the middle of the frame, as MNIST does with digits.
        slash_nearest, centred_nearest [digit]: share of the sevens whose slash correlates most with each class, among
            the classes other than the seven.
    """
    alone = np.where(bars(sevens), 0, sevens).astype(np.uint8)
    found = {}
    for name, images in (("slash", alone), ("centred", np.stack([centred(image) for image in alone]))):
        r = np.corrcoef(data.rows(images), class_means)[: len(images), len(images) :]
        found[f"{name}_r"] = r.mean(0)
        found[f"{name}_nearest"] = shares(np.where(np.arange(10) == 7, -1, r).argmax(1))
    return found


def shares(digits: Int[np.ndarray, " n"]) -> Float[np.ndarray, "10"]:
    """The share of each digit."""
    return np.bincount(digits, minlength=10) / len(digits)


def _by_map(points, labels, states, key) -> list[Int[np.ndarray, " n"]]:
    """The class of the nearest points in a t-SNE map, for every image, which is put into the map alone."""
    made = tsne.fit(points, named(key, "tsne"))
    index = knn.build(made.points, NEAREST)
    return [knn.vote(labels[knn.search(index, made.place(x), NEAREST)[0]]) for x in states]


def all_tenths(tenths: list[Tenth], k: int, mapped: int, key: Key[Array, ""]) -> dict[str, np.ndarray]:
    """`measure` of every tenth, stacked [tenth ...]."""
    found = [measure(tenth, k, mapped, jax.random.fold_in(key, i)) for i, tenth in enumerate(tenths)]
    return {name: np.stack([each[name] for each in found]) for name in found[0]}

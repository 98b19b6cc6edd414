"""Do filters of the CNN's second layer detect the seven's bar and its slash?

In every network two filters are chosen on one half of the sevens and scored on the other half: the filter with the
strongest preference for the bar over the slash, and the one with the opposite preference.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, UInt8
from scipy import stats

from research.studies.drawings.sevens import bars
from research.training.populations import Population

INK = 64  # least brightness of a pixel that belongs to a stroke
BATCH = 50


def measure(
    population: Population, params: Any, images: UInt8[np.ndarray, "n h w"]
) -> tuple[np.ndarray, np.ndarray]:
    """How well two filters of every network separate bar and slash, and their activations for the scored sevens.

    Args:
        population: gives the kind of network.
        params: of m networks, trained or not; every leaf has m as its leading axis.
        images: sevens; the first half chooses the filters.

    Returns:
        auc [m part]: the probability that the bar's filter is more active at a pixel of the bar than at one of the
            slash, and the reverse for the slash's filter; .5 is chance.
        shown [m part n/2 h w]: the activations of both filters for the second half, scaled to 0 … 255.
    """
    shape = jax.eval_shape(
        population.apply, jax.tree.map(lambda leaf: leaf[0], params), jnp.zeros(images.shape[1:])
    )
    margin = (images.shape[1] - shape[1]["conv2"].shape[0]) // 2
    inside = slice(margin, images.shape[1] - margin)
    stroke = (images >= INK)[:, inside, inside]
    bar = bars(images)[:, inside, inside]
    first = np.arange(len(images)) < len(images) // 2
    found = []
    for i in range(len(jax.tree.leaves(params)[0])):
        answers = _answers(population, jax.tree.map(lambda leaf, i=i: leaf[i], params), images)
        found.append(_two_filters(answers, stroke & bar, stroke & ~bar, first))
    auc, shown = zip(*found)
    return np.stack(auc), np.stack(shown)


def _answers(population: Population, network: Any, images: np.ndarray) -> Float[np.ndarray, "n y x filter"]:
    look = jax.jit(lambda network, image: population.apply(network, image / 255)[1]["conv2"])
    every = jax.jit(
        lambda network, images: jax.lax.map(lambda image: look(network, image), images, batch_size=BATCH)
    )
    return np.asarray(every(network, jnp.float32(images)))


def _two_filters(answers, bar, slash, first) -> tuple[np.ndarray, np.ndarray]:
    contrast = [_auc(answers[first, ..., f], bar[first], slash[first]) for f in range(answers.shape[-1])]
    chosen = int(np.argmax(contrast)), int(np.argmin(contrast))
    rest = answers[~first]
    auc = [
        _auc(rest[..., chosen[0]], bar[~first], slash[~first]),
        _auc(rest[..., chosen[1]], slash[~first], bar[~first]),
    ]
    maps = np.stack([rest[..., f] for f in chosen])
    scale = np.maximum(maps.max((1, 2, 3), keepdims=True), 1e-9)
    return np.array(auc), np.rint(255 * maps / scale).astype(np.uint8)


def _auc(answers, these, those) -> float:
    """Probability that an activation among `these` exceeds one among `those`; ties count half (Mann & Whitney)."""
    a, b = answers[these], answers[those]
    if not len(a) or not len(b):
        return 0.5
    ranks = stats.rankdata(np.concatenate([a, b]))[: len(a)]
    return float((ranks.sum() - len(a) * (len(a) + 1) / 2) / (len(a) * len(b)))

"""Correlations of maps with digits and with each other, computed when the study runs."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from research.attribution import comparison

MEASURES = {
    "pearson": comparison.pearson,
    "spearman": comparison.spearman,
    "ssim": lambda a, b: comparison.ssim(comparison.unit_scale(a), comparison.unit_scale(b)),
}


@jax.jit
def resemblance(maps: Float[Array, "... k h w"], contrast: Float[Array, "k h w"]) -> Float[Array, "... k k"]:
    """Correlation of each map with the contrast of every class: [..., map's class, compared class]."""
    flat = maps.reshape(-1, *maps.shape[-2:])
    pairs = jax.vmap(lambda a: jax.vmap(lambda b: comparison.pearson(a, b))(contrast))(flat)
    return pairs.reshape(*maps.shape[:-2], len(contrast))


def centred(maps: Float[np.ndarray, "... k h w"]) -> Float[np.ndarray, "... k h w"]:
    """Maps less their mean over the classes, because a part that all logits share does not change the softmax."""
    return maps - maps.mean(-3, keepdims=True)


@jax.jit
def agreements(maps: Float[Array, "s k h w"]) -> Float[Array, "measure s s"]:
    """Every one of the MEASURES between all pairs of s kinds of maps of one network, averaged over the classes."""
    of_class = jax.vmap(
        lambda stack: jnp.stack([comparison.pairwise(f, stack) for f in MEASURES.values()]), in_axes=1
    )
    return of_class(maps).mean(0)


def own(matrix: Float[np.ndarray, "... k k"]) -> Float[np.ndarray, "... k"]:
    """The diagonal: the value of each map with its own class."""
    return np.diagonal(matrix, axis1=-2, axis2=-1)

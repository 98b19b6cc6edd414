"""What is measured on the maps of the study "causal_maps": resemblance, agreement, null models, claims."""

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from research.attribution import comparison as agreement
from research.evidence import claims as c

DOCUMENT, SOURCE = "sigmoid200", "000_6109da2722b68c6a.txt"
MEASURES = {
    "pearson": agreement.pearson,
    "spearman": agreement.spearman,
    "ssim": lambda a, b: agreement.ssim(agreement.unit_scale(a), agreement.unit_scale(b)),
}


@jax.jit
def resemblance(maps: Float[Array, "... k h w"], contrast: Float[Array, "k h w"]) -> Float[Array, "... k k"]:
    """Correlation of each map with what sets every class apart: [.., map's class, compared class]."""
    flat = maps.reshape(-1, *maps.shape[-2:])
    pairs = jax.vmap(lambda a: jax.vmap(lambda b: agreement.pearson(a, b))(contrast))(flat)
    return pairs.reshape(*maps.shape[:-2], len(contrast))


def centred(maps: Float[np.ndarray, "... k h w"]) -> Float[np.ndarray, "... k h w"]:
    """Maps less their mean over the classes: what all logits share, no softmax can see."""
    return maps - maps.mean(-3, keepdims=True)


@jax.jit
def agreements(maps: Float[Array, "s k h w"]) -> Float[Array, "measure s s"]:
    """Each measure between each two of s kinds of maps of one network, averaged over the classes."""
    of_class = jax.vmap(
        lambda stack: jnp.stack([agreement.pairwise(f, stack) for f in MEASURES.values()]), in_axes=1
    )
    return of_class(maps).mean(0)


def own(matrix: np.ndarray) -> np.ndarray:
    """The diagonal: each map with its own class."""
    return np.diagonal(matrix, axis1=-2, axis2=-1)


def top1_match(matrix: np.ndarray) -> np.ndarray:
    """Share of a network's maps that resemble their own class most."""
    return (matrix.argmax(-1) == np.arange(matrix.shape[-1])).mean(-1)


def of(results: xr.Dataset, kind: str) -> xr.Dataset:
    """The networks of one kind."""
    return results.isel(network=np.flatnonzero(results.kind.values == kind))


def nulls(results: xr.Dataset, kind: str, training: str) -> xr.Dataset:
    """The null models of one kind: untrained ones, or those trained on shuffled labels."""
    chosen = (results.null_kind.values == kind) & (results.null_training.values == training)
    return results.isel(null=np.flatnonzero(chosen))


def resembles(results: xr.Dataset, kind: str, method: str) -> Float[np.ndarray, " m"]:
    """Each network's mean over its ten maps of the correlation with the own digit."""
    return own(of(results, kind).resemblance.sel(reading=method).values).mean(-1)


def null_resembles(results: xr.Dataset, kind: str, training: str, method: str) -> Float[np.ndarray, " m"]:
    return own(nulls(results, kind, training).null_resemblance.sel(known=method).values).mean(-1)


def z_maps(
    results: xr.Dataset, kind: str, training: str, method: str = "causal_index"
) -> Float[np.ndarray, "k h w"] | None:
    """The first network's maps in standard deviations of the null networks' maps, pixel by pixel.

    To a null network all classes are alike, so its ten maps count as ten.
    """
    null_model = nulls(results, kind, training)
    if not null_model.sizes["null"]:
        return None
    null_maps = null_model.null_map.sel(known=method).values
    null_maps = jnp.asarray(null_maps.reshape(-1, *null_maps.shape[-2:]))
    maps = of(results, kind)["map"].sel(reading=method).isel(network=0).values
    return np.asarray(jax.vmap(lambda a: agreement.z_map(a, null_maps))(jnp.asarray(maps)))


def of_mean(results: xr.Dataset, kind: str, method: str) -> Float[np.ndarray, " m"]:
    """Resemblance of the mean map of the first 1, 2, ... m networks."""
    maps = of(results, kind)["map"].sel(reading=method).values
    means = np.cumsum(maps, 0) / np.arange(1, len(maps) + 1)[:, None, None, None]
    return own(np.asarray(resemblance(jnp.asarray(means), jnp.asarray(results.contrast.values)))).mean(-1)


def above_null(results: xr.Dataset, kind: str, method: str) -> c.Interval | None:
    """How much more the maps resemble their digits than those of the null networks that come closest."""
    if kind not in results.kind.values or "null_kind" not in results.coords:
        return None
    mine = resembles(results, kind, method)
    others = [null_resembles(results, kind, t, method) for t in ("untrained", "shuffled")]
    gaps = [c.difference(mine, other) for other in others if len(other)]
    return min(gaps, key=lambda gap: gap.low) if gaps else None


def claims(results: xr.Dataset) -> list[c.Claim]:
    """What the document says, measured on its kind of network with its causal index."""
    have = DOCUMENT in results.kind.values
    mine = of(results, DOCUMENT)
    words = "similarity between these impact heat maps and original digit sample images"
    told = top1_match(mine.resemblance.sel(reading="causal_index").values) if have else None
    error = c.mean_share(1 - mine.accuracy.values) if have else None
    return [
        c.judge(
            "maps-like-digits", SOURCE,
            f"{words} [correlation with the class mean minus the mean, above that of the nearest null model]",
            0.0, above_null(results, DOCUMENT, "causal_index"),
            "networks of the smaller group; gain in correlation", "at least",
        ),
        c.judge(
            "maps-like-digits-own", SOURCE,
            f"{words} [share of the ten maps that resemble their own digit most; chance 0.1]",
            1.0, None if told is None else c.mean_share(told), "networks; share of ten maps", "value", 0.1,
        ),
        c.judge(
            "maps-network-error", SOURCE,
            "recognition error on the test data set is 1.92 % [of the networks read here]",
            0.0192, error, "networks; share of the test images misread", "at most",
        ),
    ]  # fmt: skip

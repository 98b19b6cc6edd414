"""How well two maps agree, and how faithful a map is to its network.

Four measures between maps (`cosine`, `pearson`, `spearman`, `ssim`) and two curves against the network
(`replacement_curves`: deletion and insertion). All take one map or one pair of maps; `pairwise` and `vmap` map them over
many.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Float32, Int, Num, Shaped

from research.callables import checks

Scalar = Float[Array, ""]


def cosine(a: Float[Array, "*pixels"], b: Float[Array, "*pixels"]) -> Scalar:
    """a·b / (|a| |b|): 1 for maps that are equal up to a positive factor. NaN if a map is zero everywhere."""
    return jnp.vdot(a, b) / (jnp.linalg.norm(a.ravel()) * jnp.linalg.norm(b.ravel()))


def pearson(a: Float[Array, "*pixels"], b: Float[Array, "*pixels"]) -> Scalar:
    """Correlation of two maps: `cosine` after subtracting each map's mean. NaN if a map is constant."""
    return cosine(a - a.mean(), b - b.mean())


def spearman(a: Float[Array, "*pixels"], b: Float[Array, "*pixels"]) -> Scalar:
    """Correlation of the pixels' ranks; pixels of equal value get the mean of their ranks."""
    return pearson(_ranks(a), _ranks(b))


def ssim(a: Float[Array, "h w"], b: Float[Array, "h w"], *, value_range: float = 2.0) -> Scalar:
    """Structural similarity: luminance, contrast and structure in an 11 x 11 Gaussian window, averaged.

        S = (2 μa μb + c1)(2 σab + c2) / ((μa² + μb² + c1)(σa² + σb² + c2)),  c1 = (.01 L)², c2 = (.03 L)²

    over the windows that lie inside the maps. It compares values, so scale the maps first (`unit_scale`).

    Args:
        a: one map.
        b: another one.
        value_range: L; the default fits signed maps in [-1, 1].

    Raises:
        ValueError: if a side is shorter than the window.

    Source:
        Wang et al. (2004).
    """
    if min(a.shape) < 2 * _RADIUS + 1:
        raise ValueError(f"Expected maps of at least {2 * _RADIUS + 1} pixels a side, got {a.shape}.")
    rows, columns = (jnp.asarray(_window_matrix(side), a.dtype) for side in a.shape)

    def local_mean(x):
        return rows @ x @ columns.T

    c1, c2 = (0.01 * value_range) ** 2, (0.03 * value_range) ** 2
    mean_a, mean_b = local_mean(a), local_mean(b)
    variance_a = local_mean(a * a) - mean_a**2
    variance_b = local_mean(b * b) - mean_b**2
    covariance = local_mean(a * b) - mean_a * mean_b
    similarity = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return (similarity / ((mean_a**2 + mean_b**2 + c1) * (variance_a + variance_b + c2))).mean()


def unit_scale(a: Float[Array, "*pixels"]) -> Float[Array, "*pixels"]:
    """The map divided by its largest absolute value, so in [-1, 1]; a map of zeros is returned unchanged."""
    largest = jnp.abs(a).max()
    return a / jnp.where(largest > 0, largest, 1)


def pairwise(
    measure: Callable[[Array, Array], Array], maps: Float[Array, "s *pixels"]
) -> Float[Array, "s s"]:
    """`measure` between each two of a stack of maps."""
    return jax.vmap(lambda a: jax.vmap(lambda b: measure(a, b))(maps))(maps)


def class_contrast(
    images: Num[np.ndarray, "n h w *c"], labels: Int[np.ndarray, " n"]
) -> Float32[np.ndarray, "k h w *c"]:
    """For each class the mean image of the class minus the mean of all images: the reference for maps of that class.

    Positive where the class has more ink than others, negative where it has less. Classes are 0 to k - 1. Images keep
    their units (bytes: 0..255), because correlations do not depend on the scale.
    """
    means = [images[labels == k].mean(0) for k in range(int(labels.max()) + 1)]
    return (np.stack(means) - images.mean(0)).astype(np.float32)


class Curves(NamedTuple):
    """The class's probability after 0, 1/steps, ..., all of the pixels have been replaced."""

    deletion: Float[Array, " points"]  # from the image to the baseline: a faithful map makes it fall early
    insertion: Float[Array, " points"]  # from the baseline to the image: a faithful map makes it rise early


def replacement_curves(
    predict: Callable[[Array], Any],
    image: Num[Array | np.ndarray, "h w *c"],
    digit: Shaped[ArrayLike, ""],
    ranking: Float[Array | np.ndarray, "h w *_c"],
    *,
    steps: int = 28,
    baseline: Num[Array | np.ndarray, "h w *c"] | None = None,
) -> Curves:
    """The class's probability while pixels are replaced, the highest in `ranking` first.

    The areas under the curves (`area`) are the usual scores: low for deletion and high for insertion if the map is faithful.

    Args:
        predict: one image [h w] or [h w c] -> logits [k], or (logits, activations).
        image: pixels in the range that the network expects, or bytes (uint8), which are divided by 255.
        digit: the class; where it is traced and the network does not have it, the curves are NaN.
        ranking: the map whose order of pixels is tested, [h w] or of the image's shape.
        steps: number of replacements; a curve has steps + 1 points.
        baseline: the image of replaced pixels. Default: all 0.

    Raises:
        ValueError: for a class that the network does not have, or a ranking or baseline of another shape.

    Source:
        Petsiuk et al. (2018).
    """
    image, ranking = jnp.asarray(checks.float_image(image)), jnp.asarray(ranking)
    blank = jnp.zeros_like(image) if baseline is None else checks.float_image(baseline, "baseline")
    if ranking.shape not in (image.shape, image.shape[:2]) or blank.shape != image.shape:
        raise ValueError(
            f"ranking and baseline must fit the image {list(image.shape)}, theirs are {list(ranking.shape)} and "
            f"{list(blank.shape)}"
        )
    place = jnp.argsort(jnp.argsort(-ranking.ravel())).reshape(ranking.shape)
    place = place if ranking.ndim == image.ndim else place[..., None]
    counts = jnp.asarray(np.round(np.linspace(0, ranking.size, steps + 1)).astype(int))

    def curve(before, after):
        def probability(count):
            logits, _ = checks.outputs(predict, jnp.where(place < count, after, before))
            found = jax.nn.softmax(logits)[checks.class_index(digit, logits.size)]
            return checks.nan_if_unknown(found, digit, logits.size)

        return jax.vmap(probability)(counts)

    return Curves(deletion=curve(image, blank), insertion=curve(blank, image))


def area(curve: Float[Array, "*many points"]) -> Float[Array, "*many"]:
    """The area under a curve over [0, 1] at evenly spaced points, by the trapezoidal rule."""
    return (curve[..., :-1] + curve[..., 1:]).mean(-1) / 2


_RADIUS, _SIGMA = 5, 1.5  # of the Gaussian window, in pixels


def _window_matrix(side):
    """[side - 10, side]: each row holds the Gaussian weights of one window of eleven pixels."""
    offsets = np.arange(-_RADIUS, _RADIUS + 1)
    weights = np.exp(-(offsets**2) / (2 * _SIGMA**2))
    centres = np.arange(_RADIUS, side - _RADIUS)
    matrix = np.zeros((len(centres), side))
    matrix[np.arange(len(centres))[:, None], centres[:, None] + offsets] = weights / weights.sum()
    return matrix


def _ranks(a):
    """Ranks from 1; ties get their mean rank, (number below + number below or equal + 1) / 2."""
    ordered = jnp.sort(a.ravel())
    below, up_to = (jnp.searchsorted(ordered, a.ravel(), side=side) for side in ("left", "right"))
    return (below + up_to + 1) / 2

"""How far two maps agree, how far a map is faithful to its network, and how sure either is.

Four measures between maps (`cosine`, `pearson`, `spearman`, `ssim`), two curves against the network
(`replacement_curves`: deletion and insertion), and two yardsticks: null models (`z_map`) and the spread over a
population of networks (`bootstrap_band`). All for one map or pair of maps; `pairwise` and `vmap` make them many.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Float32, Int, Key, Num

Scalar = Float[Array, ""]


def cosine(a: Float[Array, "*pixels"], b: Float[Array, "*pixels"]) -> Scalar:
    """a·b / (|a| |b|): agreement of direction, with sign and weight; 1 for maps equal up to a positive scale.

    NaN if a map is zero everywhere.
    """
    return jnp.vdot(a, b) / (jnp.linalg.norm(a.ravel()) * jnp.linalg.norm(b.ravel()))


def pearson(a: Float[Array, "*pixels"], b: Float[Array, "*pixels"]) -> Scalar:
    """The correlation of two maps: `cosine` after each has lost its mean. NaN if a map is constant."""
    return cosine(a - a.mean(), b - b.mean())


def spearman(a: Float[Array, "*pixels"], b: Float[Array, "*pixels"]) -> Scalar:
    """Correlation of the pixels' ranks; pixels of equal value share the mean of their ranks."""
    return pearson(_ranks(a), _ranks(b))


def ssim(
    a: Float[Array, "h w"], b: Float[Array, "h w"], *, value_range: float = 2.0, sigma: float = 1.5
) -> Scalar:
    """Structural similarity: luminance, contrast and structure in an 11 x 11 Gaussian window, averaged.

        S = (2 μa μb + c1)(2 σab + c2) / ((μa² + μb² + c1)(σa² + σb² + c2)),  c1 = (.01 L)², c2 = (.03 L)²

    over the windows that lie inside the maps. It compares values, so scale the maps first (`unit_scale`, for
    which the range L = 2 of signed maps is the default).

    Source: Wang et al. (2004).
    Raises: ValueError if a side is shorter than the window.
    """
    if min(a.shape) < 2 * _RADIUS + 1:
        raise ValueError(f"Expected maps of at least {2 * _RADIUS + 1} pixels a side, got {a.shape}.")
    rows, columns = (jnp.asarray(_window_matrix(side, sigma), a.dtype) for side in a.shape)

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
    """The map divided by its largest absolute value: inside [-1, 1], and zero stays zero."""
    largest = jnp.abs(a).max()
    return a / jnp.where(largest > 0, largest, 1)


def pairwise(
    measure: Callable[[Array, Array], Array], maps: Float[Array, "s *pixels"]
) -> Float[Array, "s s"]:
    """`measure` between each two of a stack of maps."""
    return jax.vmap(lambda a: jax.vmap(lambda b: measure(a, b))(maps))(maps)


def class_contrast(
    images: Num[np.ndarray, "n h w"], labels: Int[np.ndarray, " n"]
) -> Float32[np.ndarray, "k h w"]:
    """What a map of class k is compared with: the mean image of the class minus the mean of all images.

    Positive where the class has more ink than others, negative where it has less; the classes are 0 to k - 1.
    Bytes count as 0..255: the correlations do not see the scale.
    """
    means = [images[labels == k].mean(0) for k in range(int(labels.max()) + 1)]
    return (np.stack(means) - images.mean(0)).astype(np.float32)


class Curves(NamedTuple):
    """The class's probability after 0, 1/steps, ..., all of the pixels have been replaced."""

    deletion: Float[Array, " points"]  # from the image to the baseline: a faithful map makes it fall early
    insertion: Float[Array, " points"]  # from the baseline to the image: a faithful map makes it rise early


def replacement_curves(
    predict: Callable[[Array], Array],
    image: Float[Array, "h w"],
    digit: Int[ArrayLike, ""],
    ranking: Float[Array, "h w"],
    *,
    steps: int = 28,
    baseline: Float[Array, "h w"] | None = None,
) -> Curves:
    """The class's probability while pixels are replaced, the highest in `ranking` first.

    The baseline is blank unless given. The curves' means (`area`) are the usual scores: low for deletion and
    high for insertion if the map is faithful.

    Source: Petsiuk et al. (2018).
    """
    blank = jnp.zeros_like(image) if baseline is None else baseline
    place = jnp.argsort(jnp.argsort(-ranking.ravel())).reshape(ranking.shape)
    counts = jnp.asarray(np.round(np.linspace(0, ranking.size, steps + 1)).astype(int))

    def curve(before, after):
        def probability(count):
            return jax.nn.softmax(predict(jnp.where(place < count, after, before)))[digit]

        return jax.vmap(probability)(counts)

    return Curves(deletion=curve(image, blank), insertion=curve(blank, image))


def area(curve: Float[Array, "*many points"]) -> Float[Array, "*many"]:
    """The area under a curve over [0, 1] at evenly spaced points, by the trapezoidal rule."""
    return (curve[..., :-1] + curve[..., 1:]).mean(-1) / 2


def z_map(a: Float[Array, "*pixels"], null_maps: Float[Array, "m *pixels"]) -> Float[Array, "*pixels"]:
    """(map - mean) / standard deviation over the maps of null models, pixel by pixel.

    Null models are networks that cannot know the classes: untrained ones, or ones trained on shuffled labels.
    |z| > 2 says that a pixel means more than chance would give it, if the null maps are about normal; of 784
    pixels some 36 pass by chance. Where all null maps agree, z is 0 or infinite.

    Raises: ValueError if there are fewer than two null maps.
    """
    m = null_maps.shape[0]
    if m < 2:
        raise ValueError(f"Expected at least two null maps to know their spread, got {m}.")
    excess = a - null_maps.mean(0)
    return jnp.where(excess == 0, 0.0, excess / null_maps.std(0, ddof=1))


class Band(NamedTuple):
    """An estimate and the percentile interval around it, each of the statistic's shape."""

    estimate: Float[Array, "*shape"]
    low: Float[Array, "*shape"]
    high: Float[Array, "*shape"]


def bootstrap_band(
    samples: Float[Array, "m *shape"],
    key: Key[Array, ""],
    *,
    statistic: Callable[[Array], Array] = lambda x: x.mean(0),
    resamples: int = 1000,
    level: float = 0.95,
) -> Band:
    """Percentile bootstrap of a statistic over a population: draw m of the m networks again and again.

    Args:
      samples: one map, number or matrix a network, networks first.
      statistic: [m *] -> any shape; the mean over networks unless given.

    Source: Efron & Tibshirani (1993), chapter 13.
    Raises: ValueError for fewer than two networks or a level outside (0, 1).
    """
    m = samples.shape[0]
    if m < 2 or not 0 < level < 1:
        raise ValueError(f"Expected at least two networks and a level in (0, 1), got {m} and {level}.")
    draws = jax.random.randint(key, (resamples, m), 0, m)
    resampled = jax.lax.map(lambda draw: statistic(samples[draw]), draws, batch_size=min(resamples, 50))
    tail = (1 - level) / 2
    low, high = jnp.quantile(resampled, jnp.array([tail, 1 - tail]), axis=0)
    return Band(statistic(samples), low, high)


_RADIUS = 5


def _window_matrix(side, sigma):
    """[side - 10, side]: each row weights the eleven neighbours of one place."""
    offsets = np.arange(-_RADIUS, _RADIUS + 1)
    weights = np.exp(-(offsets**2) / (2 * sigma**2))
    centres = np.arange(_RADIUS, side - _RADIUS)
    matrix = np.zeros((len(centres), side))
    matrix[np.arange(len(centres))[:, None], centres[:, None] + offsets] = weights / weights.sum()
    return matrix


def _ranks(a):
    """1 for the smallest; ties share their mean rank: (how many below + how many below or equal + 1) / 2."""
    ordered = jnp.sort(a.ravel())
    below, up_to = (jnp.searchsorted(ordered, a.ravel(), side=side) for side in ("left", "right"))
    return (below + up_to + 1) / 2

"""t-SNE: an embedding in the plane that keeps neighbours together.

Gradient descent moves the points y_i to minimise

    KL(P|Q) = Σ_ij p_ij log(p_ij / q_ij),    q_ij = K_ij / Z,    K_ij = 1 / (1 + |y_i - y_j|²),    Z = Σ_{k≠l} K_kl

    ∂KL/∂y_i = 4 [Σ_j p_ij K_ij (y_i - y_j) - (1/Z) Σ_j K_ij² (y_i - y_j)]     attraction - repulsion

P comes from `tsne_affinities` and the repulsion from `tsne_repulsion`; `tsne_place` puts new points into a finished map.
The schedule is openTSNE's: start from two principal components with a standard deviation of 1e-4; 250 iterations with P
exaggerated 12 times at a learning rate of n/12, then 500 without exaggeration at n (rates for the gradient without its
factor 4); momentum 0.8, one gain per coordinate, steps of length 5 at most.

On a CPU the same data, settings and key give the same bits. On a GPU the order of additions to the grid varies, so maps
of two runs differ in detail.

A chunk of iterations ends early if the map outgrows its grid; the next one starts with a larger grid. There are few grid
sizes, because each is compiled separately.

Sources: van der Maaten & Hinton (2008); Belkina et al. (2019) for the rates; Kobak & Berens (2019) for the start;
Linderman et al. (2019) for the grid; Poličar et al. (2019), openTSNE.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse
from jax import lax
from jaxtyping import Array, Float, Key

from research.embedding import knn, pca, tsne_affinities, tsne_place, tsne_repulsion
from research.embedding.tsne_affinities import Edges
from research.embedding.tsne_repulsion import Grid
from research.runtime import devices, multihost
from research.runtime.progress import bar

EXACT_BELOW = 1_000  # points; for more of them the grid is faster than all pairs
CHUNK = 25  # iterations between two calls of `progress`
Number = Any  # a number, or its tracer inside a jitted function


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Settings:
    """Settings of the descent; the defaults are openTSNE's."""

    perplexity: Number = 30.0  # effective number of neighbours
    early_iterations: Number = 250
    early_exaggeration: Number = 12.0
    iterations: Number = 500  # after the early ones, without exaggeration
    momentum: Number = 0.8
    longest_step: Number = 5.0
    start: Number = 1e-4  # standard deviation of the first coordinate of the start


@dataclass(frozen=True)
class Embedding:
    """A finished map, which can be rebuilt from its saved fields."""

    data: Float[np.ndarray, "n d"]  # the original points
    points: Float[np.ndarray, "n 2"]  # their places in the map
    kl: float  # KL(P|Q) reached
    settings: Settings

    @functools.cached_property
    def field(self) -> "tsne_place.Field":
        """The map's potential and the data's search index for `place`; computed at first use."""
        return tsne_place.field(self.data, self.points)

    def place(self, new_points: Float[Array, "m d"] | np.ndarray) -> Float[np.ndarray, "m 2"]:
        """Places of new points in this map, which stays unchanged; see `tsne_place.place`."""
        return tsne_place.place(self.field, new_points)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class State:
    """State of the descent."""

    points: Float[Array, "2 n"]  # y
    update: Float[Array, "2 n"]  # the last step
    gain: Float[Array, "2 n"]  # of each coordinate
    grid: Grid | None  # None: repulsion is summed over all pairs


@tsne_repulsion.in_float32
def fit(
    x: Float[Array, "n d"] | np.ndarray,
    key: Key[Array, ""],
    *,
    perplexity: float = 30.0,
    start: Float[Array, "n 2"] | np.ndarray | None = None,
    progress: Callable[[int, float], bool | None] | None = None,
    **others,
) -> Embedding:
    """Map n points of d values to the plane.

    Args:
        x: the points; for images their first 50 principal components.
        key: of the jitter of 1 % that is added to the start, so that equal points separate.
        perplexity: effective number of neighbours.
        start: replaces the two principal components and is scaled like them.
        progress: called as progress(iteration, kl) every 25 iterations; the descent stops if it returns true.
        **others: the other fields of `Settings`.

    Raises:
        ValueError: for an unknown setting; if x is not [n d], is not finite, its squares overflow, all points are equal, or n is too small for the perplexity (every
            point needs 3·perplexity neighbours).
        multihost.Preempted: if told to end; it is looked for every 25 iterations.
    """
    unknown = sorted(set(others) - {field.name for field in fields(Settings)})
    if unknown:
        raise ValueError(
            f"unknown setting {unknown[0]!r}; known: {', '.join(f.name for f in fields(Settings))}"
        )
    settings = Settings(perplexity, **others)
    with np.errstate(over="ignore"):  # infinity is refused
        x = np.asarray(x, np.float32)
    _check(x, perplexity)
    state = init(_start(x, start), key, settings)
    p = affinities(x, perplexity)
    graph = tsne_affinities.edges(p)
    exact = len(x) < EXACT_BELOW

    constant = _negative_entropy(p)
    advance = _compiled()

    def kl(points, z) -> float:
        return constant + float(_stretch(graph, points)) + np.log(float(z))

    done = 0
    early, total = settings.early_iterations, settings.early_iterations + settings.iterations
    phases = ((early, settings.early_exaggeration), (total, 1.0))
    with bar("t-SNE") as report:
        for end, exaggeration in phases:
            rate = len(x) / exaggeration
            while done < end:
                multihost.stop_if_told()
                until = min(done + CHUNK, end)
                while done < until:
                    state = state if exact else _regrid(state)
                    state, steps, before = advance(state, graph, exaggeration, rate, until - done, settings)
                    done += int(steps)
                report(min(1.0, done / total))
                if progress is not None and progress(done, kl(*before)):
                    done = total
    points = np.asarray(state.points.T)
    _, _, here = advance(state if exact else _regrid(state), graph, 1.0, 0.0, 1, settings)
    return Embedding(x, points, kl(*here), settings)


def affinities(x: Float[Array, "n d"] | np.ndarray, perplexity: float = 30.0) -> scipy.sparse.csr_array:
    """P, a sparse n x n matrix whose entries sum to 1.

    Raises:
        ValueError: as `fit`.
    """
    x = np.asarray(x, np.float32)
    _check(x, perplexity)
    indices, distances = knn.neighbours(x, int(3 * perplexity))
    return tsne_affinities.symmetrise(indices, tsne_affinities.calibrate(distances, perplexity))


@tsne_repulsion.in_float32
def kl_divergence(p: scipy.sparse.csr_array, points: Float[Array, "n 2"] | np.ndarray) -> float:
    """KL(P|Q) of any embedding, with Z summed over all pairs; P is from `affinities`."""
    points = jnp.asarray(points, jnp.float32).T
    stretch = _stretch(tsne_affinities.edges(p), points)
    return _negative_entropy(p) + float(stretch) + np.log(float(_exactly(points)[1]))


def init(start: Float[Array, "n 2"] | np.ndarray, key: Key[Array, ""], settings: Settings) -> State:
    """The state before the first iteration: the start scaled down, with jitter that separates equal points."""
    start = start - start.mean(0)
    scaled = settings.start * start / np.asarray(start).std(0).max()
    points = jnp.asarray(scaled, jnp.float32).T
    points = points + 0.01 * settings.start * jax.random.normal(key, points.shape)
    return State(points, jnp.zeros_like(points), jnp.ones_like(points), None)


def step(
    state: State, graph: Edges, exaggeration, rate, settings: Settings
) -> tuple[State, Float[Array, ""]]:
    """One iteration: the new state, and Z before it."""
    y, grid = state.points, state.grid
    force, z = tsne_repulsion.exactly(y) if grid is None else tsne_repulsion.by_grid(grid, y)
    gradient = exaggeration * tsne_affinities.attraction(graph, state.points) - force / z
    turned = jnp.sign(gradient) != jnp.sign(state.update)
    gain = jnp.where(turned, state.gain + 0.2, state.gain * 0.8 + 0.01)
    update = settings.momentum * state.update - rate * gain * gradient
    length = jnp.sqrt((update**2).sum(0, keepdims=True))
    update = update * jnp.minimum(1, settings.longest_step / jnp.maximum(length, 1e-30))
    points = state.points + update
    return State(points - points.mean(1, keepdims=True), update, gain, state.grid), z


def _advance(state, graph, exaggeration, rate, most, settings):
    """Iterate while the grid covers the map, at least once and at most `most` times.

    Returns the new state, the number of iterations, and the points and Z before the last one.
    """

    def unfinished(carry):
        state, done, _, _ = carry
        covered = True if state.grid is None else tsne_repulsion.covers(state.grid, state.points)
        return (done < most) & (covered | (done == 0))

    def iterate(carry):
        state, done, _, _ = carry
        after, z = step(state, graph, exaggeration, rate, settings)
        return after, done + 1, z, state.points

    begin = (state, jnp.int32(0), jnp.float32(0), state.points)
    state, done, z, points = lax.while_loop(unfinished, iterate, begin)
    return state, done, (points, z)


@functools.cache
def _compiled():
    """`_advance`, jitted at its first use, because the compiler options depend on flags that a command sets."""
    options = tsne_repulsion.ONE_THREAD | devices.fusion_emitters()
    return jax.jit(_advance, donate_argnames="state", compiler_options=options)


def _regrid(state):
    """The state with a grid for the map's current extent."""
    extent = float((state.points.max(1) - state.points.min(1)).max())
    grid = _lay(state.points, tsne_repulsion.size_for(extent))
    return State(state.points, state.update, state.gain, grid)


_lay = tsne_repulsion.jit(tsne_repulsion.lay, static_argnames="size")
_stretch = jax.jit(tsne_affinities.stretch)
_exactly = jax.jit(tsne_repulsion.exactly)


def _check(x, perplexity):
    if x.ndim != 2:
        raise ValueError(f"x must be [n d], got shape {x.shape}; flatten images first")
    tsne_place.check_range(x, "x")
    neighbours = int(3 * perplexity)
    if perplexity < 1 or neighbours >= len(x):
        raise ValueError(
            f"perplexity {perplexity:g} must be at least 1 and needs more than {neighbours} points "
            f"(3·perplexity neighbours each), got {len(x)}; the highest possible here is {(len(x) - 1) // 3}"
        )


def _start(x, start):
    if start is None:
        codes = pca.fit(x, min(2, *x.shape)).transform(x)
        return np.pad(codes, ((0, 0), (0, 2 - codes.shape[1])))
    start = np.asarray(start, np.float32)
    if start.shape != (len(x), 2) or not np.isfinite(start).all() or not start.std(0).any():
        raise ValueError(f"start must be finite and vary, of shape ({len(x)}, 2); got {start.shape}")
    return start


def _negative_entropy(p):
    return float((p.data * np.log(p.data, where=p.data > 0, out=np.zeros_like(p.data))).sum(dtype=np.float64))

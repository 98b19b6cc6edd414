"""Places of new points in a finished t-SNE map, in milliseconds.

The map does not change, and new points do not influence each other. A new point starts at the median place of its 15
nearest neighbours and descends on

    e Σ_j p_j log(1 + |y - y_j|²) + log φ(y)          p at perplexity 5 over those neighbours, e = 1.5

with the potential φ of the map on a grid (see `tsne_repulsion`): 250 iterations at a rate of 0.1 with momentum 0.8 and
gains; the gradient is clipped to length 0.25, the position to 1.25 times the map. Rule and settings are those of openTSNE's
`transform` (Poličar et al., 2019), which sums over the whole map at every iteration. Results agree with its Barnes-Hut
variant. Its FFT variant (1.0.4) resets the gains of all points inside the map at every iteration, which gives another
place for one point in five.
"""

import functools
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from research.embedding import knn, tsne_affinities, tsne_repulsion
from research.embedding.tsne_repulsion import Grid

PERPLEXITY = 5.0
NEIGHBOURS = 15
ITERATIONS = 250
EXAGGERATION = 1.5
RATE = 0.1
MOMENTUM = 0.8
STEEPEST = 0.25
ROOM = 1.25  # of the map's half width


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Field:
    """The data of a map for placing new points."""

    index: knn.Index  # search index of the data
    points: Float[Array, "2 n"]  # places of the data
    grid: Grid
    potential: Float[Array, "g g"]  # of all points, on the grid
    centre: Float[Array, "2"]
    radius: Float[Array, ""]  # new points stay within it around the centre


@tsne_repulsion.in_float32
def field(data: Float[np.ndarray, "n d"], points: Float[np.ndarray, "places 2"]) -> Field:
    """The field of a map.

    Args:
        data: the original points.
        points: their places in the map.

    Raises:
        ValueError: if their lengths differ.
    """
    if len(data) != len(points):
        raise ValueError(f"one place a point of the data: expected {len(data)}, got {len(points)}")
    y = jnp.asarray(points).T
    low, high = y.min(1), y.max(1)
    centre, radius = (low + high) / 2, ROOM * (high - low).max() / 2
    corners = jnp.stack([centre - radius, centre + radius], axis=1)
    size = tsne_repulsion.size_for(float(2 * radius))
    grid, potential = _potential(y, corners, size)
    return Field(knn.build(data, NEIGHBOURS), y, grid, potential, centre, radius)


def check_range(x: Float[np.ndarray, "n d"], name: str) -> None:
    """Raises: ValueError if squared distances of the points would overflow float32."""
    largest = float(np.abs(x).max(initial=0))
    most = float(np.sqrt(np.finfo(np.float32).max / (4 * max(1, x.shape[1]))))
    if most < largest < np.inf:
        raise ValueError(
            f"{name} must lie within ±{most:.1g}, or squared distances overflow; column {np.abs(x).max(0).argmax()} "
            f"reaches {largest:.1g}: divide by a number, or standardise the columns"
        )


@tsne_repulsion.in_float32
def place(field: Field, new_points: Float[Array, "m d"] | np.ndarray) -> Float[np.ndarray, "m 2"]:
    """Places of new points in the map.

    Args:
        field: the map, see `field`.
        new_points: [m d] with the map's d; a single point takes a faster path.

    Raises:
        ValueError: if the points are not [m d] with the map's d, not finite, or so large that their squares overflow.
    """
    if np.ndim(new_points) == 2:
        check_range(np.asarray(new_points, np.float32), "new_points")
    n = field.points.shape[1]
    if len(new_points) == 1:
        spot, sure = jax.device_get(_alone(field, knn.queries(field.index, new_points), k=min(NEIGHBOURS, n)))
        if sure.all():
            return spot.T
    indices, distances = knn.search(field.index, new_points, min(NEIGHBOURS, n))
    return np.asarray(settle(field, indices, distances)).T


@functools.partial(tsne_repulsion.jit, static_argnames="size")
def _potential(points, corners, size):
    grid = tsne_repulsion.lay(corners, size)
    return grid, tsne_repulsion.potential(grid, points)


@functools.partial(jax.jit, static_argnames="k")
def _alone(
    field: Field, new_point: Float[Array, "1 d"], *, k: int
) -> tuple[Float[Array, "2 1"], Bool[Array, "1"]]:
    """Search and descent in one program, for interactive use; and whether the neighbours are certified."""
    no_exclusion = jnp.full(1, -1)
    n, d = field.index.points.shape
    first = knn.candidates(k, n, d, field.index.basis.shape[1])
    indices, distances, sure = knn.nearest(field.index, new_point, no_exclusion, k=k, candidates=first)
    return settle(field, indices, distances), sure


@jax.jit
def settle(field: Field, indices: Int[Array, "m k"], distances: Float[Array, "m k"]) -> Float[Array, "2 m"]:
    """Places of new points, by descent from their neighbours' median, given their k neighbours in the map."""
    near = field.points[:, indices]  # [2 m 15]
    start = jnp.median(near, axis=2)
    p = tsne_affinities.calibrate(distances, PERPLEXITY)
    floor = field.points.shape[1] * field.grid.floor

    def step(_, state):
        y, update, gain = state
        d = y[:, :, None] - near
        pull = (p[None] / (1 + (d**2).sum(0, keepdims=True)) * d).sum(2)
        value, derivative = tsne_repulsion.read(field.grid, field.potential, y)
        gradient = EXAGGERATION * pull + derivative / (2 * (value + floor)[None])
        gradient = gradient * jnp.minimum(1, STEEPEST / _length(gradient))
        turned = jnp.sign(gradient) != jnp.sign(update)
        gain = jnp.where(turned, gain + 0.2, gain * 0.8 + 0.01)
        update = MOMENTUM * update - RATE * gain * gradient
        away = y + update - field.centre[:, None]
        away = away * jnp.minimum(1, field.radius / _length(away))
        return field.centre[:, None] + away, update, gain

    y, _, _ = lax.fori_loop(0, ITERATIONS, step, (start, jnp.zeros_like(start), jnp.ones_like(start)))
    return y


def _length(vectors):
    return jnp.sqrt((vectors**2).sum(0, keepdims=True)) + 1e-6

"""Repulsion of t-SNE between all pairs of points: exact, or from a potential on a grid.

With K(r) = 1/(1 + r²), ∇K(d) = -2 K² d. So the repulsion of a point is the gradient of a potential,

    φ(y) = Σ_j K(y - y_j),    Σ_j K_ij² (y_i - y_j) = -½ ∇φ(y_i),    Z = Σ_i φ(y_i) - K(0)

On a grid of spacing h, φ is a convolution, computed with one real FFT each way: points are spread onto the nodes with
cubic B-splines and multiplied in frequency space by the kernel's spectrum (divided by the squared spectrum of the splines,
so that the kernel is interpolated at the nodes); φ and ∇φ are read with the same splines. The contribution of a point to
itself depends only on its position in its cell; it is tabulated and subtracted. The relative error of the force is about
1.2 % at h = 0.45, the widest spacing in use, which gives maps as good as openTSNE's.

K is replaced by K - K(R), with R the extent of the grid. The constant exerts no force, but without subtracting it the
differences of 1/(1 + r²) are lost in float32 while the map is tiny.

Sources: Linderman et al. (2019) for interpolation and FFT; Hockney & Eastwood (1988) for splines on grids.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float

ORDER = 4  # nodes that a point touches along an axis: cubic splines
SPACING = 0.45
SIZES = (160, 432, 720, 1024)  # nodes along an axis; few, because each is compiled separately
MARGIN = 1.05  # width of a new grid relative to the map, so that the map can grow
PLACES = 64  # positions along a cell's side for which a point's contribution to itself is tabulated
BLOCK = 256  # rows of pairs at a time

# A multi-threaded FFT on a CPU does not give the same bits twice (jaxlib 0.10.2: the assignment of rows to threads decides
# which of them are vectorised together). A single-threaded one does, and is as fast.
ONE_THREAD = {"xla_cpu_multi_thread_eigen": False}
jit = functools.partial(jax.jit, compiler_options=ONE_THREAD)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Grid:
    """G x G nodes around a map."""

    origin: Float[Array, "2"]  # position of node (0, 0)
    spacing: Float[Array, ""]  # h
    # of the kernel between nodes, on a torus of 2G without wrap-around [2G G+1]
    spectrum: Float[Array, "double half"]
    own: Float[Array, "3 places"]  # a point's own φ, ∂φ/∂x, ∂φ/∂y at 64 x 64 positions in its cell [3 4096]
    floor: Float[Array, ""]  # K(R), which was subtracted from the kernel

    @property
    def size(self) -> int:
        """Nodes along an axis."""
        return self.spectrum.shape[0] // 2


def in_float32(function: Callable) -> Callable:
    """The function computed in float32, its tables included, even where JAX_ENABLE_X64 is set."""

    @functools.wraps(function)
    def computed(*args, **kwargs):
        with jax.enable_x64(False):
            return function(*args, **kwargs)

    return computed


def size_for(extent: float) -> int:
    """Nodes along an axis for a map of this extent; the largest grid if none is fine enough."""
    needed = MARGIN * extent / SPACING + ORDER + 1
    return next((size for size in SIZES if size >= needed), SIZES[-1])


def lay(points: Float[Array, "2 n"], size: int) -> Grid:
    """A grid of size x size nodes that covers the points with a margin."""
    low, high = points.min(1), points.max(1)
    width = jnp.maximum(MARGIN * (high - low).max(), 1e-6)
    spacing = width / (size - ORDER - 1)
    radius = spacing * size

    steps = np.minimum(np.arange(2 * size), 2 * size - np.arange(2 * size))
    squared = (spacing * steps) ** 2
    squared = squared[:, None] + squared[None, :]
    kernel = (radius**2 - squared) / ((1 + radius**2) * (1 + squared))
    spline = (4 + 2 * np.cos(np.pi * np.arange(2 * size) / size)) / 6  # spectrum of (1, 4, 1) / 6
    spectrum = jnp.fft.rfft2(kernel).real / (spline[:, None] * spline[None, : size + 1]) ** 2
    near = jnp.fft.irfft2(spectrum, s=(2 * size, 2 * size))[:ORDER, :ORDER]
    origin = (low + high) / 2 - spacing * (size - 1) / 2
    return Grid(origin, spacing, spectrum, _own(near, spacing), 1 / (1 + radius**2))


def covers(grid: Grid, points: Float[Array, "2 n"]) -> Bool[Array, ""]:
    """Whether the grid has all nodes that the points' splines touch."""
    place = (points - grid.origin[:, None]) / grid.spacing
    return (place.min() >= 1) & (place.max() < grid.size - 2)


def potential(grid: Grid, points: Float[Array, "2 n"]) -> Float[Array, "g g"]:
    """The potential of all points as spline coefficients at the nodes."""
    size = grid.size
    node, cell = _place(grid, points)
    (across, down), _ = zip(*map(_cubic, cell))

    def add(k, density):
        a, b = k // ORDER, k % ORDER
        return density.at[node + (a * size + b)].add(across[a] * down[b], mode="promise_in_bounds")

    density = lax.fori_loop(0, ORDER**2, add, jnp.zeros(size * size)).reshape(size, size)
    wave = jnp.fft.fft(jnp.fft.rfft(density, 2 * size, axis=1), 2 * size, axis=0)
    back = jnp.fft.ifft(wave * grid.spectrum, axis=0)[:size]
    return jnp.fft.irfft(back, axis=1)[:, :size]


def read(
    grid: Grid, potential: Float[Array, "g g"], points: Float[Array, "2 m"]
) -> tuple[Float[Array, " m"], Float[Array, "2 m"]]:
    """φ - n·floor and ∇φ at any points inside the grid."""
    flat = potential.reshape(-1)
    node, cell = _place(grid, points)
    (across, down), (d_across, d_down) = zip(*map(_cubic, cell))

    def add(a, total):
        line, d_line = jnp.zeros_like(total[0]), jnp.zeros_like(total[0])
        for b in range(ORDER):
            coefficient = flat.at[node + (a * grid.size + b)].get(mode="promise_in_bounds")
            line, d_line = line + down[b] * coefficient, d_line + d_down[b] * coefficient
        value, slope_x, slope_y = total
        return value + across[a] * line, slope_x + d_across[a] * line, slope_y + across[a] * d_line

    value, *slope = lax.fori_loop(0, ORDER, add, (jnp.zeros_like(points[0]),) * 3)
    return value, jnp.stack(slope) / grid.spacing


def by_grid(grid: Grid, points: Float[Array, "2 n"]) -> tuple[Float[Array, "2 n"], Float[Array, ""]]:
    """Σ_j K_ij² (y_i - y_j) of every point, and Z = Σ_{i≠j} K_ij, from the grid."""
    n = points.shape[1]
    value, slope = read(grid, potential(grid, points), points)
    _, cell = _place(grid, points)
    row, column = (cell * PLACES).astype(jnp.int32)
    own_value, *own_slope = grid.own.at[:, row * PLACES + column].get(mode="clip")
    return -(slope - jnp.stack(own_slope)) / 2, (value - own_value).sum() + n * (n - 1.0) * grid.floor


def exactly(points: Float[Array, "2 n"]) -> tuple[Float[Array, "2 n"], Float[Array, ""]]:
    """The same as `by_grid`, summed over all n² pairs, a block of rows at a time."""

    def one(point):
        d = point[:, None] - points
        k = 1 / (1 + (d**2).sum(0))
        return d @ k**2, k.sum() - 1

    force, z = lax.map(one, points.T, batch_size=BLOCK)
    return force.T, z.sum()


def _place(grid, points):
    """Index of the first node that each point touches, row by row [n], and its position in its cell, 0..1 [2 n]."""
    place = (points - grid.origin[:, None]) / grid.spacing
    cell = jnp.clip(jnp.floor(place), 1, grid.size - 3)
    first = cell.astype(jnp.int32) - 1
    return first[0] * grid.size + first[1], place - cell


def _cubic(f):
    """Values and derivatives of the four cubic B-splines at a position f in a cell [4 n]."""
    g = 1 - f
    weights = g**3 / 6, (f**2 * (3 * f - 6) + 4) / 6, (g**2 * (3 * g - 6) + 4) / 6, f**3 / 6
    slopes = -(g**2) / 2, f * (3 * f - 4) / 2, -g * (3 * g - 4) / 2, f**2 / 2
    return jnp.stack(weights), jnp.stack(slopes)


def _own(near, spacing):
    """A point's own potential wᵀCw and its derivatives at all positions in a cell; C is the kernel between its nodes."""
    weights, slopes = _cubic((jnp.arange(PLACES) + 0.5) / PLACES)
    lag = np.abs(np.arange(ORDER)[:, None] - np.arange(ORDER)[None, :])
    kernel = near[lag[:, None, :, None], lag[None, :, None, :]]  # from node (a, b) to node (c, d)
    felt = functools.partial(jnp.einsum, "ap,bq,abcd,cp,dq->pq", optimize="optimal")
    value = felt(weights, weights, kernel, weights, weights)
    slope_x = felt(slopes, weights, kernel, weights, weights) / spacing
    slope_y = felt(weights, slopes, kernel, weights, weights) / spacing
    return jnp.stack([value, slope_x, slope_y]).reshape(3, -1)

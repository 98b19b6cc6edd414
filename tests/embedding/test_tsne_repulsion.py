import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.embedding import tsne_repulsion

lay = jax.jit(tsne_repulsion.lay, static_argnames="size")
by_grid = jax.jit(tsne_repulsion.by_grid)


def cloud(scale, n=900):
    rng = np.random.default_rng(0)
    shape = np.array([[1.0], [0.6]]) * rng.normal(size=(2, n)) + [[3.0], [-2.0]]
    return jnp.asarray(scale * shape, jnp.float32)


def by_hand(points):
    """In float64, pair by pair."""
    y = np.asarray(points, np.float64)
    d = y[:, :, None] - y[:, None, :]
    k = 1 / (1 + (d**2).sum(0))
    np.fill_diagonal(k, 0)
    return (k**2 * d).sum(2), k.sum()


def laid(points):
    extent = float((points.max(1) - points.min(1)).max())
    return lay(points, tsne_repulsion.size_for(extent))


def test_exact_is_the_sum_over_pairs():
    points = cloud(3.0, 300)
    force, z = tsne_repulsion.exactly(points)
    expected, expected_z = by_hand(points)
    np.testing.assert_allclose(force, expected, rtol=1e-4, atol=1e-4 * abs(expected).max())
    assert float(z) == pytest.approx(expected_z, rel=1e-5)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 8.0])
def test_grid_is_within_one_percent_at_any_size_of_the_map(scale):
    points = cloud(scale)
    grid = laid(points)
    force, z = by_grid(grid, points)
    expected, expected_z = by_hand(points)
    assert np.linalg.norm(force - expected) < 0.01 * np.linalg.norm(expected)
    assert float(z) == pytest.approx(expected_z, rel=1e-4)
    assert float(grid.spacing) <= tsne_repulsion.SPACING


def test_grid_is_within_two_percent_at_its_widest_spacing():
    points = cloud(8.0)
    extent = float(jnp.ptp(points, axis=1).max())
    grid = lay(
        points, int(tsne_repulsion.MARGIN * extent / tsne_repulsion.SPACING) + tsne_repulsion.ORDER + 1
    )
    assert float(grid.spacing) == pytest.approx(tsne_repulsion.SPACING, rel=0.01)
    force, z = by_grid(grid, points)
    expected, expected_z = by_hand(points)
    assert np.linalg.norm(force - expected) < 0.02 * np.linalg.norm(expected)
    assert float(z) == pytest.approx(expected_z, rel=1e-4)


def test_error_falls_with_the_fourth_power_of_the_spacing():
    points = cloud(8.0)
    expected, _ = by_hand(points)
    extent = float(jnp.ptp(points, axis=1).max())
    errors = []
    for size in (int(extent / 0.4), int(extent / 0.2)):
        force, _ = by_grid(lay(points, size), points)
        errors.append(np.linalg.norm(force - expected))
    assert errors[0] > 8 * errors[1]


def test_a_point_alone_feels_nothing():
    for place in ([0.0, 0.0], [0.13, 0.41]):
        points = jnp.asarray([place, [30.0, 20.0]]).T
        grid = laid(points)
        force, z = by_grid(grid, points)
        expected, expected_z = by_hand(points)
        np.testing.assert_allclose(force, expected, atol=1e-2)
        assert float(z) == pytest.approx(expected_z, abs=0.02)


def test_slope_is_the_derivative_of_the_value():
    points, spots = cloud(8.0), cloud(6.0)
    grid = laid(points)
    potential = jax.jit(tsne_repulsion.potential)(grid, points)
    slope_of_sum = jax.jit(jax.grad(lambda y: tsne_repulsion.read(grid, potential, y)[0].sum()))
    _, slope = jax.jit(tsne_repulsion.read)(grid, potential, spots)
    np.testing.assert_allclose(slope, slope_of_sum(spots), rtol=1e-3, atol=1e-3 * float(abs(slope).max()))


def test_covers_knows_who_is_outside():
    points = cloud(5.0)
    grid = laid(points)
    assert tsne_repulsion.covers(grid, points)
    assert not tsne_repulsion.covers(grid, 1.3 * points)
    assert not tsne_repulsion.covers(grid, points.at[0, 0].add(60.0))


def test_size_grows_with_the_map_up_to_the_largest():
    sizes = [tsne_repulsion.size_for(extent) for extent in (1e-3, 30.0, 100.0, 1e6)]
    assert sizes == sorted(sizes)
    assert sizes[0] == tsne_repulsion.SIZES[0]
    assert sizes[-1] == tsne_repulsion.SIZES[-1]


@pytest.mark.cpu
def test_the_same_bits_however_the_threads_run():
    points = cloud(8.0, 5000)
    grid = lay(points, 360)
    push = tsne_repulsion.jit(tsne_repulsion.by_grid)  # by jax.jit, about one in ten differs
    first, _ = push(grid, points)
    assert all(np.array_equal(push(grid, points)[0], first) for _ in range(40))

"""Comparison of two maps of the same digits: places and shapes of the classes, and how different the maps are."""

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import KDTree, procrustes

NEIGHBOURS = 10


def centroid_distances(
    points: Float[np.ndarray, "n d"], labels: Int[np.ndarray, " n"]
) -> Float[np.ndarray, "10 10"]:
    """Euclidean distances between the means of the ten classes."""
    centres = np.stack([np.asarray(points)[labels == d].mean(0) for d in range(10)])
    return np.linalg.norm(centres[:, None] - centres[None], axis=-1)


def elongation(points: Float[np.ndarray, "n 2"], labels: Int[np.ndarray, " n"]) -> float:
    """Ratio of a class's standard deviations along its longest and its shortest axis; median of the ten classes.

    1 for round classes, 10 for rays that are ten times as long as wide.
    """
    spreads = [
        np.linalg.svd(x - x.mean(0), compute_uv=False) for x in (points[labels == d] for d in range(10))
    ]
    return float(np.median([longest / shortest for longest, shortest in spreads]))


def disparity(a: Float[np.ndarray, "n d"], b: Float[np.ndarray, "n d"]) -> float:
    """Procrustes disparity: the share of map a's variance that remains after the best shift, rotation, reflection and
    scaling of map b. 0 if the maps differ by these only, 1 if they have nothing in common.

    Source: Gower (1975), Generalized Procrustes analysis; `scipy.spatial.procrustes`.
    """
    return float(procrustes(a.astype(np.float64), b.astype(np.float64))[2])


def shared_neighbours(a: Float[np.ndarray, "n d"], b: Float[np.ndarray, "n d"]) -> float:
    """Mean overlap of the sets of 10 nearest neighbours of each point in two maps, in [0, 1].

    A map that separates the classes but shuffles the points within them has about 10 / (size of a class).
    """
    near_a, near_b = (KDTree(x).query(x, NEIGHBOURS + 1)[1][:, 1:] for x in (a, b))
    return float(np.mean([len(np.intersect1d(x, y)) for x, y in zip(near_a, near_b)]) / NEIGHBOURS)

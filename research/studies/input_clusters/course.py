"""The course of one run of the study "input_clusters": panels, paths, animation."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from research.plotting import charts, motion
from research.plotting.style import ACCENT, CLASSES, DOUBLE, FAINT, INK, MUTED

CAMERA = {"elev": 18, "azim": -60}


def scatter(ax, points, labels, *, size: float = 2.0) -> None:
    """Draws points in the colours of their classes, in the plane or in space."""
    ax.scatter(*points.T[:3], c=np.array(CLASSES)[labels], s=size, linewidth=0, **_in_space(ax))


def _in_space(ax):
    return {"depthshade": False} if ax.name == "3d" else {}


def bare(ax, half: float | np.floating) -> None:
    """Sets the window to ±half, without ticks; in space with a fixed camera."""
    ax.set(xlim=(-half, half), ylim=(-half, half), xticks=[], yticks=[])
    if ax.name == "3d":
        ax.set(zlim=(-half, half), zticks=[])
        ax.view_init(**CAMERA)
        return
    ax.set_aspect("equal")
    for spine in ax.spines.values():
        spine.set(visible=True, color=FAINT)


def course(results: xr.Dataset, group: str):
    """Points [frame point feature] of the first run of a group, their labels, the frames."""
    if group not in results.kept_group.values:
        return None
    one = results.isel(kept=int(np.flatnonzero(results.kept_group == group)[0]))
    points = one.points.dropna("feature", how="all").dropna("frame", how="all")
    return points.values, one.labels.values.astype(int), points.frame.values


def _panels(results: xr.Dataset, d: int, wanted, columns: int, width: float) -> Figure | None:
    found = course(results, f"found {d}-D")
    if found is None:
        return None
    points, labels, frames = found
    shown = [epoch for epoch in wanted if epoch in frames]
    shape, space = (0.9, {"projection": "3d"}) if d == 3 else (1.13, {})
    figure, axes = charts.panels(len(shown), columns, width, shape, subplot_kw=space)
    half = 1.03 * np.abs(points[[list(frames).index(epoch) for epoch in shown]]).max()
    for ax, epoch in zip(axes.flat, shown):
        scatter(ax, points[list(frames).index(epoch)], labels)
        bare(ax, half)
        ax.set_title("start" if epoch == 0 else f"{epoch:,}")
    return figure


def course_2d(results: xr.Dataset, width: float = DOUBLE) -> Figure | None:
    """The document's figures 1 to 14: one run at its epochs."""
    return _panels(results, 2, range(0, 7001, 500), 5, width)


def course_3d(results: xr.Dataset, width: float = DOUBLE) -> Figure | None:
    """The document's figures 15 to 18 and later epochs, with a fixed camera."""
    return _panels(results, 3, (0, 1000, 2000, 3000, 5000, 7000), 3, width)


def paths(results: xr.Dataset, width: float = DOUBLE) -> Figure | None:
    """The path of every point of one run."""
    found = course(results, "found 2-D")
    if found is None:
        return None
    points, labels, _ = found
    figure, axes = plt.subplots(1, 3, figsize=(width, 0.39 * width), sharex=True, sharey=True)
    for k, ax in enumerate(axes):
        mine = points[:, labels == k]
        ax.plot(*mine.transpose(2, 0, 1), color=CLASSES[k], linewidth=0.35, alpha=0.45)
        ax.plot(*mine[0].T, "o", color=MUTED, markersize=1.2, mec="none")
        ax.plot(*mine[-1].T, "o", color=CLASSES[k], markersize=2.2, mec="none")
        bare(ax, 1.03 * np.abs(points).max())
        ax.set_title(f"class {k}, n = {mine.shape[1]}", color=CLASSES[k])
    return figure


def moving(results: xr.Dataset):
    """Frames of one run of the document's experiment: points, and below them loss and silhouette so far."""
    found = course(results, "found 2-D")
    if found is None:
        return None
    points, labels, frames = found
    first = int(np.flatnonzero(results.group == "found 2-D")[0])
    half = 1.03 * np.abs(points).max()
    figure = plt.figure(figsize=(3.6, 4.7), dpi=100)
    above, below = figure.subplots(2, 1, height_ratios=(3.6, 1))
    other = below.twinx()
    loss, apart = (results[name].isel(run=first).dropna("epoch") for name in ("loss", "silhouette"))
    pictures = []
    for frame, epoch in enumerate(frames):
        for ax in (above, below, other):
            ax.clear()
        scatter(above, points[frame], labels, size=6)
        bare(above, half)
        above.set_title(f"epoch {epoch}")
        below.plot(loss.epoch[loss.epoch <= epoch], loss[loss.epoch <= epoch], color=INK)
        other.plot(apart.epoch[apart.epoch <= epoch], apart[apart.epoch <= epoch], color=ACCENT)
        below.set(xlim=(0, frames[-1]), ylim=(0, float(loss.max()) * 1.05), xlabel="epoch")
        below.set_ylabel("loss")
        other.set(ylim=(-0.1, 1))
        other.yaxis.set_label_position("right")
        other.yaxis.tick_right()
        other.set_ylabel("silhouette", color=ACCENT)
        pictures.append(motion.frame(figure))
    plt.close(figure)
    return pictures, 10

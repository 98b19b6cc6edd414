"""Export of a figure for other papers: several formats, and the data that it shows as a table."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from research.plotting.files import PRINT_DPI
from research.plotting.style import lay_out

FORMATS = ("pdf", "svg", "png", "csv")
METADATA: dict[str, dict[str, Any]] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}
HEAD = ("panel", "title", "series", "kind", "colour", "x", "y", "value")


def save(figure: Any, path: Path, formats: Sequence[str]) -> None:
    """Writes path.FORMAT for each of `formats`, some of FORMATS; the same figure gives the same bytes."""
    import matplotlib.pyplot as plt

    lay_out(figure)
    for ending in formats:
        file = path.with_name(f"{path.name}.{ending}")
        if ending == "csv":
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows([HEAD, *rows(figure)])
            file.write_text(text.getvalue())
        else:
            figure.savefig(file, dpi=PRINT_DPI, metadata=METADATA[ending])
    plt.close(figure)


def rows(figure: Any) -> Iterator[tuple]:
    """Rows under HEAD of all that is drawn in data coordinates: points of lines and scatters, bars, steps, pixels."""
    for panel, ax in enumerate(figure.axes):
        title = " ".join((ax.get_title(loc="left") or ax.get_title()).split())
        for number, (kind, colour, x, y, value) in enumerate(_artists(ax)):
            for at in zip(x, y, value):
                if np.isfinite(at[:2]).all() and (kind != "image" or np.isfinite(at[2])):
                    yield (
                        panel,
                        title,
                        number,
                        kind,
                        colour,
                        *(f"{each:.6g}" if np.isfinite(each) else "" for each in at),
                    )


def _artists(ax: Any) -> Iterator[tuple[str, str, np.ndarray, np.ndarray, np.ndarray]]:
    from matplotlib.collections import PathCollection
    from matplotlib.colors import to_hex
    from matplotlib.container import BarContainer
    from matplotlib.patches import StepPatch

    def without(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x, y = np.asarray(x, float), np.asarray(y, float)
        return x, y, np.full(len(x), np.nan)

    for line in ax.get_lines():
        if line.get_transform() == ax.transData:  # not a line across the panel
            yield "line", to_hex(line.get_color()), *without(*line.get_data())
    for points in (c for c in ax.collections if isinstance(c, PathCollection)):
        yield "points", "", *without(*np.asarray(points.get_offsets(), float).reshape(-1, 2).T)
    for bars in (c for c in ax.containers if isinstance(c, BarContainer)):
        for bar in bars:
            ends = [bar.get_x() + bar.get_width()], [bar.get_y() + bar.get_height()]
            middle = [bar.get_x() + bar.get_width() / 2], [bar.get_y() + bar.get_height() / 2]
            at = (middle[0], ends[1]) if bars.orientation == "vertical" else (ends[0], middle[1])
            yield "bar", to_hex(bar.get_facecolor()), *without(*at)
    for steps in (patch for patch in ax.patches if isinstance(patch, StepPatch)):
        values, edges, _ = steps.get_data()
        yield "steps", to_hex(steps.get_edgecolor()), *without(edges[:-1], values)
    for image in ax.get_images():
        values = np.ma.filled(np.ma.asarray(image.get_array(), float), np.nan)
        if values.ndim == 2:
            y, x = np.indices(values.shape)
            yield "image", "", x.ravel().astype(float), y.ravel().astype(float), values.ravel()

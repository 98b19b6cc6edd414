"""TensorBoard's event files beside metrics.jsonl, where tensorboardX is installed (`tensorboard --logdir=DIR`)."""

import functools
import importlib
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FLUSH = 10  # seconds between two writes to disk


def write(folder: Path, step: int, values: Mapping[str, Any]) -> None:
    """Adds the numbers of one line of metrics.jsonl as scalars.

    Args:
        folder: of the event file.
        step: number of the line.
        values: of the line. A number's tag is its name and the line's texts, such as accuracy/cnn.
    """
    if importlib.util.find_spec("tensorboardX") is None:
        return
    words = [value for value in values.values() if isinstance(value, str)]
    for name, value in values.items():
        if isinstance(value, int | float):
            _writer(folder).add_scalar("/".join([name, *words]), value, step)


@functools.cache
def _writer(folder: Path) -> Any:
    return importlib.import_module("tensorboardX").SummaryWriter(str(folder), flush_secs=FLUSH)

"""What a network file may cost: counted from shapes, before anything is allocated or computed.

A file of a few bytes can stand for terabytes: a constant of 10^12 elements, a tensor that is expanded again and again, an
archive of zeros. Each tensor is charged to one budget of memory, and there are limits on nodes and time.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from research.importing.network import NetworkFileError

MOST_NODES = 5_000
MOST_SECONDS = 120.0  # for the constants of a graph
_SMALL = 64  # elements of an input that an operator may need to know, such as a shape


class Budget:
    """The memory that the tensors of one file may take together, in GB, and the time for its constants."""

    def __init__(self, gigabytes: float, source: str):
        self.limit, self.source, self.spent, self.began = gigabytes, source, 0, time.monotonic()

    def check_file(self, size: int) -> None:
        """Raises: NetworkFileError for files of more bytes than the limit."""
        Budget(self.limit, self.source).take("the file", (size,), 1)

    def take(self, name: str, shape: Sequence[int], itemsize: int = 4) -> None:
        """Charge a tensor. Raises: NetworkFileError if all of them together exceed the limit."""
        self.spent += math.prod(map(int, shape)) * itemsize
        if self.spent > self.limit * 1e9:
            raise NetworkFileError(
                f"Expected a network of at most {self.limit:g} GB, but {self.source} needs {self.spent / 1e9:,.3g} GB "
                f"with {name} of shape {list(map(int, shape))}; set max_memory higher if this is right."
            )

    def take_result(self, name: str, value: Any) -> None:
        """Charge what an operator gave."""
        if hasattr(value, "shape"):
            self.take(name, value.shape, value.dtype.itemsize)

    def check_nodes(self, count: int) -> None:
        """Raises: NetworkFileError for a graph of too many nodes."""
        if count > MOST_NODES:
            raise NetworkFileError(
                f"Expected a graph of at most {MOST_NODES:,} nodes, {self.source} has {count:,}; simplify it (onnxsim)."
            )

    def check_time(self, name: str) -> None:
        """Raises: NetworkFileError if the constants have taken too long."""
        if time.monotonic() - self.began > MOST_SECONDS:
            raise NetworkFileError(
                f"Expected constants that are computed within {MOST_SECONDS:g} s, {self.source} takes longer and is at "
                f"{name}; simplify the graph (onnxsim)."
            )


def result_shapes(function: Any, operator: str, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> list:
    """Shapes and types of what an operator gives for these constants, without computing it."""
    if operator in _SIZES:
        x = inputs[0]
        dtype = (
            getattr(attributes.get("value"), "dtype", np.dtype(np.float32))
            if operator == "ConstantOfShape"
            else x.dtype
        )
        return [jax.ShapeDtypeStruct(_SIZES[operator](*inputs, **attributes), dtype)]
    large = [i for i, x in enumerate(inputs) if x is not None and np.size(x) > _SMALL]
    if not large:
        return []

    def of_large(*given):
        whole = list(inputs)
        for i, x in zip(large, given):
            whole[i] = x
        return function(*whole, **attributes)

    return jax.tree.leaves(jax.eval_shape(of_large, *(inputs[i] for i in large)))


def _sizes(values):
    return [int(size) for size in np.asarray(values)]


def _expanded(x, shape):
    return np.broadcast_shapes((1,) * max(0, len(shape) - np.ndim(x)) + np.shape(x), tuple(_sizes(shape)))


def _padded(x, pads, value=None, axes=None, **_):
    pads = _sizes(pads)
    if axes is not None:  # at most
        return tuple(size + max(0, sum(pads)) for size in np.shape(x))
    return tuple(
        size + before + after for size, before, after in zip(np.shape(x), pads, pads[len(pads) // 2 :])
    )


_SIZES: dict[str, Callable[..., tuple[int, ...]]] = {
    "ConstantOfShape": lambda shape, **_: tuple(_sizes(shape)),
    "Expand": _expanded,
    "Pad": _padded,
    "Tile": lambda x, repeats: tuple(n * m for n, m in zip(np.shape(x), _sizes(repeats))),
}

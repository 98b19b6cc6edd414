"""Which input of a graph is the image, and in which shape the graph takes it."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float

from research.importing.network import NetworkFileError, Settings


class Layout(NamedTuple):
    """How a graph takes one image: its input's shape, the axis of equal channels, and how many equal images."""

    shape: tuple[int, ...]
    channel_axis: int | None = None
    batch: int = 1

    def feed(self, image: Float[Array, "h w"]) -> Float[Array, "..."]:
        """The image as the graph's input."""
        if self.channel_axis is not None:
            image = jnp.stack([image] * self.shape[self.channel_axis], self.channel_axis - 1)
        one = image.reshape((1, *self.shape[1:]) if self.batch > 1 else self.shape)
        return jnp.broadcast_to(one, self.shape)


def layouts(dims: Sequence[int | None] | None, settings: Settings) -> list[Layout]:
    """The layouts that fit an input of these lengths (None: any; all None: nothing is known), likeliest first."""
    h, w = settings.seen_shape
    c = settings.channels
    if c > 1:
        known = [Layout((1, c, h, w), 1), Layout((1, h, w, c), 3)]
    else:
        shapes = ((h * w,), (1, h, w), (h, w), (h, w, 1), (h * w, 1), (1, h * w))
        known = [Layout((1, *shape)) for shape in shapes] + [Layout((h, w)), Layout((h * w,))]
    if dims is None:
        return known
    fitting = []
    for layout in known:
        if len(layout.shape) != len(dims):
            continue
        batched = layout.shape[0] == 1
        fits = all(d is None or d == size for d, size in zip(dims[batched:], layout.shape[batched:]))
        count = (dims[0] or 1) if batched else 1
        if fits and count >= 1:
            fitting.append(
                layout._replace(shape=(count, *layout.shape[1:]), batch=count) if batched else layout
            )
    return fitting


def refusal(name: str, dims: Sequence[int | None], settings: Settings, source: str) -> NetworkFileError:
    """What to say where no layout fits, with the settings that would make the image fit."""
    h, w = settings.seen_shape
    came = [dim if dim is not None else "any" for dim in dims]
    return NetworkFileError(
        f"Expected an input of {h} x {w} pixels, as [{h * w}], [{h}, {w}], [1, {h}, {w}] or [{h}, {w}, 1] after a "
        f"batch axis; {source} takes {name} {came}: {_remedy(dims, settings)}."
    )


def _remedy(dims, settings):
    """The settings with which an image would fit, or to export the network again."""
    sizes = [d for d in dims[1:] if d not in (None, 1)] or [d for d in dims if d not in (None, 1)]
    changes = []
    channels = settings.channels
    if len(sizes) == 3 and 3 in (sizes[0], sizes[2]):
        changes += ["channels to 3"] if channels != 3 else []
        sizes = sizes[1:] if sizes[0] == 3 else sizes[:2]
    if len(sizes) == 1 and math.isqrt(sizes[0]) ** 2 == sizes[0]:
        sizes = [math.isqrt(sizes[0])] * 2
    if len(sizes) != 2:
        return "export it for images"
    if tuple(sizes) != settings.seen_shape:
        before = [side + 2 * settings.pad for side in settings.image_shape]
        more = {(side - now) / 2 for side, now in zip(sizes, before)}
        padding = settings.pad + more.pop() if len(more) == 1 else -1
        by_pad = f"pad to {padding:.0f} or " if padding > 0 and padding == int(padding) else ""
        changes.append(f"{by_pad}resize to {sizes[0]},{sizes[1]}")
    return f"set {' and '.join(changes)}" if changes else "export it for images"

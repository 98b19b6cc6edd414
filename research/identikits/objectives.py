"""Objectives to maximise: scores of a class or a neuron, and penalties on the image.

Each objective is a small hashable value that maps an image and the network's outputs for it (`View`) to a number.
Objectives combine by `+`, `-` and scalar `*` into a flat weighted sum; weights multiply out:

    LogProbability() - 0.5 * (TotalVariation() + 0.1 * Ink())

`digit=None` means the run's own class. Penalties are means over the pixels, so that a weight means the same at every
image size.

Sources: 003_baed48e6daa2b749.txt (probability); Simonyan et al. 2013 (logit, L2); Mahendran & Vedaldi 2015
(total variation); Olah et al. 2017 (neuron, channel, direction).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from research.callables.checks import float_image


class View(NamedTuple):
    """One image and the network's outputs for it."""

    image: Float[Array, "h w *c"]  # pixels in [0, 1]
    logits: Float[Array, " k"]  # one per class
    activations: dict[str, Array]  # every intermediate by name; empty if `predict` returns only logits
    digit: Int[Array, ""]  # the run's class


class Objective:
    """A number to maximise; subclasses measure one thing each."""

    def __call__(self, view: View) -> Float[Array, ""]:
        raise NotImplementedError

    def terms(self) -> tuple[tuple[float, Objective], ...]:
        return ((1.0, self),)

    def __add__(self, other: Objective) -> Objective:
        return Sum(self.terms() + other.terms()) if isinstance(other, Objective) else NotImplemented

    def __mul__(self, weight: float | Objective) -> Objective:
        if isinstance(weight, Objective):
            return NotImplemented  # only weighted sums are supported
        return Sum(tuple((float(weight) * w, term) for w, term in self.terms()))

    __rmul__ = __mul__

    def __neg__(self) -> Objective:
        return -1.0 * self

    def __sub__(self, other: Objective) -> Objective:
        return self + -other if isinstance(other, Objective) else NotImplemented


@dataclass(frozen=True)
class Sum(Objective):
    """Σ wᵢ·termᵢ, already multiplied out."""

    parts: tuple[tuple[float, Objective], ...]

    def __call__(self, view: View) -> Float[Array, ""]:
        return jnp.stack([weight * term(view) for weight, term in self.parts]).sum()

    def terms(self) -> tuple[tuple[float, Objective], ...]:
        return self.parts

    def __repr__(self) -> str:
        return " + ".join(f"{weight:g}*{term!r}" for weight, term in self.parts)


# Scores of a class.


@dataclass(frozen=True)
class Probability(Objective):
    """p_d = softmax(logits)_d, the document's measure."""

    digit: int | None = None

    def __call__(self, view: View) -> Float[Array, ""]:
        return jax.nn.softmax(view.logits)[_class(view, self.digit)]


@dataclass(frozen=True)
class LogProbability(Objective):
    """log p_d: ranks images as p_d does, but keeps a useful gradient where p_d is tiny."""

    digit: int | None = None

    def __call__(self, view: View) -> Float[Array, ""]:
        return jax.nn.log_softmax(view.logits)[_class(view, self.digit)]


@dataclass(frozen=True)
class Logit(Objective):
    """logits_d, regardless of the other classes."""

    digit: int | None = None

    def __call__(self, view: View) -> Float[Array, ""]:
        return view.logits[_class(view, self.digit)]


@dataclass(frozen=True)
class Margin(Objective):
    """logits_d − max over the other classes."""

    digit: int | None = None

    def __call__(self, view: View) -> Float[Array, ""]:
        digit = _class(view, self.digit)
        others = jnp.where(jnp.arange(view.logits.size) == digit, -jnp.inf, view.logits)
        return view.logits[digit] - others.max()


# Scores in activation space.


@dataclass(frozen=True)
class Neuron(Objective):
    """One entry of one layer's activations."""

    layer: str
    index: int | tuple[int, ...]

    def __call__(self, view: View) -> Float[Array, ""]:
        layer = _layer(view, self.layer)
        index = (self.index,) if isinstance(self.index, int) else self.index
        if len(index) != layer.ndim or any(not 0 <= i < n for i, n in zip(index, layer.shape)):
            raise ValueError(f"neuron {index} is not in layer {self.layer!r} of shape {layer.shape}")
        return layer[index]


@dataclass(frozen=True)
class Channel(Objective):
    """Mean over all positions of one channel (last axis) of a layer."""

    layer: str
    channel: int

    def __call__(self, view: View) -> Float[Array, ""]:
        layer = _layer(view, self.layer)
        if not 0 <= self.channel < layer.shape[-1]:
            raise ValueError(f"no channel {self.channel} in layer {self.layer!r} of shape {layer.shape}")
        return layer[..., self.channel].mean()


@dataclass(frozen=True)
class Direction(Objective):
    """⟨activations, v⟩ for a vector v over the channels (last axis), mean over all positions."""

    layer: str
    vector: Any = field(repr=False)

    def __post_init__(self):
        object.__setattr__(self, "vector", _hashable(self.vector))

    def __call__(self, view: View) -> Float[Array, ""]:
        layer = _layer(view, self.layer)
        vector = jnp.asarray(self.vector, jnp.float32)
        if vector.shape != layer.shape[-1:]:
            raise ValueError(f"direction of {vector.size} for layer {self.layer!r} of shape {layer.shape}")
        return (layer @ vector).mean()


# Penalties on the image, to be subtracted.


@dataclass(frozen=True)
class L2(Objective):
    """Mean over the pixels of (x − a)², the squared distance to an anchor image a (floats or bytes; None: blank)."""

    anchor: Any = field(default=None, repr=False)

    def __post_init__(self):
        if self.anchor is not None:
            object.__setattr__(self, "anchor", _hashable(float_image(self.anchor, "the anchor")))

    def __call__(self, view: View) -> Float[Array, ""]:
        if self.anchor is None:
            return jnp.mean(view.image**2)
        anchor = jnp.asarray(self.anchor, jnp.float32)
        if anchor.shape != view.image.shape:
            raise ValueError(f"the anchor's shape {anchor.shape} must be the image's, {view.image.shape}")
        return jnp.mean((view.image - anchor) ** 2)


@dataclass(frozen=True)
class TotalVariation(Objective):
    """Σ (|x_{i+1,j} − x_{ij}| + |x_{i,j+1} − x_{ij}|) / pixels."""

    def __call__(self, view: View) -> Float[Array, ""]:
        down, right = jnp.diff(view.image, axis=0), jnp.diff(view.image, axis=1)
        return (jnp.abs(down).sum() + jnp.abs(right).sum()) / view.image.size


@dataclass(frozen=True)
class Roughness(Objective):
    """Mean of (x_ij − mean of its 8 neighbours)² (5 or 3 at the border): the smoothness term of the hill climb."""

    def __call__(self, view: View) -> Float[Array, ""]:
        neighbours = _around(view.image) / _around(jnp.ones_like(view.image))
        return jnp.mean((view.image - neighbours) ** 2)


@dataclass(frozen=True)
class Ink(Objective):
    """Mean pixel value."""

    def __call__(self, view: View) -> Float[Array, ""]:
        return view.image.mean()


OBJECTIVES: dict[str, type[Objective]] = {
    "probability": Probability,
    "log_probability": LogProbability,
    "logit": Logit,
    "margin": Margin,
    "neuron": Neuron,
    "channel": Channel,
    "direction": Direction,
    "l2": L2,
    "total_variation": TotalVariation,
    "roughness": Roughness,
    "ink": Ink,
}


def _class(view: View, digit: int | None) -> int | Int[Array, ""]:
    if digit is not None and not 0 <= digit < view.logits.size:
        raise ValueError(f"the network has {view.logits.size} classes, no class {digit}")
    return view.digit if digit is None else digit


def _layer(view: View, name: str) -> Array:
    if name not in view.activations:
        known = ", ".join(view.activations) or "none; let predict return (logits, activations)"
        raise ValueError(f"unknown layer {name!r}; known: {known}")
    return view.activations[name]


def _around(image: Float[Array, "h w *c"]) -> Float[Array, "h w *c"]:
    """Sum of the up to eight neighbours of each pixel."""
    h, w = image.shape[:2]
    padded = jnp.pad(image, ((1, 1), (1, 1), *((0, 0) for _ in image.shape[2:])))
    return sum(padded[i : i + h, j : j + w] for i in range(3) for j in range(3)) - image


def _hashable(array: Any) -> Any:
    """An array as nested tuples, so that two objectives with the same numbers are the same value."""
    values = np.asarray(array, np.float32).tolist()
    return _tuples(values)


def _tuples(values: Any) -> Any:
    return tuple(map(_tuples, values)) if isinstance(values, list) else values

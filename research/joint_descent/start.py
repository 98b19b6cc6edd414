"""Start of a descent: points, labels and weights from each run's key, and the check of its rates."""

import functools
import itertools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from research.joint_descent.settings import INITS, Setting
from research.runtime.rng import named

Params = tuple[tuple[Array, Array], ...]  # per layer: weights [out in] and biases [out]


def layer_sizes(setting: Setting) -> tuple[tuple[int, int], ...]:
    """(inputs, outputs) of every layer."""
    return tuple(itertools.pairwise((setting.features, *setting.widths, setting.classes)))


def draw(
    setting: Setting, keys: Key[Array, " m"]
) -> tuple[Float[Array, "m n d"], Int[Array, "m n"], Float[Array, "m p"]]:
    """Each run's points, labels, and uniform numbers in [0, 1) for its weights, from keys derived by name."""
    n, d, k = setting.points, setting.features, setting.classes
    counts = {
        "points": n * d,
        "labels": n,
        "init": sum((fan_in + 1) * fan_out for fan_in, fan_out in layer_sizes(setting)),
    }
    # One draw of the greatest length serves all three: compiling a draw takes most of a second on a CPU.
    own = jnp.stack([jax.vmap(functools.partial(named, name=name))(keys) for name in counts])
    uniform = jax.vmap(jax.vmap(lambda key: jax.random.uniform(key, (max(counts.values()),))))(own)
    points, labels, weights = (row[:, :count] for row, count in zip(uniform, counts.values()))
    points = setting.half_width * (2 * points.reshape(-1, n, d) - 1)
    return points, jnp.minimum(jnp.int32(labels * k), k - 1), weights


def init_params(uniform: Float[Array, " p"], sizes: Sequence[tuple[int, int]], init: str) -> Params:
    """Weights and biases of layers of the given (inputs, outputs) from uniform numbers in [0, 1)."""
    layers, used = [], 0
    for fan_in, fan_out in sizes:
        end = used + (fan_in + 1) * fan_out
        layer = INITS[init](fan_in, fan_out) * (2 * uniform[used:end].reshape(fan_out, fan_in + 1) - 1)
        bias = layer[:, -1] if init == "pytorch" else jnp.zeros(fan_out)
        layers.append((layer[:, :-1], bias))
        used = end
    return tuple(layers)


def per_run(name: str, value: Any, m: int, positive: bool = False) -> Float[np.ndarray, " m"]:
    """One number a run. Raises: ValueError for another shape, a negative number, or 0 where it must be positive."""
    value = np.asarray(value, np.float32)
    if value.shape not in ((), (m,)):
        raise ValueError(f"{name} must be one number or one a run [{m}], got shape {value.shape}")
    if not np.all(np.isfinite(value) & ((value > 0) if positive else (value >= 0))):
        raise ValueError(
            f"{name} must be finite and {'positive' if positive else 'not negative'}, got {value}"
        )
    return np.broadcast_to(value, (m,))

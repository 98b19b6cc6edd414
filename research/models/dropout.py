"""Dropout for one example, with the randomness passed in as a key."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key


def dropped(x: Float[Array, " d"], share: float, key: Key[Array, ""] | None) -> Float[Array, " d"]:
    """Each entry kept with probability 1 − share and divided by it; x itself without a key.

    Sixteen random bits an entry, so the share is exact to 2⁻¹⁶.

    Source: Srivastava et al. 2014.
    """
    if key is None or share == 0:
        return x
    words = jax.random.bits(key, (-(-len(x) // 2),))  # 16 bits drawn alone cost as much as 32
    keep = jax.lax.bitcast_convert_type(words, jnp.uint16).reshape(-1)[: len(x)] >= round(share * 2**16)
    return jnp.where(keep, x / (1 - share), 0.0)

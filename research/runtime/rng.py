"""PRNG keys derived by name from one seed: never reused, never dependent on the order of the code."""

import zlib

import jax
from jaxtyping import Array, Key


def named(key: Key[Array, ""], name: str) -> Key[Array, ""]:
    """Derive the key for `name`: fold_in(key, crc32(name))."""
    return jax.random.fold_in(key, zlib.crc32(name.encode()))

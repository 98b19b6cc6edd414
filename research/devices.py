"""The machine: what a command does before the first computation."""

import os

import jax

from research.data import cache_dir


def start() -> None:
    """Keeps compiled programs in the user's cache folder, so that a second run starts at once.

    JAX_COMPILATION_CACHE_DIR chooses another folder; IDENTIKIT_COMPILATION_CACHE=0 switches it off.
    """
    if os.environ.get("IDENTIKIT_COMPILATION_CACHE", "1") != "0":
        if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
            jax.config.update("jax_compilation_cache_dir", str(cache_dir() / "xla"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)

"""The machine: what a command does before the first computation."""

import os

import jax

from research.data import cache_dir


def start() -> None:
    """Makes every core a device, and keeps compiled programs so that a second run starts at once.

    The cores of a CPU become devices of their own, over which populations and runs are shared out; single
    computations still use all cores. IDENTIKIT_CPU_DEVICES sets their number (default: the cores, at most 8).
    Compiled programs are kept in the user's cache folder; JAX_COMPILATION_CACHE_DIR chooses another one,
    IDENTIKIT_COMPILATION_CACHE=0 keeps none.
    """
    jax.config.update(
        "jax_num_cpu_devices", int(os.environ.get("IDENTIKIT_CPU_DEVICES", min(os.cpu_count() or 1, 8)))
    )
    if os.environ.get("IDENTIKIT_COMPILATION_CACHE", "1") != "0":
        if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
            jax.config.update("jax_compilation_cache_dir", str(cache_dir() / "xla"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)

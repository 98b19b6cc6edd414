"""What changes the bits of a result beside config, data and the code that it imports."""

import importlib
import importlib.metadata
import os
import re
from collections.abc import Sequence
from typing import Any

from research.runs import code

SWITCHES = (
    "jax_default_prng_impl",
    "jax_threefry_partitionable",
    "jax_enable_x64",
    "jax_default_matmul_precision",
)  # of JAX, that change numbers
INEXACT = re.compile("fast_math|fast_min_max|excess_precision")  # in the names of XLA's flags
PLUGINS = "IDENTIKIT_PLUGINS"  # environment variable that tells child processes, too


def plug_in(modules: Sequence[str] | None) -> None:
    """Imports modules that add to the registries; from now on their code is part of `numerics`.

    Args:
        modules: dotted names; None for those that the process which started this one was given.

    Raises:
        ValueError: a module cannot be imported.
    """
    names = plugins() if modules is None else modules
    for name in names:
        try:
            importlib.import_module(name)
        except (ImportError, SyntaxError) as error:
            raise ValueError(f"the plugin {name} cannot be imported from here: {error}") from None
    os.environ[PLUGINS] = ",".join(names)


def plugins() -> list[str]:
    """The modules that this process, or the one which started it, has plugged in."""
    return [name for name in os.environ.get(PLUGINS, "").split(",") if name]


def numerics() -> dict[str, Any]:
    """What else changes the bits of a result: the libraries that compute it, JAX's switches, XLA's inexact maths.

    The number of devices is not among it: on CPUs it changes no bit.
    """
    import jax

    inexact = [flag for flag in os.environ.get("XLA_FLAGS", "").split() if INEXACT.search(flag)]
    added = {"plugins": code.digest(plugins())} if plugins() else {}
    return added | {
        "versions": {name: importlib.metadata.version(name) for name in ("jax", "jaxlib", "flax", "optax")},
        "switches": {name: getattr(jax.config, name) for name in SWITCHES},
        "backend": jax.default_backend(),
        "flags": sorted(inexact),
    }

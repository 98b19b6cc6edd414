"""Strict settings for every test: shapes checked, ranks explicit, warnings are errors, no stray downloads."""

import os

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("XLA_FLAGS", "--xla_force_host_platform_device_count=1")

import jax
import pytest
from jaxtyping import install_import_hook

# Every jaxtyping annotation in `research` is checked at run time, in tests only.
install_import_hook("research", "beartype.beartype")

jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_debug_key_reuse", False)


def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("error"))

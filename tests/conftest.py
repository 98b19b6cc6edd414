"""Strict settings for every test: shapes checked, ranks explicit, key reuse refused, warnings are errors."""

import importlib
import os
import sys

os.environ.setdefault("MPLBACKEND", "Agg")

import jax
import pytest
from jaxtyping import install_import_hook

# Every jaxtyping annotation in `research` is checked at run time, in tests only.
install_import_hook("research", "strict.check")
devices = importlib.import_module("research.runtime.devices")
devices.compile_quickly()
devices.compute_exactly()

jax.config.update("jax_numpy_rank_promotion", "raise")

# Most of a test's time is compilation: programs are kept, so that the second run of the suite is quick.
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    from research.data import cache_dir

    jax.config.update("jax_compilation_cache_dir", str(cache_dir() / "xla"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.3)


def pytest_collection_modifyitems(items):
    elsewhere = pytest.mark.skip(reason="about the bits that a CPU computes")
    for item in items:
        item.add_marker(pytest.mark.filterwarnings("error"))
        if item.get_closest_marker("cpu") and jax.default_backend() != "cpu":
            item.add_marker(elsewhere)


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of its own, but for the prepared data, which all tests share."""
    from research import data

    data.load("mnist", "test")
    place = tmp_path / "cache"
    place.mkdir()
    (place / "data").symlink_to(data.cache_dir() / "data")
    monkeypatch.setenv("IDENTIKIT_CACHE", str(place))
    return place


@pytest.fixture
def command():
    """Imports a command, as `command("paper")`, and forgets it after the test: commands have flags of equal names."""
    from absl import flags

    importlib.import_module("launch.cli")  # what all commands share stays
    before, loaded = set(flags.FLAGS), []

    def load(name):
        loaded.append(f"launch.{name}")
        return importlib.import_module(loaded[-1])

    yield load
    for name in loaded:
        sys.modules.pop(name, None)
    for name in set(flags.FLAGS) - before:
        delattr(flags.FLAGS, name)


@pytest.fixture(scope="module")
def quick_compiles():
    """Unoptimised programs: for tests that spend their time compiling, not computing."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)

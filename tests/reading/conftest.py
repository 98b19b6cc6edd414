"""What the tests of the readings share."""

import jax
import pytest


@pytest.fixture(scope="module")
def quick_compiles():
    """Unoptimised programs: for tests that spend their time compiling, not computing."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)

"""Many runs in blocks: nothing is lost, nothing is computed that is only filling."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.runtime.parallel import sharded_map


@pytest.mark.parametrize(("m", "block"), [(1, 1), (5, 1), (5, 2), (17, 16), (40, None)])
def test_every_run_is_there_in_its_place(m, block):
    runs = {"x": jnp.arange(m), "y": jnp.ones((m, 3)) * jnp.arange(m)[:, None]}
    both = jax.jit(lambda runs: sharded_map(jax.vmap(lambda run: run["x"] + run["y"]), runs, block=block))(
        runs
    )
    np.testing.assert_array_equal(both, 2 * np.ones((m, 3)) * np.arange(m)[:, None])


COUNTED = """
import jax, jax.numpy as jnp
from research.runtime.parallel import sharded_map

assert jax.device_count() == 3
seen = []

def function(block):
    jax.debug.callback(lambda x: seen.append(int(x[0])), block)
    return block

jax.block_until_ready(jax.jit(lambda runs: sharded_map(function, runs, block=1))(jnp.arange(4)))
jax.effects_barrier()
print(sorted(seen))
"""


def test_blocks_of_nothing_but_filling_are_not_computed():
    """Four runs on three devices: two blocks each, of which two hold nothing."""
    setting = os.environ | {"JAX_NUM_CPU_DEVICES": "3", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", COUNTED], env=setting, capture_output=True, text=True)
    assert done.stdout.strip() == "[0, 1, 2, 3]", done.stderr

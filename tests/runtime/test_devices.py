"""What a command tells XLA before the first computation."""

import ctypes
import subprocess
import sys

import jax
import pytest

from research.runtime import devices

LEVEL = "--xla_backend_optimization_level"


@pytest.fixture
def told(monkeypatch):
    """The XLA_FLAGS that `compile_quickly` leaves behind, for a jaxlib, flags and plugins of ours."""

    def flags(jaxlib, before="", plugins=()):
        monkeypatch.setenv("XLA_FLAGS", before)
        monkeypatch.setattr(devices, "version", lambda name: jaxlib)
        monkeypatch.setattr(devices, "entry_points", lambda group: plugins)
        devices.compile_quickly()
        return devices.os.environ["XLA_FLAGS"].split()

    return flags


@pytest.mark.parametrize(
    ("plugins", "chosen", "precision"),
    [(("a GPU's",), None, "highest"), (("a GPU's",), "tensorfloat32", None), ((), None, None)],
)
def test_accelerators_multiply_in_float32_unless_told_otherwise(monkeypatch, plugins, chosen, precision):
    told = {}
    monkeypatch.setattr(devices, "entry_points", lambda group: plugins)
    monkeypatch.setattr(devices.jax.config, "update", told.__setitem__)
    monkeypatch.delenv("JAX_DEFAULT_MATMUL_PRECISION", raising=False)
    if chosen:
        monkeypatch.setenv("JAX_DEFAULT_MATMUL_PRECISION", chosen)
    devices.compute_exactly()
    assert told.get("jax_default_matmul_precision") == precision


def test_flags_are_those_that_the_jaxlib_knows(told):
    assert told("0.10.2") == [f"{LEVEL}=1", *devices.SIMPLER]
    assert told("0.12.0.1") == [f"{LEVEL}=1"], "an unknown flag would end the process"
    assert told("0.11.2", plugins=("a GPU's",)) == list(devices.UNTRIED)
    assert told("0.13.0", plugins=("a GPU's",)) == [], "an unknown flag would end the process"


def test_others_choices_are_kept(told):
    assert told("0.12.0", f"{LEVEL}=3 --xla_a=b") == [f"{LEVEL}=3", "--xla_a=b"]
    assert told("0.12.0.1", "--xla_a=b") == ["--xla_a=b", f"{LEVEL}=1"]
    chosen = "--xla_gpu_enable_triton_gemm=true"
    assert told("0.12.0", chosen, plugins=("a GPU's",)) == [chosen, devices.UNTRIED[1]]


def test_programs_over_small_arrays_ask_for_the_emitters_that_compile_quickly_left_out(told, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "")
    assert devices.thorough() == {}, "nothing was left out"
    told("0.10.2")
    assert devices.thorough() == {"xla_cpu_use_fusion_emitters": True}
    told("0.12.0.1")
    assert devices.thorough() == {}, "an unknown option would end the process"


HELD_AND_GIVEN_BACK = """
import numpy as np
from research.runtime import devices

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

devices.keep_memory()
blocks = [np.ones(2**20) for _ in range(40)]
last = np.ones(16)  # memory below it cannot simply be cut off at the end
del blocks
held = resident()
devices.give_back_memory(2**30)
kept = resident()
devices.give_back_memory(0)
print(held - kept, kept - resident())
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="needs glibc")
def test_memory_that_is_held_can_be_given_back():
    done = subprocess.run(
        [sys.executable, "-c", HELD_AND_GIVEN_BACK], capture_output=True, text=True, check=True
    )
    given, given_if_much = map(int, done.stdout.split())
    assert given < 50e6, "so little is not worth the time"
    assert given_if_much > 250e6, "of the 320 MB that were held"


LEFT_IDLE = """
import time
import numpy as np
from research.runtime import devices

devices.keep_memory()
before = devices._resident()
blocks = [np.ones(2**20) for _ in range(100)]
last = np.ones(16)  # memory below it cannot simply be cut off at the end
del blocks
kept = devices._resident()
until = time.monotonic() + 30
while devices._resident() - before > 400e6 and time.monotonic() < until:
    time.sleep(0.1)
print(kept - before, devices._resident() - before)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="needs glibc 2.33")
def test_much_memory_that_lies_idle_is_given_back_by_itself():
    done = subprocess.run([sys.executable, "-c", LEFT_IDLE], capture_output=True, text=True, check=True)
    kept, left = map(int, done.stdout.split())
    assert kept > 700e6, "of 840 MB; freed memory is kept at first"
    assert left < 400e6


def test_compiled_programs_are_given_back_where_much_is_held():
    double = jax.jit(lambda x: 2 * x)
    double(1.0)
    devices.give_back_memory(above=2**60)
    assert double._cache_size() == 1
    devices.give_back_memory(above=0)
    assert double._cache_size() == 0
    assert double(2.0) == 4.0

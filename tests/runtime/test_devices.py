"""What a command sets up before the first computation."""

import ctypes
import os
import subprocess
import sys

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
    assert told("0.10.2") == [f"{LEVEL}=1", *devices.CPU_WAITS, *devices.CPU_FLAGS]
    assert told("0.12.0.1") == [f"{LEVEL}=1"], "an unknown flag would end the process"
    assert told("0.11.2", plugins=("a GPU's",)) == list(devices.GPU_FLAGS)
    assert told("0.13.0", plugins=("a GPU's",)) == [], "an unknown flag would end the process"


def test_others_choices_are_kept(told):
    assert told("0.12.0", f"{LEVEL}=3 --xla_a=b") == [f"{LEVEL}=3", "--xla_a=b"]
    assert told("0.12.0.1", "--xla_a=b") == ["--xla_a=b", f"{LEVEL}=1"]
    chosen = "--xla_gpu_enable_triton_gemm=true"
    assert told("0.12.0", chosen, plugins=("a GPU's",)) == [chosen, devices.GPU_FLAGS[1]]


def test_programs_over_small_arrays_ask_for_the_emitters_that_compile_quickly_left_out(told, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "")
    assert devices.fusion_emitters() == {}, "nothing was left out"
    told("0.10.2")
    assert devices.fusion_emitters() == {"xla_cpu_use_fusion_emitters": True}
    told("0.12.0.1")
    assert devices.fusion_emitters() == {}, "an unknown option would end the process"


KEPT = """
import numpy as np
from research.runtime import devices

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

devices.keep_memory()
before = resident()
blocks = [np.ones(2**20) for _ in range(40)]
del blocks
print(resident() - before)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"), reason="needs glibc")
def test_freed_memory_is_kept():
    done = subprocess.run([sys.executable, "-c", KEPT], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 250e6, "of 320 MB"


@pytest.mark.parametrize("given", ["0", "-1", "abc", "1.5", ""])
def test_a_number_of_devices_that_is_none_is_refused(monkeypatch, given):
    monkeypatch.setenv("IDENTIKIT_CPU_DEVICES", given)
    with pytest.raises(ValueError, match=f"IDENTIKIT_CPU_DEVICES .* at least 1, got '{given}'"):
        devices.start()


TWICE = """
from research.runtime import devices
devices.start()
import jax
print(jax.device_count())
devices.start()  # as in a notebook
print(jax.device_count())
"""


@pytest.mark.parametrize(
    ("told", "count"),
    [
        ({"XLA_FLAGS": "--xla_force_host_platform_device_count=3"}, 3),
        ({"JAX_NUM_CPU_DEVICES": "4"}, 4),
        ({"JAX_NUM_CPU_DEVICES": "4", "IDENTIKIT_CPU_DEVICES": "2"}, 2),
    ],
)
def test_the_devices_that_jax_was_told_of_stay_and_a_second_start_is_harmless(told, count):
    clean = {k: v for k, v in os.environ.items() if k not in ("XLA_FLAGS", "IDENTIKIT_CPU_DEVICES")}
    environment = clean | {"JAX_PLATFORMS": "cpu"} | told
    done = subprocess.run(
        [sys.executable, "-c", TWICE], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(count)] * 2


def test_libtpu_is_an_accelerator_without_an_entry_point(monkeypatch, tmp_path):
    monkeypatch.setattr(devices, "entry_points", lambda group: ())
    assert not devices.accelerated()
    (tmp_path / "libtpu.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert devices.accelerated()

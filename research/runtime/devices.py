"""Process-wide set-up that a command does before its first computation: compiler flags, precision, devices, caches."""

import contextlib
import ctypes
import importlib.util
import os
from importlib.metadata import entry_points, version

import jax

from research.data import cache_dir

# On CPUs: one LLVM module a program, written by XLA's older emitters. jaxlib aborts over a flag that it does not know,
# so these go only to the versions that were checked.
CPU_FLAGS = ("--xla_cpu_parallel_codegen_split_count=1", "--xla_cpu_use_fusion_emitters=false")
# CPU devices wait for each other at the end of what they share. XLA ends the process after 40 s of it, which a busy
# machine reaches.
CPU_WAITS = (
    "--xla_cpu_collective_call_terminate_timeout_seconds=86400",
    "--xla_cpu_collective_call_warn_stuck_timeout_seconds=600",
)
CPU_VERSIONS = "0.10."
# On GPUs: products by cuBLAS and fusions by the cost model, without timing dozens of Triton kernels for each.
GPU_FLAGS = ("--xla_gpu_enable_triton_gemm=false", "--xla_gpu_experimental_enable_fusion_autotuner=false")
GPU_VERSIONS = ("0.10.", "0.11.", "0.12.")
MOST_CPU_DEVICES = 8  # default limit of devices on a CPU
LARGEST_CPU_DEVICES = 1024  # each has threads of its own
FORCED_DEVICES = "--xla_force_host_platform_device_count"  # XLA's flag for the number of devices on a CPU
# Settings of JAX under which our programs do not run: the value that they need, and what another one does.
NEEDED = {
    "jax_disable_jit": (False, "loops run step by step, for days"),
    "jax_numpy_dtype_promotion": ("standard", "bytes and floats can no longer be combined"),
}


def start() -> None:
    """Set up this process for a command, or a notebook; to be called once, before the first computation.

    Keeps freed memory (`keep_memory`), sets compiler flags (`compile_quickly`) and float32 products
    (`compute_exactly`), makes every core of a CPU a device of its own, over which populations and runs are sharded
    (single computations still use all cores), and keeps compiled programs on disk for the next command. What JAX was
    told about these by its own variables stays. After the first computation only what JAX reads later still has an
    effect: freed memory, precision and the folder for compiled programs.

    Environment:
        IDENTIKIT_CPU_DEVICES: number of CPU devices, 1 or more. Default: what JAX_NUM_CPU_DEVICES or
            --xla_force_host_platform_device_count in XLA_FLAGS says, else the cores, at most 8.
        JAX_COMPILATION_CACHE_DIR: folder for compiled programs. Default: `xla` in the cache folder.
        IDENTIKIT_COMPILATION_CACHE: 0 keeps no compiled programs.

    Raises:
        ValueError: if IDENTIKIT_CPU_DEVICES is not a whole number from 1 to 1024, or JAX has a setting under which our
            programs do not run.
    """
    cpu_devices = _cpu_devices()
    for name, (needed, otherwise) in NEEDED.items():
        found = getattr(jax.config, name)
        if (found := getattr(found, "value", found)) != needed:  # a name, or in some versions an enumeration
            raise ValueError(f"unset {name.upper()}, which is {found!r}: {otherwise}")
    keep_memory()
    compile_quickly()
    compute_exactly()
    if cpu_devices:
        with contextlib.suppress(RuntimeError):  # JAX was used before: its devices stay as they are
            jax.config.update("jax_num_cpu_devices", cpu_devices)
    if os.environ.get("IDENTIKIT_COMPILATION_CACHE", "1") != "0":
        if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
            jax.config.update("jax_compilation_cache_dir", str(cache_dir() / "xla"))
        jax.config.update(
            "jax_persistent_cache_min_compile_time_secs", 0.0
        )  # small programs add up to a second
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


def _cpu_devices() -> int | None:
    """The number of CPU devices; None where JAX was told one."""
    given = os.environ.get("IDENTIKIT_CPU_DEVICES")
    if given is None:
        told = getattr(jax.config, "jax_num_cpu_devices", -1) >= 0 or FORCED_DEVICES in os.environ.get(
            "XLA_FLAGS", ""
        )
        return None if told else min(os.cpu_count() or 1, MOST_CPU_DEVICES)
    if not given.strip().isdecimal() or int(given) < 1:
        raise ValueError(f"IDENTIKIT_CPU_DEVICES must be a whole number of at least 1, got {given!r}")
    if int(given) > LARGEST_CPU_DEVICES:
        raise ValueError(f"IDENTIKIT_CPU_DEVICES must be at most {LARGEST_CPU_DEVICES}, got {given!r}")
    return int(given)


def keep_memory() -> None:
    """Have glibc keep freed memory, so that XLA's large temporaries are not page-faulted anew in every call.

    Saves 15-40 % of convolutional steps on two cores. Does nothing without glibc.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "gnu_get_libc_version"):
        mmap_max, trim_threshold, top_pad, arena_max = -4, -1, -2, -8  # numbers from malloc.h
        for option, value in ((mmap_max, 0), (trim_threshold, 2**31 - 1), (top_pad, 2**29), (arena_max, 1)):
            libc.mallopt(option, value)


def accelerated() -> bool:
    """Whether JAX has a plugin for an accelerator: an entry point, or libtpu, which has none. Starts no device."""
    return bool(entry_points(group="jax_plugins")) or importlib.util.find_spec("libtpu") is not None


def compute_exactly() -> None:
    """Have accelerators multiply in float32, as CPUs do.

    By default they round the factors to 10 bits (TF32) or 7 bits (bfloat16), which changes the third digit of a
    gradient. JAX_DEFAULT_MATMUL_PRECISION overrides this.
    """
    if accelerated() and "JAX_DEFAULT_MATMUL_PRECISION" not in os.environ:
        jax.config.update("jax_default_matmul_precision", "highest")


def compile_quickly() -> None:
    """Set XLA_FLAGS that shorten compilation: to 1/3-1/2 of the time on CPUs, to 1/8-1/2 on GPUs.

    Programs run as fast (`results/LOG.md`): XLA emits vector code for CPUs itself, so LLVM need not optimise at level 3,
    and float32 products on GPUs are cuBLAS's. CPU devices may wait a day for each other. Flags already in XLA_FLAGS win.
    To be called before the first computation.
    """
    present, jaxlib = os.environ.get("XLA_FLAGS", ""), version("jaxlib")
    if accelerated():
        flags = GPU_FLAGS if jaxlib.startswith(GPU_VERSIONS) else ()
    else:
        known = (*CPU_WAITS, *CPU_FLAGS) if jaxlib.startswith(CPU_VERSIONS) else ()
        flags = ("--xla_backend_optimization_level=1", *known)
    new = (flag for flag in flags if flag.partition("=")[0] not in present)
    os.environ["XLA_FLAGS"] = " ".join((present, *new)).strip()


def fusion_emitters() -> dict[str, bool]:
    """Compiler options that turn XLA's fusion emitters back on, for programs that run long over small arrays.

    They compile more slowly, but joint descent runs 1.5 times as fast; matrix products (training, scoring) do not.
    Empty where `compile_quickly` did not turn them off.
    """
    emitters = CPU_FLAGS[-1].removeprefix("--").split("=")[0]
    return {emitters: True} if emitters in os.environ.get("XLA_FLAGS", "") else {}

"""The machine: what a command does before the first computation."""

import collections
import ctypes
import functools
import gc
import os
import threading
import time
from importlib.metadata import entry_points, version
from pathlib import Path

import jax

from research.data import cache_dir

# One LLVM module a program, written by the older emitters. Other versions of jaxlib do not know them, and end the
# process over a flag that they do not know.
SIMPLER = ("--xla_cpu_parallel_codegen_split_count=1", "--xla_cpu_use_fusion_emitters=false")
# On GPUs: products by cuBLAS, fusions as the cost model says, without timing dozens of Triton kernels for each.
UNTRIED = ("--xla_gpu_enable_triton_gemm=false", "--xla_gpu_experimental_enable_fusion_autotuner=false")
KNOWN = ("0.10.", "0.11.", "0.12.")  # versions of jaxlib whose flags were looked up
UNUSED = 2**29  # bytes of freed memory that may lie idle
IDLE = 1.0  # second that it must have been idle for
LOOKS = 4  # in that time


class _Mallinfo(ctypes.Structure):
    """What glibc says of its heap, ten numbers; the eighth is the bytes in use ("uordblks")."""

    _fields_ = (("_before", ctypes.c_size_t * 7), ("used", ctypes.c_size_t), ("_after", ctypes.c_size_t * 2))


@functools.cache
def keep_memory() -> None:
    """Tells glibc to keep freed memory: XLA's large temporaries are then not page-faulted on every call.

    Saved 12-24 % of a convolutional step, scoring and image gradient on two cores. More than `UNUSED` bytes that are
    not used again for a second are given back. Elsewhere it does nothing.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "gnu_get_libc_version"):
        mmap_max, trim_threshold, top_pad, arena_max = -4, -1, -2, -8
        for option, value in ((mmap_max, 0), (trim_threshold, 2**31 - 1), (top_pad, 2**29), (arena_max, 1)):
            libc.mallopt(option, value)
        if hasattr(libc, "mallinfo2"):
            threading.Thread(target=_give_back_unused, args=(libc,), name="memory", daemon=True).start()


def _give_back_unused(libc: ctypes.CDLL) -> None:
    """Gives back what lies idle, again and again.

    A freed block of XLA's, aligned to 64 bytes, can leave a hole that is a few bytes too small for the next of its
    size (glibc's bug 14581): up to seven holes a thread, each as large as a CNN's temporaries.
    """
    libc.mallinfo2.restype = _Mallinfo

    def unused() -> int:
        return _resident() - libc.mallinfo2().used

    rest = unused()  # what is no heap: programs, stacks
    seen = collections.deque([rest], LOOKS)
    while True:
        time.sleep(IDLE / LOOKS)
        seen.append(unused())
        if min(seen) - rest > UNUSED:
            libc.malloc_trim(0)
            rest = unused()
            seen.append(rest)


def give_back_memory(above: int) -> None:
    """Gives memory back to the system between one long computation and the next.

    Where the process holds more than `above` bytes, what was freed but is held on to by `keep_memory`; where that is
    not enough, compiled programs too: those that are wanted again are in the cache folder.
    """
    if _resident() > above:
        _trim()
    if _resident() > above:
        jax.clear_caches()
        _trim()


def _trim() -> None:
    gc.collect()
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


def _resident() -> int:
    """Bytes of memory that this process holds; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def accelerated() -> bool:
    """Whether JAX has a plugin for something faster than the CPU; nothing is started to find out."""
    return bool(entry_points(group="jax_plugins"))


def compute_exactly() -> None:
    """Has accelerators multiply in float32, as CPUs do.

    Their own default rounds the factors to 10 bits (TF32) or 7 (bfloat16), which shows in the third digit of a
    gradient. JAX_DEFAULT_MATMUL_PRECISION chooses otherwise.
    """
    if accelerated() and "JAX_DEFAULT_MATMUL_PRECISION" not in os.environ:
        jax.config.update("jax_default_matmul_precision", "highest")


def compile_quickly() -> None:
    """Has XLA compile in a third to a half of the time on CPUs, in an eighth to a half on GPUs; XLA_FLAGS go first.

    Programs run as fast (`results/LOG.md`): XLA writes vector code for CPUs itself, so LLVM need not optimise at level
    3, and products in float32 are cuBLAS's on a GPU. To be called before the first computation.
    """
    flags, known = os.environ.get("XLA_FLAGS", ""), version("jaxlib")
    if accelerated():
        wished: tuple[str, ...] = UNTRIED if known.startswith(KNOWN) else ()
    else:
        wished = ("--xla_backend_optimization_level=1", *(SIMPLER if known.startswith(KNOWN[0]) else ()))
    new = (flag for flag in wished if flag.partition("=")[0] not in flags)
    os.environ["XLA_FLAGS"] = " ".join((flags, *new)).strip()


def thorough() -> dict[str, bool]:
    """Compiler options for programs that run for long over small arrays: the newer emitters, slower to compile.

    Joint descent runs 1.5 times as fast by them; training and scoring, which are matrix products, do not.
    """
    simpler = SIMPLER[-1].removeprefix("--").split("=")[0]
    return {simpler: True} if simpler in os.environ.get("XLA_FLAGS", "") else {}


def start() -> None:
    """Makes every core a device, and keeps compiled programs so that a second run starts at once.

    The cores of a CPU become devices of their own, over which populations and runs are shared out; single
    computations still use all cores. IDENTIKIT_CPU_DEVICES sets their number (default: the cores, at most 8).
    Compiled programs are kept in the user's cache folder; JAX_COMPILATION_CACHE_DIR chooses another one,
    IDENTIKIT_COMPILATION_CACHE=0 keeps none.
    """
    keep_memory()
    compile_quickly()
    compute_exactly()
    jax.config.update(
        "jax_num_cpu_devices", int(os.environ.get("IDENTIKIT_CPU_DEVICES", min(os.cpu_count() or 1, 8)))
    )
    if os.environ.get("IDENTIKIT_COMPILATION_CACHE", "1") != "0":
        if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
            jax.config.update("jax_compilation_cache_dir", str(cache_dir() / "xla"))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)  # small ones add up to a second
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)

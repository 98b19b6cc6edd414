"""Run folders: config, provenance, results and checkpoints, written so that nothing saved is ever lost.

    DIR/config.json  provenance.json  results.nc  claims.json  metrics.jsonl  figures/  checkpoints/

Every file appears whole or not at all (written beside its place, flushed, then renamed). One process at a
time may write into a folder; of several that compute together (`research.runtime.multihost`) only the first one does.
"""

import contextlib
import dataclasses
import fcntl
import functools
import hashlib
import importlib.metadata
import json
import os
import platform
import resource
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from research import data
from research.runs import code
from research.runtime import multihost

ROOT = Path(__file__).resolve().parents[1]
SAID = ("claims.json", "findings.json", "judged.json")  # of the results, and what it was said by
SWITCHES = (
    "jax_default_prng_impl",
    "jax_threefry_partitionable",
    "jax_enable_x64",
)  # of JAX, that change numbers
LIBRARIES = ("jax", "jaxlib", "flax", "optax", "numpy", "scipy", "xarray", "matplotlib")


class StoreError(ValueError):
    """A run folder cannot be used as asked; the message says why and what to do."""


def atomic_write(path: Path, content: str | bytes) -> None:
    """Writes the file whole or not at all; an existing file stays until the new one is complete."""
    if not multihost.is_process_zero():
        return
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(part, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise StoreError(
            f"cannot write {path}: {error.strerror}; free space or choose another folder"
        ) from None


@contextlib.contextmanager
def lock(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Holds the folder against other processes; the lock ends with the process, however it ends."""
    with contextlib.ExitStack() as held:

        def take() -> None:
            held.enter_context(_locked(folder, wait))

        multihost.on_process_zero(take)
        yield


@contextlib.contextmanager
def _locked(folder: Path, wait: bool) -> Iterator[None]:
    make_folder(folder)
    try:
        handle = open(folder / ".lock", "a+")  # noqa: SIM115 - closed below, when the lock is given back
    except OSError as error:
        raise StoreError(f"cannot write into {folder}: {error.strerror}; choose another --workdir") from None
    with handle:
        for patience in range(20, -1, -1):  # a moment's patience: `locked` looks by taking the lock
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
                break
            except BlockingIOError:
                if not patience:
                    raise StoreError(
                        f"another process is writing into {folder}; wait for it or choose another --workdir"
                    ) from None
                time.sleep(0.02)
        yield


def locked(folder: Path) -> bool:
    """Whether a process is writing into the folder now."""
    try:
        with open(folder / ".lock") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def make_folder(folder: Path) -> Path:
    """The folder, made if need be."""
    try:
        if multihost.is_process_zero():
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot make the folder {folder}: {error.strerror}; choose another place") from None
    return folder


def as_dict(config: Any) -> Any:
    """A config as plain JSON values, the kind of each part under `kind`."""
    if dataclasses.is_dataclass(config):
        fields = {f.name: as_dict(getattr(config, f.name)) for f in dataclasses.fields(config)}
        return {"kind": type(config).__name__, **fields}
    if isinstance(config, Mapping):
        return {key: as_dict(value) for key, value in config.items()}
    if isinstance(config, list | tuple):
        return [as_dict(value) for value in config]
    return config


def digest(*parts: Any) -> str:
    """A short, stable hash of plain JSON values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def numerics() -> dict[str, Any]:
    """What else changes the bits of a result: the libraries that compute it and JAX's switches."""
    import jax

    return {
        "versions": {name: importlib.metadata.version(name) for name in ("jax", "jaxlib", "flax", "optax")},
        "switches": {name: getattr(jax.config, name) for name in SWITCHES},
        "backend": jax.default_backend(),
    }


def fingerprint(config: Any) -> str:
    """What a study's results depend on: its config, its data, its code, and `numerics`.

    The code is what the modules of the config and of its parts import, so a study is stale when something that it
    imports has changed, and only then.
    """
    modules = {type(part).__module__ for part in _parts(config)}
    return digest(as_dict(config), data.checksum(config.data), code.digest(sorted(modules)), numerics())


def _parts(config: Any) -> Iterator[Any]:
    """The config and every dataclass inside it."""
    if dataclasses.is_dataclass(config):
        yield config
        for f in dataclasses.fields(config):
            yield from _parts(getattr(config, f.name))
    elif isinstance(config, Mapping):
        for value in config.values():
            yield from _parts(value)
    elif isinstance(config, list | tuple):
        for value in config:
            yield from _parts(value)


@functools.cache
def commit() -> str:
    """The commit of the code, with + when the tree has changed since; "unknown" outside a checkout."""
    git = ["git", "-C", str(ROOT.parent)]
    try:
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
        changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


def provenance(config: Any, seconds: float) -> dict[str, Any]:
    """Where results come from: commit, versions, devices, seconds, memory, command.

    `peak_bytes` is the largest resident memory of this process so far, of all that it has computed.
    """
    import jax

    devices = jax.devices()
    return {
        "commit": commit(),
        "fingerprint": fingerprint(config),
        "data": {"name": config.data, "checksum": data.checksum(config.data)},
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "seconds": round(seconds, 1),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        * (1 if sys.platform == "darwin" else 1024),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "devices": {
            "backend": jax.default_backend(),
            "kind": devices[0].device_kind,
            "count": len(devices),
            "processes": jax.process_count(),
            "cores": os.cpu_count(),
            "machine": f"{platform.system()} {platform.machine()}",
        },
    }


def packed(results: Any, level: int = 4) -> bytes:
    """An xarray Dataset as a compressed NetCDF file."""
    numbers = {name for name, v in results.variables.items() if v.dtype.kind in "fiub"}
    how = {name: {"zlib": True, "complevel": level, "shuffle": True} for name in numbers}
    return bytes(results.to_netcdf(engine="h5netcdf", encoding=how))


class Run:
    """A run folder. Studies get one to write metrics and checkpoints into; the rest is for whoever runs them."""

    def __init__(self, folder: str | Path):
        self.folder = make_folder(Path(folder))

    def metrics(self, **values: Any) -> None:
        """Appends one line to metrics.jsonl."""
        if not multihost.is_process_zero():
            return
        path = self.folder / "metrics.jsonl"
        try:
            with open(path, "a") as file:
                file.write(json.dumps({"time": round(time.time(), 3), **values}) + "\n")
        except OSError as error:
            raise StoreError(
                f"cannot write {path}: {error.strerror}; free space or choose another folder"
            ) from None

    def checkpoints(self, config: Any) -> Path:
        """The folder for checkpoints of this config's computation; those of other configs and code are removed."""
        own = self.folder / "checkpoints" / fingerprint(config)
        if multihost.is_process_zero() and own.parent.exists():
            for other in own.parent.iterdir():
                if other != own:
                    shutil.rmtree(other, ignore_errors=True)
        return make_folder(own)

    def finished(self, config: Any) -> bool:
        """Whether this folder holds the results of exactly this config, data and code."""
        try:
            return self.provenance()["fingerprint"] == fingerprint(config) and bool(self.results())
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def save(self, config: Any, results: Any, seconds: float) -> None:
        """Writes config and results (an xarray Dataset), and the provenance last: its presence means that all is there.

        What was said of earlier results is removed first.
        """
        if multihost.is_process_zero():
            for name in ("provenance.json", *SAID):
                (self.folder / name).unlink(missing_ok=True)
        atomic_write(self.folder / "config.json", json.dumps(as_dict(config), indent=2) + "\n")
        atomic_write(self.folder / "results.nc", packed(results))
        atomic_write(
            self.folder / "provenance.json", json.dumps(provenance(config, seconds), indent=2) + "\n"
        )

    def results(self) -> Any:
        """The saved results, in memory: an xarray Dataset."""
        import xarray as xr  # takes a third of a second, which whoever only trains or loads networks is spared

        return xr.load_dataset(self.folder / "results.nc", engine="h5netcdf")

    def provenance(self) -> dict[str, Any]:
        """Where the results come from, as saved."""
        return json.loads((self.folder / "provenance.json").read_text())

"""Run folders: config, provenance, results and checkpoints, written so that nothing saved is ever lost.

    DIR/config.json  provenance.json  results.nc  claims.json  metrics.jsonl  events/  figures/  checkpoints/

How folders are claimed, locked and written: `research.runs.folders`. The provenance has its own hash in it and those of
config and results, which are checked whenever they are read. Of several processes that compute together
(`research.runtime.multihost`) only the first one writes.
"""

import dataclasses
import functools
import hashlib
import importlib.metadata
import json
import os
import platform
import re
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
from research.runs import code, events, folders
from research.runs.folders import StoreError, atomic_write, make_folder
from research.runs.numerics import numerics
from research.runtime import multihost

SAID = ("claims.json", "findings.json")  # what is said of the results
SEAL = "judged.json"  # by what, and hashes
KEY = re.compile("[0-9a-f]{16}")  # a folder of checkpoints is called by a fingerprint
LIBRARIES = ("jax", "jaxlib", "flax", "optax", "numpy", "scipy", "xarray", "matplotlib")


def as_dict(config: Any, path: str = "config") -> Any:
    """A config as plain JSON values, the kind of each part under `kind`.

    Raises:
        ValueError: for a value that is none, such as a function, whose `path` it names.
    """
    if dataclasses.is_dataclass(config):
        fields = {
            f.name: as_dict(getattr(config, f.name), f"{path}.{f.name}") for f in dataclasses.fields(config)
        }
        return {"kind": type(config).__name__, **fields}
    if isinstance(config, Mapping):
        return {key: as_dict(value, f"{path}[{key!r}]") for key, value in config.items()}
    if isinstance(config, list | tuple):
        return [as_dict(value, path) for value in config]
    if config is None or isinstance(config, str | int | float):
        return config
    raise ValueError(
        f"{path} must be a number, text, a tuple, a dict or a dataclass, so that it can be saved, got {config!r}; give "
        "functions and arrays a name, as activation='relu'"
    )


def digest(*parts: Any) -> str:
    """A short, stable hash of plain JSON values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


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
    git = ["git", "-C", str(code.HOME)]
    try:
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
        changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


def origin() -> dict[str, Any]:
    """What computes here: commit, versions, devices."""
    import jax

    devices = jax.devices()
    return {
        "commit": commit(),
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


def provenance(config: Any, seconds: float) -> dict[str, Any]:
    """Where results come from: `origin`, fingerprint, data, seconds, memory, command.

    `peak_bytes` is the largest resident memory of this process so far, of all that it has computed.
    """
    return {
        "fingerprint": fingerprint(config),
        "data": {"name": config.data, "checksum": data.checksum(config.data)},
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "seconds": round(seconds, 1),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        * (1 if sys.platform == "darwin" else 1024),
        **origin(),
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
        """Appends one line to metrics.jsonl, and to TensorBoard's events; all processes call it at the same step.

        Raises:
            multihost.Preempted: a process was told to end. StoreError: the line cannot be written.
        """
        path = self.folder / "metrics.jsonl"
        try:
            if multihost.is_process_zero():
                with open(path, "a+") as file:
                    file.write(json.dumps({"time": round(time.time(), 3), **values}) + "\n")
                    file.seek(0)
                    step = sum(1 for _ in file)
                events.write(self.folder / "events", step, values)
        except OSError as error:
            raise StoreError(
                f"cannot write {path}: {error.strerror}; free space or choose another folder"
            ) from None
        multihost.stop_if_told()

    def checkpoints(self, config: Any) -> Path:
        """The folder for checkpoints of this config's computation; those of other configs and code are removed."""
        own = self.folder / "checkpoints" / fingerprint(config)
        if multihost.is_process_zero() and own.parent.exists():
            for other in own.parent.iterdir():
                if other != own and KEY.fullmatch(other.name):
                    shutil.rmtree(other, ignore_errors=True)
        return make_folder(own)

    def finished(self, config: Any) -> bool:
        """Whether this folder holds the results of exactly this config, data and code, undamaged."""
        return self.provenance().get("fingerprint") == fingerprint(config) and self.sound()

    def sound(self) -> bool:
        """Whether config and results are those that the provenance speaks of."""
        hashes = self.provenance().get("files", {})
        damaged = [name for name, hash in hashes.items() if folders.sha256(self.folder / name) != hash]
        for name in damaged:
            folders.say_once(f"{self.folder / name} is missing or damaged; it is made again")
        return bool(hashes) and not damaged

    def is_judged(self, of: str | None = None) -> bool:
        """Whether claims and findings are here, undamaged, and (with `of`) of these results and judges."""
        seal = folders.read_json(self.folder / SEAL)
        if not seal or of not in (None, seal.get("of")):
            return False
        sound = seal.get("files") == [folders.sha256(self.folder / name) for name in SAID]
        if not sound:
            folders.say_once(f"{self.folder}: {' or '.join(SAID)} is damaged and counts as missing")
        return sound

    def write_judged(self, claims: str, findings: str, of: str) -> None:
        """Writes what is said of the results; `of` is a hash of these and of what judged them."""
        said = dict(zip(SAID, (claims, findings)))
        (self.folder / SEAL).unlink(missing_ok=True)
        for name, text in said.items():
            atomic_write(self.folder / name, text)
        hashes = [hashlib.sha256(text.encode()).hexdigest() for text in said.values()]
        atomic_write(self.folder / SEAL, json.dumps({"of": of, "files": hashes}) + "\n")

    def refuse_other(self, config: Any) -> None:
        """Raises StoreError if results are there that are finished and answer another config.

        A field that only one of the two configs has is a change of the code, not of what was asked.
        """
        before, now = self.config(), json.loads(json.dumps(as_dict(config)))
        if self.provenance() and (differing := list(_differing(before, now))):
            raise StoreError(
                f"{self.folder} holds finished results of another config ({'; '.join(differing[:3])}); "
                "choose another --workdir, or --force to replace them"
            )

    def save(self, config: Any, results: Any, seconds: float) -> None:
        """Writes config, results (an xarray Dataset) and their provenance."""
        if multihost.is_process_zero():
            self.write(as_dict(config), results, provenance(config, seconds))

    def write(self, config: dict[str, Any], results: Any, origin: Mapping[str, Any]) -> None:
        """Writes these, the provenance last: its presence means that all is there.

        What was said of earlier results is removed first.
        """
        if not multihost.is_process_zero():
            return
        for name in ("provenance.json", *SAID, SEAL):
            (self.folder / name).unlink(missing_ok=True)
        files = {"config.json": (json.dumps(config, indent=2) + "\n").encode(), "results.nc": packed(results)}
        for name, content in files.items():
            atomic_write(self.folder / name, content)
        hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        atomic_write(self.folder / "provenance.json", folders.sealed({**origin, "files": hashes}))

    def config(self) -> dict[str, Any]:
        """The saved config; empty if there is none."""
        return folders.read_json(self.folder / "config.json")

    def results(self) -> Any:
        """The saved results, in memory: an xarray Dataset.

        Raises:
            StoreError: the file is damaged.
        """
        import xarray as xr  # takes a third of a second, which whoever only trains or loads networks is spared

        file = self.folder / "results.nc"
        hash = self.provenance().get("files", {}).get("results.nc")
        if hash and folders.sha256(file) != hash:
            raise StoreError(f"{file} is missing or damaged; run its study again")
        return xr.load_dataset(file, engine="h5netcdf")

    def provenance(self) -> dict[str, Any]:
        """Where the results come from, as saved; empty if nothing is finished here, or it is damaged."""
        return folders.unseal(self.folder / "provenance.json")


def _differing(before: Any, now: Any, at: str = "") -> Iterator[str]:
    """What two configs in JSON say differently, of the fields that both have."""
    if isinstance(before, dict) and isinstance(now, dict):
        for name in now:
            if name in before:
                yield from _differing(before[name], now[name], f"{at}.{name}" if at else name)
    elif before != now:
        yield f"{at} was {json.dumps(before)[:60]}, is {json.dumps(now)[:60]}"

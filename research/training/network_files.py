"""Files of trained networks: parameters by name; in the header what is known of the network, and a hash of all that."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from research.runs import folders

FACTS = {"curve", "seconds", "compile_seconds", "images_seen", "outputs", "origin"}


def save(path: Path, arrays: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """Writes a network: its parameters by name, and the FACTS in the header."""
    from safetensors import numpy

    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    told = json.dumps(facts)
    folders.atomic_write(path, numpy.save(arrays, {"identikit": told, "sha256": _hash(told, arrays)}))


def read(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> tuple[list[np.ndarray], dict[str, Any]] | None:
    """Parameters in the order of `shapes`, and the facts; None if there is no file or it is damaged, which is said."""
    from safetensors import SafetensorError, safe_open

    if not path.exists():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in shapes}
        sound = header["sha256"] == _hash(header["identikit"], arrays)
        facts = json.loads(header["identikit"])
        if sound and facts.keys() == FACTS and [x.shape for x in arrays.values()] == list(shapes.values()):
            return list(arrays.values()), facts
    except (OSError, SafetensorError, KeyError, ValueError, TypeError, AttributeError):
        pass
    folders.say_once(f"{path} is damaged or of an earlier version; trained again")
    return None


def _hash(told: str, arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 of what the header tells and of the arrays with their names, types and shapes."""
    found = hashlib.sha256(told.encode())
    for name, array in arrays.items():
        found.update(f"\n{name} {array.dtype} {array.shape}\n".encode())
        found.update(array.tobytes())
    return found.hexdigest()

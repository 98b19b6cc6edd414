"""Read a network that was trained elsewhere: a file in, one image -> logits out.

    imported = importing.load("theirs.onnx", importing.Settings(input_range="-1..1"))
    print(importing.check(imported, test.images, test.labels))    # accuracy first: a wrong setting shows at once
    maps = causal_index.mean_jacobian(imported.predict, images)

Dense networks and models of ours come from `.npz` and `.safetensors`, any supported graph from `.onnx`. Nothing is
ever unpickled.
"""

import zipfile
from pathlib import Path

from research.importing import dense, models
from research.importing.budget import Budget
from research.importing.checking import Check, check
from research.importing.network import Imported, NetworkFileError, Settings, refuse_nan
from research.importing.onnx_file import load_onnx

__all__ = ["Check", "Imported", "NetworkFileError", "Settings", "check", "load"]

_ARRAYS = {".npz": dense.read_npz, ".safetensors": dense.read_safetensors}
_KNOWN = ".npz, .onnx, .safetensors"
_PICKLES = {".bin", ".ckpt", ".joblib", ".p", ".pickle", ".pkl", ".pt", ".pth"}


def load(path: str | Path, settings: Settings | None = None) -> Imported:
    """The network in the file, under the settings that the file itself does not tell.

    Raises: NetworkFileError, one line, if the file is missing, truncated, a pickle or of an unknown kind, if
    its network cannot be read or does not take an image of `settings.image_shape`, or if a needed setting is
    missing or ambiguous, or if its tensors need more than `settings.max_memory`.
    """
    path = Path(path)
    if not path.is_file():
        raise NetworkFileError(f"Expected a network file, but there is none at {path}; check the path.")
    if path.suffix.lower() in _PICKLES or _is_pickle(path):
        raise NetworkFileError(
            f"Expected {_KNOWN}, but {path.name} is a pickle, which can run any code when opened and is "
            "never read; save the weights as .safetensors or export the network as .onnx."
        )
    kind, settings = path.suffix.lower(), Settings() if settings is None else settings
    if kind == ".onnx":
        return load_onnx(path, settings)
    if kind not in _ARRAYS:
        raise NetworkFileError(f"Expected {_KNOWN}, got {path.name}; export the network to one of these.")
    arrays = _ARRAYS[kind](path, Budget(settings.max_memory, path.name))
    config = models.own_config(path)
    refuse_nan(arrays, path.name)
    if config is not None or settings.model is not None:
        return models.from_arrays(arrays, None if settings.model else config, settings, path.name)
    return dense.from_arrays(arrays, settings, path.name)


def _is_pickle(path):
    """By content: a bare pickle of protocol 2 or later, or PyTorch's zip of one."""
    with open(path, "rb") as file:
        start = file.read(2)
    if len(start) == 2 and start[0] == 0x80 and 2 <= start[1] <= 5:
        return True
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith(".pkl") for name in archive.namelist())

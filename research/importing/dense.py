"""Dense networks from files of named arrays: `.npz` and `.safetensors`.

The arrays' shapes and names say which are kernels, in which order, which way round, and which bias belongs to
which; where they leave a choice, the error names the setting that makes it.
"""

import itertools
import math
import re
import zipfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from research.importing.budget import Budget
from research.importing.network import Imported, NetworkFileError, Settings, first_line, is_floating

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "relu": jax.nn.relu,
    "logistic": jax.nn.sigmoid,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "elu": jax.nn.elu,
    "leaky_relu": jax.nn.leaky_relu,
    "gelu": jax.nn.gelu,
    "linear": lambda x: x,
    "identity": lambda x: x,
}
_LONGEST_SEARCH = 6
_KIND_WORD = re.compile("w|weights?|kernel|coefs?|b|bias|biases|intercepts?")


def read_npz(path: Path, budget: Budget) -> dict[str, np.ndarray]:
    """The arrays of NumPy's archive; object arrays, which are pickles, are refused. Sizes are checked first."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {
                info.filename.removesuffix(".npy"): _member(archive, info, budget)
                for info in archive.infolist()
            }
    except NetworkFileError:
        raise
    except Exception as error:  # a damaged archive can fail in many ways
        raise NetworkFileError(
            f"Expected a whole .npz archive of plain arrays, but {path.name} cannot be read ({first_line(error)}); "
            "save it again with np.savez(path, W1=..., b1=..., ...)."
        ) from None


def _member(archive, info, budget):
    """One array of an archive, charged to the budget by the archive's own table and by the array's header."""
    if not info.filename.endswith(".npy"):
        raise ValueError(f"{info.filename} in it is no .npy array")
    budget.take(info.filename, (info.file_size,), 1)
    with archive.open(info) as file:
        version = np.lib.format.read_magic(file)
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(file)
    if not dtype.hasobject and math.prod(shape) * dtype.itemsize > info.file_size:
        raise ValueError(f"{info.filename} says that it has shape {shape}, but holds {info.file_size} bytes")
    with archive.open(info) as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def read_safetensors(path: Path, budget: Budget) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file, for instance PyTorch's state_dict; an activation from its header."""
    from safetensors import safe_open

    budget.check_file(path.stat().st_size)
    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
            metadata = file.metadata() or {}
    except Exception as error:  # damaged, or of a type that NumPy does not have
        raise NetworkFileError(
            f"Expected a whole .safetensors file of types that NumPy has, but {path.name} cannot be read "
            f"({first_line(error)}); save it again, in float32."
        ) from None
    if "activation" in metadata:
        arrays["activation"] = np.asarray(metadata["activation"])
    return arrays


def from_arrays(arrays: Mapping[str, np.ndarray], settings: Settings, source: str) -> Imported:
    """The dense network whose kernels and biases are among the named arrays.

    Raises: NetworkFileError if they do not form one chain from the image to the classes, or more than one.
    """
    inputs = math.prod(settings.seen_shape)
    vectors, matrices = _sort_by_kind(arrays, source)
    if folded := not vectors:
        matrices, vectors = _split_biases(matrices, settings, inputs)
    kernel_names = _order_kernels(matrices, settings, inputs, source)
    transposed, square = _orientation([matrices[name].shape for name in kernel_names], settings, inputs)
    stored = [jnp.asarray(matrices[name], jnp.float32) for name in kernel_names]
    kernels = [kernel.T if flip else kernel for kernel, flip in zip(stored, transposed, strict=True)]
    biases = _find_biases(vectors, kernel_names, kernels, settings, source)
    activation = _find_activation(arrays, len(kernels), settings, source)

    alternatives = {
        f"activation={name}": partial(_dense, kernels, biases, name)
        for name in ("relu", "logistic", "tanh")
        if activation is not None and ACTIVATIONS[name] is not ACTIVATIONS[activation]
    }
    if any(square):
        turned = [kernel.T if turn else kernel for kernel, turn in zip(kernels, square, strict=True)]
        now = transposed[square.index(True)]
        alternatives[f"orientation={'in_out' if now else 'out_in'}"] = partial(
            _dense, turned, biases, activation
        )

    if folded and vectors:
        other = "last" if settings.bias_row == "first" else "first"
        rolled, rolled_biases = _rolled(kernels, biases, other)
        alternatives[f"bias_row={other}"] = partial(_dense, rolled, rolled_biases, activation)

    sizes = "-".join(str(size) for size in (inputs, *(kernel.shape[1] for kernel in kernels)))
    first_kernel, first_bias = settings.fold(kernels[0], biases[0])
    return Imported(
        network=partial(_dense, kernels, biases, activation),
        settings=settings,
        description=f"{source}: dense {sizes}, {activation or 'no hidden layer'} ({', '.join(kernel_names)})",
        kernels=(first_kernel, *kernels[1:]),
        biases=(first_bias, *biases[1:]),
        activation=activation,
        alternatives=alternatives,
    )


def _dense(
    kernels: list[Array], biases: list[Array], activation: str | None, image: Float[Array, "h w"]
) -> Float[Array, " k"]:
    x = image.reshape(-1)
    for kernel, bias in zip(kernels[:-1], biases[:-1], strict=True):
        x = ACTIVATIONS[activation or "linear"](jnp.dot(x, kernel, precision="highest") + bias)
    return jnp.dot(x, kernels[-1], precision="highest") + biases[-1]


def _sort_by_kind(arrays, source):
    """Vectors and matrices by name, each in natural order (W2 before W10); [n, 1] and [1, n] are vectors."""
    vectors, matrices = {}, {}
    for name in sorted(arrays, key=natural):
        array = arrays[name]
        if array.ndim == 0 or not (is_floating(array) or array.dtype.kind in "iu"):
            continue
        if array.ndim > 2:
            raise NetworkFileError(
                f"Expected the kernels [in, out] and biases [out] of a dense network, but {name} in {source} has "
                f"shape {array.shape}; name its model with the setting model, or export it as .onnx."
            )
        if array.ndim == 1 or 1 in array.shape:
            vectors[name] = array.reshape(-1)
        else:
            matrices[name] = array
    return vectors, matrices


def _split_biases(matrices, settings, inputs):
    """Kernels with their bias as one more row or column, [in + 1, out] or [out, in + 1], taken apart."""
    kernels, biases, fan_in = {}, {}, inputs
    for name, matrix in matrices.items():
        if fan_in + 1 not in matrix.shape:
            return matrices, {}
        rows = matrix if matrix.shape[0] == fan_in + 1 else matrix.T
        at = 0 if settings.bias_row == "first" else fan_in
        kernels[name], biases[f"{name}.bias"] = np.delete(rows, at, 0), rows[at]
        fan_in = rows.shape[1]
    return kernels, biases


def _rolled(kernels, biases, other):
    """The same matrices with their biases in the first row instead of the last, or the reverse."""
    parts = (
        (kernel, bias[None]) if other == "first" else (bias[None], kernel)
        for kernel, bias in zip(kernels, biases)
    )
    at = 0 if other == "first" else -1
    whole = [jnp.concatenate(pair) for pair in parts]
    return [jnp.delete(matrix, at, 0) for matrix in whole], [matrix[at] for matrix in whole]


def _order_kernels(matrices, settings, inputs, source):
    """The kernels' names from the input on: as told, in natural order, or in the only order that fits."""
    came = ", ".join(f"{name} {matrix.shape}" for name, matrix in matrices.items()) or "no matrix"

    def fits(names):
        return _orientation([matrices[name].shape for name in names], settings, inputs) is not None

    if settings.kernels:
        missing = [name for name in settings.kernels if name not in matrices]
        if missing or not fits(settings.kernels):
            raise NetworkFileError(
                f"Expected the kernels {', '.join(settings.kernels)} to lead from {inputs} pixels to the classes, "
                f"but {source} holds {came}; check the names and their order, or image_shape."
            )
        return settings.kernels
    if matrices and fits(tuple(matrices)):
        return tuple(matrices)
    searched = itertools.permutations(matrices) if 0 < len(matrices) <= _LONGEST_SEARCH else ()
    orders = [names for names in searched if fits(names)]
    if len(orders) == 1:
        return orders[0]
    found = "more than one order fits" if orders else "no order fits"
    raise NetworkFileError(
        f"Expected kernels that lead from {inputs} pixels to the classes, but {source} holds {came} and {found}; "
        "name them from the input on with the setting kernels, or check image_shape."
    )


def _orientation(shapes, settings, inputs):
    """For each kernel: is it stored as [out, in], and is it square? None if the chain breaks."""
    transposed: list[bool | None] = []
    fan_in = inputs
    for shape in shapes:
        if fan_in not in shape:
            return None
        square = shape[0] == shape[1]
        transposed.append(None if square else shape[1] == fan_in)
        fan_in = shape[0] if shape[1] == fan_in else shape[1]
    settled = [flip for flip in transposed if flip is not None]
    usual = (
        sum(settled) > len(settled) / 2
        if settings.orientation == "auto"
        else settings.orientation == "out_in"
    )
    return [usual if flip is None else flip for flip in transposed], [flip is None for flip in transposed]


def _find_biases(vectors, kernel_names, kernels, settings, source):
    """One bias a kernel: as told, by the rest of the name (fc1.weight, fc1.bias), by order, or none at all."""
    names = _pair_biases(vectors, kernel_names, settings)
    widths = [kernel.shape[1] for kernel in kernels]
    came = ", ".join(f"{name} {vector.shape}" for name, vector in vectors.items()) or "none"
    fits = len(names) == len(widths) and all(
        name in vectors and len(vectors[name]) == width for name, width in zip(names, widths)
    )
    spare = set(vectors) - set(names) if fits and not settings.biases else set()
    lengths = {*widths, kernels[0].shape[0]}
    unused = any(vectors[name].dtype.kind == "f" and len(vectors[name]) in lengths for name in spare)
    if names and (not fits or unused):
        raise NetworkFileError(
            f"Expected one bias for each of {', '.join(kernel_names)}, of sizes {widths}, but {source} holds "
            f"{came}; name them with the setting biases, and export a network with other layers as .onnx."
        )
    if not names:
        return [jnp.zeros(width) for width in widths]
    return [jnp.asarray(vectors[name], jnp.float32) for name in names]


def _pair_biases(vectors, kernel_names, settings):
    if settings.biases:
        return settings.biases
    by_stem = {_stem(name): name for name in vectors}
    if len(by_stem) == len(vectors) and all(_stem(name) in by_stem for name in kernel_names):
        return tuple(by_stem[_stem(name)] for name in kernel_names)
    return tuple(vectors)


def _find_activation(arrays, layers, settings, source):
    """Of the hidden layers: as told, or as a text named `activation` in the file; None without hidden layers."""
    if layers == 1:
        return None
    name = settings.activation
    if name is None and "activation" in arrays and arrays["activation"].dtype.kind in "US":
        name = np.asarray(arrays["activation"]).astype(str).item()
    if name not in ACTIVATIONS:
        came = f"{source} does not say it" if name is None else f"got {name!r}"
        raise NetworkFileError(
            f"Expected the activation of the {layers - 1} hidden layer(s), but {came}; "
            f"set activation to one of {', '.join(ACTIVATIONS)}."
        )
    return name


def natural(name: str) -> list[tuple[int, int, str]]:
    """A key to sort names by, numbers in them by their value."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", name)]


def _stem(name):
    """The name without the word that says kernel or bias: W1 and b1 -> (1), fc.weight and fc.bias -> (fc)."""
    words = re.findall(r"[a-z]+|\d+", name.lower())
    return tuple(word for word in words if not _KIND_WORD.fullmatch(word))

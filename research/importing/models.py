"""Weights for one of our own models (`research.models`): our own files, and files of other frameworks.

Our networks are saved beside a `config.json` that says the model. Of other files the setting `model` says it; layers
are matched by their shapes, kernels turned from [out, in] and [out, in, h, w] to ours, and the first dense kernel
behind a convolution reordered from channels-first to channels-last.
"""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from research.importing.dense import natural
from research.importing.network import Imported, NetworkFileError, Settings
from research.training.recipes import RECIPES, recipe


def own_config(path: Path) -> Any:
    """The config of the model that a file of ours holds, from the `config.json` beside it; None for other files."""
    try:
        described = json.loads((path.parent / "config.json").read_text())["model"]
        kinds = {type(recipe(name).model).__name__: type(recipe(name).model) for name in RECIPES}
        kind = kinds[described.pop("kind")]
        fields = {name: tuple(x) if isinstance(x, list) else x for name, x in described.items()}
        return kind(**fields)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def from_arrays(arrays: Mapping[str, np.ndarray], config: Any, settings: Settings, source: str) -> Imported:
    """The model of this config with parameters from the file.

    Args:
        arrays: the file's arrays by name.
        config: of the model, from `own_config`; None: the recipe called `settings.model`, for images as
            `settings.input_range` says, its widths from the file.

    Raises:
        NetworkFileError: for an unknown model and for arrays that do not fit it.
    """
    own = config is not None
    if not own:
        config = _sized(_recipe(settings.model), arrays)
    graph, abstract = nnx.split(nnx.eval_shape(lambda: config.build(nnx.Rngs(0))), nnx.Param)
    leaves = jax.tree_util.tree_leaves_with_path(abstract)
    wanted = {_dotted(path): leaf.shape for path, leaf in leaves}
    if own and all(name in arrays and arrays[name].shape == shape for name, shape in wanted.items()):
        found = {"hwc": {name: arrays[name] for name in wanted}}
    else:
        matched = _matched(wanted, arrays, source)
        found = {order: _in_our_layout(wanted, matched, arrays, order) for order in ("chw", "hwc")}
    structure = jax.tree.structure(abstract)

    def network(order):
        values = [jnp.asarray(found[order][name], jnp.float32) for name in wanted]
        params = jax.tree.unflatten(structure, values)
        return partial(_answer, graph, params)

    chosen, *others = sorted(found, key=lambda order: order != settings.flatten)
    kernels, biases = _dense_chain(config, found[chosen], settings)
    return Imported(
        network=network(chosen),
        settings=settings,
        description=f"{source}: {config.label} of research.models",
        kernels=kernels,
        biases=biases,
        activation=getattr(config, "activation", None) if kernels and len(kernels) > 1 else None,
        alternatives={f"flatten={order}": network(order) for order in others},
    )


def _answer(graph, params, image):
    return nnx.merge(graph, params)(image)[0]


def _recipe(name):
    if name not in RECIPES:
        raise NetworkFileError(f"Expected model to be one of {', '.join(RECIPES)}; got {name!r}.")
    neutral = {"mean": 0.0, "std": 1.0, "low": 0.0, "high": 1.0}  # input_range prepares the image
    config = recipe(name).model
    own = {field.name for field in dataclasses.fields(config)}
    return dataclasses.replace(config, **{field: x for field, x in neutral.items() if field in own})


def _sized(config, arrays):
    """The config with the widths of a convolutional network's file."""
    if not hasattr(config, "channels"):
        return config
    named = sorted(arrays, key=natural)
    convolutions = [arrays[name].shape for name in named if arrays[name].ndim == 4]
    vectors = [len(arrays[name]) for name in named if arrays[name].ndim == 1]
    if len(convolutions) != 2 or len(vectors) < 4:
        return config
    ours = convolutions[0][0] == convolutions[0][1]  # [k k 1 d] against [d 1 k k]
    channels = tuple(shape[-1] if ours else shape[0] for shape in convolutions)
    widths = [w for w in vectors if w != config.classes]
    dense = next((w for w in reversed(widths) if w not in channels), config.dense)
    kernel = convolutions[0][0] if ours else convolutions[0][-1]
    return dataclasses.replace(config, channels=channels, kernel=kernel, dense=dense)


def _dotted(path):
    return ".".join(str(getattr(p, "key", getattr(p, "name", p))) for p in path if str(p) != ".value")


def _forms(array: np.ndarray, shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """The array in our layout, if its shape allows: transposed first, as PyTorch stores kernels, then as it is."""
    if array.ndim == 4 and array.transpose(2, 3, 1, 0).shape == shape:
        yield array.transpose(2, 3, 1, 0)
    if array.ndim == 2 and array.T.shape == shape:
        yield array.T
    if array.shape == shape:
        yield array


def _matched(wanted, arrays, source) -> dict[str, str]:
    """The file's array for each parameter: kernels in natural order by shape, each bias by its kernel's name."""
    names = sorted((name for name in arrays if arrays[name].dtype.kind in "fiu"), key=natural)
    matched: dict[str, str] = {}
    for ours, shape in wanted.items():
        if ours.endswith("kernel"):
            free = (name for name in names if name not in matched.values())
            matched[ours] = next(
                (name for name in free if any(True for _ in _forms(arrays[name], shape))), ""
            )
    for ours, shape in wanted.items():
        if ours.endswith("kernel"):
            continue
        kernel = matched.get(ours.removesuffix("bias") + "kernel", "")
        stem = re.sub("(weight|kernel|w)$", "", kernel)
        same = [name for name in names if name not in matched.values() and arrays[name].shape == shape]
        matched[ours] = next((name for name in same if kernel and name.startswith(stem)), (same or [""])[0])
    missing = [f"{name} {wanted[name]}" for name, theirs in matched.items() if not theirs]
    if missing:
        came = ", ".join(f"{name} {arrays[name].shape}" for name in names)
        raise NetworkFileError(
            f"Expected the parameters of the model in {source}, but nothing there fits {', '.join(missing)}; it holds "
            f"{came}: choose another model."
        )
    return matched


def _in_our_layout(wanted, matched, arrays, order):
    """The parameters in our layout; `order`: how the file's network flattened feature maps."""
    found = {}
    maps = 0  # channels of the last convolution
    for name in sorted(wanted, key=lambda name: (not name.startswith("conv"), natural(name))):
        value = next(iter(_forms(arrays[matched[name]], wanted[name])))
        if name.endswith("kernel") and value.ndim == 4:
            maps = value.shape[-1]
        elif name.endswith("kernel") and maps:
            side = round((value.shape[0] / maps) ** 0.5)
            if order == "chw":
                value = value.reshape(maps, side, side, -1).transpose(1, 2, 0, 3).reshape(value.shape)
            maps = 0
        found[name] = value
    return found


def _dense_chain(config, found, settings):
    """Kernels and biases of an MLP or of softmax regression as a function of the image in [0, 1]; else None."""
    names = sorted((name for name in found if name.endswith("kernel")), key=natural)
    if not all(re.match(r"(layers\.\d+|dense)\.kernel", name) for name in names) or hasattr(config, "code"):
        return None, None
    kernels = [jnp.asarray(found[name], jnp.float32) for name in names]
    biases = [jnp.asarray(found[name.removesuffix("kernel") + "bias"], jnp.float32) for name in names]
    low, high = getattr(config, "low", 0.0), getattr(config, "high", 1.0)
    biases[0] = biases[0] + low * kernels[0].sum(0)
    kernels[0], biases[0] = settings.fold((high - low) * kernels[0], biases[0])
    return tuple(kernels), tuple(biases)

"""What a model, a noise and a loss must be so that a network can be trained: found on shapes, before anything is computed."""

import contextlib
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from research.data.noise import NOISES
from research.training.losses import LOSSES, Loss
from research.training.train import CLASSES, PIXELS, SIDE, NetworkConfig


def is_ours(config: NetworkConfig) -> bool:
    """Whether model, loss and noise all stand in `research`."""
    parts = [type(config.model), LOSSES[config.training.loss].of, NOISES.get(config.training.noise, Loss)]
    return all(part.__module__.startswith("research.") for part in parts)


def check_losses() -> None:
    """Raises: ValueError for an entry of LOSSES that is no Loss."""
    for name, loss in LOSSES.items():
        if not isinstance(loss, Loss):
            raise ValueError(
                f"LOSSES[{name!r}] must be a research.training.losses.Loss(of, classifies), got {loss!r}"
            )


def check_model(config: NetworkConfig) -> None:
    """Builds the model and calls it, the noise and the loss for one image as training does, on shapes alone.

    Raises:
        ValueError: in one line, if one of them cannot be called or returns something else than it must, or the model has
            variables other than parameters.
    """
    model, training = config.model, config.training
    name = type(model).__name__
    image, key = jax.ShapeDtypeStruct((SIDE, SIDE), jnp.float32), jax.eval_shape(lambda: jax.random.key(0))
    with _in_one_line(type(model), f"{name} cannot be built"):
        module = nnx.eval_shape(lambda: model.build(nnx.Rngs(0)))
        graph, params, *others = nnx.split(module, nnx.Param, ...)
    variables = jax.tree.leaves(others, is_leaf=lambda x: isinstance(x, nnx.Variable))
    if kinds := {type(variable).__name__ for variable in variables}:
        raise ValueError(
            f"{name} has variables that are no nnx.Param ({', '.join(sorted(kinds))}), but only parameters are trained and "
            "kept: instead of BatchNorm take LayerNorm or GroupNorm, and draw dropout from the key of the call "
            "(research/models/dropout.py)"
        )
    with _in_one_line(
        type(model), f"{name} cannot be called as model(image, key=key) on one image [{SIDE} {SIDE}]"
    ):
        out = jax.eval_shape(lambda params, x, key: nnx.merge(graph, params)(x, key=key), params, image, key)
    if not (isinstance(out, tuple) and len(out) == 2 and isinstance(out[1], dict)):
        raise ValueError(
            f"{name} must return (logits, activations by name) of one image, it returns {_shown(out)}"
        )
    outputs = CLASSES if LOSSES[training.loss].classifies else PIXELS
    _require(out[0], (outputs,), f"with training.loss {training.loss!r} {name}")
    if training.noise in NOISES:
        noise, what = NOISES[training.noise], f"the noise {training.noise!r}"
        with _in_one_line(noise, f"{what} cannot be called as noise(key, image, strength)"):
            seen = jax.eval_shape(noise, key, image, jnp.float32(0))
        _require(seen, (SIDE, SIDE), what)
    loss, what = LOSSES[training.loss].of, f"the loss {training.loss!r}"
    with _in_one_line(loss, f"{what} cannot be called as loss(output, label, image) of one example"):
        value = jax.eval_shape(loss, out[0], jax.ShapeDtypeStruct((), jnp.int32), image)
    _require(value, (), what)


def _require(out: Any, shape: tuple[int, ...], what: str) -> None:
    if getattr(out, "shape", None) != shape:
        raise ValueError(f"{what} must return shape {list(shape)} for one image, it returns {_shown(out)}")


@contextlib.contextmanager
def _in_one_line(part: Any, what: str) -> Iterator[None]:
    """Any exception as a ValueError that names the line of the file in which the part stands."""
    try:
        yield
    except Exception as error:
        file = getattr(sys.modules.get(part.__module__), "__file__", None)
        lines = [
            frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file
        ]
        where = f"{file}:{lines[-1]}: " if lines else ""
        said = str(error).strip().splitlines() or [""]
        raise ValueError(f"{what}: {where}{type(error).__name__}: {said[0][:200]}") from error


def _shown(out: Any) -> str:
    """Types and shapes, as float32[10]."""
    return str(jax.tree.map(lambda x: f"{x.dtype}{list(x.shape)}", out)).replace("'", "")

"""What a model must be so that it can be trained: found on shapes, before anything is computed."""

import contextlib
import inspect
import traceback
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from research.training.losses import LOSSES
from research.training.train import CLASSES, PIXELS, SIDE, NetworkConfig


def check_model(config: NetworkConfig) -> None:
    """Builds the model and calls it on one image as training does, on shapes alone.

    Raises:
        ValueError: in one line, if it cannot be built or called, has variables other than parameters, or does not return
            the outputs of one image with activations by name.
    """
    name = type(config.model).__name__
    with _in_one_line(config.model, "cannot be built"):
        module = nnx.eval_shape(lambda: config.model.build(nnx.Rngs(0)))
        graph, params, *others = nnx.split(module, nnx.Param, ...)
    if kinds := {
        type(x).__name__ for x in jax.tree.leaves(others, is_leaf=lambda x: isinstance(x, nnx.Variable))
    }:
        raise ValueError(
            f"{name} has variables that are no nnx.Param ({', '.join(sorted(kinds))}), but only parameters are trained and "
            "kept: instead of BatchNorm take LayerNorm or GroupNorm, and draw dropout from the key of the call "
            "(research/models/dropout.py)"
        )
    image, key = jax.ShapeDtypeStruct((SIDE, SIDE), jnp.float32), jax.eval_shape(lambda: jax.random.key(0))
    with _in_one_line(
        config.model, f"cannot be called as model(image, key=key) on one image [{SIDE} {SIDE}]"
    ):
        out = jax.eval_shape(lambda params, x, key: nnx.merge(graph, params)(x, key=key), params, image, key)
    if not (isinstance(out, tuple) and len(out) == 2 and isinstance(out[1], dict)):
        raise ValueError(
            f"{name} must return (logits, activations by name) of one image, it returns {_shown(out)}"
        )
    expected = CLASSES if LOSSES[config.training.loss].classifies else PIXELS
    if getattr(out[0], "shape", None) != (expected,):
        raise ValueError(
            f"{name} must return [{expected}] outputs for one image with training.loss {config.training.loss!r}, it returns "
            f"{_shown(out[0])}"
        )


@contextlib.contextmanager
def _in_one_line(model: Any, what: str) -> Iterator[None]:
    """Any exception as a ValueError that names the line of the model's file."""
    try:
        yield
    except Exception as error:
        file = inspect.getsourcefile(type(model))
        lines = [
            frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file
        ]
        where = f"{file}:{lines[-1]}: " if lines else ""
        said = str(error).strip().splitlines() or [""]
        raise ValueError(
            f"{type(model).__name__} {what}: {where}{type(error).__name__}: {said[0][:200]}"
        ) from error


def _shown(out: Any) -> str:
    """Types and shapes, as float32[10]."""
    return str(jax.tree.map(lambda x: f"{x.dtype}{list(x.shape)}", out)).replace("'", "")

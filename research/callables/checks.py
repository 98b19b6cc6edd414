"""The arguments that all readings share, checked where a user passes them; each error is one line that names the argument.

Shapes and types are checked while JAX traces, so the checks cost nothing in a compiled program.
"""

import math
import operator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

_OTHER_INPUTS = {
    "image.reshape(-1)": lambda shape: (math.prod(shape),),
    "image[None]": lambda shape: (1, *shape),
    "image[..., None]": lambda shape: (*shape, 1),
    "image[None, None]": lambda shape: (1, 1, *shape),
    "image[None, ..., None]": lambda shape: (1, *shape, 1),
    "image.reshape(1, -1)": lambda shape: (1, math.prod(shape)),
}
_TRACING_ERRORS = (
    jax.errors.TracerArrayConversionError,
    jax.errors.ConcretizationTypeError,
    jax.errors.TracerIntegerConversionError,
)


def typed_key(key: Any) -> Key[Array, ""]:
    """A PRNG key from a typed key, an old-style key (`jax.random.PRNGKey`) or a whole number in 0..2^32 - 1.

    Raises: ValueError for anything else.
    """
    if isinstance(key, int | np.integer) and not isinstance(key, bool) and 0 <= key < 2**32:
        return jax.random.key(int(key))
    if isinstance(key, jax.Array | np.ndarray):
        if jnp.issubdtype(key.dtype, jax.dtypes.prng_key) and key.shape == ():
            return jnp.asarray(key)
        if key.dtype == np.uint32 and key.shape == jax.random.key_data(jax.random.key(0)).shape:
            return jax.random.wrap_key_data(jnp.asarray(key))
    raise ValueError(
        f"key must be one key, as from jax.random.key(0), or a whole number, got {_described(key)}"
    )


def float_image(image: Any, name: str = "image") -> Any:
    """An image or a stack of images as floats: bytes (uint8) are divided by 255, floats stay as they are.

    Raises: ValueError for numbers of another type.
    """
    if not isinstance(image, jax.Array | np.ndarray):
        image = np.asarray(image)
    if image.dtype == np.uint8:
        return jnp.asarray(image, jnp.float32) / 255
    if not jnp.issubdtype(image.dtype, jnp.floating):
        raise ValueError(f"{name} must hold floats or bytes (uint8), it holds {image.dtype}")
    return image


def image_shape(shape: Any) -> tuple[int, ...]:
    """The shape [h, w] or [h, w, channels] as a tuple. Raises: ValueError for any other."""
    try:
        sizes = tuple(operator.index(size) for size in shape)
    except TypeError:
        sizes = ()
    if len(sizes) not in (2, 3) or min(sizes) < 1:
        raise ValueError(f"shape must be (h, w) or (h, w, channels) of at least 1 each, got {shape!r}")
    if len(sizes) == 3 and sizes[0] <= 4 < sizes[2]:
        raise ValueError(f"shape must have its channels last, got {shape!r}; try {(*sizes[1:], sizes[0])}")
    return sizes


def class_index(digit: Any, k: int | None = None, name: str = "digit") -> Any:
    """A class as a whole number, or a tracer, which is returned as it is.

    Raises: ValueError for a number with a fraction or no number, and for a class outside 0..k-1.
    """
    if isinstance(digit, jax.core.Tracer) and jnp.issubdtype(digit.dtype, jnp.integer) and digit.ndim == 0:
        return digit
    try:
        index = operator.index(digit)
    except TypeError:  # TracerIntegerConversionError, too
        raise ValueError(f"{name} must be one whole number, a class, got {_described(digit)}") from None
    if k is not None and not 0 <= index < k:
        raise ValueError(f"there is no class {index}: the network has {k} classes, 0 to {k - 1}")
    return index


def nan_if_unknown(found: Array, digit: Any, k: int) -> Array:
    """`found`, or NaN if `digit` is traced, so that `class_index` could not check it, and is not in 0..k-1."""
    if not isinstance(digit, jax.core.Tracer):
        return found
    return jnp.where((digit >= 0) & (digit < k), found, jnp.nan)


def outputs(predict: Any, image: Any) -> tuple[Float[Array, " k"], Any]:
    """(logits, activations) of one image; logits of half precision become float32.

    Raises:
        ValueError: if `predict` fails on an image but not on a batch or a vector, cannot be traced, or does not return
            float logits [k], k >= 2, or a pair of them and activations.
    """
    shape = list(image.shape)
    if not callable(predict):
        raise ValueError(f"predict must be a function of one image {shape}, got {_described(predict)}")
    try:
        output = predict(image)
    except _TRACING_ERRORS as error:
        raise ValueError(
            f"predict must be computed by JAX from the image alone: {_first_line(error)}"
        ) from error
    except Exception as error:
        hint = _what_it_takes(predict, image)
        if not hint:
            raise
        raise ValueError(f"predict gets one image {shape} and fails ({_first_line(error)}){hint}") from error
    pair = isinstance(output, tuple) and len(output) == 2
    logits, activations = output if pair else (output, {})
    if not isinstance(logits, jax.Array | np.ndarray):
        raise ValueError(
            f"predict must return logits [k] or (logits, activations), it returned {_described(output)}"
        )
    if logits.ndim != 1 or logits.size < 2 or not jnp.issubdtype(logits.dtype, jnp.floating):
        raise ValueError(
            f"predict must return float logits of shape [k] for one image of shape {shape}, "
            f"it returned {logits.dtype} of shape {list(logits.shape)}{_what_it_takes(predict, image)}"
        )
    return jnp.asarray(logits).astype(jnp.promote_types(logits.dtype, jnp.float32)), activations


def _what_it_takes(predict, image):
    """A hint, if `predict` gives logits for a batch, a vector or channels instead of an image; else no text."""
    for way, shape_of in _OTHER_INPUTS.items():
        try:
            other = jax.ShapeDtypeStruct(shape_of(image.shape), image.dtype)
            found = jax.eval_shape(lambda x: predict(x), other)
        except Exception:
            continue
        logits: Any = found[0] if isinstance(found, tuple) and len(found) > 0 else found
        sizes: tuple[int, ...] = getattr(logits, "shape", ())
        if len(sizes) in (1, 2) and sizes[-1] >= 2 and math.prod(sizes) == sizes[-1]:
            return f"; pass lambda image: predict({way}){'[0]' * (len(sizes) - 1)}"
    return ""


def seem_probabilities(logits: Float[np.ndarray, "n k"]) -> bool:
    """Whether outputs for several images look like probabilities: never negative, each row sums to 1."""
    return bool((logits >= 0).all() and (np.abs(logits.sum(1) - 1) < 1e-3).all())


def _described(value):
    if isinstance(value, jax.Array | np.ndarray):
        return f"{value.dtype} of shape {list(value.shape)}"
    return (
        f"{value!r}"[:80].splitlines()[0]
        if isinstance(value, str | int | float)
        else f"a {type(value).__name__}"
    )


def _first_line(error):
    return str(error).splitlines()[0] if str(error) else type(error).__name__

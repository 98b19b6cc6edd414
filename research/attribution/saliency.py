"""Attribution: how much does each pixel of an image contribute to a class?

Every method takes `predict` (one image [h w] or [h w c] -> logits [k], or (logits, activations)), one image (floats as
the network expects them, or bytes, which are divided by 255) and one class, and returns one signed map of the image's
shape, positive where the pixel raises the class's logit. Map over images and classes with `vmap`, or with `lax.map`
where memory is short.

A class that the network does not have is a ValueError; where the class is traced (inside `jit` or `vmap`), so that its
value is not known, the map is NaN.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Num, Shaped

from research.callables import checks

Predict = Callable[[Array], Any]
Image = Num[Array | np.ndarray, "h w *c"]
Map = Float[Array, "h w *c"]
Class = Shaped[ArrayLike, ""]


def gradient(predict: Predict, image: Image, digit: Class) -> Map:
    """d logit_digit / d pixel: the saliency map of Simonyan et al. (2014), with its sign."""
    image = jnp.asarray(checks.float_image(image))
    return _only_known(predict, image, digit, _gradient(predict, image, digit))


def gradient_times_input(predict: Predict, image: Image, digit: Class) -> Map:
    """x_i d logit_digit / d x_i, the first-order share of each pixel; pixels of value 0 get 0.

    In a network of linear and ReLU (or max-pool) layers the map sums to the logit without the effect of the biases.

    Source: Shrikumar et al. (2016).
    """
    return jnp.asarray(checks.float_image(image)) * gradient(predict, image, digit)


def smoothgrad(
    predict: Predict, image: Image, digit: Class, key: Any, *, samples: int = 50, noise: float = 0.15
) -> Map:
    """The gradient averaged over noisy copies of the image: mean_s grad(x + noise e_s), e_s ~ N(0, 1).

    Args:
        predict: one image -> logits.
        image: pixels in [0, 1].
        digit: the class.
        key: for the noise; a key or a whole number.
        samples: number of noisy copies.
        noise: standard deviation in units of the pixel range; the source uses 0.1 to 0.2.

    Source:
        Smilkov et al. (2017).
    """
    image = jnp.asarray(checks.float_image(image))
    noisy = image[None] + noise * jax.random.normal(checks.typed_key(key), (samples, *image.shape))
    found = jax.vmap(lambda x: _gradient(predict, x, digit))(noisy).mean(0)
    return _only_known(predict, image, digit, found)


def integrated_gradients(
    predict: Predict, image: Image, digit: Class, *, baseline: Image | None = None, steps: int = 64
) -> Map:
    """(x - b)_i times the gradient averaged along the straight line from the baseline b to the image.

    The map sums to logit(x) - logit(b) (completeness).

    Args:
        predict: one image -> logits.
        image: x.
        digit: the class.
        baseline: b. Default: all 0.
        steps: nodes of Gauss-Legendre quadrature. For smooth networks it is exact to rounding unless they are very sharp;
            with ReLU the gradient jumps along the line and the error falls as 1/steps.

    Source:
        Sundararajan et al. (2017).
    """
    image = jnp.asarray(checks.float_image(image))
    start = (
        jnp.zeros_like(image) if baseline is None else jnp.asarray(checks.float_image(baseline, "baseline"))
    )
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    shares = jnp.asarray((nodes + 1) / 2, image.dtype)
    line = start[None] + shares.reshape(-1, *(1 for _ in image.shape)) * (image - start)[None]
    gradients = jax.vmap(lambda x: _gradient(predict, x, digit))(line)
    found = (image - start) * jnp.tensordot(jnp.asarray(weights / 2, image.dtype), gradients, 1)
    return _only_known(predict, image, digit, found)


def occlusion(
    predict: Predict, image: Image, digit: Class, *, patch: int = 4, stride: int = 2, fill: float = 0.0
) -> Map:
    """Drop of the logit when a square patch is replaced by `fill`.

    Each pixel gets the mean drop over the patches that cover it. The last patches of a row and a column are moved inwards,
    so that every pixel is covered.

    Args:
        predict: one image -> logits.
        image: pixels in [0, 1].
        digit: the class.
        patch: side of the patch in pixels.
        stride: distance of neighbouring patches in pixels.
        fill: value of the replaced pixels.

    Raises:
        ValueError: unless 1 <= stride <= patch <= the image's sides.

    Source:
        Zeiler & Fergus (2014).
    """
    image = jnp.asarray(checks.float_image(image))
    checks.image_shape(image.shape)
    if not 1 <= stride <= patch <= min(image.shape[:2]):
        raise ValueError(
            f"Expected 1 <= stride <= patch <= {min(image.shape[:2])} (so that patches cover an image of shape "
            f"{image.shape}), got patch {patch} and stride {stride}."
        )
    covers = _patches(image.shape[:2], patch, stride)
    covers = jnp.asarray(
        np.broadcast_to(
            covers.reshape(*covers.shape, *(1 for _ in image.shape[2:])), (len(covers), *image.shape)
        )
    )
    occluded = jnp.where(covers, fill, image[None])
    drops = _logit(predict, image, digit) - jax.vmap(lambda x: _logit(predict, x, digit))(occluded)
    found = jnp.tensordot(drops, covers.astype(image.dtype), 1) / covers.sum(0)
    return _only_known(predict, image, digit, found)


def _logit(predict, image, digit):
    logits, _ = checks.outputs(predict, image)
    return logits[checks.class_index(digit, logits.size)]


def _gradient(predict, image, digit):
    return jax.grad(lambda x: _logit(predict, x, digit))(image)


def _only_known(predict, image, digit, found):
    """The map; NaN where `digit` is traced and turns out to be no class of the network."""
    if not isinstance(digit, jax.core.Tracer):
        return found
    k = jax.eval_shape(lambda x: checks.outputs(predict, x)[0], image).size
    return checks.nan_if_unknown(found, digit, k)


def _patches(shape, patch, stride):
    """Masks [places, h, w], true inside the patch."""
    corners = (sorted({*range(0, side - patch, stride), side - patch}) for side in shape)
    rows, columns = (
        [(np.arange(side) >= at) & (np.arange(side) < at + patch) for at in starts]
        for side, starts in zip(shape, corners)
    )
    return np.stack([np.outer(row, column) for row in rows for column in columns])

"""Attribution: which pixels of this image speak for this class?

Every method takes `predict` (one image -> logits), one image and one class, and returns one signed map of the
image's shape: positive where the pixel speaks for the class. Map over images and classes at the border
(`vmap`, or `lax.map` where memory is short).
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Key

Predict = Callable[[Array], Array]
Image = Float[Array, "h w"]
Class = Int[ArrayLike, ""]


def gradient(predict: Predict, image: Image, digit: Class) -> Image:
    """d logit_digit / d pixel: the saliency map of Simonyan et al. (2014), with its sign."""
    return jax.grad(lambda x: predict(x)[digit])(image)


def gradient_times_input(predict: Predict, image: Image, digit: Class) -> Image:
    """x_i d logit_digit / d x_i, the first-order share of each pixel; the background (0) gets nothing.

    Source: Shrikumar et al. (2016). With the remainder stated: `causal_index.contributions`.
    """
    return image * gradient(predict, image, digit)


def smoothgrad(
    predict: Predict,
    image: Image,
    digit: Class,
    key: Key[Array, ""],
    *,
    samples: int = 50,
    noise: float = 0.15,
) -> Image:
    """The gradient averaged over noisy copies of the image: mean_s grad(x + noise e_s), e_s ~ N(0, 1).

    `noise` is in units of the pixel range. Source: Smilkov et al. (2017), who use 0.1 to 0.2 of it.
    """
    noisy = image[None] + noise * jax.random.normal(key, (samples, *image.shape))
    return jax.vmap(lambda x: gradient(predict, x, digit))(noisy).mean(0)


def integrated_gradients(
    predict: Predict, image: Image, digit: Class, *, baseline: Image | None = None, steps: int = 64
) -> Image:
    """(x - b)_i times the gradient averaged along the straight line from the baseline b to the image.

    Complete: the map sums to logit(x) - logit(b). The integral is Gauss-Legendre with `steps` nodes, which is
    exact to rounding for all but the sharpest smooth networks; with ReLU the gradient jumps along the line
    and the error falls as 1/steps. The baseline is blank unless given.

    Source: Sundararajan et al. (2017).
    """
    start = jnp.zeros_like(image) if baseline is None else baseline
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    shares = jnp.asarray((nodes + 1) / 2, image.dtype)
    line = start[None] + shares[:, None, None] * (image - start)[None]
    gradients = jax.vmap(lambda x: gradient(predict, x, digit))(line)
    return (image - start) * jnp.tensordot(jnp.asarray(weights / 2, image.dtype), gradients, 1)


def occlusion(
    predict: Predict, image: Image, digit: Class, *, patch: int = 4, stride: int = 2, fill: float = 0.0
) -> Image:
    """How much the logit falls when a square patch is painted over with `fill`.

    Each pixel gets the mean fall over the patches that cover it; the last patches of a row and a column are
    moved inwards so that every pixel is covered.

    Source: Zeiler & Fergus (2014).
    Raises: ValueError unless 1 <= stride <= patch <= the image's sides.
    """
    if not 1 <= stride <= patch <= min(image.shape):
        raise ValueError(
            f"Expected 1 <= stride <= patch <= {min(image.shape)} (so that patches cover an image of shape "
            f"{image.shape}), got patch {patch} and stride {stride}."
        )
    covers = jnp.asarray(_patches(image.shape, patch, stride))
    occluded = jnp.where(covers, fill, image[None])
    falls = predict(image)[digit] - jax.vmap(lambda x: predict(x)[digit])(occluded)
    return jnp.tensordot(falls, covers.astype(image.dtype), 1) / covers.sum(0)


def _patches(shape, patch, stride):
    """Masks [places, h, w], true inside the patch."""
    rows, columns = (
        [(np.arange(side) >= at) & (np.arange(side) < at + patch) for at in _places(side, patch, stride)]
        for side in shape
    )
    return np.stack([np.outer(row, column) for row in rows for column in columns])


def _places(side, patch, stride):
    return sorted({*range(0, side - patch, stride), side - patch})

"""Attribution: how much does each pixel of an image contribute to a class?

Every method takes `predict` (one image [h w] -> logits [k]), one image and one class, and returns one signed map of the
image's shape, positive where the pixel raises the class's logit. Map over images and classes with `vmap`, or with
`lax.map` where memory is short.
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
    """x_i d logit_digit / d x_i, the first-order share of each pixel; pixels of value 0 get 0.

    `causal_index.contributions` also returns the remainder.

    Source: Shrikumar et al. (2016).
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

    Args:
        predict: one image -> logits.
        image: pixels in [0, 1].
        digit: the class.
        key: for the noise.
        samples: number of noisy copies.
        noise: standard deviation in units of the pixel range; the source uses 0.1 to 0.2.

    Source:
        Smilkov et al. (2017).
    """
    noisy = image[None] + noise * jax.random.normal(key, (samples, *image.shape))
    return jax.vmap(lambda x: gradient(predict, x, digit))(noisy).mean(0)


def integrated_gradients(
    predict: Predict, image: Image, digit: Class, *, baseline: Image | None = None, steps: int = 64
) -> Image:
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
    start = jnp.zeros_like(image) if baseline is None else baseline
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    shares = jnp.asarray((nodes + 1) / 2, image.dtype)
    line = start[None] + shares[:, None, None] * (image - start)[None]
    gradients = jax.vmap(lambda x: gradient(predict, x, digit))(line)
    return (image - start) * jnp.tensordot(jnp.asarray(weights / 2, image.dtype), gradients, 1)


def occlusion(
    predict: Predict, image: Image, digit: Class, *, patch: int = 4, stride: int = 2, fill: float = 0.0
) -> Image:
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
    if not 1 <= stride <= patch <= min(image.shape):
        raise ValueError(
            f"Expected 1 <= stride <= patch <= {min(image.shape)} (so that patches cover an image of shape "
            f"{image.shape}), got patch {patch} and stride {stride}."
        )
    covers = jnp.asarray(_patches(image.shape, patch, stride))
    occluded = jnp.where(covers, fill, image[None])
    drops = predict(image)[digit] - jax.vmap(lambda x: predict(x)[digit])(occluded)
    return jnp.tensordot(drops, covers.astype(image.dtype), 1) / covers.sum(0)


def _patches(shape, patch, stride):
    """Masks [places, h, w], true inside the patch."""
    rows, columns = (
        [(np.arange(side) >= at) & (np.arange(side) < at + patch) for at in _corners(side, patch, stride)]
        for side in shape
    )
    return np.stack([np.outer(row, column) for row in rows for column in columns])


def _corners(side, patch, stride):
    return sorted({*range(0, side - patch, stride), side - patch})

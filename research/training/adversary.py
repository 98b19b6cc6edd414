"""Projected gradient ascent: the worst image that an adversary finds close to a given one.

    x ← clip(Π(x + η·d(∇ₓ loss(x))), 0, 1)

Π projects onto the ball of radius ε around the given image; d is the direction of steepest ascent: g / |g|₂ for
"l2", sign(g) for "linf". The ascent starts at the image itself. A network trained on such images instead of the given
ones is called robust.

Source: Madry et al. 2018, "Towards deep learning models resistant to adversarial attacks".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from research.fields.bounds import ITERATIONS, Bound, bounded, one_of

NORMS = ("l2", "linf")
REACH = Bound(0, 28, "no two images of 28 x 28 pixels are farther apart")
TINY = 1e-12  # below this a gradient has no direction


@dataclass
class Adversary:
    """How far from an image the adversary may go, and how it looks for the worst."""

    eps: float = bounded(0.0, REACH)  # radius of the ball, pixels in [0, 1]; 0: no adversary
    norm: str = one_of("l2", NORMS)
    steps: int = bounded(3, ITERATIONS)
    # length of a step; 0: 2.5·eps/steps, which can cross the ball (Madry et al.)
    step_size: float = bounded(0.0, REACH)


def worst_image(
    loss: Callable[[Float[Array, "h w"]], Float[Array, ""]], image: Float[Array, "h w"], adversary: Adversary
) -> Float[Array, "h w"]:
    """An image in [0, 1] within `adversary.eps` of the given one at which `loss` is high."""
    length = adversary.step_size or 2.5 * adversary.eps / adversary.steps

    def step(_: Any, x: Array) -> Array:
        moved = x + length * _direction(jax.grad(loss)(x), adversary.norm) - image
        return jnp.clip(image + _into_ball(moved, adversary), 0.0, 1.0)

    return jax.lax.fori_loop(0, adversary.steps, step, image)


def _direction(gradient: Array, norm: str) -> Array:
    if norm == "linf":
        return jnp.sign(gradient)
    return gradient / jnp.maximum(jnp.linalg.norm(gradient), TINY)


def _into_ball(move: Array, adversary: Adversary) -> Array:
    if adversary.norm == "linf":
        return jnp.clip(move, -adversary.eps, adversary.eps)
    return move * jnp.minimum(1.0, adversary.eps / jnp.maximum(jnp.linalg.norm(move), TINY))


def robust_hits(
    predict: Callable[[Float[Array, "h w"]], Float[Array, " k"]],
    images: Float[Array, "n h w"],
    labels: Int[Array, " n"],
    adversary: Adversary,
    block: int = 100,
) -> Float[Array, " n"]:
    """1 for each image that is still read as its label after the adversary has moved it, else 0.

    Args:
        predict: one image -> logits.
        images: pixels in [0, 1].
        labels: classes, which the adversary raises the cross-entropy of.
        adversary: with eps 0 the hits are those on the images themselves.
        block: images that are computed at once.
    """

    def hit(pair: tuple[Array, Array]) -> Array:
        image, label = pair
        worst = worst_image(lambda x: -jax.nn.log_softmax(predict(x))[label], image, adversary)
        return (jnp.argmax(predict(worst)) == label).astype(jnp.float32)

    return jax.lax.map(hit, (images, labels), batch_size=min(block, len(images)))

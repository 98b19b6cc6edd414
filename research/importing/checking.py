"""Does the network see the images as it was trained to? Its accuracy tells, and which setting would do better."""

import itertools
from dataclasses import dataclass, replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, UInt8

from research.importing.network import INPUT_RANGES, PIXEL_ORDERS, Imported, NetworkFileError

_POOR = 0.5
_SAMPLE = 1000
_NEARLY = 0.02
_ERRORS = 3  # standard errors by which another setting must be better; some 16 to 64 are tried
_BLOCK = 250


@dataclass(frozen=True)
class Check:
    """`accuracy` on `n` images; where other settings would give more, `hint` names them."""

    accuracy: float
    n: int
    hint: str | None = None

    def __str__(self) -> str:
        line = f"test accuracy {100 * self.accuracy:.2f} % (n = {self.n})"
        return f"{line}; {self.hint}" if self.hint else line


def check(
    imported: Imported,
    images: UInt8[Array | np.ndarray, "n h w"] | Float[Array | np.ndarray, "n h w"],
    labels: Int[Array | np.ndarray, " n"],
) -> Check:
    """Accuracy under the given settings, and which others would do better.

    The others are every input range, pixel order and ink, each activation of a dense network that did not come
    as a graph, and its square kernels transposed, tried on the first thousand images. One is named if it is right
    more often than wrong and better by more than three standard errors of the difference. Of settings within two
    points of the best, the one that changes least is named.

    Args:
        imported: the network.
        images: uint8, or floats in [0, 1].
        labels: the class of each image.

    Raises:
        NetworkFileError: for images of another shape than `settings.image_shape`, or a network that answers with NaN.
    """
    images, labels = jnp.asarray(images), jnp.asarray(labels)
    if images.dtype == jnp.uint8:
        images = images.astype(jnp.float32) / 255
    if images.shape[1:] != imported.settings.image_shape:
        raise NetworkFileError(
            f"Expected images of {imported.settings.image_shape}, as the network was read, got {images.shape[1:]}; "
            "read the network with this image_shape."
        )
    outputs = imported.settings.labels
    classes = jnp.asarray(outputs) if outputs else None
    right, undefined = _right(imported.predict, classes, images, labels)
    if undefined.any():
        raise NetworkFileError(
            f"Expected numbers from the network, but it answers {undefined.sum():,} of {len(images):,} images with NaN; "
            "its weights are too large or damaged, train it again."
        )
    hint = _hint(imported, classes, right[:_SAMPLE], images[:_SAMPLE], labels[:_SAMPLE])
    return Check(float(right.mean()), len(images), hint)


def _right(predict, classes, images, labels) -> tuple[Bool[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
    """Which answers are right, and which hold NaN. The images are arguments: as constants XLA would fold the network
    over them.
    """

    def correct(pair):
        logits = predict(pair[0])
        answer = jnp.argmax(logits)
        return (answer if classes is None else classes[answer]) == pair[1], jnp.isnan(logits).any()

    right, undefined = jax.jit(partial(jax.lax.map, correct, batch_size=_BLOCK))((images, labels))
    return np.asarray(right), np.asarray(undefined)


def _hint(imported, classes, right, images, labels):
    now = imported.settings
    shaped = replace(now, input_range="0..1", inverted=False, pixel_order="rows")  # padding and size stay
    variants = [
        replace(now, input_range=name, pixel_order=order, inverted=inverted)
        for name, order, inverted in itertools.product(INPUT_RANGES, PIXEL_ORDERS, (False, True))
    ]
    scales, shifts = jnp.array([variant.pixel_scale for variant in variants]).T
    turned = jnp.array([variant.pixel_order == "columns" for variant in variants])

    @partial(jax.jit, static_argnums=0)
    def of_all_variants(network, images, labels):
        def of_variant(variant):
            scale, shift, turn = variant

            def correct(pair):
                image = shaped.prepare(pair[0])
                image = jnp.where(turn, image.T.reshape(image.shape), image)
                answer = jnp.argmax(network(scale * image + shift))
                return (answer if classes is None else classes[answer]) == pair[1]

            return jax.lax.map(correct, (images, labels), batch_size=_BLOCK)

        return jax.lax.map(of_variant, (scales, shifts, turned))

    tried = [
        (right_there, [*_changes(now, variant), *change])
        for change, network in [([], imported.network), *(([k], f) for k, f in imported.alternatives.items())]
        for right_there, variant in zip(
            np.asarray(of_all_variants(network, images, labels)), variants, strict=True
        )
    ]
    better = [(there.mean(), changes) for there, changes in tried if _is_better(there, right)]
    if not better:
        poor = right.mean() < _POOR
        return "no other input range, pixel order, ink or activation would help" if poor else None
    best = max(accuracy for accuracy, _ in better)
    there, changes = min((t for t in better if t[0] >= best - _NEARLY), key=lambda t: (len(t[1]), -t[0]))
    return f"{', '.join(changes)} would give {100 * there:.1f} % (first {len(images)} images)"


def _is_better(there, now):
    """Whether one setting beats another on the same images by more than the error of the difference."""
    gain = there.astype(float) - now
    return there.mean() >= _POOR and gain.mean() > _ERRORS * gain.std() / np.sqrt(len(gain))


def _changes(now, variant):
    names = ("input_range", "pixel_order", "inverted")
    return [
        f"{name}={getattr(variant, name)}" for name in names if getattr(variant, name) != getattr(now, name)
    ]

"""Does the network see the images as it was trained to? Its accuracy tells, and which setting would do better."""

import itertools
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt8

from research.importing.network import INPUT_RANGES, PIXEL_ORDERS, Imported, NetworkFileError

_FINE = 0.9
_POOR = 0.5
_SAMPLE = 1000
_NEARLY = 0.02


@dataclass(frozen=True)
class Check:
    """`accuracy` on `n` images; where it is poor, `hint` names the settings that would give more."""

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
    """Accuracy under the given settings; if that is below 90 %, also which others would do better (10 points
    more, and right more often than wrong).

    The others are every input range, pixel order and ink, each activation of a dense network that did not come
    as a graph, and its square kernels transposed, tried on the first thousand images. Of settings within
    two points of the best, the one that changes least is named.

    Images are uint8, or floats in [0, 1].
    """
    images, labels = jnp.asarray(images), jnp.asarray(labels)
    if images.dtype == jnp.uint8:
        images = images.astype(jnp.float32) / 255
    if images.shape[1:] != imported.settings.image_shape:
        raise NetworkFileError(
            f"Expected images of {imported.settings.image_shape}, as the network was read, got {images.shape[1:]}; "
            "read the network with this image_shape."
        )
    accuracy = float(_accuracy(imported.predict, images, labels))
    n = len(images)
    if accuracy >= _FINE:
        return Check(accuracy, n)
    return Check(accuracy, n, _hint(imported, accuracy, images[:_SAMPLE], labels[:_SAMPLE]))


def _accuracy(predict, images, labels):
    def correct(pair):
        return jnp.argmax(predict(pair[0])) == pair[1]

    return jax.jit(lambda: jax.lax.map(correct, (images, labels), batch_size=500).mean())()


def _hint(imported, accuracy, images, labels):
    now = imported.settings
    variants = [
        replace(now, input_range=name, pixel_order=order, inverted=inverted)
        for name, order, inverted in itertools.product(INPUT_RANGES, PIXEL_ORDERS, (False, True))
    ]
    scales, shifts = jnp.array([variant.pixel_scale for variant in variants]).T
    turned = jnp.array([variant.pixel_order == "columns" for variant in variants])

    def of_all_variants(network):
        def of_variant(variant):
            scale, shift, turn = variant

            def predict(image):
                return network(scale * jnp.where(turn, image.T.reshape(image.shape), image) + shift)

            return jnp.mean(jnp.argmax(jax.vmap(predict)(images), -1) == labels)

        return np.asarray(jax.jit(lambda: jax.lax.map(of_variant, (scales, shifts, turned)))())

    tried = [
        (accuracy_there, [*_changes(now, variant), *change])
        for change, network in [([], imported.network), *(([k], f) for k, f in imported.alternatives.items())]
        for accuracy_there, variant in zip(of_all_variants(network), variants, strict=True)
    ]
    best = max(accuracy_there for accuracy_there, _ in tried)
    if best < max(accuracy + 0.1, _POOR):
        return "no other input range, pixel order, ink or activation would help" if accuracy < _POOR else None
    there, changes = min((t for t in tried if t[0] >= best - _NEARLY), key=lambda t: (len(t[1]), -t[0]))
    return f"{', '.join(changes)} would give {100 * there:.1f} % (first {len(images)} images)"


def _changes(now, variant):
    names = ("input_range", "pixel_order", "inverted")
    return [
        f"{name}={getattr(variant, name)}" for name in names if getattr(variant, name) != getattr(now, name)
    ]

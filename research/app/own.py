"""A visitor's own network: a file dropped on the page, which stands beside the others while the page is open.

It is read by `importing`, so nothing in it is ever run. What the file does not say about its input is found by accuracy on
test digits.
"""

import itertools
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt8

from research import importing
from research.app.model import Model
from research.importing.network import INPUT_RANGES, Imported

KINDS = (".onnx", ".npz", ".safetensors")
CLASSES = 10
TRIED = 500  # test digits
ACTIVATIONS = ("relu", "logistic", "tanh")  # of hidden layers, where the file does not say
POOR = 0.5  # accuracy below which other input ranges are tried, and dark ink on white


@dataclass(frozen=True, eq=False)
class Brought:
    """The part of a `Population` of one that the app needs."""

    imported: Imported
    config: None = None

    def apply(self, params: Any, image: Float[Array, "h w"]) -> tuple[Float[Array, " k"], dict[str, Array]]:
        return self.imported.predict(image), {}

    def predict(self, params: Any, image: Float[Array, "h w"]) -> Float[Array, " k"]:
        return self.imported.predict(image)

    def network(self, i: int) -> Any:
        return ()

    def model(self, i: int) -> None:
        return None


def bring(
    name: str, content: bytes, images: UInt8[np.ndarray, "n 28 28"], labels: Int[np.ndarray, " n"], owner: str
) -> tuple[Model, float]:
    """The network in a file, ready to answer, and its accuracy on the first test digits.

    Args:
        name: of the file; its ending says what it is.
        content: of the file.
        images, labels: test digits.
        owner: the page that brought it.

    Raises:
        ValueError: in one line, if it is no network that takes 28×28 and gives ten classes.
    """
    kind = Path(name).suffix.lower()
    if kind not in KINDS:
        raise ValueError(f"expected {', '.join(KINDS)}, got {Path(name).name[:60]!r}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"network{kind}"
        path.write_bytes(content)
        found = _best(path, jnp.asarray(images[:TRIED], jnp.float32) / 255, jnp.asarray(labels[:TRIED]))
    title = "".join(letter for letter in Path(name).stem if letter.isprintable())[:40] or "own"
    model = Model(f"own {title}", Brought(found[0]), title=f"Yours: {title}", owner=owner)
    model.warm()
    return model, found[1]


def _best(path: Path, images: Float[Array, "n h w"], labels: Int[Array, " n"]) -> tuple[Imported, float]:
    """The network under the settings that read best: those of the file itself if they read well."""
    plain = importing.Settings()
    try:
        found = _scored(path, plain, images, labels)
    except importing.NetworkFileError as error:
        if "activation" not in str(error):
            raise
        guesses = [replace(plain, activation=name) for name in ACTIVATIONS]
        found = max((_scored(path, guess, images, labels) for guess in guesses), key=_accuracy)
    if _accuracy(found) >= POOR:
        return found
    others = [
        replace(found[0].settings, input_range=scale, inverted=inverted)
        for scale, inverted in itertools.product(INPUT_RANGES, (False, True))
    ]
    return max(found, *(_scored(path, settings, images, labels) for settings in others), key=_accuracy)


def _accuracy(scored: tuple[Imported, float]) -> float:
    return scored[1]


def _scored(path: Path, settings: importing.Settings, images: Any, labels: Any) -> tuple[Imported, float]:
    imported = importing.load(path, settings)
    shape = jax.eval_shape(imported.predict, images[0]).shape
    if shape != (CLASSES,):
        raise ValueError(f"expected a network with {CLASSES} outputs, got one with outputs {list(shape)}")
    right = jax.jit(lambda x, y: jnp.argmax(jax.lax.map(imported.predict, x, batch_size=100), axis=1) == y)
    return imported, float(right(images, labels).mean())

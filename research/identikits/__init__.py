"""Identikits: images that a network takes for a class, by pure functions over any `predict: image -> logits`.

`from research.identikits import identikits` imports JAX only when the name is used. Nothing here depends on a model class
or a file.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from research.identikits.api import identikits as identikits


__all__ = ["gradient_ascent", "identikits", "initial_images", "objectives", "perturbations", "random_search"]


def __getattr__(name: str) -> Any:
    if name == "identikits":
        from research.identikits.api import identikits

        return identikits
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

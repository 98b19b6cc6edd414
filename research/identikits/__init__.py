"""Reading networks backwards: pure functions over any callable `predict: image -> logits`.

`identikits` asks which image a network takes for a digit; `causal_index`, `attribution` and `agreement`
ask what each pixel means to it. Nothing here knows a model class or a file.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from research.identikits.api import identikits as identikits


def __getattr__(name: str) -> Any:
    if name == "identikits":
        from research.identikits.api import identikits

        return identikits
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""Settings of joint descent, among them three that were selected from a scan of about 2,000."""

from dataclasses import dataclass

import optax

from research.models.mlp import activation

OPTIMISERS = {"sgd": optax.sgd(1.0), "adam": optax.adam(1.0)}
INITS = {  # weights are uniform within ± this limit
    "pytorch": lambda fan_in, fan_out: fan_in**-0.5,
    "glorot": lambda fan_in, fan_out: (6 / (fan_in + fan_out)) ** 0.5,
    "he": lambda fan_in, fan_out: (6 / fan_in) ** 0.5,
}


@dataclass(frozen=True)
class Setting:
    """One experiment; the defaults are the document's data and setting S2, which follows its course."""

    points: int = 500
    features: int = 2
    classes: int = 3
    half_width: float = 1000.0  # points start uniform in [-half_width, half_width]
    widths: tuple[int, ...] = (16, 16)
    activation: str = "tanh"
    init: str = (
        "pytorch"  # weights and biases uniform within ±1/√fan_in | glorot | he (both with zero biases)
    )
    scale: float = 333.0  # S
    weight_optimiser: str = "sgd"
    weight_rate: float = 1e-3  # η; 0 freezes the weights
    input_optimiser: str = "sgd"
    input_rate: float = 9e-3  # λ; 0 freezes the inputs

    def validate(self) -> None:
        """Raises: ValueError for a setting that cannot be run."""
        for field, least in (("points", 1), ("features", 1), ("classes", 2)):
            if getattr(self, field) < least:
                raise ValueError(f"clustering.{field} must be at least {least}, got {getattr(self, field)}")
        if any(width < 1 for width in self.widths):
            raise ValueError(f"clustering.widths must all be at least 1, got {tuple(self.widths)}")
        for field in ("half_width", "scale"):
            if not 0 < getattr(self, field) < float("inf"):
                raise ValueError(f"clustering.{field} must be positive, got {getattr(self, field)}")
        for field in ("weight_rate", "input_rate"):
            if not 0 <= getattr(self, field) < float("inf"):
                raise ValueError(
                    f"clustering.{field} must be 0 (frozen) or positive, got {getattr(self, field)}"
                )
        for field, known in (
            ("weight_optimiser", OPTIMISERS),
            ("input_optimiser", OPTIMISERS),
            ("init", INITS),
        ):
            if getattr(self, field) not in known:
                raise ValueError(
                    f"unknown clustering.{field} {getattr(self, field)!r}; known: {', '.join(sorted(known))}"
                )
        activation(self.activation)


SETTINGS = {
    "A": Setting(widths=(12,), scale=1000.0, weight_rate=1e-3, input_rate=2e-3),
    "S2": Setting(),
    "I": Setting(
        widths=(12,),
        scale=1000.0,
        weight_optimiser="adam",
        weight_rate=1e-4,
        input_optimiser="adam",
        input_rate=3e-4,
    ),
}


def setting(name: str) -> Setting:
    """The setting called `name`: A is robust, S2 follows the document's course, in I dimension matters most.

    Raises: ValueError for an unknown name, with the known ones.
    """
    if name not in SETTINGS:
        raise ValueError(f"unknown clustering setting {name!r}; known: {', '.join(sorted(SETTINGS))}")
    return SETTINGS[name]

"""Settings of joint descent, among them three that were selected from a scan of about 2,000."""

from dataclasses import dataclass

import optax

from research.fields.bounds import CLASSES, NOT_NEGATIVE, POSITIVE, SAMPLES, WIDTH, bounded, one_of
from research.models.mlp import ACTIVATIONS

OPTIMISERS = {"sgd": optax.sgd(1.0), "adam": optax.adam(1.0)}
INITS = {  # weights are uniform within ± this limit
    "pytorch": lambda fan_in, fan_out: fan_in**-0.5,
    "glorot": lambda fan_in, fan_out: (6 / (fan_in + fan_out)) ** 0.5,
    "he": lambda fan_in, fan_out: (6 / fan_in) ** 0.5,
}


@dataclass(frozen=True)
class Setting:
    """One experiment; the defaults are the document's data and setting S2, which follows its course."""

    points: int = bounded(500, SAMPLES)
    features: int = bounded(2, WIDTH)
    classes: int = bounded(3, CLASSES)
    half_width: float = bounded(1000.0, POSITIVE)  # points start uniform in [-half_width, half_width]
    widths: tuple[int, ...] = bounded((16, 16), WIDTH, empty=True)
    activation: str = one_of("tanh", ACTIVATIONS, "activation")
    # weights and biases uniform within ±1/√fan_in | glorot | he (both with zero biases)
    init: str = one_of("pytorch", INITS)
    scale: float = bounded(333.0, POSITIVE)  # S
    weight_optimiser: str = one_of("sgd", OPTIMISERS)
    weight_rate: float = bounded(1e-3, NOT_NEGATIVE)  # η; 0 freezes the weights
    input_optimiser: str = one_of("sgd", OPTIMISERS)
    input_rate: float = bounded(9e-3, NOT_NEGATIVE)  # λ; 0 freezes the inputs


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

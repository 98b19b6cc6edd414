"""How a network is trained: the settings, and the optimiser that follows from them."""

from dataclasses import dataclass, field

import optax

from research.data import noise
from research.training.adversary import Adversary
from research.training.losses import LOSSES

SCALINGS = {"adam": optax.scale_by_adam, "sgd": optax.identity, "rmsprop": optax.scale_by_rms}
SCHEDULES = ("constant", "linear", "cosine")


@dataclass
class TrainingConfig:
    """How a network is trained; the defaults are those of the one-epoch recipe for 99 %."""

    epochs: int = 1
    batch: int = 128
    optimiser: str = "adam"
    learning_rate: float = 2e-3  # the schedule's peak
    schedule: str = "linear"  # constant | linear (to 0) | cosine (to 0)
    warm_up: float = 0.1  # share of all steps in which the rate rises from 0
    shift: int = 0  # every image moved at random by up to this many pixels along each axis
    noise: str = "none"  # a family of research.data.noise, drawn anew for every image and step
    noise_strength: float = 0.0
    weight_decay: float = 0.0  # λ of θ ← θ − rate·λθ, apart from the gradient (Loshchilov & Hutter 2019)
    label_smoothing: float = 0.0  # share of each label that is spread over all classes
    adversary: Adversary = field(default_factory=Adversary)  # trains on the worst image close to each image
    loss: str = "cross_entropy"  # one of LOSSES
    stop_at: float = 1.0  # stop after the first epoch in which every network's test accuracy reaches this

    def validate(self) -> None:
        for name, least in (("epochs", 1), ("batch", 1), ("shift", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"training.{name} must be at least {least}, got {getattr(self, name)}")
        if not self.learning_rate > 0:
            raise ValueError(f"training.learning_rate must be positive, got {self.learning_rate}")
        if not 0 <= self.warm_up < 1:
            raise ValueError(f"training.warm_up is a share of all steps in [0, 1), got {self.warm_up}")
        for name, known in (("optimiser", SCALINGS), ("schedule", SCHEDULES), ("loss", LOSSES)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"unknown training.{name} {getattr(self, name)!r}; known: {', '.join(sorted(known))}"
                )
        if self.noise != "none":
            noise.noise(self.noise)
        if not 0 <= self.weight_decay < float("inf"):
            raise ValueError(f"training.weight_decay must be finite and at least 0, got {self.weight_decay}")
        if not 0 <= self.label_smoothing < 1:
            raise ValueError(f"training.label_smoothing is a share in [0, 1), got {self.label_smoothing}")
        if self.label_smoothing and not LOSSES[self.loss].classifies:
            raise ValueError(
                f"training.label_smoothing needs a loss that classifies; {self.loss} has no labels to smooth"
            )
        self.adversary.validate()


def schedule(config: TrainingConfig, steps: int) -> optax.Schedule:
    """Learning rate at each step: a linear rise over the warm-up, then constant, linear to 0 or cosine to 0."""
    rise = round(config.warm_up * steps)
    peak, fall = config.learning_rate, max(steps - rise, 1)
    after = {
        "constant": optax.constant_schedule(peak),
        "linear": optax.linear_schedule(peak, 0.0, fall),
        "cosine": optax.cosine_decay_schedule(peak, fall),
    }[config.schedule]
    return optax.join_schedules([optax.linear_schedule(0.0, peak, max(rise, 1)), after], [rise])


def optimiser(config: TrainingConfig, steps: int) -> optax.GradientTransformation:
    """The optimiser at its scheduled rate, with weight decay apart from the gradient where it is asked for."""
    decay = [optax.add_decayed_weights(config.weight_decay)] if config.weight_decay else []
    rate = optax.scale_by_learning_rate(schedule(config, steps))
    return optax.chain(SCALINGS[config.optimiser](), *decay, rate)

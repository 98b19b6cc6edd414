"""How a network is trained: the settings, and the optimiser that follows from them."""

from dataclasses import dataclass, field

import optax

from research.data.noise import NOISES, STRONGEST
from research.fields import Checked
from research.fields.bounds import (
    EPOCHS,
    NOT_NEGATIVE,
    POSITIVE,
    SHARE,
    SHIFT,
    TRAINING_IMAGES,
    Bound,
    bounded,
    one_of,
)
from research.training.adversary import Adversary
from research.training.losses import LOSSES

SCALINGS = {"adam": optax.scale_by_adam, "sgd": optax.identity, "rmsprop": optax.scale_by_rms}
SCHEDULES = ("constant", "linear", "cosine")
STRENGTH = Bound(0, 1000, "pixels lie in [0, 1]")


@dataclass
class TrainingConfig(Checked):
    """How a network is trained; the defaults are those of the one-epoch recipe for 99 %."""

    epochs: int = bounded(1, EPOCHS)
    batch: int = bounded(128, TRAINING_IMAGES)
    optimiser: str = one_of("adam", SCALINGS)
    learning_rate: float = bounded(2e-3, POSITIVE)  # the schedule's peak
    schedule: str = one_of("linear", SCHEDULES)  # constant | linear (to 0) | cosine (to 0)
    warm_up: float = bounded(0.1, SHARE)  # share of all steps in which the rate rises from 0
    shift: int = bounded(0, SHIFT)  # every image moved at random by up to this many pixels along each axis
    # a family of research.data.noise, drawn anew for every image and step
    noise: str = one_of("none", NOISES, "noise", also=("none",))
    noise_strength: float = bounded(0.0, STRENGTH)
    # λ of θ ← θ − rate·λθ, apart from the gradient (Loshchilov & Hutter 2019)
    weight_decay: float = bounded(0.0, NOT_NEGATIVE)
    label_smoothing: float = bounded(0.0, SHARE)  # share of each label that is spread over all classes
    adversary: Adversary = field(default_factory=Adversary)  # trains on the worst image close to each image
    loss: str = one_of("cross_entropy", LOSSES)
    # stop after the first epoch in which every network's test accuracy reaches this
    stop_at: float = bounded(1.0, Bound(0, 1, "an accuracy"))

    def check_together(self) -> None:
        """Raises: ValueError for smoothed labels without labels, and a noise that does not have its strength."""
        if self.label_smoothing and not LOSSES[self.loss].classifies:
            raise ValueError(
                f"label_smoothing needs a loss that classifies; {self.loss} has no labels to smooth"
            )
        if self.noise_strength > STRONGEST.get(self.noise, STRENGTH.high):
            raise ValueError(
                f"noise_strength must be at most {STRONGEST[self.noise]:g} with noise {self.noise!r}, got "
                f"{self.noise_strength}"
            )


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

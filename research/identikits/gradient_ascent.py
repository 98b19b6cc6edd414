"""Activation maximisation: gradient ascent of the score with respect to the image.

    x <- clip(x + T(optimiser(Tᵀ ∇ₓ score)))

T is a fixed linear change of coordinates: the identity for `pixel`; for `frequency` the inverse cosine transform with
coefficients damped as 1/f, which favours coarse structure (the idea of Olah et al. 2017, with a real transform that does
not wrap around, scaled to the same step length as `pixel`). With `jitter` or `scale` the gradient is taken at a randomly
shifted and resized copy of the image.

Sources: Erhan et al. 2009; Simonyan et al. 2013; Olah et al. 2017.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Bool, Float, Key

from research.identikits.types import (
    BROKEN,
    FORWARD,
    GRADIENT,
    Evaluate,
    Info,
    State,
    Stepper,
    build,
    nan_source,
)

OPTIMISERS: dict[str, Callable[..., optax.GradientTransformation]] = {"adam": optax.adam, "sgd": optax.sgd}
PARAMETERISATIONS = ("pixel", "frequency")


class Position(NamedTuple):
    """The current image of an ascent, which need not be the best so far."""

    image: Float[Array, "h w *c"]  # the current image
    gradient: Float[Array, "h w *c"]  # of the score with respect to the pixels, at this image
    opt_state: Any  # state of the optimiser


@dataclass(frozen=True)
class GradientAscent:
    """Settings of gradient ascent."""

    optimiser: str = "adam"  # one of OPTIMISERS
    learning_rate: float = 0.05
    parameterisation: str = "pixel"  # one of PARAMETERISATIONS
    jitter: int = 0  # largest random shift in pixels
    scale: float = 0.0  # s in [0, 1): the size is drawn from U(1 − s, 1 + s)
    clip: bool = True  # keep the image in [0, 1]

    def __post_init__(self):
        build("optimiser", OPTIMISERS, self.optimiser, learning_rate=self.learning_rate)
        if self.parameterisation not in PARAMETERISATIONS:
            known = ", ".join(PARAMETERISATIONS)
            raise ValueError(f"unknown parameterisation {self.parameterisation!r}; known: {known}")
        if self.jitter < 0 or not 0 <= self.scale < 1:
            raise ValueError(f"jitter must be 0 or more and scale in [0, 1): {self.jitter}, {self.scale}")

    @property
    def start_cost(self) -> int:
        return self.step_cost

    @property
    def step_cost(self) -> int:
        return GRADIENT + (FORWARD if self.jitter or self.scale else 0)

    @property
    def batch(self) -> int:
        return 1

    def stepper(self, evaluate: Evaluate) -> Stepper:
        optimiser = OPTIMISERS[self.optimiser](self.learning_rate)

        def evaluate_with_gradient(image, key):
            """Score and confidence of the image; gradient of the score there or at the transformed image."""
            if not (self.jitter or self.scale):
                (score, confidence), gradient = jax.value_and_grad(evaluate, has_aux=True)(image)
                return score, confidence, gradient
            gradient = jax.grad(lambda x: evaluate(self.transform(x, key))[0])(image)
            return *evaluate(image), gradient

        def init(start: Float[Array, "h w *c"], key: Key[Array, ""]) -> State:
            score, confidence, gradient = evaluate_with_gradient(start, jax.random.fold_in(key, 0))
            position = Position(start, gradient, optimiser.init(jnp.zeros_like(start)))
            return State(start, score, confidence, jnp.zeros((), jnp.int32), key, position)

        def step(state: State) -> tuple[State, Info]:
            here: Position = state.inner
            to_pixels, to_coordinates = _coordinates(self.parameterisation, here.image.shape)
            update, opt_state = optimiser.update(-to_coordinates(here.gradient), here.opt_state)
            image = here.image + to_pixels(update)
            image = jnp.clip(image, 0.0, 1.0) if self.clip else image
            generation = state.generation + 1
            score, confidence, gradient = evaluate_with_gradient(
                image, jax.random.fold_in(state.key, generation)
            )
            improved = score > state.score
            after = State(
                image=jnp.where(improved, image, state.image),
                score=jnp.where(improved, score, state.score),
                confidence=jnp.where(improved, confidence, state.confidence),
                generation=generation,
                key=state.key,
                inner=Position(image, gradient, opt_state),
            )
            moved = jnp.linalg.norm(image - here.image)
            broken = nan_source(score, confidence)
            wrong = jnp.isnan(here.gradient).any() | ((broken == 0) & jnp.isnan(gradient).any())
            broken = jnp.where(wrong, jnp.int32(BROKEN.index("gradient")), broken)
            return after, Info(improved, moved, broken)

        return Stepper(init, step)

    def transform(self, image: Float[Array, "h w *c"], key: Key[Array, ""]) -> Float[Array, "h w *c"]:
        """The image randomly resized about its centre and shifted by whole pixels; 0 beyond the border."""
        key_shift, key_scale = jax.random.split(key)
        shift = jax.random.randint(key_shift, (2,), -self.jitter, self.jitter + 1)
        size = jax.random.uniform(key_scale, (), minval=1 - self.scale, maxval=1 + self.scale)
        centre = jnp.array(image.shape[:2]) / 2
        move = (1 - size) * centre + shift
        sizes = jnp.full(2, size)
        return jax.image.scale_and_translate(
            image, image.shape, (0, 1), sizes, move, "linear", antialias=False
        )


def zero_gradient(state: State) -> Bool[np.ndarray, " runs"]:
    """Which of stacked ascents have a gradient of exactly 0 everywhere, at which they cannot move."""
    gradient = state.inner.gradient
    return np.asarray((gradient == 0).all(axis=tuple(range(1, gradient.ndim))))


def _coordinates(name: str, shape: tuple[int, ...]) -> tuple[Callable, Callable]:
    """(T, Tᵀ): maps an update in the optimiser's coordinates to pixels, and a pixel gradient to coordinates."""
    if name == "pixel":
        return (lambda z: z), (lambda g: g)
    if len(shape) == 3:
        of_channel = _coordinates(name, shape[:2])
        to_pixels, to_coordinates = (jax.vmap(turn, in_axes=-1, out_axes=-1) for turn in of_channel)
        return to_pixels, to_coordinates
    rows, columns = (jnp.asarray(_cosines(n)) for n in shape)
    damping = jnp.asarray(_damping(shape))
    return (lambda z: rows.T @ (damping * z) @ columns, lambda g: damping * (rows @ g @ columns.T))


@functools.lru_cache
def _cosines(n: int) -> np.ndarray:
    """Matrix of the orthonormal cosine transform, [frequency, pixel]."""
    k, x = np.arange(n)[:, None], np.arange(n)[None, :]
    rows = np.sqrt(2 / n) * np.cos(np.pi * k * (x + 0.5) / n)
    rows[0] /= np.sqrt(2)
    return rows.astype(np.float32)


@functools.lru_cache
def _damping(shape: tuple[int, ...]) -> np.ndarray:
    """1 / max(1, f) for the radial frequency f in half-waves per image, scaled to root mean square 1."""
    f = np.hypot(np.arange(shape[0])[:, None], np.arange(shape[1])[None, :])
    damping = 1 / np.maximum(1.0, f)
    return (damping / np.sqrt(np.mean(damping**2))).astype(np.float32)

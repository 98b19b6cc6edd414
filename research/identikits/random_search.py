"""Best-of-N random search, the document's method, which needs no gradient.

    candidates = base + perturbations;   base <- the candidate with the highest score, if it beats the base

The base's score is part of the state, so the base competes at no cost and wins ties: the score never falls. A candidate
for which the network returns NaN is never taken; the run is reported as broken.

Source: 003_baed48e6daa2b749.txt, with 500 candidates ("masks" there).
"""

from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from research.identikits.perturbations import LowFrequency, Perturbation
from research.identikits.types import FORWARD, Evaluate, Info, State, Stepper, nan_source


@dataclass(frozen=True)
class RandomSearch:
    """Settings of random search."""

    num_candidates: int = 500  # a generation
    perturbation: Perturbation = field(default_factory=LowFrequency)
    clip: bool = True  # clip candidates to [0, 1] before they are scored

    def __post_init__(self):
        if self.num_candidates < 1:
            raise ValueError(
                f"a search needs at least one candidate a generation, it has {self.num_candidates}"
            )

    @property
    def start_cost(self) -> int:
        return FORWARD

    @property
    def step_cost(self) -> int:
        return FORWARD * self.num_candidates

    @property
    def batch(self) -> int:
        return self.num_candidates

    def stepper(self, evaluate: Evaluate) -> Stepper:
        def init(start: Float[Array, "h w *c"], key: Key[Array, ""]) -> State:
            score, confidence = evaluate(start)
            return State(start, score, confidence, jnp.zeros((), jnp.int32), key, ())

        def step(state: State) -> tuple[State, Info]:
            candidates = self.candidates(state)
            scores, confidences = jax.vmap(evaluate)(candidates)
            best = jnp.argmax(jnp.where(jnp.isnan(scores), -jnp.inf, scores))
            improved = scores[best] > state.score
            image = jnp.where(improved, candidates[best], state.image)
            moved = jnp.linalg.norm(image - state.image)
            after = State(
                image=image,
                score=jnp.where(improved, scores[best], state.score),
                confidence=jnp.where(improved, confidences[best], state.confidence),
                generation=state.generation + 1,
                key=state.key,
                inner=(),
            )
            return after, Info(improved, moved, nan_source(scores, confidences))

        return Stepper(init, step)

    def candidates(self, state: State) -> Float[Array, "n h w *c"]:
        """The generation's candidates; perturbation n of a run is drawn from fold_in(key, n)."""

        def candidate(n):
            image = state.image + self.perturbation(jax.random.fold_in(state.key, n), state.image.shape)
            image = image.astype(state.image.dtype)  # draws are float64 under JAX_ENABLE_X64
            return jnp.clip(image, 0.0, 1.0) if self.clip else image

        return jax.vmap(candidate)(state.generation * self.num_candidates + jnp.arange(self.num_candidates))

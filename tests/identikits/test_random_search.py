"""Best of N masks: the best is taken, the base is never lost."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.identikits.perturbations import DenseUniform, SinglePixel, Sparse
from research.identikits.random_search import RandomSearch

pytestmark = pytest.mark.usefixtures("quick_compiles")

SHAPE = (6, 5)
TARGET = jax.random.uniform(jax.random.key(9), SHAPE)


def near(image):
    """Score: minus the squared distance to a target image; confidence: something else entirely."""
    return -jnp.sum((image - TARGET) ** 2), image.mean()


def walk(search, evaluate, steps, start=None):
    stepper = search.stepper(evaluate)
    state = jax.jit(stepper.init)(jnp.zeros(SHAPE) if start is None else start, jax.random.key(3))
    step = jax.jit(stepper.step)
    states, infos = [state], []
    for _ in range(steps):
        state, info = step(state)
        states.append(state)
        infos.append(info)
    return states, infos


@pytest.mark.parametrize("masks", [1, 50])
def test_best_of_n_never_gets_worse(masks):
    states, infos = walk(RandomSearch(masks, DenseUniform(0.5)), near, 30)
    scores = np.array([state.score for state in states])
    assert (np.diff(scores) >= 0).all()
    assert scores[-1] > scores[0]
    np.testing.assert_array_equal(np.diff(scores) > 0, [bool(info.improved) for info in infos])
    assert [int(state.generation) for state in states] == list(range(31))


def test_the_best_candidate_of_the_generation_is_taken():
    search = RandomSearch(50, DenseUniform(0.5))
    states, _ = walk(search, near, 3)
    for before, after in itertools.pairwise(states):
        candidates = jax.jit(search.candidates)(before)
        scores = jax.jit(jax.vmap(near))(candidates)[0]
        np.testing.assert_allclose(after.image, candidates[scores.argmax()], atol=1e-6)
        np.testing.assert_allclose(after.score, near(after.image)[0], rtol=1e-5)
        np.testing.assert_allclose(after.confidence, near(after.image)[1], rtol=1e-5)


def test_every_generation_draws_new_masks():
    """Masks are numbered through a run: two generations of 10 are one generation of 20."""
    few, many = (
        RandomSearch(10, DenseUniform(0.5), clip=False),
        RandomSearch(20, DenseUniform(0.5), clip=False),
    )
    state = few.stepper(near).init(jnp.zeros(SHAPE), jax.random.key(3))
    draw = jax.jit(few.candidates)
    both = np.concatenate([draw(state), draw(state._replace(generation=jnp.int32(1)))])
    assert len({mask.tobytes() for mask in both}) == 20
    np.testing.assert_allclose(both, jax.jit(many.candidates)(state), atol=1e-6)


def test_the_base_wins_ties():
    states, infos = walk(
        RandomSearch(20, DenseUniform()), lambda image: (jnp.float32(1), jnp.float32(0.5)), 3
    )
    assert not any(info.improved for info in infos)
    np.testing.assert_array_equal(states[-1].image, states[0].image)
    assert all(info.moved == 0 for info in infos)


def test_candidates_are_clipped_before_they_are_scored():
    def greed(image):
        """Unclipped ink; a search that scored before it clips would claim more than it has."""
        return image.sum(), image.mean()

    bright = jnp.full(SHAPE, 0.9)
    states, _ = walk(RandomSearch(20, DenseUniform(0.8)), greed, 5, bright)
    assert states[-1].image.max() <= 1
    np.testing.assert_allclose(states[-1].score, states[-1].image.sum(), rtol=1e-6)
    free = RandomSearch(20, DenseUniform(0.8), clip=False)
    assert jax.jit(free.candidates)(states[0]).max() > 1


def test_a_candidate_without_an_answer_is_never_taken_but_reported():
    def brittle(image):
        return jnp.where(image[0, 0] > 0, jnp.nan, image.sum()), image.mean()

    states, infos = walk(RandomSearch(40, Sparse(0.2)), brittle, 10)
    assert states[-1].image[0, 0] == 0
    assert not jnp.isnan(states[-1].score)
    assert states[-1].score > 0
    assert any(info.broken for info in infos)


def test_the_hill_climb_moves_one_pixel_a_try():
    states, infos = walk(RandomSearch(1, SinglePixel(0.1)), near, 40)
    for before, after, info in zip(states, states[1:], infos):
        assert int((before.image != after.image).sum()) == int(info.improved)
        assert info.moved <= 0.1 + 1e-6


def test_the_ledger():
    assert (RandomSearch(500).start_cost, RandomSearch(500).step_cost) == (1, 500)
    with pytest.raises(ValueError, match="at least one candidate"):
        RandomSearch(num_candidates=0)

"""Every lab note parses at every preset, is valid, and says how to run it; every network trains two steps."""

import importlib
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research import studies
from research.training import fit as training
from research.training.recipes import RECIPES, recipe

CONFIGS = sorted(p.stem for p in (Path(__file__).parents[1] / "configs").glob("[a-z]*.py"))
PRESETS = ("smoke", "quick", "full")


def test_every_study_has_a_lab_note():
    assert set(studies.names()) <= set(CONFIGS)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_lab_note_is_valid_at_every_preset(name):
    module = importlib.import_module(f"configs.{name}")
    assert f"--config=configs/{name}.py" in module.__doc__
    for preset in PRESETS:
        config = module.get_config(preset)
        config.validate()
        assert studies.name_of(config) == name
        assert config.seed == 0
    with pytest.raises(ValueError, match="unknown preset 'tiny'; known: smoke, quick, full"):
        module.get_config("tiny")


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_trains_two_steps(name):
    how = recipe(name)
    how.training.batch, how.training.warm_up = 4, 0.0
    fit = training.make_fit(how.model.build, how.training, 8)
    images = jax.random.randint(jax.random.key(0), (8, 28, 28), 0, 256).astype(jnp.uint8)
    state = fit.init(jax.random.split(jax.random.key(1), 1))
    before = jax.tree.map(np.asarray, state.params)
    state = fit.advance(state, images, jnp.arange(8), 2)
    training.require_finite(state)
    moved = [
        float(jnp.abs(a - b).max()) for a, b in zip(jax.tree.leaves(before), jax.tree.leaves(state.params))
    ]
    assert all(step > 0 for step in moved), moved

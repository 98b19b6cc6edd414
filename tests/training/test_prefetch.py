"""Networks that are trained ahead of the studies that want them."""

import importlib
import os
import pickle
import shutil
import time

import jax
import numpy as np
import pytest

from research import studies
from research.runs.store import Run
from research.training import populations as networks
from research.training.populations import Wish
from research.training.prefetch import Ahead

PATIENCE = 120  # seconds
WISHING = tuple(name for name in studies.names() if name != "input_clusters")


def lab_note(study, preset):
    return importlib.import_module(f"configs.{study}").get_config(preset)


def small(seed, **training):
    how = networks.recipe("softmax")
    how.seed, how.examples = seed, 2000
    for field, value in {"epochs": 1, "batch": 100, **training}.items():
        setattr(how.training, field, value)
    return how


def wait_for(there):
    end = time.monotonic() + PATIENCE
    while not there():
        assert time.monotonic() < end, "in vain"
        time.sleep(0.1)


def test_they_are_found_trained_with_the_same_bits():
    how = small(seed=7919)
    place = networks.folder(how)
    shutil.rmtree(place, ignore_errors=True)
    with Ahead([Wish(how, 2, "some")]):
        wait_for((place / "1.safetensors").exists)
    ahead = (place / "1.safetensors").stat().st_mtime_ns
    found = networks.population(how, 2)
    assert (place / "1.safetensors").stat().st_mtime_ns == ahead
    shutil.rmtree(place)
    here = networks.population(how, 2)
    for a, b in zip(jax.tree.leaves(found.params), jax.tree.leaves(here.params)):
        np.testing.assert_array_equal(a, b)


def test_it_ends_with_what_it_was_asked_by_and_goes_on_later():
    how = small(seed=7920, epochs=100_000)
    shutil.rmtree(networks.folder(how), ignore_errors=True)
    begun = lambda: list(networks.folder(how).glob("training-*"))  # noqa: E731
    with Ahead([Wish(how, 1, "long")]) as ahead:
        wait_for(begun)
        ahead.process.stdin.close()  # as it is closed when the other process is killed
        assert ahead.process.wait(PATIENCE) == 0
    assert not list(networks.folder(how).glob("*.safetensors"))
    with Ahead([Wish(how, 1, "long")]) as ahead:
        assert ahead.process.poll() is None
    assert ahead.process.returncode < 0
    shutil.rmtree(networks.folder(how))


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="of Linux")
def test_it_leaves_the_cores_to_others():
    how = small(seed=7922, epochs=100_000)
    with Ahead([Wish(how, 1, "long")]) as ahead:
        wait_for(lambda: os.sched_getscheduler(ahead.process.pid) == os.SCHED_IDLE)
    shutil.rmtree(networks.folder(how), ignore_errors=True)


def test_a_wish_that_cannot_be_fulfilled_costs_nothing():
    with Ahead([Wish(small(seed=7921, learning_rate=-1.0), 1, "wrong")]) as ahead:
        assert ahead.process.wait(PATIENCE) == 1
    with Ahead([]) as ahead:
        assert ahead.process is None


@pytest.mark.parametrize("name", studies.names())
@pytest.mark.parametrize("preset", ["smoke", "quick", "full"])
def test_what_studies_wish_can_be_sent_to_another_process(name, preset):
    wishes = studies.wishes(lab_note(name, preset))
    assert pickle.loads(pickle.dumps(wishes)) == wishes
    assert bool(wishes) == (name in WISHING)


@pytest.mark.parametrize("name", WISHING)
def test_a_study_trains_all_that_it_wishes(name, monkeypatch, tmp_path):
    """And by the wishes themselves: what was trained ahead is what the study asks for."""
    asked = []

    class Enough(Exception):
        pass

    wishes = studies.wishes(lab_note(name, "smoke"))
    real = networks.population

    def population(config, m, name="network"):
        asked.append(Wish(config, m, name))
        if all(wish in asked for wish in wishes):
            raise Enough
        return real(config, m, name)

    monkeypatch.setattr(networks, "population", population)
    config = lab_note(name, "smoke")
    with pytest.raises(Enough):
        studies.study(name).run(config, Run(tmp_path))

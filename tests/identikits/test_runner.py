"""The runner: runs end when they should, stay as they are, and do not influence each other."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from research.identikits import identikits, runner
from research.identikits.perturbations import Sparse
from research.identikits.random_search import RandomSearch
from research.identikits.single_run import recorded_generations

SHAPE = (6, 5)
KEY = jax.random.key(11)
SEARCH = RandomSearch(num_candidates=12, perturbation=Sparse(0.1))
NETWORKS = {
    "weights": 0.5 * jax.random.normal(jax.random.key(1), (2, 30, 3)),
    "bias": jnp.array([[0.0, -2.0, -7.0], [-3.0, 0.0, -9.0]]),  # digit 2 is hard to believe in
}


def network(params, image):
    return image.reshape(-1) @ params["weights"] + params["bias"]


def ask(**changes):
    """One small question; the same function and settings each time, so that it is compiled once."""
    settings = {"method": SEARCH, "params": NETWORKS, "restarts": 2, "shape": SHAPE, "patience": 8}
    settings |= {"target": (0.6, 0.99), "history": 20, "frames": 4, "block": 4, "chunk": 5, **changes}
    return identikits(network, settings.pop("classes", [0, 1, 2]), KEY, **settings)


@pytest.fixture(scope="module")
def whole():
    return ask(runs="map")


def assert_same_bits(one: xr.Dataset, other: xr.Dataset):
    xr.testing.assert_identical(one.drop_attrs(), other.drop_attrs())


def test_runs_end_in_different_ways_here(whole):
    """What the other tests rest on: runs that end early and late, some sure and some stuck."""
    assert whole.reached.values.any()
    assert whole.stalled.values.any()
    assert len(np.unique(whole.generations)) > 3
    assert whole.generations.max() > 10


def test_a_run_alone_is_the_run_in_the_crowd(whole):
    alone = ask(runs="map", classes=[1], restarts=1, chunk=3)
    crowd = whole.sel(digit=[1], restart=[0])
    last = int(alone.generation[-1])
    for name in ["image", "confidence", "generations", "evaluations_to", "path"]:
        np.testing.assert_array_equal(alone[name], crowd[name])
    np.testing.assert_array_equal(
        alone.confidence_history, crowd.confidence_history.sel(generation=slice(0, last))
    )


def test_side_by_side_is_the_same_search(whole):
    together = ask(runs="vmap")
    assert together.attrs["runs"] == "vmap"
    assert whole.attrs["runs"] == "map"
    np.testing.assert_array_equal(together.generations, whole.generations)
    np.testing.assert_allclose(together.image, whole.image, atol=1e-6)
    np.testing.assert_allclose(together.confidence, whole.confidence, rtol=1e-5)


def test_each_network_answers_for_itself_in_any_block_and_chunk(whole):
    first = jax.tree.map(lambda leaf: leaf[:1], NETWORKS)
    alone, crowd = ask(runs="map", params=first, block=2, chunk=40), whole.sel(network=[0])
    np.testing.assert_array_equal(alone.image, crowd.image)
    np.testing.assert_array_equal(alone.confidence_history[..., -1], crowd.confidence)
    for i in range(2):
        weights = jax.tree.map(lambda leaf, i=i: leaf[i], NETWORKS)
        images = whole.image[i].values.reshape(-1, *SHAPE)
        sure = np.array([jax.nn.softmax(network(weights, image)) for image in images]).reshape(3, 2, 3)
        own = np.einsum("drd->dr", sure)
        np.testing.assert_allclose(whole.confidence[i], own, rtol=1e-5)


class Stop(Exception):
    """Raised in a hook, as a kill would come."""


@pytest.mark.parametrize("runs", ["map", "vmap"])
@pytest.mark.parametrize("calls", [1, 3])
def test_interrupted_and_resumed_gives_the_same_bits(runs, calls, whole):
    saved = []

    def hook(state):
        saved.append([leaf.copy() for leaf in jax.tree.leaves(state)])
        if len(saved) == calls:
            raise Stop

    with pytest.raises(Stop):
        ask(runs=runs, checkpoint=hook)
    resumed = ask(runs=runs, state=saved[-1])
    assert_same_bits(resumed, whole if runs == "map" else ask(runs=runs))


def test_finished_runs_are_left_alone():
    states = []
    ask(runs="map", checkpoint=states.append)
    fields = jax.tree_util.tree_leaves_with_path(states[-1])
    for i in range(len(states[-1].done)):
        ended = next(state for state in states if state.done[i])
        for (path, last), then in zip(fields, jax.tree.leaves(ended)):
            np.testing.assert_array_equal(then[i], last[i], err_msg=jax.tree_util.keystr(path))


def test_progress_ends_with_every_run(whole):
    told = []
    ask(runs="map", progress=told.append)
    assert [p.done for p in told] == sorted(p.done for p in told)
    assert told[-1] == runner.Progress(12, int(whole.reached.sum()), 12, int(whole.generations.sum()))


def test_a_state_of_other_runs_is_refused():
    states = []
    ask(runs="map", checkpoint=states.append)
    with pytest.raises(ValueError, match="belongs to other runs: its digit differs"):
        ask(runs="map", classes=[0, 2, 1], state=states[0])
    with pytest.raises(ValueError, match="other shapes"):
        ask(runs="map", classes=[0, 1], state=states[0])


@pytest.mark.parametrize(
    ("last", "slots"), [(0, 5), (4, 5), (5, 5), (200, 256), (100_000, 256), (10**7, 16), (9, 2)]
)
def test_recorded_generations_are_few_and_hold_both_ends(last, slots):
    chosen = recorded_generations(last, slots)
    assert len(chosen) <= max(slots, 2)
    assert chosen[0] == 0
    assert chosen[-1] == last
    assert list(chosen) == sorted(set(chosen))
    if last < slots:
        assert chosen == tuple(range(last + 1))


@pytest.mark.parametrize("shrink", [False, True])
@pytest.mark.parametrize("count", [1, 5, 32, 33, 128])
def test_blocks_hold_each_run_once_and_share_the_devices(shrink, count):
    places, real = runner._slots(np.arange(100, 100 + count), block=16, devices=8, shrink=shrink)
    assert sorted(places[real]) == list(range(100, 100 + count))
    assert places.size in ({16, 128} if shrink else {128})
    loads = real.reshape(8, -1).sum(axis=1)
    assert loads.max() - loads.min() <= 1


def test_side_by_side_blocks_hold_one_network():
    networks = np.repeat([0, 1, 2], 10)
    blocks = list(runner._blocks(networks, sequential=False, size=4))
    assert all(len(set(networks[block])) == 1 and len(block) <= 4 for block in blocks)
    assert sorted(np.concatenate(blocks)) == list(range(30))

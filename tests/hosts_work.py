"""A little of everything that is sharded over devices, as named arrays; run by runtime/test_multihost.py.

python tests/hosts_work.py OUT.npz PART,PART [COORDINATOR COUNT INDEX]
"""

import sys
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.identikits import identikits
from research.identikits.perturbations import Sparse
from research.identikits.random_search import RandomSearch
from research.joint_descent import descent as joint_descent
from research.models.mlp import MLPConfig
from research.runtime import multihost
from research.runtime.parallel import sharded_map
from research.training import fit as training

MLP = MLPConfig(widths=(8,))
HOW = training.TrainingConfig(epochs=2, batch=20, shift=1)


def blocks() -> dict[str, np.ndarray]:
    """Seven runs, which no number of devices here divides."""
    runs = jnp.arange(21.0).reshape(7, 3)
    return {"blocks": jax.jit(lambda x: sharded_map(lambda b: jnp.cumsum(b, 1) ** 2, x, block=2))(runs)}


def trained() -> dict[str, np.ndarray]:
    images = jax.random.randint(jax.random.key(3), (200, 28, 28), 0, 256).astype(jnp.uint8)
    labels = jnp.arange(200) % 10
    fit = training.make_fit(MLP.build, HOW, 200)
    state = fit.init(jax.random.split(jax.random.key(4), 5))
    for steps in (4, 6):
        state = fit.advance(state, images, labels, jnp.int32(steps))
    outputs, share = fit.evaluate(state.params, images, labels)
    leaves = {f"params{i}": leaf for i, leaf in enumerate(jax.tree.leaves(state.params))}
    return {**leaves, "outputs": outputs, "share": share}


def network(params, image):
    return image.reshape(-1) @ params["weights"]


def searched() -> dict[str, np.ndarray]:
    params = {"weights": 0.5 * jax.random.normal(jax.random.key(1), (3, 30, 3))}
    search = RandomSearch(num_candidates=70, perturbation=Sparse(0.1))
    drawn = identikits(
        network, [0, 1, 2], jax.random.key(5), search, params=params, shape=(6, 5), budget=1500, restarts=3
    )
    return {f"search-{name}": drawn[name].values for name in ("image", "confidence", "generations", "path")}


def descended() -> dict[str, np.ndarray]:
    functions = joint_descent.make_descent(replace(joint_descent.setting("A"), points=40))
    state = functions.advance(functions.init(jax.random.split(jax.random.key(0), 20)), 60)
    return {"inputs": state.inputs, "weights": state.params[0][0]}


PARTS = {"blocks": blocks, "trained": trained, "searched": searched, "descended": descended}


def work(*parts: str) -> dict[str, np.ndarray]:
    return {name: np.asarray(array) for part in parts for name, array in PARTS[part]().items()}


if __name__ == "__main__":
    out, parts, *cluster = sys.argv[1:]
    if cluster:
        multihost.start(cluster[0], int(cluster[1]), int(cluster[2]))
        assert jax.process_count() == int(cluster[1])
        assert multihost.on_process_zero(lambda: jax.process_index()) == 0
        with pytest.raises(KeyError, match="all meet"):
            multihost.on_process_zero(lambda: {}["what process 0 meets, all meet"])
    found = work(*parts.split(","))
    if multihost.is_process_zero():
        np.savez(Path(out), devices=jax.device_count(), **found)

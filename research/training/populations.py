"""Trained networks by their config: loaded when they exist, trained when they do not.

A network is identified by its config, the checksum of its data, the code that decides its weights and its index in
the population; studies that ask for the same one share it. They live in the cache folder as

    networks/<key>/config.json           the config in full
    networks/<key>/<index>.safetensors   parameters by name; in the header its history, timing, origin and a few outputs

and are plain files that `launch.read` and other programs can read. The header also holds a hash of all that: a damaged
file counts as missing, and that network alone is trained again.
"""

import contextlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Int

from research import data
from research.data.noise import noise
from research.fields import check
from research.runs import code, folders, store
from research.runs.checkpoints import Checkpoints
from research.runs.numerics import numerics
from research.runtime import multihost, progress
from research.training import network_files, train
from research.training.losses import LOSSES
from research.training.model_check import check_model
from research.training.train import NetworkConfig, resolved

PROBES = 4  # test images whose outputs are recorded with a network and compared when it is loaded
CLOSE = 1e-3  # how far they may differ between machines, relative to the largest output


class Wanted(NamedTuple):
    """A population by the arguments of `train_or_load`."""

    config: NetworkConfig
    m: int
    name: str


@dataclass(frozen=True)
class Population:
    """m trained networks of one config; every leaf of `params` has m as its leading axis."""

    config: NetworkConfig
    params: Any
    curve: Float[np.ndarray, "m epochs 4"]  # a row an epoch: loss, training and test accuracy, seconds so far
    seconds: Float[
        np.ndarray, "m"
    ]  # wall time of training, compilation included, shared evenly among those trained together
    compile_seconds: Float[np.ndarray, "m"]
    images_seen: Int[np.ndarray, "m"]  # during training

    def __len__(self) -> int:
        return len(self.seconds)

    def apply(self, params: Any, image: Float[Array, "h w"]) -> tuple[Float[Array, " k"], dict[str, Array]]:
        """(logits, activations) of one network on one image in [0, 1]."""
        return nnx.merge(_split(self.config)[0], params)(image)

    def predict(self, params: Any, image: Float[Array, "h w"]) -> Float[Array, " k"]:
        """Logits of one network on one image: what the readings read."""
        return self.apply(params, image)[0]

    def network(self, i: int) -> Any:
        """The parameters of network i."""
        return _nth(self.params, i)

    def model(self, i: int) -> nnx.Module:
        """Network i as a Flax module."""
        return nnx.merge(_split(self.config)[0], self.network(i))

    @property
    def parameters(self) -> int:
        """Number of parameters of one network."""
        return sum(leaf[0].size for leaf in jax.tree.leaves(self.params))


@jax.jit
def _nth(params: Any, i: Int[Array, ""]) -> Any:
    """One network's parameters out of the stacked ones; one program, not one a leaf."""
    return jax.tree.map(lambda leaf: leaf[i], params)


def folder(config: NetworkConfig) -> Path:
    """Where the networks of this config live; the name is a hash of all that decides their weights."""
    config = resolved(config)
    check(config)
    parts = [type(config.model), LOSSES[config.training.loss].of]
    if config.training.noise != "none":
        parts.append(noise(config.training.noise))
    modules = [train.__name__, *(part.__module__ for part in parts)]
    key = store.digest(
        store.as_dict(config), data.checksum(config.data), code.digest(sorted(set(modules))), numerics()
    )
    return data.cache_dir() / "networks" / key


def train_or_load(config: NetworkConfig, m: int, name: str = "network") -> Population:
    """The first m networks of this config: loaded where saved, else trained together and saved.

    Args:
        config: what they are; without a data set and a seed of its own it is trained on mnist from seed 0.
        m: how many, at least 1.
        name: what the progress bar shows.

    Raises:
        ValueError: for m below 1, or a config that cannot be trained.
    """
    if m < 1:
        raise ValueError(f"a population needs at least one network, got {m}")
    config = resolved(config)
    place = folder(config)
    load = lambda indices: _load(place, indices, config)  # noqa: E731
    if _retrained is not None and place not in _retrained:
        _retrained.add(place)
        load = lambda _: {}  # noqa: E731
    found = load(range(m))
    if len(found) < m:  # only then does the cache have to be writable
        with folders.lock(place, wait=True):
            found |= load([i for i in range(m) if i not in found])  # another process may have trained them
            found |= _train_and_save(config, [i for i in range(m) if i not in found], place, name)
    params = [found[i][0] for i in range(m)]
    facts = [found[i][1] for i in range(m)]
    return Population(
        config,
        jax.tree.map(lambda *leaves: jax.device_put(np.stack(leaves)), *params),
        np.array([f["curve"] for f in facts], np.float32),
        np.array([f["seconds"] for f in facts]),
        np.array([f["compile_seconds"] for f in facts]),
        np.array([f["images_seen"] for f in facts]),
    )


def _train_and_save(
    config: NetworkConfig, missing: list[int], place: Path, name: str
) -> dict[int, tuple[Any, dict[str, Any]]]:
    """(params, facts) of the networks with these indices, trained together and saved."""
    if not missing:
        return {}
    store.atomic_write(place / "config.json", json.dumps(store.as_dict(config), indent=2) + "\n")
    trained, checkpoints = _train(config, missing, place, name)
    found = dict(zip(missing, trained))
    for i, network in found.items():
        params, facts = network
        network_files.save(place / f"{i}.safetensors", _named(params), facts)
    checkpoints.clear()
    return found


def evaluate(population: Population, digits: data.Digits) -> tuple[Float[Array, "m n k"], Float[Array, "m"]]:
    """Outputs of every network on every image, and the share of labels each network hits."""
    functions = train.fit_of(population.config)
    return functions.evaluate(population.params, jax.device_put(digits.images), jax.device_put(digits.labels))


def untrained(config: NetworkConfig, m: int) -> Any:
    """Stacked parameters of the first m networks as they were before their first step (for null models)."""
    config = resolved(config)
    return train.fit_of(config).init(train.keys(config.seed, range(m))).params


_retrained: set[Path] | None = None


@contextlib.contextmanager
def retraining() -> Iterator[None]:
    """Within it, networks that are saved are not loaded but trained again, each once."""
    global _retrained
    before, _retrained = _retrained, set()
    try:
        yield
    finally:
        _retrained = before


def _train(
    config: NetworkConfig, indices: list[int], place: Path, name: str
) -> tuple[list[tuple[Any, dict[str, Any]]], Checkpoints]:
    """(params, facts) of the networks with these indices, trained together, and the checkpoints to be cleared."""
    check_model(config)
    checkpoints = Checkpoints(place / f"training-{store.digest(indices)}")
    begin = _resume(config, indices, checkpoints)
    with progress.bar(name) as report:

        def after_piece(piece: train.Progress) -> None:
            report(piece.step / piece.steps, **piece.shown)
            tree = {"state": piece.state, "curve": piece.curve, "seconds": piece.seconds}
            checkpoints.save(piece.step, tree)

        trained = train.train(config, indices, begin=begin, after_piece=after_piece)
    outputs, origin = _outputs(config, trained.params), store.origin()
    networks = []
    for i in range(len(indices)):
        facts = {
            "curve": trained.curve[i].tolist(),
            "seconds": trained.seconds / len(indices),
            "compile_seconds": trained.compile_seconds / len(indices),
            "images_seen": trained.images_seen,
            "outputs": outputs[i].tolist(),
            "origin": origin,
        }
        networks.append((jax.tree.map(lambda leaf, i=i: leaf[i], trained.params), facts))
    return networks, checkpoints


def _resume(config: NetworkConfig, indices: list[int], checkpoints: Checkpoints) -> train.Progress | None:
    state = train.fit_of(config).init(train.keys(config.seed, indices))
    curve = np.full((len(indices), config.training.epochs, 4), np.nan, np.float32)
    saved = checkpoints.latest({"state": state, "curve": curve, "seconds": np.zeros(2)})
    if saved is None:
        return None
    step, tree = saved
    return train.Progress(step, 0, tree["state"], tree["curve"], tree["seconds"], {})


def _outputs(config: NetworkConfig, params: Any) -> Float[np.ndarray, "m probes k"]:
    """What networks say about the first test images: recorded with them, and compared when they are loaded."""
    test = data.load(config.data, "test")
    images, labels = test.images[:PROBES], test.labels[:PROBES]
    return np.asarray(train.fit_of(config).evaluate(jax.device_put(params), images, labels)[0])


def _named(params: Any) -> dict[str, Any]:
    """Parameters by dotted path, such as layers.0.kernel."""
    return {
        ".".join(str(getattr(p, "key", getattr(p, "name", p))) for p in path if str(p) != ".value"): leaf
        for path, leaf in jax.tree_util.tree_leaves_with_path(params)
    }


def _load(
    place: Path, indices: Iterable[int], config: NetworkConfig
) -> dict[int, tuple[Any, dict[str, Any]]]:
    """(params, facts) of each saved network.

    A file that is damaged, has other shapes, lacks a fact or does not give its recorded outputs counts as none.
    """
    like = _split(config)[1]
    shapes, structure = {name: leaf.shape for name, leaf in _named(like).items()}, jax.tree.structure(like)
    read = multihost.on_process_zero(
        lambda: {i: network_files.read(place / f"{i}.safetensors", shapes) for i in indices}
    )
    found = {i: (jax.tree.unflatten(structure, file[0]), file[1]) for i, file in read.items() if file}
    if not found:
        return {}
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *(params for params, _ in found.values()))
    recorded = np.array([facts["outputs"] for _, facts in found.values()], np.float32)
    given = _outputs(config, stacked)
    far = np.abs(given - recorded).max((1, 2)) > CLOSE * np.maximum(1, np.abs(recorded).max((1, 2)))
    for i in [i for i, wrong in zip(list(found), far) if wrong]:
        folders.say_once(f"{place / f'{i}.safetensors'} does not give its recorded outputs; trained again")
        del found[i]
    return found


def _split(config: NetworkConfig) -> tuple[Any, Any]:
    """Graph and abstract parameters of a network."""
    return nnx.split(nnx.eval_shape(lambda: config.model.build(nnx.Rngs(0))), nnx.Param)

"""Trained networks by their config: loaded when they exist, trained when they do not.

A network is identified by its config, the checksum of its data and its index in the population; studies that
ask for the same one share it. They live in the cache folder as

    networks/<hash>/config.json   the config in full
    networks/<hash>/<index>.safetensors   parameters by name, history and timing in the header

and are plain files that `launch.read` and other programs can read.
"""

import copy
import functools
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Int

from research import data, models
from research.runs import store
from research.runs.checkpoints import Checkpoints
from research.runtime import multihost, progress
from research.training import fit as training
from research.training.fit import TrainingConfig

FACTS = {"curve", "seconds", "compile_seconds", "images_seen", "clock"}  # of a network, in its file's header
ROUNDING = 1e-6  # of a mean in float32: 9,750 of 10,000 is 97.5 %


@dataclass
class NetworkConfig:
    """What a network is and how it is trained; everything its parameters depend on but its index."""

    model: Any = field(default_factory=models.SoftmaxConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    data: str = "mnist"
    examples: int = 0  # train on the first so many images only; 0 means all
    seed: int = 0


def recipe(name: str) -> NetworkConfig:
    """The recipe of one of the documents' networks (shapes: the documents; training: ours, measured)."""
    if name not in RECIPES:
        raise ValueError(f"unknown network {name!r}; known: {', '.join(RECIPES)}")
    model, how = RECIPES[name]
    return NetworkConfig(model=model(), training=TrainingConfig(**how))


RECIPES: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "softmax": (models.SoftmaxConfig, dict(epochs=6, batch=500, learning_rate=1e-2)),
    "mlp100": (models.MLPConfig, dict(epochs=8, batch=128, learning_rate=3e-3)),
    "mlp3": (
        functools.partial(models.MLPConfig, widths=(500, 200, 50)),
        dict(epochs=4, batch=256, learning_rate=2e-3),
    ),
    "sigmoid200": (
        functools.partial(
            models.MLPConfig, widths=(200,), activation="logistic", low=-1.0, high=1.0, init="lecun"
        ),
        dict(epochs=12, batch=256, learning_rate=5e-3, shift=1),
    ),
    "dense3": (
        functools.partial(models.MLPConfig, widths=(2048, 1024, 512)),
        dict(epochs=2, batch=256, learning_rate=1e-3),
    ),
    "cnn_small": (models.CNNSmallConfig, dict(epochs=1, batch=128, learning_rate=2e-3, shift=1)),
    "cnn": (
        functools.partial(models.CNNConfig, dropout=0.2),
        dict(epochs=1, batch=128, learning_rate=2e-3, shift=1),
    ),
    "autoencoder": (
        models.AutoencoderConfig,
        dict(epochs=3, batch=256, learning_rate=2e-3, loss="reconstruction"),
    ),
    "denoiser": (
        models.AutoencoderConfig,
        dict(
            epochs=2,
            batch=256,
            learning_rate=2e-3,
            loss="reconstruction",
            noise="log_uniform",
            noise_strength=1.0,
        ),
    ),
    "bottleneck": (models.BottleneckConfig, dict(epochs=4, batch=256, learning_rate=2e-3)),
}


class Wish(NamedTuple):
    """A population that a study will ask for: the arguments of `population`."""

    config: NetworkConfig
    m: int
    name: str


@dataclass(frozen=True)
class Population:
    """m trained networks of one config; every leaf of `params` has m as its leading axis."""

    config: NetworkConfig
    params: Any
    curve: Float[np.ndarray, "m epochs 4"]  # a row an epoch: loss, training and test accuracy, seconds so far
    seconds: Float[np.ndarray, "m"]  # of training, compilation included, shared evenly where done together
    compile_seconds: Float[np.ndarray, "m"]
    images_seen: Int[np.ndarray, "m"]  # during training
    clock: str  # what the seconds are: "processor" where CPUs trained, else "wall"; "processor and wall" if some each

    def __len__(self) -> int:
        return len(self.seconds)

    def apply(self, params: Any, image: Float[Array, "h w"]) -> tuple[Float[Array, " k"], dict[str, Array]]:
        """(logits, activations) of one network on one image in [0, 1]."""
        return nnx.merge(_graph(self.config), params)(image)

    def predict(self, params: Any, image: Float[Array, "h w"]) -> Float[Array, " k"]:
        """Logits of one network on one image: what the readings read."""
        return self.apply(params, image)[0]

    def network(self, i: int) -> Any:
        """The parameters of network i."""
        return _nth(self.params, i)

    def model(self, i: int) -> nnx.Module:
        return nnx.merge(_graph(self.config), self.network(i))

    @property
    def parameters(self) -> int:
        """Number of parameters of one network."""
        return sum(leaf[0].size for leaf in jax.tree.leaves(self.params))


@jax.jit
def _nth(params: Any, i: Int[Array, ""]) -> Any:
    """One network's parameters out of the stacked ones; one program, not one a leaf."""
    return jax.tree.map(lambda leaf: leaf[i], params)


_fits: dict[Any, training.Fit] = {}


def folder(config: NetworkConfig) -> Path:
    """Where the networks of this config live."""
    key = store.digest(store.as_dict(config), data.checksum(config.data))
    return data.cache_dir() / "networks" / key


def population(config: NetworkConfig, m: int, name: str = "network") -> Population:
    """The first m networks of this config: loaded where saved, else trained together and saved."""
    if m < 1:
        raise ValueError(f"a population needs at least one network, got {m}")
    place = store.make_folder(folder(config))
    with store.lock(place, wait=True):
        found = _load(place, range(m), config)
        missing = [i for i in range(m) if i not in found]
        if missing:
            store.atomic_write(place / "config.json", json.dumps(store.as_dict(config), indent=2) + "\n")
            for i, trained in zip(missing, _train(config, missing, place, name)):
                _save(place, i, *trained)
                found[i] = trained
    params = [found[i][0] for i in range(m)]
    facts = [found[i][1] for i in range(m)]
    return Population(
        config,
        jax.tree.map(lambda *leaves: jax.device_put(np.stack(leaves)), *params),
        np.array([f["curve"] for f in facts], np.float32),
        np.array([f["seconds"] for f in facts]),
        np.array([f["compile_seconds"] for f in facts]),
        np.array([f["images_seen"] for f in facts]),
        " and ".join(sorted({f["clock"] for f in facts})),
    )


def evaluate(population: Population, digits: data.Digits) -> tuple[Float[Array, "m n k"], Float[Array, "m"]]:
    """Outputs of every network on every image, and the share of labels each network hits."""
    fit = _fit(population.config, _examples(population.config))
    return fit.evaluate(population.params, jax.device_put(digits.images), jax.device_put(digits.labels))


def untrained(config: NetworkConfig, m: int) -> Any:
    """Stacked parameters of the first m networks as they were before their first step (for null models)."""
    return _fit(config, _examples(config)).init(_keys(config, range(m))).params


def _keys(config: NetworkConfig, indices: Iterable[int]) -> Array:
    return _numbered(config.seed, np.fromiter(indices, np.int32))


@functools.partial(jax.jit, static_argnums=0)
def _numbered(seed: int, indices: Int[Array, " m"]) -> Array:
    """The key of each network of one seed by its number."""
    root = jax.random.key(seed)
    return jax.vmap(lambda i: jax.random.fold_in(root, i))(indices)


def _fit(config: NetworkConfig, n: int) -> training.Fit:
    """The training of this config; kept, so that what one population compiled serves the next."""
    how = type(config.model), store.digest(store.as_dict(config.model), store.as_dict(config.training), n)
    if how not in _fits:
        config = copy.deepcopy(config)  # the functions are traced later, when the caller may have changed his
        _fits[how] = training.make_fit(models.builder(config.model), config.training, n)
    return _fits[how]


def _examples(config: NetworkConfig) -> int:
    return config.examples or len(data.load(config.data, "train").labels)


def _graph(config: NetworkConfig):
    return nnx.split(nnx.eval_shape(lambda: models.builder(config.model)(nnx.Rngs(0))))[0]


def _clock() -> tuple[str, Callable[[], float]]:
    """The seconds that CPUs gave this process, which others that use them do not lengthen; of others, those on the wall."""
    if jax.default_backend() == "cpu":
        return "processor", time.process_time
    return "wall", time.perf_counter


def _train(config: NetworkConfig, indices: list[int], place: Path, name: str):
    """Trains the networks with these indices together; yields (params, facts) of each."""
    train, test = data.load(config.data, "train"), data.load(config.data, "test")
    n = _examples(config)
    fit = _fit(config, n)
    state = fit.init(_keys(config, indices))
    curve = np.full((len(indices), config.training.epochs, 4), np.nan, np.float32)
    checkpoints = Checkpoints(place / f"training-{store.digest(indices)}")
    spent, saved = 0.0, checkpoints.latest({"state": state, "curve": curve, "seconds": np.zeros(2)})
    compiling = 0.0
    if saved:
        state, curve = saved[1]["state"], np.array(saved[1]["curve"])
        spent, compiling = map(float, saved[1]["seconds"])
    images, labels, test_images, test_labels = jax.device_put(
        (train.images[:n], train.labels[:n], test.images, test.labels)
    )
    clock, now = _clock()
    begin = now()
    advance, score = fit.advance.lower(state, images, labels, 1).compile(), None
    if config.training.loss == "cross_entropy":
        score = fit.evaluate.lower(state.params, test_images, test_labels).compile()
    compiling += now() - begin
    step, pace = int(np.asarray(state.step)[0]), 0.0
    with progress.bar(name) as report:
        while step < fit.steps:
            start = time.perf_counter()
            in_epoch = step % fit.steps_per_epoch
            left = fit.steps_per_epoch - in_epoch
            wish = multihost.once(lambda: max(1, round(pace)) if pace else 20)  # noqa: B023 - called at once
            count = min(left, wish)
            state = advance(state, images, labels, np.int32(count))
            training.require_finite(state)
            step += count
            took = time.perf_counter() - start
            pace = count / took  # steps in about one second
            done = in_epoch + count
            loss, hits = (np.asarray(total) / done for total in (state.loss, state.hits))
            report(
                step / fit.steps,
                loss=f"{loss.mean():.3f}",
                accuracy=f"{hits.mean():.4f}",
                images_per_second=f"{pace * config.training.batch * len(indices):,.0f}",
            )
            if count == left:
                epoch = step // fit.steps_per_epoch - 1
                accuracy = np.asarray(score(state.params, test_images, test_labels)[1]) if score else np.nan
                row = np.broadcast_arrays(loss, hits, accuracy, spent + now() - begin)
                curve[:, epoch] = np.stack(row, 1)
                if np.all(curve[:, epoch, 2] >= np.float32(config.training.stop_at) - ROUNDING):
                    break
            seconds = spent + now() - begin
            checkpoints.save(
                step, {"state": state, "curve": curve, "seconds": np.array([seconds, compiling])}
            )
    seconds = spent + now() - begin
    checkpoints.clear()
    params = jax.device_get(state.params)
    for i in range(len(indices)):
        facts = {
            "curve": curve[i].tolist(),
            "seconds": seconds / len(indices),
            "compile_seconds": compiling / len(indices),
            "images_seen": step * config.training.batch,
            "clock": clock,
        }
        yield jax.tree.map(lambda leaf, i=i: leaf[i], params), facts


def _named(params: Any) -> dict[str, Any]:
    """Parameters by dotted path, such as layers.0.kernel."""
    return {
        ".".join(str(getattr(p, "key", getattr(p, "name", p))) for p in path if str(p) != ".value"): leaf
        for path, leaf in jax.tree_util.tree_leaves_with_path(params)
    }


def _save(place: Path, i: int, params: Any, facts: dict[str, Any]) -> None:
    from safetensors.numpy import save

    arrays = {name: np.ascontiguousarray(leaf) for name, leaf in _named(params).items()}
    store.atomic_write(place / f"{i}.safetensors", save(arrays, {"identikit": json.dumps(facts)}))


def _load(
    place: Path, indices: Iterable[int], config: NetworkConfig
) -> dict[int, tuple[Any, dict[str, Any]]]:
    """(params, facts) of each saved network; a file that is damaged, or older than its facts, counts as none."""
    like = nnx.split(nnx.eval_shape(lambda: models.builder(config.model)(nnx.Rngs(0))), nnx.Param)[1]
    names, structure = list(_named(like)), jax.tree.structure(like)
    read = multihost.once(lambda: {i: _read(place / f"{i}.safetensors", names) for i in indices})
    return {i: (jax.tree.unflatten(structure, file[0]), file[1]) for i, file in read.items() if file}


def _read(path: Path, names: list[str]) -> tuple[list[np.ndarray], dict[str, Any]] | None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            facts = json.loads((file.metadata() or {})["identikit"])
            if facts.keys() != FACTS:
                return None
            return [file.get_tensor(name) for name in names], facts
    except (FileNotFoundError, SafetensorError, KeyError, ValueError):
        return None

"""Identikits: ask a network which images it takes for a digit.

`identikits` is the one door: it checks what it is given, lays out the runs over networks × digits × restarts,
has the driver advance them, and returns everything as one labelled Dataset.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float, Key, UInt

from research.identikits.gradient_ascent import GradientAscent
from research.identikits.initial_images import Start, images
from research.identikits.objectives import OBJECTIVES, Objective
from research.identikits.perturbations import PERTURBATIONS, Perturbation
from research.identikits.random_search import RandomSearch
from research.identikits.runner import Progress, Runs, begin, drive
from research.identikits.single_run import Question, moments
from research.identikits.to_dataset import labelled
from research.identikits.types import Method, build

MAPPED_FROM = 64  # on a CPU, steps that show the network this many images leave no cores for a second run
BLOCK = {True: 4, False: 64}  # at most so many runs a CPU in one call: one after the other, side by side
IMAGES = 32_768  # that an accelerator looks at side by side in one step, at most


def identikits(
    predict: Callable[..., Any],
    digits: Sequence[int],
    key: Key[Array, ""],
    method: str | Method = "search",
    *,
    params: Any = None,
    restarts: int = 1,
    start: str | Start | Float[Array, "..."] | Float[np.ndarray, "..."] = "blank",
    shape: tuple[int, int] = (28, 28),
    objective: str | Objective = "log_probability",
    target: float | Sequence[float] | None = 0.99,
    patience: int = 50,
    budget: int = 100_000,
    history: int = 256,
    frames: int = 0,
    runs: str = "auto",
    block: int | None = None,
    chunk: int = 16,
    devices: Sequence[jax.Device] | None = None,
    progress: Callable[[Progress], None] | None = None,
    checkpoint: Callable[[Runs], None] | None = None,
    state: Any = None,
    **options: Any,
) -> xr.Dataset:
    """Images that `predict` takes for each of `digits`, by best-of-N search or by gradient ascent.

        image*_d ≈ argmax over images of objective(image, d),    by default log p(d | image)

    What is asked:
        predict: one image [h w] in [0, 1] -> logits [k], or (logits, activations by name). With `params`,
            whose leaves have a leading axis of m networks, it is called as predict(params of one, image), and
            asking the same function again does not compile again.
        digits: the classes to ask for, each once.
        key: every run's key follows from it and the run's own (network, digit, restart), so that asking for
            more digits or restarts leaves the others as they were.
        method: "search" (options: num_candidates, clip, perturbation, and the perturbation's own), "ascent" (options: optimiser,
            learning_rate, parameterisation, jitter, scale, clip), or a `RandomSearch` or `GradientAscent`.
        restarts: runs per network and digit.
        start: "blank", "uniform_noise", "gaussian_noise", a value from `starts`, or images in [0, 1] that
            broadcast to [m, digits, restarts, h, w].
        objective: a name from `objectives.OBJECTIVES` or any sum of these.

    When a run ends:
        target: at this confidence (softmax probability of the digit); of several at the highest; None: never.
        patience: or after this many generations without gain,
        budget: or when another generation would cost more evaluations than this (forward 1, gradient 3).

    What is remembered: `history` generations of confidence and distances at most, `frames` images on the way.

    How it is computed:
        runs: "map" one after the other, "vmap" side by side, "auto" by device and method (see `driver`).
        block, chunk: runs a device and generations in one call; between calls `progress` and `checkpoint` are
            called. With "map" neither changes a bit of the result.
        devices: those over which the runs are spread; all, those of other processes included, by default.
        state: what `checkpoint` was given (or its `jax.tree.leaves`), to go on from there.

    Returns:
        Dataset over network, digit, restart, with
        image [.., y, x] the best image seen; start [.., y, x]; confidence, start_confidence, score;
        generations, evaluations; reached (the highest target), stalled (patience ran out);
        evaluations_to [.., target] NaN if not reached; distance from the start, path walked (Euclidean);
        confidence_history, distance_history, path_history, evaluations_history [.., generation], which keep
        their last value after a run's end; frames [.., frame, y, x], likewise; attrs: every setting.

    Raises: ValueError, in one line, for a predict that answers NaN or anything but k logits, a target outside
        (0, 1), zero candidates, no digits or digits outside the classes, start images of another shape or range,
        a budget too small for one generation, unknown names (with the known ones), a state of other runs.

    Source: 003_baed48e6daa2b749.txt; Erhan et al. 2009 and Simonyan et al. 2013 for the ascent.
    """
    if len(digits) == 0:
        raise ValueError("digits is empty; name at least one class to ask for")
    if len(set(digits)) < len(digits):
        raise ValueError(f"each digit is asked for once, restarts are for more runs; digits: {list(digits)}")
    way = _method(method, options)
    wish = build("objective", OBJECTIVES, objective) if isinstance(objective, str) else objective
    targets = _targets(target)
    numbers = {"restarts": restarts, "patience": patience, "history": history, "chunk": chunk}
    for name, number in {**numbers, "block": 1 if block is None else block}.items():
        if number < 1:
            raise ValueError(f"{name} must be at least 1, it is {number}")
    generations = (budget - way.start_cost) // way.step_cost
    if generations < 1:
        need = way.start_cost + way.step_cost
        raise ValueError(f"a budget of {budget} evaluations pays for no generation; the first needs {need}")

    devices = list(devices or jax.devices())
    mapped = _mapped(runs, devices[0].platform, way)
    if params is None:
        network, weights, m = (lambda _, image: predict(image)), (), 1
    else:
        network, weights, m = predict, params, _population(params)

    layout = (m, len(digits), restarts)
    together = len(digits) * restarts * (m if mapped else 1)
    block = block or min(_most(mapped, devices[0].platform, way), -(-together // len(devices)))
    key_starts, key_steps = _keys(key, m, digits, restarts)
    starts = images(start, key_starts, layout, shape)
    _check_digits(digits, _classes(network, weights, starts[0]))
    question = Question(
        predict=network,
        objective=wish,
        method=way,
        targets=targets,
        patience=patience,
        generations=generations,
        history=moments(generations, history),
        frames=moments(generations, frames) if frames else (),
        key_impl=str(jax.random.key_impl(key)),
    )
    spread: dict[str, Any] = {"mapped": mapped, "block": block, "devices": devices}
    fresh = begin(
        question,
        np.repeat(np.arange(m, dtype=np.int32), len(digits) * restarts),
        np.tile(np.repeat(np.asarray(digits, np.int32), restarts), m),
        np.asarray(jax.random.key_data(key_steps)),
        starts,
        weights,
        **spread,
    )
    begun = fresh if state is None else _resumed(state, fresh)
    ended = drive(question, begun, weights, chunk=chunk, progress=progress, checkpoint=checkpoint, **spread)
    settings = {
        "method": type(way).__name__,
        "settings": repr(way),
        "objective": repr(wish),
        "start": str(start) if isinstance(start, str) or callable(start) else "images",
        "patience": patience,
        "budget": budget,
        "start_cost": way.start_cost,
        "step_cost": way.step_cost,
        "runs": "map" if mapped else "vmap",
        "block": block,
        "chunk": chunk,
        "devices": f"{len(devices)} {devices[0].device_kind}",
        "key": np.asarray(jax.random.key_data(key)).tolist(),
        "key_impl": question.key_impl,
    }
    return labelled(ended, question, digits, layout, settings)


def _method(method: str | Method, options: Mapping[str, Any]) -> Method:
    """A method by name; what a search does not know itself are options of its mask family."""
    if not isinstance(method, str):
        if options:
            raise ValueError(f"option {sorted(options)[0]!r} belongs into the {type(method).__name__} itself")
        return method
    if method != "search":
        return build("method", {"search": RandomSearch, "ascent": GradientAscent}, method, **options)
    own = {name: options[name] for name in ("num_candidates", "clip") if name in options}
    rest = {
        name: value
        for name, value in options.items()
        if name not in ("num_candidates", "clip", "perturbation")
    }
    perturbation: str | Perturbation = options.get("perturbation", "low_frequency")
    if isinstance(perturbation, str):
        return RandomSearch(perturbation=build("perturbation", PERTURBATIONS, perturbation, **rest), **own)
    if rest:
        raise ValueError(f"option {sorted(rest)[0]!r} belongs into the {type(perturbation).__name__} itself")
    return RandomSearch(perturbation=perturbation, **own)


def _targets(target: float | Sequence[float] | None) -> tuple[float, ...]:
    targets = () if target is None else tuple(sorted({float(t) for t in np.atleast_1d(np.asarray(target))}))
    for t in targets:
        if not 0 < t < 1:
            raise ValueError(f"a target confidence must lie strictly between 0 and 1, it is {t}")
    return targets


def _mapped(runs: str, platform: str, method: Method) -> bool:
    known = {"map": True, "vmap": False, "auto": platform == "cpu" and method.batch >= MAPPED_FROM}
    if runs not in known:
        raise ValueError(f"unknown way to run, runs={runs!r}; known: {', '.join(sorted(known))}")
    return known[runs]


def _most(mapped: bool, platform: str, method: Method) -> int:
    """How many runs a device advances in one call, at most."""
    if mapped or platform == "cpu":
        return BLOCK[mapped]
    return max(1, IMAGES // method.batch)


def _population(params: Any) -> int:
    """The number of networks: the common leading axis of all parameters."""
    shapes = [np.shape(leaf) for leaf in jax.tree.leaves(params)]
    sizes = {shape[0] if shape else 0 for shape in shapes}
    if len(sizes) != 1 or 0 in sizes:
        raise ValueError(f"params need one common leading axis of networks, theirs are {sorted(sizes)}")
    return sizes.pop()


def _keys(
    key: Key[Array, ""], m: int, digits: Sequence[int], restarts: int
) -> tuple[Key[Array, " runs"], Key[Array, " runs"]]:
    """Two keys a run, for its start and for its steps, by its own network, digit and restart."""
    grid = np.meshgrid(np.arange(m), np.asarray(digits), np.arange(restarts), indexing="ij")
    own = np.stack([axis.ravel() for axis in grid])
    purposes = np.repeat([0, 1], own.shape[1])[None, :]
    names = np.concatenate([np.tile(own, (1, 2)), purposes]).astype(np.uint32)
    keys = _folded(jnp.tile(key, names.shape[1]), names)
    return keys[: own.shape[1]], keys[own.shape[1] :]


@jax.jit
def _folded(keys: Key[Array, " n"], names: UInt[Array, "depth n"]) -> Key[Array, " n"]:
    """Each key folded with its names, one after the other."""
    return jax.lax.scan(lambda keys, name: (jax.vmap(jax.random.fold_in)(keys, name), None), keys, names)[0]


def _classes(network: Callable[..., Any], params: Any, image: np.ndarray) -> int:
    """How many logits the network returns for one image."""
    one = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(np.shape(leaf)[1:], leaf.dtype), params)
    answer = jax.eval_shape(network, one, jax.ShapeDtypeStruct(image.shape, jnp.float32))
    logits = answer[0] if isinstance(answer, tuple) and answer else answer
    if not isinstance(logits, jax.ShapeDtypeStruct):
        raise ValueError(f"predict must return logits [k] or (logits, activations), it returned {answer!r}")
    if len(logits.shape) != 1 or logits.shape[0] < 2 or not jnp.issubdtype(logits.dtype, jnp.floating):
        raise ValueError(
            f"predict must return float logits of shape [k] for one image of shape {list(image.shape)}, "
            f"it returned {logits.dtype} of shape {list(logits.shape)}"
        )
    return logits.shape[0]


def _check_digits(digits: Sequence[int], classes: int) -> None:
    for d in digits:
        if not 0 <= d < classes:
            raise ValueError(
                f"there is no digit {d} among the network's {classes} classes, 0 to {classes - 1}"
            )


def _resumed(state: Any, fresh: Runs) -> Runs:
    """The given state as runs, if it is one of these very runs."""
    leaves, structure = jax.tree.flatten(fresh)
    given = [np.asarray(leaf) for leaf in jax.tree.leaves(state)]
    if [(leaf.shape, leaf.dtype) for leaf in given] != [(leaf.shape, leaf.dtype) for leaf in leaves]:
        raise ValueError("the state to resume has other shapes or types than this question's runs")
    runs = jax.tree.unflatten(structure, given)
    for name in ("network", "digit", "key", "start"):
        if not np.array_equal(getattr(runs, name), getattr(fresh, name)):
            raise ValueError(f"the state to resume belongs to other runs: its {name} differs")
    return runs

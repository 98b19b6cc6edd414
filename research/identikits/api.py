"""Identikits: which image does a network take for a class?

`identikits` is the public function. It checks its arguments, lays out the runs over networks × classes × restarts,
advances them together (`runner`) and returns everything as one Dataset (`to_dataset`).
"""

import inspect
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float, Key, Num

from research.callables import checks
from research.identikits import arguments
from research.identikits.gradient_ascent import GradientAscent, Position, zero_gradient
from research.identikits.initial_images import STARTS, Blank, Start, start_images
from research.identikits.layout import Layout
from research.identikits.objectives import OBJECTIVES
from research.identikits.runner import Execution, Progress, Runs, init_runs, run_to_end
from research.identikits.single_run import RunConfig, recorded_generations
from research.identikits.to_dataset import to_dataset
from research.identikits.types import Method, build
from research.runtime import multihost

SEQUENTIAL_FROM = 64  # images a step that fill the cores of a CPU: runs then go one after the other
BLOCK = {True: 4, False: 64}  # most runs of a CPU device in one call: sequential, vectorised
ACCELERATOR_IMAGES = 32_768  # most images that an accelerator evaluates in one step


def identikits(
    predict: Callable[..., Any],
    classes: Sequence[int],
    key: Any,
    method: str | Method = "search",
    *,
    params: Any = None,
    restarts: int = 1,
    start: str | Start | Num[Array, "..."] | Num[np.ndarray, "..."] = "blank",
    shape: Sequence[int] = (28, 28),
    objective: str | Callable[..., Any] = "log_probability",
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
    """Images that `predict` takes for each of `classes`, by best-of-N search or by gradient ascent.

        image*_d ≈ argmax over images of objective(image, d),    by default log p(d | image)

    Args:
        predict: one image [h w] or [h w c] in [0, 1] -> logits [k], or (logits, activations by name). With `params` it
            is called as predict(params of one network, image). The same function and settings are compiled only once,
            whatever arrays it closes over.
        classes: class indices in 0..k-1, each at most once; the Dataset's dimension `digit`.
        key: a key or a whole number. The key of each run is derived from it and the run's own (network, class,
            restart), so more classes or restarts leave the other runs as they were.
        method: "search" (options: num_candidates, clip, perturbation, and the perturbation's own), "ascent" (options:
            optimiser, learning_rate, parameterisation, jitter, scale, clip), or a `RandomSearch` or `GradientAscent`.
        params: parameters of m networks; every array has a leading axis of m, other leaves (activation functions) are
            shared. None: one network, inside `predict`.
        restarts: runs of each network and class.
        start: first image of a run: "blank", "low_noise", "uniform_noise", "gaussian_noise", "low_frequency" or a value from
            `initial_images`; images, floats in [0, 1] or bytes, that broadcast to [m, classes, restarts, h, w] (and c
            where `shape` has channels); or "auto": low noise
            where the gradient at the blank image is exactly 0 (a ReLU network with zero biases), else blank.
        shape: (h, w) or (h, w, c) of the images; the sizes are ignored where `start` gives images.
        objective: a name in `objectives.OBJECTIVES`, a weighted sum of objectives, or any hashable function of a `View`.
        target: confidence (softmax probability of the class) in (0, 1) that ends a run. Of several the highest ends it
            and all are recorded. None: no confidence ends a run.
        patience: generations without a gain that end a run.
        budget: most evaluations of a run (a forward pass is 1, a gradient 3).
        history: most generations whose confidence and distances are recorded.
        frames: most generations whose image is recorded.
        runs: "map": one after the other on each device; "vmap": vectorised; "auto": by device and method.
        block: most runs of a device in one call. With "map" it does not change the result.
        chunk: generations in one call; between calls `progress` and `checkpoint` are called.
        devices: devices that share the runs. Default: all, including those of other processes.
        progress: gets a `Progress` after each call.
        checkpoint: gets the state of all runs after each call.
        state: a state that `checkpoint` got (or its `jax.tree.leaves`), to resume from.
        **options: settings of a method or perturbation that is given by name.

    Returns:
        Dataset over network, digit, restart, with
        image [.., y, x] ([.., y, x, channel] in colour), the best image; start [.., y, x], start_kind (its name);
        confidence, start_confidence, score;
        generations, evaluations; reached (the highest target), stalled (patience ran out);
        evaluations_to [.., target], NaN if not reached; distance from the start, path length (both Euclidean);
        confidence_history, distance_history, path_history, evaluations_history [.., generation], which keep their last
        value after a run's end; frames [.., frame, y, x], likewise; attrs: every setting.

    Raises:
        ValueError: in one line, for outputs of `predict` that are NaN or not k logits, a NaN of the objective, a target
            outside (0, 1), zero candidates, no classes or classes outside 0..k-1, start images of another shape or
            range, a budget below one generation, unknown names (with the known ones), runs that need more memory than
            the machine has, or a state of other runs.

    Warns:
        UserWarning: if gradient ascent cannot move because the gradient at its start image is exactly 0; if `predict`
            seems to return probabilities instead of logits.

    Source:
        003_baed48e6daa2b749.txt; Erhan et al. 2009 and Simonyan et al. 2013 for the ascent.
    """
    layout = Layout(arguments.count_networks(params), arguments.distinct_classes(classes), restarts)
    key = checks.typed_key(key)
    arguments.check_at_least_one(
        restarts=restarts, patience=patience, history=history, chunk=chunk, block=block
    )
    method = arguments.make_method(method, options, tuple(inspect.signature(identikits).parameters))
    generations = arguments.affordable_generations(budget, method)
    shape = arguments.shape_of(start, checks.image_shape(shape))
    with jax.debug_nans(False):  # histories begin as NaN; NaNs of networks are found and reported
        network, weights = arguments.network(predict, params, shape)
        config = RunConfig(
            predict=network,
            objective=build("objective", OBJECTIVES, objective) if isinstance(objective, str) else objective,
            method=method,
            targets=arguments.target_confidences(target),
            patience=patience,
            generations=generations,
            history=recorded_generations(generations, history),
            frames=recorded_generations(generations, frames) if frames else (),
            key_impl=str(jax.random.key_impl(key)),
        )
        k = arguments.check_config(config, weights, shape, layout.classes)
        arguments.check_memory(config, weights, layout, shape)
        execution = _execution(runs, block, list(devices or jax.devices()), method, layout)
        key_starts, key_steps = layout.keys(key)
        init = lambda config, images: init_runs(config, layout, key_steps, images, weights, execution)  # noqa: E731
        images, start_kind = _choose_starts(start, key_starts, layout, shape, config, init)
        initial = init(config, images)
        _warn_if_stuck(initial)
        _warn_if_probabilities(config, weights, initial, k)
        initial = arguments.resumed(state, initial)
        final = run_to_end(config, initial, weights, execution, chunk, progress, checkpoint)
    settings = {"start": start if isinstance(start, str) else start_kind[0], "budget": budget, "chunk": chunk}
    return to_dataset(final, config, layout, start_kind, settings | _describe(config, execution, key))


def _execution(
    runs: str, block: int | None, devices: list[jax.Device], method: Method, layout: Layout
) -> Execution:
    """How the runs are computed: one after the other or vectorised, in blocks of which size, on which devices."""
    platform, together = devices[0].platform, len(layout.classes) * layout.restarts
    known = {"map": True, "vmap": False, "auto": platform == "cpu" and method.batch >= SEQUENTIAL_FROM}
    if runs not in known:
        raise ValueError(f"unknown way to run, runs={runs!r}; known: {', '.join(sorted(known))}")
    sequential = known[runs]
    if sequential:
        together *= layout.networks  # a vectorised block holds runs of one network only
    most = _largest_block(sequential, platform, method)
    return Execution(sequential, block or min(most, -(-together // len(devices))), tuple(devices))


def _largest_block(sequential: bool, platform: str, method: Method) -> int:
    """Most runs that a device advances in one call."""
    if sequential or platform == "cpu":
        return BLOCK[sequential]
    return max(1, ACCELERATOR_IMAGES // method.batch)


def _choose_starts(
    start: Any,
    keys: Key[Array, " runs"],
    layout: Layout,
    shape: tuple[int, ...],
    config: RunConfig,
    init: Callable[[RunConfig, Any], Runs],
) -> tuple[Float[np.ndarray, "runs h w *c"], list[str]]:
    """The start image of every run and the name of its kind."""
    if isinstance(start, str):
        build("start", STARTS | {"auto": Blank}, start)  # refuses an unknown name
    if not (isinstance(start, str) and start == "auto"):
        kind = start if isinstance(start, str) else repr(start) if callable(start) else "images"
        return start_images(start, keys, layout.shape, shape), [kind] * len(keys)
    blank, noise = (start_images(kind, keys, layout.shape, shape) for kind in ("blank", "low_noise"))
    probe = init(replace(config, method=GradientAscent(), history=(0,), frames=()), blank)
    flat = zero_gradient(probe.state)
    return np.where(flat.reshape(-1, *(1 for _ in shape)), noise, blank), [
        "low_noise" if f else "blank" for f in flat
    ]


def _warn_if_stuck(runs: Runs) -> None:
    """Warn of gradient ascents that cannot move from their start image."""
    if not isinstance(runs.state.inner, Position) or not multihost.is_process_zero():
        return
    stuck = zero_gradient(runs.state) & ~runs.done
    if stuck.any():
        names = ", ".join(map(str, np.unique(runs.digit[stuck])))
        warnings.warn(
            f"the gradient is exactly 0 at the start image of {stuck.sum()} of {stuck.size} runs (class {names}): "
            'gradient ascent cannot move from there; try start="auto" or start="low_noise"',
            stacklevel=3,
        )


def _warn_if_probabilities(config: RunConfig, weights: Any, runs: Runs, k: int) -> None:
    """Warn of a `predict` whose k outputs for two images sum to 1 and are not negative.

    The softmax of probabilities lies in a narrow range, so only networks whose first confidences lie there are evaluated.
    """
    highest, found = math.e / (math.e + k - 1), runs.state.confidence
    in_range = (found >= 1 / (1 + (k - 1) * math.e) - 1e-4) & (found <= highest + 1e-4)
    if not in_range.all() or multihost.several():
        return
    first = jax.tree.map(lambda leaf: leaf[0], weights)
    look = lambda image: checks.outputs(partial(config.predict, first), jnp.asarray(image))[0]  # noqa: E731
    noise = np.random.default_rng(0).random(runs.start.shape[1:], np.float32)
    if checks.seem_probabilities(np.stack([look(runs.start[0]), look(noise)])):
        warnings.warn(
            "predict seems to return probabilities (they sum to 1 and none is negative), but its outputs are taken for "
            f"logits, so that no confidence can exceed {highest:.3f}: return logits, or jnp.log of the probabilities",
            stacklevel=3,
        )


def _describe(config: RunConfig, execution: Execution, key: Key[Array, ""]) -> dict[str, Any]:
    """Attributes of the Dataset: every setting of the runs."""
    return {
        "method": type(config.method).__name__,
        "settings": repr(config.method),
        "objective": repr(config.objective),
        "patience": config.patience,
        "start_cost": config.method.start_cost,
        "step_cost": config.method.step_cost,
        "runs": "map" if execution.sequential else "vmap",
        "block": execution.block,
        "devices": f"{len(execution.devices)} {execution.devices[0].device_kind}",
        "key": np.asarray(jax.random.key_data(key)).tolist(),
        "key_impl": config.key_impl,
    }

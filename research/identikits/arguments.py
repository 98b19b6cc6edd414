"""The arguments of `identikits`, checked and turned into values; each error is one line that says what was expected."""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from research.callables import checks, memory, programs
from research.identikits.gradient_ascent import GradientAscent
from research.identikits.layout import Layout
from research.identikits.perturbations import PERTURBATIONS, Perturbation
from research.identikits.random_search import RandomSearch
from research.identikits.runner import Runs
from research.identikits.single_run import RunConfig, init, make_evaluate
from research.identikits.types import Method, build, suggestion

FEW = 64  # runs whose memory is not estimated, to save the time in interactive use
SEARCH_OPTIONS = ("num_candidates", "clip", "perturbation")


def distinct_classes(classes: Any) -> tuple[int, ...]:
    """The classes as a tuple. Raises: ValueError if there is none, one is repeated, or one is no whole number."""
    try:
        given = tuple(checks.class_index(d, name="each of classes") for d in classes)
    except TypeError:
        raise ValueError(f"classes must be a sequence, such as [3] or range(10), got {classes!r}") from None
    if any(isinstance(d, jax.core.Tracer) for d in given):
        raise ValueError(
            "classes must be known numbers, but they are traced; call identikits outside jax.jit"
        )
    if not given:
        raise ValueError("classes is empty; name at least one class")
    if len(set(given)) < len(given):
        raise ValueError(f"each class may be named once (restarts adds runs); classes: {list(given)}")
    return given


def check_at_least_one(**numbers: int | None) -> None:
    """Raises: ValueError for a number below 1; None is allowed."""
    for name, number in numbers.items():
        if number is not None and number < 1:
            raise ValueError(f"{name} must be at least 1, it is {number}")


def make_method(method: str | Method, options: Mapping[str, Any], others: Sequence[str] = ()) -> Method:
    """A method by name with its options; options that RandomSearch does not know are passed to the perturbation.

    Raises: ValueError for an unknown name or option; a suggestion may also be one of `others`, arguments of the caller.
    """
    if not isinstance(method, str):
        _refuse_options(options, method, others)
        return method
    if method != "search":
        return build("method", {"search": RandomSearch, "ascent": GradientAscent}, method, others, **options)
    others = (*others, *SEARCH_OPTIONS)
    own = {name: value for name, value in options.items() if name in SEARCH_OPTIONS}
    rest = {name: value for name, value in options.items() if name not in SEARCH_OPTIONS}
    perturbation: str | Perturbation = own.pop("perturbation", "low_frequency")
    if isinstance(perturbation, str):
        return RandomSearch(
            perturbation=build("perturbation", PERTURBATIONS, perturbation, others, **rest), **own
        )
    _refuse_options(rest, perturbation, others)
    return RandomSearch(perturbation=perturbation, **own)


def _refuse_options(options: Mapping[str, Any], value: Any, others: Sequence[str]) -> None:
    if options:
        name = sorted(options)[0]
        raise ValueError(
            f"option {name!r} belongs into the {type(value).__name__} itself{suggestion(name, others)}"
        )


def target_confidences(target: float | Sequence[float] | None) -> tuple[float, ...]:
    """The targets in rising order. Raises: ValueError for one outside (0, 1)."""
    targets = () if target is None else tuple(sorted({float(t) for t in np.atleast_1d(np.asarray(target))}))
    for t in targets:
        if not 0 < t < 1:
            raise ValueError(f"a target confidence must lie strictly between 0 and 1, it is {t}")
    return targets


def affordable_generations(budget: int, method: Method) -> int:
    """Generations that `budget` evaluations pay for. Raises: ValueError if there is none."""
    generations = (budget - method.start_cost) // method.step_cost
    if generations < 1:
        need = method.start_cost + method.step_cost
        raise ValueError(f"a budget of {budget} evaluations pays for no generation; the first needs {need}")
    return generations


def count_networks(params: Any) -> int:
    """The common leading axis of all parameters; 1 without any. Raises: ValueError if there is no common axis."""
    if params is None:
        return 1
    sizes = {leaf.shape[0] if leaf.shape else 0 for leaf in jax.tree.leaves(params) if hasattr(leaf, "shape")}
    if len(sizes) != 1 or 0 in sizes:
        raise ValueError(f"params need one common leading axis of networks, theirs are {sorted(sizes)}")
    return sizes.pop()


@dataclass(frozen=True)
class _Mixed:
    """A function of parameters that hold more than arrays, such as activation functions, as one of the arrays alone."""

    predict: Callable[..., Any]
    structure: Any
    others: tuple[Any, ...]  # a leaf that is no array, or None in the place of an array

    def __call__(self, arrays: tuple[Array, ...], image: Array) -> Any:
        rest = iter(arrays)
        leaves = [next(rest) if other is None else other for other in self.others]
        return self.predict(jax.tree.unflatten(self.structure, leaves), image)


def shape_of(start: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the images: that of `start` where it holds images of as many axes, else `shape`."""
    given = () if isinstance(start, str) or callable(start) else np.shape(start)[-len(shape) :]
    return given if len(given) == len(shape) else shape


def network(predict: Callable[..., Any], params: Any, shape: tuple[int, ...]) -> tuple[Callable, Any]:
    """(function of one network's arrays and an image, arrays of all networks): what runs compute with.

    Arrays that `predict` closes over become arguments, and leaves of `params` that are no arrays become constants, so
    that the same network or architecture is compiled once.
    """
    if params is None:
        program, arrays = programs.trace(predict, shape)
        return program, tuple(array[None] for array in arrays)
    leaves, structure = jax.tree.flatten(params)
    if all(hasattr(leaf, "shape") for leaf in leaves):
        return predict, params
    others = tuple(None if hasattr(leaf, "shape") else leaf for leaf in leaves)
    return _Mixed(predict, structure, others), tuple(leaf for leaf in leaves if hasattr(leaf, "shape"))


def check_config(config: RunConfig, params: Any, shape: tuple[int, ...], classes: Sequence[int]) -> int:
    """The number of classes, after checking what network, objective and perturbation give for an image of this shape.

    Raises: ValueError for anything but float logits [k], k ≥ 2, a class outside 0..k-1, an objective that gives no
        single number, a perturbation of another shape than the image, and a setting that cannot be hashed.
    """
    perturbation = getattr(config.method, "perturbation", None)
    parts = {"objective": config.objective, "perturbation": perturbation, "method": config.method}
    for name, value in (parts | {"predict": config.predict}).items():
        try:
            hash(value)
        except TypeError:
            raise ValueError(
                f"{name} must be hashable, so that equal settings share a program: a function or a frozen dataclass "
                f"without arrays; {type(value).__name__} is not"
            ) from None
    one = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(np.shape(leaf)[1:], leaf.dtype), params)
    image, digit = jax.ShapeDtypeStruct(shape, jnp.float32), jax.ShapeDtypeStruct((), jnp.int32)
    logits = jax.eval_shape(
        lambda params, image: checks.outputs(functools.partial(config.predict, params), image)[0], one, image
    )
    for d in classes:
        checks.class_index(d, logits.size)
    score, _ = jax.eval_shape(
        lambda params, image, d: make_evaluate(config, params, d)(image), one, image, digit
    )
    if score.shape:
        raise ValueError(f"objective must give one number for an image, it gives shape {list(score.shape)}")
    if perturbation is not None:
        drawn = jax.eval_shape(lambda: perturbation(jax.random.key(0), shape)).shape
        if drawn != shape:
            raise ValueError(f"perturbation must be of the image's shape {list(shape)}, it is {list(drawn)}")
    return logits.size


def check_memory(config: RunConfig, params: Any, layout: Layout, shape: tuple[int, ...]) -> None:
    """Raises: ValueError if the state of all runs, a copy of it and the Dataset need more memory than there is."""
    runs = math.prod(layout.shape)
    if runs < FEW:
        return
    one = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(np.shape(leaf)[1:], leaf.dtype), params)
    number = jax.ShapeDtypeStruct((), jnp.int32)
    key = jax.eval_shape(lambda: jax.random.key_data(jax.random.key(0, impl=config.key_impl)))
    seed = (number, number, key, jax.ShapeDtypeStruct(shape, jnp.float32))
    needed = 3 * runs * memory.bytes_of(jax.eval_shape(functools.partial(init, config), seed, one))
    fewer = "take fewer restarts or classes, or a shorter history (history=2, frames=0)"
    memory.check(needed, f"{runs:,} runs", fewer)


def resumed(state: Any, initial: Runs) -> Runs:
    """The state, or its leaves, in the structure of `initial`, which None stands for.

    Raises: ValueError if the state is one of other runs.
    """
    if state is None:
        return initial
    leaves, structure = jax.tree.flatten(initial)
    given = [np.asarray(leaf) for leaf in jax.tree.leaves(state)]
    if [(leaf.shape, leaf.dtype) for leaf in given] != [(leaf.shape, leaf.dtype) for leaf in leaves]:
        raise ValueError("the state to resume has other shapes or types than these runs")
    runs = jax.tree.unflatten(structure, given)
    for name in ("network", "digit", "key", "start"):
        if not np.array_equal(getattr(runs, name), getattr(initial, name)):
            raise ValueError(f"the state to resume belongs to other runs: its {name} differs")
    return runs

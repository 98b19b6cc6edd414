"""The arguments of `identikits`, checked and turned into values; each error is one line that says what was expected."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from research.identikits.gradient_ascent import GradientAscent
from research.identikits.perturbations import PERTURBATIONS, Perturbation
from research.identikits.random_search import RandomSearch
from research.identikits.runner import Runs
from research.identikits.types import Method, build

SEARCH_OPTIONS = ("num_candidates", "clip", "perturbation")


def distinct_classes(classes: Sequence[int]) -> tuple[int, ...]:
    """The classes as a tuple. Raises: ValueError if there is none or one is repeated."""
    if len(classes) == 0:
        raise ValueError("classes is empty; name at least one class")
    if len(set(classes)) < len(classes):
        raise ValueError(f"each class may be named once (restarts adds runs); classes: {list(classes)}")
    return tuple(classes)


def check_at_least_one(**numbers: int | None) -> None:
    """Raises: ValueError for a number below 1; None is allowed."""
    for name, number in numbers.items():
        if number is not None and number < 1:
            raise ValueError(f"{name} must be at least 1, it is {number}")


def make_method(method: str | Method, options: Mapping[str, Any]) -> Method:
    """A method by name with its options; options that RandomSearch does not know are passed to the perturbation.

    Raises: ValueError for an unknown name or option.
    """
    if not isinstance(method, str):
        _refuse_options(options, method)
        return method
    if method != "search":
        return build("method", {"search": RandomSearch, "ascent": GradientAscent}, method, **options)
    own = {name: value for name, value in options.items() if name in SEARCH_OPTIONS}
    rest = {name: value for name, value in options.items() if name not in SEARCH_OPTIONS}
    perturbation: str | Perturbation = own.pop("perturbation", "low_frequency")
    if isinstance(perturbation, str):
        return RandomSearch(perturbation=build("perturbation", PERTURBATIONS, perturbation, **rest), **own)
    _refuse_options(rest, perturbation)
    return RandomSearch(perturbation=perturbation, **own)


def _refuse_options(options: Mapping[str, Any], value: Any) -> None:
    if options:
        raise ValueError(f"option {sorted(options)[0]!r} belongs into the {type(value).__name__} itself")


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
    shapes = [np.shape(leaf) for leaf in jax.tree.leaves(params)]
    sizes = {shape[0] if shape else 0 for shape in shapes}
    if params is None:
        return 1
    if len(sizes) != 1 or 0 in sizes:
        raise ValueError(f"params need one common leading axis of networks, theirs are {sorted(sizes)}")
    return sizes.pop()


def check_classes(
    classes: Sequence[int], predict: Callable[..., Any], params: Any, shape: tuple[int, ...]
) -> None:
    """Check what `predict` returns for an image of this shape, and that it has these classes.

    Raises: ValueError for anything but float logits [k], k ≥ 2, or a class outside 0..k-1.
    """
    one = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(np.shape(leaf)[1:], leaf.dtype), params)
    output = jax.eval_shape(predict, one, jax.ShapeDtypeStruct(shape, jnp.float32))
    logits = output[0] if isinstance(output, tuple) and output else output
    if not isinstance(logits, jax.ShapeDtypeStruct):
        raise ValueError(f"predict must return logits [k] or (logits, activations), it returned {output!r}")
    if len(logits.shape) != 1 or logits.shape[0] < 2 or not jnp.issubdtype(logits.dtype, jnp.floating):
        raise ValueError(
            f"predict must return float logits of shape [k] for one image of shape {list(shape)}, "
            f"it returned {logits.dtype} of shape {list(logits.shape)}"
        )
    k = logits.shape[0]
    for d in classes:
        if not 0 <= d < k:
            raise ValueError(f"there is no class {d}: the network has {k} classes, 0 to {k - 1}")


def resumed(state: Any, initial: Runs) -> Runs:
    """The state, or its leaves, in the structure of `initial`. Raises: ValueError if it is one of other runs."""
    leaves, structure = jax.tree.flatten(initial)
    given = [np.asarray(leaf) for leaf in jax.tree.leaves(state)]
    if [(leaf.shape, leaf.dtype) for leaf in given] != [(leaf.shape, leaf.dtype) for leaf in leaves]:
        raise ValueError("the state to resume has other shapes or types than these runs")
    runs = jax.tree.unflatten(structure, given)
    for name in ("network", "digit", "key", "start"):
        if not np.array_equal(getattr(runs, name), getattr(initial, name)):
            raise ValueError(f"the state to resume belongs to other runs: its {name} differs")
    return runs

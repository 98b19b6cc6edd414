"""A callable as a program of its own arrays: traced at each use, compiled once.

A network is often a closure over its weights, or a new lambda around them. If JAX compiled it as it stands, the weights
would be constants of the program, and another call could not use the program again. So it is traced to a jaxpr, which
takes milliseconds; arrays that it closes over become arguments. The same callable with the same jaxpr is the same
`Program`, even if its weights have changed, and everything that was compiled for it is dropped when the callable is.
"""

import operator
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend import core

from research.callables.checks import outputs

MOST = 8  # programs of one callable, of different image shapes for instance


class Program:
    """(arrays, image) -> (logits, activations): a callable without the arrays it closes over. Compared by identity."""

    def __init__(self, jaxpr: core.Jaxpr, structure: Any):
        self.jaxpr, self.structure = jaxpr, structure
        self.compiled: dict[Any, Callable] = {}  # what was compiled for it, by the name of the computation

    def __call__(self, arrays: tuple, image: jax.Array) -> Any:
        leaves = core.jaxpr_as_fun(core.ClosedJaxpr(self.jaxpr, list(arrays)))(image)
        return jax.tree.unflatten(self.structure, leaves)


def trace(predict: Callable, shape: tuple[int, ...]) -> tuple[Program, tuple[jax.Array, ...]]:
    """The program of `predict` for float32 images of this shape, and the arrays that it closes over now.

    Raises: ValueError as `checks.outputs`.
    """
    image = jax.ShapeDtypeStruct(shape, jnp.float32)
    closed, form = jax.make_jaxpr(lambda image: outputs(predict, image), return_shape=True)(image)
    text, within = str(closed.jaxpr), list(_inner_constants(closed.jaxpr))
    known = _programs_of(predict)
    alike = (p for same, inner, p in known if same == text and _same_objects(inner, within))
    program = next(alike, None)
    if program is None:
        program = Program(closed.jaxpr, jax.tree.structure(form))
        known.append((text, within, program))
        del known[:-MOST]
    return program, tuple(jnp.asarray(constant) for constant in closed.consts)


_KNOWN: dict[int, dict[Any, list]] = {}  # by the id of the callable, or of a method's object


def _programs_of(predict):
    """The programs known of a callable, a list to add to; it is forgotten when the callable is deleted."""
    method = isinstance(predict, types.MethodType)  # a new object each time it is looked up
    owner, part = (predict.__self__, predict.__func__) if method else (predict, None)
    if id(owner) not in _KNOWN:
        try:
            weakref.finalize(owner, _KNOWN.pop, id(owner), None).atexit = False
        except TypeError:  # no weak references: not kept
            return []
        _KNOWN[id(owner)] = {}
    return _KNOWN[id(owner)].setdefault(part, [])


def _inner_constants(jaxpr) -> Iterator[Any]:
    """Arrays inside a jaxpr's own programs (functions that were jitted before), which its text does not show."""
    for equation in jaxpr.eqns:
        for value in jax.tree.leaves(
            list(equation.params.values()), is_leaf=lambda x: isinstance(x, core.ClosedJaxpr | core.Jaxpr)
        ):
            if isinstance(value, core.ClosedJaxpr):
                yield from value.consts
                yield from _inner_constants(value.jaxpr)
            elif isinstance(value, core.Jaxpr):
                yield from _inner_constants(value)


def _same_objects(a, b):
    return len(a) == len(b) and all(map(operator.is_, a, b))

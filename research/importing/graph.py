"""Graphs of operators as JAX functions: the nodes that lead from the image to the logits, one after another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from research.importing.network import NetworkFileError, first_line
from research.importing.operators import OPERATORS

Values = Mapping[str, Any]

_FINAL = ("LogSoftmax", "Sigmoid", "Softmax")
_HIDDEN = {"Relu": "relu", "Sigmoid": "logistic", "Tanh": "tanh"}
_AFFINE = {
    *("Add", "BatchNormalization", "Cast", "Div", "Dropout", "Flatten", "Gemm", "Identity", "MatMul", "Mul"),
    *("Reshape", "Squeeze", "Sub", "Transpose", "Unsqueeze"),
}


@dataclass(frozen=True)
class Node:
    """One operator of a graph; of its outputs only the first is ever computed."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


class Dense(NamedTuple):
    """The layers of a graph that is a dense network."""

    kernels: tuple[Float[Array, "_fan_in _fan_out"], ...]
    biases: tuple[Float[Array, " _fan_out"], ...]
    activation: str | None


def evaluate(nodes: Sequence[Node], values: Values) -> Values:
    """All tensors of the graph by name, from its constants and its input; nodes in an order of evaluation."""
    values = {"": None, **values}
    for node in nodes:
        try:
            result = OPERATORS[node.operator](*(values[name] for name in node.inputs), **node.attributes)
        except (TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
            raise NetworkFileError(
                f"Expected a graph that runs on this input, but {node.operator} (-> {node.outputs[0]}) fails: "
                f"{first_line(error)}"
            ) from None
        values[node.outputs[0]] = result
    return values


def upstream(nodes: Sequence[Node], output: str) -> list[Node]:
    """The nodes on which the output depends."""
    wanted, needed = {output}, []
    for node in reversed(nodes):
        if wanted & set(node.outputs):
            needed.append(node)
            wanted |= set(node.inputs)
    return needed[::-1]


def before_final(nodes: Sequence[Node], output: str) -> tuple[str, str | None]:
    """The tensor that enters a final softmax or sigmoid, and which of them; else the output itself and None."""
    makers = {node.outputs[0]: node for node in nodes}
    name = output
    while name in makers and makers[name].operator in ("Cast", "Dropout", "Identity"):
        name = makers[name].inputs[0]
    if name in makers and makers[name].operator in _FINAL:
        return makers[name].inputs[0], makers[name].operator
    return output, None


def dense_layers(
    nodes: Sequence[Node], constants: Values, given: str, shape: tuple[int, ...]
) -> Dense | None:
    """Kernels and biases of a chain of affine nodes with one kind of activation between them; else None.

    Each run of affine nodes f between activations is one layer: b = f(0), W = (df/dx)^T.
    """
    chain = _chain(nodes, given)
    kinds = {_HIDDEN[node.operator] for node in chain or [] if node.operator in _HIDDEN}
    if chain is None or len(kinds) > 1:
        return None
    runs: list[list[Node]] = [[]]
    for node in chain:
        if node.operator in _HIDDEN:
            runs.append([])
        else:
            runs[-1].append(node)

    at_zero = evaluate(nodes, {**constants, given: jnp.zeros(shape)})
    kernels, biases = [], []
    for run in runs:
        if not run:
            return None
        start = next(name for name in run[0].inputs if name in _variable(nodes, given))
        kernel, bias = _affine(run, at_zero, start)
        kernels.append(kernel)
        biases.append(bias)
    return Dense(tuple(kernels), tuple(biases), next(iter(kinds), None))


def _variable(nodes, given):
    """The tensors that depend on the graph's input."""
    names = {given}
    for node in nodes:
        if names & set(node.inputs):
            names |= set(node.outputs)
    return names


def _chain(nodes, given):
    """The nodes that carry the image, if each takes the one before and is affine or an activation; else None."""
    variable, name, chain = _variable(nodes, given), given, []
    for node in nodes:
        carried = [i for i in node.inputs if i in variable]
        if not carried:
            continue
        one_over = node.operator == "Div" and node.inputs[0] != name
        if carried != [name] or one_over or node.operator not in _AFFINE | set(_HIDDEN):
            return None
        chain.append(node)
        name = node.outputs[0]
    return chain


def _affine(run, values, start):
    shape = np.shape(values[start])

    def layer(x):
        return evaluate(run, {**values, start: x.reshape(shape)})[run[-1].outputs[0]].reshape(-1)

    origin = jnp.zeros(int(np.prod(shape)))
    return jax.jit(jax.jacrev(layer))(origin).T, layer(origin)

"""Graphs of operators as JAX functions: the nodes that lead from the image to the logits, one after another."""

import graphlib
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from research.importing.budget import Budget, result_shapes
from research.importing.network import NetworkFileError, first_line
from research.importing.operators import OPERATORS

Values = Mapping[str, Any]

_FINAL = ("LogSoftmax", "Relu", "Sigmoid", "Softmax")
_CLASSIFIER, _NORMALIZER = "ai.onnx.ml.LinearClassifier", "ai.onnx.ml.Normalizer"
_TRANSPARENT = ("Cast", "Dropout", "Identity", "ai.onnx.ml.ZipMap")
_HIDDEN = {"Relu": "relu", "Sigmoid": "logistic", "Tanh": "tanh"}
_AFFINE = {
    *("Add", "BatchNormalization", "Cast", "Div", "Dropout", "Flatten", "Gemm", "Identity", "MatMul", "Mul"),
    *("Reshape", "Squeeze", "Sub", "Transpose", "Unsqueeze", "ai.onnx.ml.LinearClassifier"),
}


@dataclass(frozen=True)
class Node:
    """One operator of a graph."""

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
        values.update(_outputs(node, values))
    return values


def _outputs(node, values):
    try:
        result = OPERATORS[node.operator](*(values[name] for name in node.inputs), **node.attributes)
    except NetworkFileError:
        raise
    except Exception as error:  # an operator of another's graph can fail in any way
        raise NetworkFileError(
            f"Expected a graph that runs on this input, but {node.operator} (-> {node.outputs[0]}) fails: "
            f"{first_line(error)}"
        ) from None
    found = zip(node.outputs, result if isinstance(result, tuple) else (result,))
    return {name: value for name, value in found if name}


def _main(node):
    """The output that carries the image on."""
    return next(name for name in node.outputs if name)


def fold(
    nodes: Sequence[Node], constants: Values, given: str, shape: tuple[int, ...], budget: Budget
) -> Values:
    """The constants, and every tensor that follows from them and from the shape of the input alone.

    Exporters compute shapes, masks and reshaped weights inside the graph; once the input's shape is fixed these are
    constants. Every tensor, constant or not, is charged to the budget before it is computed.
    """
    known = dict(constants)

    def trace(image):
        values = {"": None, **constants, given: image}
        for node in nodes:
            if any(isinstance(values[name], jax.core.Tracer) for name in node.inputs):
                found = _outputs(node, values)
                for name, value in found.items():
                    budget.take_result(name, value)
            else:
                _charge(node, values, budget)
                with jax.ensure_compile_time_eval():
                    found = {name: np.asarray(value) for name, value in _outputs(node, values).items()}
            values.update(found)
            known.update({name: x for name, x in found.items() if isinstance(x, np.ndarray | np.generic)})
        return ()

    jax.eval_shape(trace, jax.ShapeDtypeStruct(shape, jnp.float32))
    return known


def _charge(node, values, budget):
    """Charge the outputs of a node whose inputs are all known to the budget."""
    try:
        inputs = [values[name] for name in node.inputs]
        results = result_shapes(OPERATORS[node.operator], node.operator, inputs, node.attributes)
    except Exception:  # computing it fails likewise, and says why
        return
    budget.check_time(node.outputs[0])
    for result in results:
        budget.take_result(node.outputs[0], result)


def upstream(nodes: Sequence[Node], output: str, known: Container[str] = ()) -> list[Node]:
    """The nodes on which the output depends, without those whose outputs are known."""
    wanted, needed = {output}, []
    for node in reversed(nodes):
        if any(name in wanted and name not in known for name in node.outputs):
            needed.append(node)
            wanted |= set(node.inputs)
    return needed[::-1]


def in_order(nodes: Sequence[Node]) -> list[Node]:
    """The nodes with every one behind those that it needs.

    Raises: NetworkFileError if they form a circle.
    """
    makers = {name: i for i, node in enumerate(nodes) for name in node.outputs if name}
    needs = {i: {makers[name] for name in node.inputs if name in makers} for i, node in enumerate(nodes)}
    if all(j < i for i, before in needs.items() for j in before):
        return list(nodes)
    try:
        return [nodes[i] for i in graphlib.TopologicalSorter(needs).static_order()]
    except graphlib.CycleError:
        raise NetworkFileError(
            "Expected a graph without circles, but some nodes need each other; export it again."
        ) from None


def before_final(nodes: Sequence[Node], output: str) -> tuple[list[Node], str, str | None]:
    """The nodes, the tensor that enters a final function of the logits, and that function; else the output and None.

    Final functions are Softmax, LogSoftmax, Log of Softmax, Sigmoid, Relu, and what scikit-learn puts behind its
    linear models.
    """
    nodes = list(nodes)
    makers = {name: node for node in nodes for name in node.outputs}
    final: list[str] = []
    name = output
    while (node := makers.get(name)) is not None:
        if node.operator in _TRANSPARENT:
            name = node.inputs[0]
        elif node.operator == _CLASSIFIER:
            transform = node.attributes.get("post_transform", "NONE")
            scores = ("", *node.outputs[1:])  # the class is not needed
            raw = replace(node, outputs=scores, attributes={**node.attributes, "post_transform": "NONE"})
            nodes[nodes.index(node)] = raw
            final += [] if transform == "NONE" else [transform.capitalize()]
            return nodes, name, " of ".join(final) or None
        elif _ends(node, final, makers):
            final.append(node.operator.rpartition(".")[2])
            name = node.inputs[0]
        else:
            break
    return (nodes, name, " of ".join(final)) if final else (nodes, output, None)


def _ends(node, final, makers):
    """Whether a node is a final function where those in `final`, applied after it, were taken off."""
    source = makers.get(node.inputs[0]) if node.inputs else None
    if node.operator == "Log":
        return not final and source is not None and source.operator == "Softmax"
    if node.operator == _NORMALIZER:
        return not final and source is not None and source.operator == _CLASSIFIER
    return node.operator in _FINAL and final in ([], ["Log"])


def dense_layers(
    nodes: Sequence[Node], constants: Values, given: str, shape: tuple[int, ...], batch: int = 1
) -> Dense | None:
    """Kernels and biases of a chain of affine nodes with one kind of activation between them; else None.

    `batch` is how many equal images the input of this shape holds. Each run of affine nodes f between activations is one layer: b = f(0), W = (df/dx)^T.
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
        kernel, bias = _affine(run, at_zero, start, batch)
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
        name = _main(node)
    return chain


def _affine(run, values, start, batch):
    shape = np.shape(values[start])

    def layer(x):
        inputs = jnp.broadcast_to(x, (batch, x.size)).reshape(shape)
        return evaluate(run, {**values, start: inputs})[_main(run[-1])].reshape(batch, -1)[0]

    origin = jnp.zeros(int(np.prod(shape)) // batch)
    wide = jax.eval_shape(layer, origin).size > origin.size
    jacobian = jax.jacfwd(layer) if wide else jax.jacrev(layer)  # the smaller of both identity matrices
    return jax.jit(jacobian)(origin).T, layer(origin)

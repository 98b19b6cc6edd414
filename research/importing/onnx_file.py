"""Networks from ONNX files."""

from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from research.importing.budget import Budget
from research.importing.graph import Node, before_final, dense_layers, evaluate, fold, in_order, upstream
from research.importing.inputs import layouts, refusal
from research.importing.network import (
    Imported,
    NetworkFileError,
    Settings,
    first_line,
    is_floating,
    refuse_nan,
)
from research.importing.operators import OPERATORS


def load_onnx(path: Path, settings: Settings) -> Imported:
    """The network of an ONNX graph; a final softmax, sigmoid or ReLU is left out, so that logits come out.

    Constants are folded for the shape of one image, and only what the output needs is read.

    Raises: NetworkFileError if the file is not a whole ONNX graph, has other than one input and one output
    (`settings.output` chooses), does not take an image, or needs an operator that is not in OPERATORS.
    """
    budget = Budget(settings.max_memory, path.name)
    graph, opset = _read(path, budget)
    try:
        constants = {tensor.name: _array(tensor, budget) for tensor in graph.initializer}
        nodes = in_order([_node(node, opset, budget) for node in graph.node])
    except NetworkFileError:
        raise
    except Exception as error:  # tensors whose shape, type and bytes do not fit
        raise NetworkFileError(
            f"Expected whole tensors in {path.name}, but one cannot be read ({first_line(error)}); export it again."
        ) from None
    refuse_nan(constants, path.name)
    nodes, logits, final = before_final(nodes, _output(graph, nodes, settings, path.name))
    nodes = upstream(nodes, logits)
    _check_operators(nodes, path.name)
    given = _input(graph, nodes, constants, path.name)
    layout, constants = _folded(nodes, constants, given, settings, budget)
    nodes = upstream(nodes, logits, constants)

    network = partial(_network, nodes, constants, given.name, logits, layout, final)
    classes = _count_classes(network, settings, path.name)
    dense = dense_layers(nodes, constants, given.name, layout.shape, layout.batch)
    kernels, biases, activation = dense or (None, None, None)
    if kernels is not None and biases is not None:
        first_kernel, first_bias = _of_one_channel(layout, kernels[0]), biases[0]
        first_kernel, first_bias = settings.fold(first_kernel, first_bias)
        kernels, biases = (first_kernel, *kernels[1:]), (first_bias, *biases[1:])

    operators = ", ".join(dict.fromkeys(node.operator for node in nodes))
    ending = f"; logits read before the final {final}" if final else ""
    return Imported(
        network=network,
        settings=settings,
        description=f"{path.name}: graph {list(layout.shape)} -> {classes}, {operators}{ending}",
        kernels=kernels,
        biases=biases,
        activation=activation,
    )


def _network(nodes, constants, given, logits, layout, final, image):
    found = evaluate(nodes, {**constants, given: layout.feed(image)})[logits].reshape(layout.batch, -1)[0]
    if found.size == 1 and final == "Sigmoid":  # one number for two classes: softmax of (0, z) is sigmoid(z)
        return jnp.concatenate([jnp.zeros_like(found), found])
    return found


def _of_one_channel(layout, kernel):
    """The kernel for one channel that the graph takes several times: the sum over the channels."""
    if layout.channel_axis is None:
        return kernel
    sizes = layout.shape[1:]
    return kernel.reshape(*sizes, -1).sum(layout.channel_axis - 1).reshape(-1, kernel.shape[-1])


def _folded(nodes, constants, given, settings, budget):
    """The layout in which the graph takes an image, and what is constant for it."""
    kind = given.type.tensor_type
    dims = (
        [d.dim_value if d.dim_value > 0 else None for d in kind.shape.dim] if kind.HasField("shape") else None
    )
    first_error, before = None, budget.spent
    for layout in layouts(dims, settings):
        budget.spent = before
        try:
            return layout, fold(nodes, constants, given.name, layout.shape, budget)
        except NetworkFileError as error:
            first_error = first_error or error
    raise first_error or refusal(given.name, dims or [], settings, budget.source)


def _read(path, budget):
    import onnx
    import onnx.inliner
    from google.protobuf.message import DecodeError

    budget.check_file(path.stat().st_size)
    try:
        model = onnx.load(path, load_external_data=False)
        budget.check_nodes(_count_nodes(model))
        if not model.graph.name:
            model.graph.name = path.stem
        _check(model)
        budget.check_file(_external_bytes(model, path))
        onnx.load_external_data_for_model(model, str(path.parent))
    except NetworkFileError:
        raise
    except (DecodeError, onnx.checker.ValidationError, OSError, ValueError) as error:
        raise NetworkFileError(
            f"Expected a whole ONNX graph, but {path.name} cannot be read ({first_line(error)}); "
            "export it again, in one file."
        ) from None
    if model.functions:
        model = onnx.inliner.inline_local_functions(model)
    opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 1)
    return model.graph, opset


def _check(model):
    """onnx.checker, which refuses unsorted nodes and outputs that are listed twice; runtimes do not."""
    import onnx

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    outputs = {value.name: value for value in model.graph.output}
    del copy.graph.output[:]
    copy.graph.output.extend(outputs.values())
    ordered = in_order(
        [Node(str(i), tuple(n.input), tuple(n.output), {}) for i, n in enumerate(model.graph.node)]
    )
    del copy.graph.node[:]
    copy.graph.node.extend(model.graph.node[int(node.operator)] for node in ordered)
    onnx.checker.check_model(copy)


def _count_nodes(model):
    """Nodes of the graph once its functions, which may call each other, are written out."""
    own = {(f.domain, f.name): f.node for f in model.functions}
    counted: dict[tuple[str, str], int] = {}

    def count(nodes, within):
        total = 0
        for node in nodes:
            name = (node.domain, node.op_type)
            if name in own and name not in counted:
                if name in within:
                    raise ValueError(f"function {node.op_type} calls itself")
                counted[name] = count(own[name], (*within, name))
            total += counted.get(name, 1)
        return total

    return count(model.graph.node, ())


def _external_bytes(model, path):
    """Bytes of the tensors that lie in files beside the graph."""
    files = {
        entry.value
        for tensor in model.graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    }
    places = [path.parent / name for name in files]
    return sum(place.stat().st_size for place in places if place.is_file())


def _array(tensor, budget):
    from onnx import helper, numpy_helper

    budget.take(
        tensor.name or "a constant", tensor.dims, helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    )
    array = numpy_helper.to_array(tensor)
    return array.astype(np.float32) if is_floating(array) else array


def _node(node, opset, budget):
    from onnx import TensorProto, helper

    attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    for name, value in attributes.items():
        if isinstance(value, bytes):
            attributes[name] = value.decode()
        elif isinstance(value, TensorProto):
            attributes[name] = _array(value, budget)
    attributes.pop("consumed_inputs", None)  # of opset 1 to 5, a note to the runtime
    if node.op_type in ("Softmax", "LogSoftmax") and opset < 13:
        attributes = {"axis": 1, "flat": True, **attributes}
    home = "" if node.domain in ("", "ai.onnx") else f"{node.domain}."
    inputs = node.input[:1] if node.op_type == "Dropout" else node.input  # its ratio means nothing here
    return Node(home + node.op_type, tuple(inputs), tuple(node.output), attributes)


def _output(graph, nodes, settings, source):
    """The tensor asked for; else the only output of floating-point numbers."""
    from onnx import TensorProto

    floating = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)
    maps = {node.outputs[0] for node in nodes if node.operator == "ai.onnx.ml.ZipMap"}
    floats = {
        value.name: None
        for value in graph.output
        if value.type.tensor_type.elem_type in floating or value.name in maps
    }
    if settings.output is None and len(floats) == 1:
        return next(iter(floats))
    if settings.output in {name for node in nodes for name in node.outputs if name}:
        return settings.output
    asked = (
        "one output of floating-point numbers" if settings.output is None else f"a tensor {settings.output!r}"
    )
    outputs = ", ".join(value.name for value in graph.output)
    raise NetworkFileError(
        f"Expected {asked} in {source}, whose outputs are {outputs}; set output to a name."
    )


def _check_operators(nodes, source):
    unknown = sorted({node.operator for node in nodes if node.operator not in OPERATORS})
    if unknown:
        raise NetworkFileError(
            f"Expected only the operators {', '.join(OPERATORS)}; {source} also needs {', '.join(unknown)}: "
            "export the network without, or set output to a tensor before."
        )


def _input(graph, nodes, constants, source):
    """The one input on which the output depends."""
    needed = {name for node in nodes for name in node.inputs} - constants.keys()
    inputs = [value for value in graph.input if value.name in needed]
    if len(inputs) != 1:
        names = ", ".join(value.name for value in inputs) or "none"
        raise NetworkFileError(f"Expected a graph with one input, the image; {source} has {names}.")
    return inputs[0]


def _count_classes(network, settings, source):
    try:
        classes = jax.eval_shape(network, jax.ShapeDtypeStruct(settings.seen_shape, jnp.float32)).size
    except (TypeError, ValueError, IndexError, ZeroDivisionError) as error:
        raise NetworkFileError(
            f"Expected numbers for each class from {source}, but its output has another shape ({first_line(error)}); set "
            "output to the tensor that holds them."
        ) from None
    if classes < 2:
        raise NetworkFileError(
            f"Expected the logits of two or more classes from {source}, got {classes} number."
        )
    return classes

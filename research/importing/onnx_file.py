"""Networks from ONNX files."""

from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from research.importing.graph import Node, before_final, dense_layers, evaluate, upstream
from research.importing.network import Imported, NetworkFileError, Settings, first_line
from research.importing.operators import OPERATORS


def load_onnx(path: Path, settings: Settings) -> Imported:
    """The network of an ONNX graph; a final softmax or sigmoid is left out, so that logits come out.

    Raises: NetworkFileError if the file is not a whole ONNX graph, has other than one input and one output
    (`settings.output` chooses), does not take an image, or needs an operator that is not in OPERATORS.
    """
    graph, opset = _read(path)
    constants = _constants(graph)
    nodes = [_node(node, opset) for node in graph.node]
    output = _output(graph, nodes, settings, path.name)
    logits, final = before_final(nodes, output)
    nodes = upstream(nodes, logits)
    _check_operators(nodes, path.name)
    given = _input(graph, constants, path.name)
    shape = _image_shape(given, settings, path.name)

    network = partial(_network, nodes, constants, given.name, logits, shape)
    classes = _count_classes(network, settings, path.name)
    dense = dense_layers(nodes, constants, given.name, shape)
    kernels, biases, activation = dense or (None, None, None)
    if kernels is not None and biases is not None:
        first_kernel, first_bias = settings.fold(kernels[0], biases[0])
        kernels, biases = (first_kernel, *kernels[1:]), (first_bias, *biases[1:])

    operators = ", ".join(dict.fromkeys(node.operator for node in nodes if node.operator != "Constant"))
    ending = f"; logits read before the final {final}" if final else ""
    return Imported(
        network=network,
        settings=settings,
        description=f"{path.name}: graph {list(shape)} -> {classes}, {operators}{ending}",
        kernels=kernels,
        biases=biases,
        activation=activation,
    )


def _network(nodes, constants, given, logits, shape, image):
    return evaluate(nodes, {**constants, given: image.reshape(shape)})[logits].reshape(-1)


def _read(path):
    import onnx
    import onnx.inliner
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load(path)
        onnx.checker.check_model(model)
    except (DecodeError, onnx.checker.ValidationError, OSError, ValueError) as error:
        raise NetworkFileError(
            f"Expected a whole ONNX graph, but {path.name} cannot be read ({first_line(error)}); "
            "export it again, in one file."
        ) from None
    if model.functions:
        model = onnx.inliner.inline_local_functions(model)
    opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 1)
    return model.graph, opset


def _constants(graph):
    from onnx import numpy_helper

    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    return {name: _single(array) for name, array in arrays.items()}


def _single(array):
    floating = array.dtype.kind == "f" or array.dtype.name == "bfloat16"
    return array.astype(np.float32) if floating else array


def _node(node, opset):
    from onnx import TensorProto, helper, numpy_helper

    attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    for name, value in attributes.items():
        if isinstance(value, bytes):
            attributes[name] = value.decode()
        elif isinstance(value, TensorProto):
            attributes[name] = _single(numpy_helper.to_array(value))
    if node.op_type in ("Softmax", "LogSoftmax") and opset < 13:
        attributes = {"axis": 1, "flat": True, **attributes}
    home = "" if node.domain in ("", "ai.onnx") else f"{node.domain}."
    return Node(home + node.op_type, tuple(node.input), tuple(node.output), attributes)


def _output(graph, nodes, settings, source):
    """The tensor asked for; else the only output of floating-point numbers."""
    from onnx import TensorProto

    floating = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16)
    floats = [value.name for value in graph.output if value.type.tensor_type.elem_type in floating]
    if settings.output is None and len(floats) == 1:
        return floats[0]
    if settings.output in {node.outputs[0] for node in nodes}:
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


def _input(graph, constants, source):
    inputs = [value for value in graph.input if value.name not in constants]
    if len(inputs) != 1:
        names = ", ".join(value.name for value in inputs) or "none"
        raise NetworkFileError(f"Expected a graph with one input, the image; {source} has {names}.")
    return inputs[0]


def _image_shape(given, settings, source):
    """The shape of one image as the graph takes it, with the batch axis (of one)."""
    dims = [d.dim_value if d.HasField("dim_value") else None for d in given.type.tensor_type.shape.dim]
    h, w = settings.image_shape
    for shape in ((1, h * w), (1, 1, h, w), (1, h, w), (1, h, w, 1), (h, w), (h * w,)):
        if len(dims) == len(shape) and all(d is None or d == size for d, size in zip(dims, shape)):
            return shape
    came = [dim if dim is not None else "any" for dim in dims]
    raise NetworkFileError(
        f"Expected an input of {h} x {w} pixels, as [{h * w}], [{h}, {w}], [1, {h}, {w}] or [{h}, {w}, 1] after a "
        f"batch axis of 1 or any; {source} takes {given.name} {came}: export it so, or set image_shape."
    )


def _count_classes(network, settings, source):
    classes = jax.eval_shape(network, jax.ShapeDtypeStruct(settings.image_shape, jnp.float32)).size
    if classes < 2:
        raise NetworkFileError(
            f"Expected the logits of two or more classes from {source}, got {classes} number."
        )
    return classes

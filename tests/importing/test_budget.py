"""Odd and hostile files: each is one line at once, before it costs memory."""

import io
import resource
import struct
import zipfile

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from research import importing
from research.importing import NetworkFileError, Settings

W = np.zeros((784, 10), np.float32)


def npy(header):
    text = header.encode() + b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def array(values):
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def archive(content, name="W1.npy", damage=None, **settings):
    def write(path):
        with zipfile.ZipFile(path, "w", **settings) as whole:
            whole.writestr(name, content)
        if damage:
            path.write_bytes(damage(path.read_bytes()))

    return write


def header_of_the_zip(at, value):
    """The same two bytes in the archive's local header and in its table."""

    def damage(content):
        content, table = bytearray(content), content.index(b"PK\x01\x02")
        for start in (at, table + at + 2):
            content[start : start + 2] = value
        return bytes(content)

    return damage


def safetensors(kind):
    def write(path):
        text = f'{{"W1":{{"dtype":"{kind}","shape":[784,10],"data_offsets":[0,7840]}}}}'.encode()
        path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(7840))

    return write


def graph(*nodes, functions=(), **constants):
    """A dense layer to `scores`, and nodes (operator, inputs, output, attributes) that it needs, which make `bomb`."""

    def write(path):
        all_nodes = [
            *nodes,
            ("Flatten", "image", "flat", {}),
            ("MatMul", "flat W", "m", {}),
            ("Add", "m bomb", "scores", {}),
        ]
        made = [helper.make_node(op, i.split(), o.split(), **more) for op, i, o, more in all_nodes]
        for node in made:
            node.domain = "own" if node.op_type.startswith("F_") else ""
        given = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 784])
        result = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 10])
        arrays = [numpy_helper.from_array(np.asarray(a), name) for name, a in {"W": W, **constants}.items()]
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
        whole = helper.make_graph(made, "g", [given], [result], arrays)
        onnx.save(helper.make_model(whole, opset_imports=opsets, ir_version=9, functions=functions), path)

    return write


def doubling(count):
    """Functions of which each calls the one before twice: 2^count nodes."""
    made = []
    for i in range(count):
        callee = {"op_type": "Neg", "domain": ""} if i == 0 else {"op_type": f"F_{i - 1}", "domain": "own"}
        nodes = [
            helper.make_node(callee["op_type"], [a], [b], domain=callee["domain"]) for a, b in ("xy", "yz")
        ]
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
        made.append(helper.make_function("own", f"F_{i}", ["x"], ["z"], nodes, opsets))
    return made


ONE = np.ones((1, 10), np.float32)
BILLION = np.array([10**8, 10])
FILES = {
    "absurd shape": ("a.npz", archive(npy("{'descr':'<f4','fortran_order':False,'shape':(784000000000000,10),}")), "says that it has shape"),
    "broken header": ("a.npz", archive(npy("{'descr':'<f4','shape':(3")), "cannot be read"),
    "unhashable header": ("a.npz", archive(npy("{[]: 1}")), "cannot be read"),
    "no array": ("a.npz", archive(b"hello", "notes.txt"), "notes.txt in it is no .npy array"),
    "bomb": ("a.npz", archive(array(np.zeros(30_000_000, np.uint8)), compression=zipfile.ZIP_DEFLATED), "needs 0.03 GB with W1.npy"),
    "lzma": ("a.npz", archive(array(W), compression=zipfile.ZIP_LZMA, damage=lambda c: c[:60] + bytes(40) + c[100:]), "cannot be read"),
    "encrypted": ("a.npz", archive(array(W), damage=header_of_the_zip(6, b"\x01\x00")), "encrypted"),
    "compression": ("a.npz", archive(array(W), damage=header_of_the_zip(8, b"\x63\x00")), "cannot be read"),
    "float8": ("a.safetensors", safetensors("F8_E4M3"), "cannot be read"),
    "constant": ("a.onnx", graph(("ConstantOfShape", "n", "bomb", {}), n=np.array([10**11, 10])), r"4e\+03 GB with bomb of shape \[100000000000, 10\]"),
    "expand": ("a.onnx", graph(("Expand", "one n", "bomb", {}), one=ONE, n=BILLION), r"GB with bomb of shape \[100000000, 10\]"),
    "tile": ("a.onnx", graph(("Tile", "one n", "bomb", {}), one=ONE, n=BILLION), "GB with bomb"),
    "pad": ("a.onnx", graph(("Pad", "one n", "bomb", {}), one=ONE, n=np.array([10**11, 0, 0, 0])), "GB with bomb"),
    "pad the image": ("a.onnx", graph(("Pad", "image n", "p", {}), ("ReduceMean", "p", "bomb", {}), n=np.array([10**11, 0, 0, 0])), "GB with p of"),
    "concats": ("a.onnx", graph(*[("Concat", f"t{i} t{i}", f"t{i + 1}" if i < 39 else "bomb", {"axis": 0}) for i in range(40)], t0=ONE), "GB with t"),
    "product": ("a.onnx", graph(("MatMul", "a b", "bomb", {}), a=np.ones((10**5, 1), np.float32), b=np.ones((1, 10**5), np.float32)), "GB with bomb"),
    "nodes": ("a.onnx", graph(*[("Neg", f"t{i}", f"t{i + 1}" if i < 6000 else "bomb", {}) for i in range(6001)], t0=ONE), "at most 5,000 nodes, a.onnx has 6,004"),
    "functions": ("a.onnx", graph(("F_39", "one", "bomb", {}), functions=doubling(40), one=ONE), "at most 5,000 nodes"),
    "stride": ("a.onnx", graph(("Reshape", "image s", "r", {}), ("MaxPool", "r", "q", {"kernel_shape": [1, 1], "strides": [0, 0]}), ("ReduceMean", "q", "bomb", {}), s=np.array([1, 1, 28, 28])), "MaxPool .-> q. fails"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "write", "message"), FILES.values(), ids=FILES)
def test_a_hostile_file_is_one_line_and_costs_nothing(name, write, message, tmp_path):
    write(tmp_path / name)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(NetworkFileError, match=message) as refusal:
        importing.load(tmp_path / name, Settings(max_memory=0.02))
    assert "\n" not in str(refusal.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < before + 200_000  # kB


def test_a_wide_layer_is_read_and_more_memory_can_be_allowed(tmp_path):
    graph(("MatMul", "flat a", "w", {}), ("Relu", "w", "r", {}), ("MatMul", "r b", "bomb", {}),
          a=np.ones((784, 4000), np.float32), b=np.ones((4000, 10), np.float32))(tmp_path / "net.onnx")  # fmt: skip
    with pytest.raises(NetworkFileError, match="at most 0.01 GB.*set max_memory higher"):
        importing.load(tmp_path / "net.onnx", Settings(max_memory=0.01))
    assert importing.load(tmp_path / "net.onnx", Settings(max_memory=0.1)).predict(
        np.ones((28, 28))
    ).shape == (10,)

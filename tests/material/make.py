"""Train and export the small networks of this folder, with other frameworks than ours.

Needs: torch, onnx, onnxscript, scikit-learn, skl2onnx, safetensors (none is needed to run the tests).
Run:   python tests/material/make.py            (about two minutes on one core)
"""

import gzip
import logging
from pathlib import Path

import numpy as np
import onnx
import torch
from safetensors.numpy import save_file
from skl2onnx import to_onnx
from sklearn.neural_network import MLPClassifier
from torch import nn

HERE = Path(__file__).parent
MNIST = HERE.parents[1] / "research" / "data" / "mnist"


class Standardise(nn.Module):
    """Inside the network, so that the exported graph begins with Sub and Div."""

    def forward(self, images):
        return (images - 0.1307) / 0.3081


def read(name, offset):
    return np.frombuffer(gzip.decompress((MNIST / name).read_bytes()), np.uint8, offset=offset)


def train(network, images, labels, epochs):
    """Adam with a learning rate that falls linearly to zero, batches of 128."""
    images, labels = torch.tensor(images), torch.tensor(labels)
    steps = epochs * (len(images) // 128)
    optimiser = torch.optim.Adam(network.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, steps)
    for step in range(steps):
        batch = torch.randint(len(images), (128,))
        loss = nn.functional.cross_entropy(network(images[batch]), labels[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 500 == 0:
            print(type(network[0]).__name__, step, round(loss.item(), 3), flush=True)
    return network.eval()


def export(network, name, **options):
    example = torch.zeros(2, 1, 28, 28)
    names = {"input_names": ["image"], "output_names": ["scores"]}
    torch.onnx.export(network, (example,), HERE / name, **names, **options)
    strip(HERE / name)


def strip(path):
    """Removes the exporter's stack traces, half a dozen lines of somebody's paths a node."""
    model = onnx.load(path)
    graph = model.graph
    for part in (
        model,
        graph,
        *graph.node,
        *graph.initializer,
        *graph.value_info,
        *graph.input,
        *graph.output,
    ):
        part.ClearField("metadata_props")
    onnx.save(model, path)


def main():
    logging.getLogger("skl2onnx").setLevel(logging.ERROR)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    images = read("train-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28).astype(np.float32) / 255
    labels = read("train-labels-idx1-ubyte.gz", 8).astype(np.int64)

    dense = nn.Sequential(nn.Flatten(), nn.Linear(784, 12), nn.ReLU(), nn.Linear(12, 10), nn.Softmax(-1))
    train(dense[:-1], images, labels, epochs=4)
    batch = {"dynamic_shapes": ({0: torch.export.Dim("batch")},)}
    export(dense.eval(), "torch_dense.onnx", dynamo=True, external_data=False, **batch)

    cnn = nn.Sequential(
        *(Standardise(), nn.Conv2d(1, 4, 5, padding=2), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(4, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.AvgPool2d(2)),
        *(nn.Flatten(), nn.Dropout(0.1), nn.Linear(8 * 7 * 7, 10)),
    )
    train(cnn, images, labels, epochs=2)
    options = {"dynamo": False, "opset_version": 13, "do_constant_folding": False}
    export(cnn, "torch_cnn.onnx", dynamic_axes={"image": {0: "batch"}}, **options)

    logistic = nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.Sigmoid(), nn.Linear(16, 10))
    train(logistic, 2 * images - 1, labels, epochs=4)
    tensors = {name: value.numpy().astype(np.float16) for name, value in logistic.state_dict().items()}
    save_file(tensors, HERE / "torch_logistic.safetensors")

    flat = images.reshape(-1, 784)
    tanh = MLPClassifier((16,), activation="tanh", max_iter=6, early_stopping=False, random_state=0)
    tanh.fit(flat, labels)
    layers = {f"coefs_{i}": kernel for i, kernel in enumerate(tanh.coefs_)}
    layers |= {f"intercepts_{i}": bias for i, bias in enumerate(tanh.intercepts_)}
    np.savez_compressed(
        HERE / "sklearn_tanh.npz", **{name: value.astype(np.float16) for name, value in layers.items()}
    )

    small = MLPClassifier((10, 8), max_iter=6, random_state=0).fit(flat, labels)
    graph = to_onnx(small, flat[:1], options={"zipmap": False})
    (HERE / "sklearn_relu.onnx").write_bytes(graph.SerializeToString())


if __name__ == "__main__":
    main()

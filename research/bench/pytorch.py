"""The peer's network: document 003's CNN as usual in PyTorch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from research import data

torch.backends.cudnn.allow_tf32 = False  # convolutions in float32, as ours


class Standardised(nn.Module):
    """Pixels with MNIST's mean and standard deviation removed."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x - 0.1307) / 0.3081


def device() -> str:
    """ "cuda" where there is a GPU, else "cpu"."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def wait() -> None:
    """Waits until the GPU has finished."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def network(dropout: float = 0.2) -> nn.Sequential:
    """Images [n 1 28 28] in [0, 1] -> logits [n 10]."""
    return nn.Sequential(
        Standardised(),
        nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(3136, 1024), nn.ReLU(), nn.Dropout(dropout), nn.Linear(1024, 10),
    ).to(device())  # fmt: skip


def laid_out(what: Any, layout: str) -> Any:
    """A network or a batch of images in memory as `contiguous_format` (NCHW) or `channels_last`."""
    return what.to(memory_format=getattr(torch, layout))


def take(network: nn.Sequential, model: Any) -> None:
    """Copies the parameters of our CNN into the network, so that both give the same scores."""
    kernels = [
        np.asarray(filters.kernel[...]).transpose(3, 2, 0, 1) for filters in (model.conv1, model.conv2)
    ]
    # PyTorch flattens [channel, pixel], we [pixel, channel].
    dense = np.asarray(model.dense1.kernel[...]).reshape(49, 64, -1).swapaxes(0, 1).reshape(3136, -1)
    layers: list[Any] = [layer for layer in network if isinstance(layer, nn.Conv2d | nn.Linear)]
    for layer, weight in zip(layers, [*kernels, dense.T, np.asarray(model.dense2.kernel[...]).T]):
        layer.weight.data.copy_(torch.from_numpy(np.array(weight)))
    for layer, source in zip(layers, (model.conv1, model.conv2, model.dense1, model.dense2)):
        layer.bias.data.copy_(torch.from_numpy(np.array(source.bias[...])))


def images(of: np.ndarray) -> torch.Tensor:
    """Bytes [n 28 28] as floats in [0, 1] on the device [n 1 28 28]."""
    return torch.from_numpy(of).to(device()).float().div(255)[:, None]


def digits() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Training images and labels, test images and labels, on the device."""
    train, test = data.load("mnist", "train"), data.load("mnist", "test")
    labels = [torch.from_numpy(split.labels).long().to(device()) for split in (train, test)]
    return images(train.images), labels[0], images(test.images), labels[1]


def stepper(network: nn.Module) -> Callable[[torch.Tensor, torch.Tensor], None]:
    """One step of Adam at 1e-3 on the mean cross-entropy of a batch."""
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    loss = nn.CrossEntropyLoss()

    def step(x: torch.Tensor, y: torch.Tensor) -> None:
        network.train()
        optimiser.zero_grad(set_to_none=True)
        loss(network(x), y).backward()
        optimiser.step()

    return step


@torch.inference_mode()
def accuracy(network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    """Share of the images that the network classifies correctly."""
    network.eval()
    hits = [(network(part).argmax(1) == truth).float() for part, truth in zip(x.split(1000), y.split(1000))]
    return float(torch.cat(hits).mean())

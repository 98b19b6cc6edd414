"""The networks: Flax NNX modules, called on one image, returning (logits, activations).

`builder(config)` gives the function that makes the module described by a config; the kind of network is the
kind of config. To add a network, add its file and a line in MODELS.
"""

from collections.abc import Callable
from typing import Any

from flax import nnx

from research.models.autoencoder import Autoencoder, AutoencoderConfig
from research.models.bottleneck import Bottleneck, BottleneckConfig
from research.models.cnn import CNN, CNNConfig, CNNSmall, CNNSmallConfig
from research.models.mlp import MLP, MLPConfig
from research.models.softmax import Softmax, SoftmaxConfig

MODELS: dict[type, type] = {
    SoftmaxConfig: Softmax,
    MLPConfig: MLP,
    CNNSmallConfig: CNNSmall,
    CNNConfig: CNN,
    AutoencoderConfig: Autoencoder,
    BottleneckConfig: Bottleneck,
}


def builder(config: Any) -> Callable[[nnx.Rngs], nnx.Module]:
    """The function rngs -> module for this config."""
    for kind, module in MODELS.items():
        if isinstance(config, kind):
            return lambda rngs: module(config, rngs=rngs)
    known = ", ".join(kind.__name__ for kind in MODELS)
    raise ValueError(f"unknown kind of network {type(config).__name__}; known: {known}")

"""The documents' recognisers as fields of a config, for studies that use several of them."""

from dataclasses import dataclass

from research.training.recipes import by_recipe
from research.training.train import NetworkConfig


@dataclass
class Networks:
    """Model and training of every recogniser."""

    softmax: NetworkConfig = by_recipe("softmax")
    mlp100: NetworkConfig = by_recipe("mlp100")
    mlp3: NetworkConfig = by_recipe("mlp3")
    sigmoid200: NetworkConfig = by_recipe("sigmoid200")
    dense3: NetworkConfig = by_recipe("dense3")
    cnn_small: NetworkConfig = by_recipe("cnn_small")
    cnn: NetworkConfig = by_recipe("cnn")

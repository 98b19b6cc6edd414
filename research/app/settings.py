"""What the app shows: its networks, its maps and its limits."""

import functools
from dataclasses import dataclass, field, replace

from research.studies.reconstruction import study, teachers
from research.training.recipes import recipe
from research.training.train import NetworkConfig

TITLES = {
    "dense3": "Dense network",
    "cnn_small": "Convolutional network",
    "cnn": "Larger convolutional network",
    "softmax": "Softmax regression",
    "mlp100": "Dense, 100 units",
    "mlp3": "Dense, 500-200-50",
    "sigmoid200": "Sigmoid, 200 units",
    "bottleneck": "Through two neurons",
    "plain": "Dense, 200-100, plain",
    "robust": "Dense, 200-100, robust",
}
ROBUST = "robust_2"  # the teachers' regime whose alphabet is read best


def _recipes(*names: str):
    return field(default_factory=lambda: {name: recipe(name) for name in names})


def _models() -> dict[str, NetworkConfig]:
    """Document 001's networks; the convolutional one learns for two epochs, from digits moved by up to two pixels.

    Trained as in the studies, some networks of this kind read drawings badly and others well (results/LOG.md).
    """
    cnn = recipe("cnn_small")
    longer = replace(cnn.training, epochs=2, shift=2)
    return {"dense3": recipe("dense3"), "cnn_small": replace(cnn, training=longer)}


def _pair() -> dict[str, NetworkConfig]:
    base = study.Config().mlp
    return {"plain": teachers.taught(base, "plain"), "robust": teachers.taught(base, ROBUST)}


@dataclass(frozen=True)
class Settings:
    """Document 001's three models, and what else is drawn around them.

    models: the networks of the two model cards, trained if need be; the first two are shown first.
    others: networks that can be chosen if the store has them; they are not trained for the app.
    pair: a plain and a robust network of one shape, trained once drawings are answered; empty: none.
    bottleneck, cleaner: the network with two neurons, and the autoencoder.
    examples: training images that the nearest neighbours come from; 0 means all.
    points: of them, the first so many are on the maps.
    """

    models: dict[str, NetworkConfig] = field(default_factory=_models)
    others: dict[str, NetworkConfig] = _recipes("softmax", "mlp100", "mlp3", "sigmoid200", "cnn")
    pair: dict[str, NetworkConfig] = field(default_factory=_pair)
    bottleneck: NetworkConfig = field(default_factory=functools.partial(recipe, "bottleneck"))
    cleaner: NetworkConfig = field(default_factory=functools.partial(recipe, "denoiser"))
    data: str = "mnist"
    examples: int = 0
    points: int = 5_000
    components: int = 50
    neighbours: int = 5
    perplexity: float = 30.0


@dataclass(frozen=True)
class Limits:
    """What one visitor, and all together, may ask for."""

    connections: int = 64  # sockets open at once
    idle: float = 10.0  # seconds without a message after which a socket gives way when there is no room
    silent: int = 64  # connections of one client that have not sent a request
    header_seconds: float = 5.0  # until a connection has sent one
    messages_per_second: float = 240.0  # of one socket; drawings above it are answered with an error
    message_bytes: int = 65_536  # a longer one ends its socket (code 1009)
    identikits: int = 2  # running at once
    uploads: int = 2  # pictures that are decoded at once; a client may wait with as many more
    upload_bytes: int = 5_000_000
    networks: int = 8  # that pages have brought, all together
    network_bytes: int = 20_000_000
    upload_pixels: int = 16_000_000
    silence: float = 20.0  # seconds after which a client that does not read is let go

"""A small app for tests: networks made in a moment, a server on a real socket."""

import asyncio
import socket
import threading

import jax
import numpy as np
from flax import nnx

from research import data
from research.app import serving
from research.app.fitted import Fitted
from research.app.model import Model
from research.app.settings import Settings
from research.embedding import pca
from research.models.autoencoder import AutoencoderConfig
from research.models.bottleneck import BottleneckConfig
from research.models.cnn import CNNSmallConfig
from research.models.mlp import MLPConfig
from research.models.softmax import SoftmaxConfig
from research.training.populations import Population
from research.training.settings import TrainingConfig
from research.training.train import NetworkConfig

SMALL = Settings(
    models={
        "dense3": NetworkConfig(MLPConfig(widths=())),
        "cnn_small": NetworkConfig(CNNSmallConfig(channels=(4, 8), dense=32)),
    },
    others={"softmax": NetworkConfig(SoftmaxConfig(), TrainingConfig(epochs=1, batch=100), examples=200)},
    bottleneck=NetworkConfig(BottleneckConfig(encoder=(64,), decoder=(32,))),
    cleaner=NetworkConfig(AutoencoderConfig(encoder=(64,), code=32, decoder=(64,))),
    examples=2_000,
    points=400,
    components=20,
)


def fitted() -> Fitted:
    """As training would leave it, but that only the dense network knows digits, and the map is a plane of PCA."""
    train, test = data.load("mnist", "train"), data.load("mnist", "test")
    images, labels = train.images[: SMALL.examples], train.labels[: SMALL.examples]
    pixels = images.reshape(len(images), -1).astype(np.float32) / 255
    components = pca.fit(pixels, SMALL.components)
    return Fitted(
        {name: untrained(config) for name, config in SMALL.models.items()}
        | {"dense3": taught(pixels, labels)},
        untrained(SMALL.bottleneck),
        untrained(SMALL.cleaner),
        components,
        10 * components.transform(pixels[: SMALL.points])[:, 1:3],
        images,
        labels,
        test.images,
        test.labels,
    )


def untrained(config: NetworkConfig) -> Population:
    """One network as it starts, its outputs made larger so that they differ visibly."""
    params = nnx.split(config.model.build(nnx.Rngs(3)))[1]
    stacked = jax.tree.map(lambda leaf: 1.5 * leaf[None], params)
    return Population(config, stacked, np.zeros((1, 1, 4), np.float32), *np.zeros((2, 1)), np.zeros(1, int))


def pair() -> tuple[Model, Model]:
    """A linear network of a few pixels that matter much, and a smoother one, which an adversary fools less easily."""
    train = data.load("mnist", "train")
    pixels = train.images[:2000].reshape(2000, -1).astype(np.float32) / 255
    plain, robust = (taught(pixels, train.labels[:2000], ridge) for ridge in (3, 3000))
    return Model("plain", plain), Model("robust", robust)


def taught(pixels: np.ndarray, labels: np.ndarray, ridge: float = 30) -> Population:
    """The linear network of least squares, at a scale where it is sure."""
    population = untrained(SMALL.models["dense3"])
    wanted = np.eye(10)[labels] - 0.1
    kernel = 12 * np.linalg.solve(pixels.T @ pixels + ridge * np.eye(784), pixels.T @ wanted)
    filled = jax.tree.map(
        lambda leaf: kernel.astype(np.float32)[None] if leaf.shape[1:] == kernel.shape else leaf,
        population.params,
    )
    return Population(SMALL.models["dense3"], filled, *(getattr(population, name) for name in FACTS))


FACTS = ("curve", "seconds", "compile_seconds", "images_seen")


class Live:
    """An app on a socket in a thread of this process; it can be ended and started again at the same place."""

    def __init__(self, app_of):
        self.app_of = app_of
        self.port = 0

    def start(self):
        listening = socket.create_server(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host}"
        self.app = self.app_of()
        self.server = serving.make(self.app)
        self.thread = threading.Thread(target=lambda: asyncio.run(self.server.serve(sockets=[listening])))
        self.thread.start()
        while not self.server.started and self.thread.is_alive():
            self.thread.join(0.01)
        return self

    def end(self):
        self.server.should_exit = True
        self.thread.join(20)
        assert not self.thread.is_alive(), "the server did not end"

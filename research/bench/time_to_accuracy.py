"""From a new process to an accuracy on the 10,000 test images: start, data, compilation and training."""

import itertools
from functools import partial

from research.bench.task import Task, Trial, both_reach, ours, peer

EPOCHS = 6  # at which PyTorch gives up


def _ours(name: str, goal: float, n: int | None) -> Trial:
    from research.training import populations
    from research.training.recipes import recipe

    config = recipe(name)
    config.training.stop_at, config.examples = goal, n or 0

    def train():
        return populations.train_or_load(config, 1)

    def judge(trained):
        curve = trained.curve[0]
        epochs = int((curve[:, 2] > 0).sum())
        return {
            "accuracy": round(float(curve[epochs - 1, 2]), 6),  # a mean in float32: 0.975 may be 0.97499996
            "epochs": epochs,
            "compile_seconds": trained.compile_seconds[0],
        }

    return Trial(train, judge)


def _flat(n: int | None):
    """The digits as rows of 784 numbers in [0, 1] and labels; the first n for training."""
    from research import data

    train, test = data.load("mnist", "train"), data.load("mnist", "test")
    return data.rows(train.images[:n]), train.labels[:n], data.rows(test.images), test.labels


def _logistic(iterations: int, n: int | None) -> Trial:
    from sklearn.linear_model import LogisticRegression

    x, y, test_x, test_y = _flat(n)
    model = LogisticRegression(max_iter=iterations)
    return Trial(
        lambda: model.fit(x, y),
        lambda model: {"accuracy": model.score(test_x, test_y), "epochs": model.n_iter_[0]},
    )


def _perceptron(n: int | None) -> Trial:
    """scikit-learn's MLPClassifier as it is: 100 neurons, until its loss no longer falls."""
    from sklearn.neural_network import MLPClassifier

    x, y, test_x, test_y = _flat(n)
    model = MLPClassifier(random_state=0)
    return Trial(
        lambda: model.fit(x, y),
        lambda model: {"accuracy": model.score(test_x, test_y), "epochs": model.n_iter_},
    )


def _perceptron_stopped(goal: float, n: int | None) -> Trial:
    """The same network, scored after every epoch until it reaches the goal."""
    import numpy as np
    from sklearn.neural_network import MLPClassifier

    x, y, test_x, test_y = _flat(n)
    model = MLPClassifier(random_state=0)

    def train():
        for epoch in itertools.count(1):
            accuracy = model.partial_fit(x, y, classes=np.arange(10)).score(test_x, test_y)
            if accuracy >= goal or epoch == 50:
                return {"accuracy": accuracy, "epochs": epoch}

    return Trial(train)


def _torch(goal: float, n: int | None) -> Trial:
    """The CNN in PyTorch's quicker layout, Adam at 1e-3, batches of 128, scored after every epoch."""
    import torch

    from research.bench import pytorch

    train_x, train_y, test_x, test_y = pytorch.digits()
    torch.manual_seed(0)
    network = pytorch.laid_out(pytorch.network(), "channels_last")
    step = pytorch.stepper(network)

    def train():
        for epoch in itertools.count(1):
            for rows in torch.randperm(len(train_x[:n])).split(128):
                step(train_x[rows], train_y[rows])
            accuracy = pytorch.accuracy(network, test_x, test_y)
            if accuracy >= goal or epoch == EPOCHS:
                return {"accuracy": accuracy, "epochs": epoch}

    return Trial(train)


def _both(name: str, goal: float, n: int | None):
    prepare = partial(_ours, name, goal, n)
    return {"identikit": ours(prepare), "identikit, compiled before": ours(prepare, compiled=True)}


def tasks(toy: bool = False) -> dict[str, Task]:
    """The tasks of this family by name; at toy size for the tests."""
    n = 512 if toy else None  # training images; None: all
    return {
        "softmax": Task(
            "softmax regression to 92 %, from the start of the process",
            _both("softmax", 0.92, n)
            | {
                "LogisticRegression, as it is": peer(partial(_logistic, 100, n)),
                "LogisticRegression, stopped": peer(partial(_logistic, 30, n)),
            },
            whole=True,
            at_least={"LogisticRegression, as it is": 15},
            same=both_reach("accuracy", 0.92),
        ),
        "mlp100": Task(
            "MLP-100 to 97.5 %, from the start of the process",
            _both("mlp100", 0.975, n)
            | {
                "MLPClassifier, as it is": peer(partial(_perceptron, n)),
                "MLPClassifier, stopped": peer(partial(_perceptron_stopped, 0.975, n)),
            },
            whole=True,
            at_least={"MLPClassifier, as it is": 10, "MLPClassifier, stopped": 10},
            same=both_reach("accuracy", 0.975),
        ),
        "cnn99": Task(
            "CNN to 99.0 %, from the start of the process",
            {"identikit": ours(partial(_ours, "cnn", 0.99, n)), "PyTorch": peer(partial(_torch, 0.99, n))},
            whole=True,
            at_least={"PyTorch": 2},
            same=both_reach("accuracy", 0.99),
        ),
    }

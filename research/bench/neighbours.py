"""Exact nearest neighbours: 10,000 test digits among 60,000, and one drawing alone."""

from research.bench.task import Task, Trial, agree, ours, peer

K = 5


def digits():
    """Rows of 784 numbers in [0, 1] and labels, of training and test."""
    import numpy as np

    from research import data

    train, test = data.load("mnist", "train"), data.load("mnist", "test")
    flat = lambda images: images.reshape(len(images), -1).astype(np.float32) / 255  # noqa: E731
    return flat(train.images), train.labels, flat(test.images), test.labels


def _ours() -> Trial:
    from research.embedding import knn

    x, y, test_x, test_y = digits()
    return Trial(
        lambda: knn.classify(x, y, test_x, K), lambda found: {"accuracy": (found[0] == test_y).mean()}
    )


def _sklearn() -> Trial:
    from sklearn.neighbors import KNeighborsClassifier

    x, y, test_x, test_y = digits()
    return Trial(
        lambda: KNeighborsClassifier(K, algorithm="brute", n_jobs=-1).fit(x, y).predict(test_x),
        lambda found: {"accuracy": (found == test_y).mean()},
    )


TASKS = {
    "knn": Task(
        "exact 5 nearest neighbours of 10,000 digits among 60,000",
        {"identikit": ours(_ours), "scikit-learn": peer(_sklearn)},
        warm=False,
        flop=2.0 * 10_000 * 60_000 * 784,
        at_least={"scikit-learn": 4},
        same=agree("accuracy", 1e-3),
    )
}

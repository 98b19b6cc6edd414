"""Exact nearest neighbours of 10,000 test digits among 60,000."""

from functools import partial

from research.bench.task import Task, Trial, agree, ours, peer

K = 5


def digits(n: int, tests: int):
    """Rows of 784 numbers in [0, 1] and labels, of the first n training and the first test digits."""
    from research import data

    train, test = data.load("mnist", "train"), data.load("mnist", "test")
    return data.rows(train.images[:n]), train.labels[:n], data.rows(test.images[:tests]), test.labels[:tests]


def _ours(*sizes: int) -> Trial:
    from research.embedding import knn

    x, y, test_x, test_y = digits(*sizes)
    return Trial(
        lambda: knn.classify(x, y, test_x, K), lambda found: {"accuracy": (found[0] == test_y).mean()}
    )


def _sklearn(*sizes: int) -> Trial:
    from sklearn.neighbors import KNeighborsClassifier

    x, y, test_x, test_y = digits(*sizes)
    return Trial(
        lambda: KNeighborsClassifier(K, algorithm="brute", n_jobs=-1).fit(x, y).predict(test_x),
        lambda found: {"accuracy": (found == test_y).mean()},
    )


def tasks(toy: bool = False) -> dict[str, Task]:
    """The tasks of this family by name; at toy size for the tests."""
    sizes = n, tests = (600, 100) if toy else (60_000, 10_000)
    return {
        "knn": Task(
            f"exact {K} nearest neighbours of {tests:,} digits among {n:,}",
            {"identikit": ours(partial(_ours, *sizes)), "scikit-learn": peer(partial(_sklearn, *sizes))},
            warm=False,
            flop=2.0 * tests * n * 784,
            at_least={"scikit-learn": 4},
            same=agree("accuracy", 1e-3),
        )
    }

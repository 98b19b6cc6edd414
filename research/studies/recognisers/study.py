"""Recognisers: every network of the five documents, trained on the real digits, over several seeds.

Documents 000 (784-200-10), 001 (dense, CNN, KNN), 002 (softmax, two MLPs) and 003 (softmax, CNN) state
accuracies or use networks without stating any; here all are measured on the 10,000 official test images.
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from research import data
from research.embedding import knn
from research.evidence import claims as c
from research.runs.store import Run
from research.studies import at_least
from research.training import populations
from research.training.populations import Wanted
from research.training.recipes import by_recipe
from research.training.train import NetworkConfig

SMALL = ("softmax", "mlp100", "mlp3", "sigmoid200")
LARGE = ("dense3", "cnn_small", "cnn")
BINS = 15


@dataclass
class Networks:
    """What every recogniser is and how it is trained."""

    softmax: NetworkConfig = by_recipe("softmax")
    mlp100: NetworkConfig = by_recipe("mlp100")
    mlp3: NetworkConfig = by_recipe("mlp3")
    sigmoid200: NetworkConfig = by_recipe("sigmoid200")
    dense3: NetworkConfig = by_recipe("dense3")
    cnn_small: NetworkConfig = by_recipe("cnn_small")
    cnn: NetworkConfig = by_recipe("cnn")


@dataclass
class Config(Networks):
    """Which networks, how many of each, on which data."""

    seed: int = 0
    data: str = "mnist"
    include: tuple[str, ...] = (*SMALL, *LARGE, "knn")
    small: int = 5  # seeds of each small dense network
    large: int = 2  # seeds of the large networks
    cnns: int = 3  # of document 003's CNN, on which a claim rests: of two, both may hit the same number
    k: int = 5  # neighbours
    neighbours_among: int = 60_000  # training images that the neighbours are looked for among

    def validate(self) -> None:
        at_least(self, seed=0, small=1, large=1, cnns=1, k=1, neighbours_among=1)
        for name in self.include:
            if name not in (*SMALL, *LARGE, "knn"):
                raise ValueError(f"unknown network {name!r}; known: {', '.join((*SMALL, *LARGE, 'knn'))}")
            if name != "knn":
                getattr(self, name).training.validate()


def wanted(config: Config) -> list[Wanted]:
    """All networks, those that take longest first."""
    return [_wish(config, name) for name in reversed(config.include) if name != "knn"]


def _wish(config: Config, name: str) -> Wanted:
    m = config.small if name in SMALL else config.cnns if name == "cnn" else config.large
    return Wanted(getattr(config, name), m, name)


def run(config: Config, run: Run) -> xr.Dataset:
    """Trains or loads every network and scores it on the whole test set.

    Dims: network, seed (padded with nan), epoch, true, predicted, bin, image.
    """
    test = data.load(config.data, "test")
    rows = {}
    for name in config.include:
        rows[name] = _knn(config, test) if name == "knn" else _network(config, name, test)
        run.metrics(network=name, accuracy=float(np.nanmean(rows[name]["accuracy"])))
    merged = xr.concat(list(rows.values()), "network", join="outer", coords="minimal", compat="override")
    sample = np.random.default_rng(config.seed).choice(len(test.images), 60, replace=False)
    return merged.assign(
        network=list(rows),
        label=("image", test.labels.astype(np.uint8)),
        sample=(("example", "y", "x"), test.images[sample]),
        sample_label=("example", test.labels[sample].astype(np.uint8)),
        shared_errors=_shared_errors(merged, test.labels),
    ).assign_attrs(k=config.k)


def _network(config: Config, name: str, test: data.Digits) -> xr.Dataset:
    trained = populations.train_or_load(*_wish(config, name))
    outputs, accuracy = populations.evaluate(trained, test)
    logits = np.asarray(outputs, np.float64)
    probability = np.exp(logits - logits.max(-1, keepdims=True))
    probability /= probability.sum(-1, keepdims=True)
    return (
        _scores(np.asarray(accuracy), logits.argmax(-1), probability.max(-1), test.labels)
        .assign(
            loss=(("seed", "epoch"), trained.curve[..., 0]),
            test_accuracy=(("seed", "epoch"), trained.curve[..., 2]),
            seconds_at=(("seed", "epoch"), trained.curve[..., 3]),
            seconds=("seed", trained.seconds),
            compile_seconds=("seed", trained.compile_seconds),
            parameters=trained.parameters,
        )
        .assign_coords(epoch=np.arange(1, trained.curve.shape[1] + 1))
    )


def _knn(config: Config, test: data.Digits) -> xr.Dataset:
    train = data.load(config.data, "train")
    chosen = slice(config.neighbours_among)
    labels, neighbours, _ = knn.classify(
        data.rows(train.images[chosen]), train.labels[chosen], data.rows(test.images), config.k
    )
    votes = train.labels[chosen][np.asarray(neighbours)] == np.asarray(labels)[:, None]
    accuracy = np.mean(np.asarray(labels) == test.labels, keepdims=True)
    return _scores(accuracy, np.asarray(labels)[None], votes.mean(-1)[None], test.labels)


def _scores(
    accuracy: np.ndarray, predicted: np.ndarray, confidence: np.ndarray, labels: np.ndarray
) -> xr.Dataset:
    """Accuracy, confusions and calibration of m networks; predicted, confidence: [m, n]."""
    hit = predicted == labels
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (np.broadcast_to(labels, predicted.shape), predicted), 1)
    index = np.minimum((confidence * BINS).astype(int), BINS - 1)
    member = index[:, None] == np.arange(BINS)[:, None]  # [m, bin, n]
    count = member.sum(-1)
    confident = (member * confidence[:, None]).sum(-1)
    right = (member * hit[:, None]).sum(-1)
    return xr.Dataset(
        {
            "accuracy": ("seed", accuracy),
            "predicted": (("seed", "image"), predicted.astype(np.float32)),
            "confusion": (("true", "predicted_as"), confusion),
            "ece": ("seed", np.abs(right - confident).sum(-1) / predicted.shape[1]),
            "bin_count": ("bin", count.sum(0)),
            "bin_confidence": ("bin", confident.sum(0) / np.maximum(count.sum(0), 1)),
            "bin_accuracy": ("bin", right.sum(0) / np.maximum(count.sum(0), 1)),
        },
        coords={"seed": np.arange(len(accuracy))},
    )


def _shared_errors(merged: xr.Dataset, labels: np.ndarray) -> xr.DataArray:
    """Of the test images that the first network of each row misreads, the share each other one misreads too."""
    wrong = (merged.predicted.sel(seed=0).values != labels).astype(float)
    shared = wrong @ wrong.T / np.maximum(wrong.sum(1, keepdims=True), 1)
    return xr.DataArray(shared, dims=("network", "other"))


DOCUMENTS = {
    "000": "000_6109da2722b68c6a.txt",
    "001": "001_dd9c668295ae0936.txt",
    "002": "002_eb807d842c45b5c6.txt",
    "003": "003_baed48e6daa2b749.txt",
}
STATED = (
    ("softmax-accuracy", "002", "softmax", "logistic regression: roughly 92 % of the labels right"),
    ("mlp100-accuracy", "002", "mlp100", "one hidden layer of 100 neurons: about 97.5 % right"),
    ("mlp3-accuracy", "002", "mlp3", "3 hidden layers of 500, 200 and 50 neurons: 98 %"),
    ("cnn-accuracy", "003", "cnn", "small convolutional network: approximately 99 %"),
)
CLAIMED = {"softmax": 0.92, "mlp100": 0.975, "mlp3": 0.98, "sigmoid200": 1 - 0.0192, "cnn": 0.99}


def accuracy_of(results: xr.Dataset, network: str) -> c.Interval:
    """Accuracy of a network: over seeds (Student), or over test images where there is one without a seed."""
    values = results.accuracy.sel(network=network).dropna("seed").values
    if network == "knn":
        n = results.sizes["image"]
        return c.proportion(round(float(values[0]) * n), n)
    return c.mean_share(values)


def claims(results: xr.Dataset) -> list[c.Claim]:
    have = set(results.network.values)
    measure = lambda name: accuracy_of(results, name) if name in have else None  # noqa: E731
    unit = "networks; accuracy on the test images"
    rows = [
        c.judge(id, DOCUMENTS[document], words, CLAIMED[name], measure(name), unit, "at least")
        for id, document, name, words in STATED
    ]
    error = None
    if "sigmoid200" in have:
        error = c.mean_share(1 - results.accuracy.sel(network="sigmoid200").values)
    rows.append(
        c.judge(
            "sigmoid200-error",
            DOCUMENTS["000"],
            "recognition error on the test data set is 1.92 %",
            0.0192,
            error,
            "networks; share of the test images misread",
            "at most",
        )
    )
    rows.append(
        c.judge(
            "better-than-logistic",
            DOCUMENTS["002"],
            "a neural network is better than a logistic regression [the worst network's gain]",
            0.0,
            _worst_gain(results, have),
            "networks of the smaller group; gain in accuracy",
            "at least",
        )
    )
    return rows


def _worst_gain(results: xr.Dataset, have: set[str]) -> c.Interval | None:
    """The smallest gain over softmax regression among the networks, by the lower end of its interval."""
    others = [name for name in (*SMALL, *LARGE) if name in have and name != "softmax"]
    if "softmax" not in have or not others:
        return None
    of = lambda name: results.accuracy.sel(network=name).dropna("seed").values  # noqa: E731
    return min((c.difference(of(name), of("softmax")) for name in others), key=lambda gain: gain.low)

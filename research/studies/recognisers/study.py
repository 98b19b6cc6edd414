"""Recognisers: all networks of the five documents, trained over several seeds.

Documents 000 (784-200-10), 001 (dense, CNN, KNN), 002 (softmax, two MLPs) and 003 (softmax, CNN) use these networks,
most of them with a stated accuracy; we measure all of them on the 10,000 official test images. Document 002 also says
that deep networks take longer to train and that another implementation has the same accuracy.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from research import data
from research.embedding import knn
from research.runs.store import Run
from research.studies import at_least
from research.studies.networks import Networks
from research.studies.recognisers import reimplementation, timing
from research.training import populations
from research.training.populations import Wanted
from research.training.recipes import is_recipe, recipe

SMALL = ("softmax", "mlp100", "mlp3", "sigmoid200")
LARGE = ("dense3", "cnn_small", "cnn")
TIMED = ("softmax", "mlp100", "mlp3")  # the networks that document 002 compares
BINS = 15
NOBODY = 255  # prediction in rows without a network


@dataclass
class Config(Networks):
    """Which networks, how many of each, on which data."""

    seed: int = 0
    data: str = "mnist"
    include: tuple[str, ...] = (*SMALL, *LARGE, "knn")
    small: int = 5  # networks of each small dense kind
    large: int = 5  # of dense3 and cnn_small, on which no claim rests
    cnns: int = 5  # of document 003's CNN
    timed: int = 5  # networks of each kind in TIMED that are trained alone for their seconds
    reimplemented: int = 5  # networks of the second implementation of 784-100-10
    k: int = 5  # neighbours
    neighbours_among: int = 60_000  # training images that the neighbours are looked for among

    def validate(self) -> None:
        at_least(self, seed=0, small=1, large=1, cnns=1, timed=0, reimplemented=0, k=1, neighbours_among=1)
        for name in self.include:
            if name not in (*SMALL, *LARGE, "knn"):
                raise ValueError(f"unknown network {name!r}; known: {', '.join((*SMALL, *LARGE, 'knn'))}")
            if name != "knn":
                getattr(self, name).training.validate()


def wanted(config: Config) -> list[Wanted]:
    """All networks, the slowest first."""
    return [_wish(config, name) for name in reversed(config.include) if name != "knn"]


def _wish(config: Config, name: str) -> Wanted:
    m = config.small if name in SMALL else config.cnns if name == "cnn" else config.large
    return Wanted(getattr(config, name), m, name)


def run(config: Config, run: Run) -> xr.Dataset:
    """Trains or loads every network and scores it on the whole test set.

    Dims: network, seed (padded with nan), epoch, true, predicted_as, bin, image; repetition (of networks trained
    alone), copy (networks of the second implementation).
    """
    test = data.load(config.data, "test")
    rows = {}
    for name in config.include:
        rows[name] = _knn(config, test) if name == "knn" else _network(config, name, test)
        run.metrics(network=name, accuracy=float(np.nanmean(rows[name]["accuracy"])))
    how: dict[str, Any] = {"join": "outer", "coords": "minimal", "compat": "override"}
    merged = xr.concat(list(rows.values()), "network", fill_value={"predicted": NOBODY}, **how)
    merged = merged.assign_coords(network=list(rows))
    timed = timing.alone(
        {name: getattr(config, name) for name in TIMED if name in config.include}, config.timed
    )
    sample = np.random.default_rng(config.seed).choice(len(test.images), 60, replace=False)
    return (
        merged.assign(
            label=("image", test.labels.astype(np.uint8)),
            sample=(("example", "y", "x"), test.images[sample]),
            seconds_alone=timed.seconds_alone.reindex(network=list(rows)),
            reimplemented=("copy", _reimplemented(config, test)),
        )
        .assign_coords(_names(config))
        .assign_attrs(k=config.k)
    )


def _names(config: Config) -> dict:
    """Coordinates of the rows: name, name of the document's network, and whether they are the same network."""
    called, documents, same = [], [], []
    for name in config.include:
        if name == "knn":
            called.append(f"{config.k} nearest neighbours")
            documents.append(called[-1])
            same.append(True)
        else:
            called.append(getattr(config, name).model.label)
            documents.append(recipe(name).model.label)
            same.append(is_recipe(getattr(config, name), name))
    return {
        "called": ("network", called),
        "documents": ("network", documents),
        "of_document": ("network", same),
    }


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
            images_seen=("seed", trained.images_seen),
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
            "predicted": (("seed", "image"), predicted.astype(np.uint8)),
            "confusion": (("true", "predicted_as"), confusion),
            "ece": ("seed", np.abs(right - confident).sum(-1) / predicted.shape[1]),
            "bin_count": ("bin", count.sum(0)),
            "bin_confidence": ("bin", confident.sum(0) / np.maximum(count.sum(0), 1)),
            "bin_accuracy": ("bin", right.sum(0) / np.maximum(count.sum(0), 1)),
        },
        coords={"seed": np.arange(len(accuracy))},
    )


def _reimplemented(config: Config, test: data.Digits) -> np.ndarray:
    """Test accuracies of the second implementation, trained on the same images as the first."""
    train, n = data.load(config.data, "train"), config.mlp100.examples or None
    given, asked = (data.rows(train.images[:n]), train.labels[:n]), (data.rows(test.images), test.labels)
    count = config.reimplemented if "mlp100" in config.include else 0
    return np.array([reimplementation.accuracy(given, asked, (config.seed, i)) for i in range(count)])

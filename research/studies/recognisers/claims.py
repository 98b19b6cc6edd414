"""The documents' statements, judged from the saved results."""

import xarray as xr

from research import evidence as e
from research.studies.recognisers import measures as m

D000, D002, D003 = "000_6109da2722b68c6a.txt", "002_eb807d842c45b5c6.txt", "003_baed48e6daa2b749.txt"
LOGISTIC = (
    "Logistic regression can do this fairly well, and get roughly 92% of the labels right on images it has not seen "
    "while training the model"
)
ONE_LAYER = (
    "A neural network with one hidden layer (of 100 neurons, the default of the multi-layer perceptron model in "
    "scikit-learn) will get about 97.5% right"
)
THREE_LAYERS = "The same model with 3 hidden layers of 500, 200 and 50 neurons respectively will further improve that to 98%."
ERROR = "According to author model achieves recognition error on the test data set is 1.92%"
CNN = "Final accuracy raises from 92% to approximately 99%."
ACCURACIES = (
    ("softmax-accuracy", D002, LOGISTIC, "softmax"),
    ("mlp100-accuracy", D002, ONE_LAYER, "mlp100"),
    ("mlp3-accuracy", D002, THREE_LAYERS, "mlp3"),
    ("cnn-accuracy", D003, CNN, "cnn"),
)
LONGER = "the training time of the (deep) neural network models often is much longer"
MUCH = 2.0  # times as long
SAME = 0.005  # two scores that differ by less are about the same


def claims(results: xr.Dataset) -> list[e.Claim]:
    """Primary rows first; then, as secondary rows, accuracies for new test images and repeated statements."""
    return [*_accuracies(results), *_comparisons(results), *_secondary(results)]


def _accuracies(results: xr.Dataset) -> list[e.Claim]:
    rows = [_accuracy(results, *row, e.share(m.accuracy(results, row[-1]))) for row in ACCURACIES]
    return [*rows, _error(results, "sigmoid200-error", e.share(1 - m.accuracy(results, "sigmoid200")))]


def _accuracy(
    results, id, source, quote, name, interval, *, words="accuracy on the test images", primary=True
):
    return e.judge(
        id, source, quote, m.SAID[name], interval, "networks", words=words,
        within=f"{results.sizes['image']:,} test images", primary=primary,
        not_run=m.not_the_documents(results, name),
    )  # fmt: skip


def _error(results, id, interval, *, words="share of the test images misread", primary=True):
    return e.judge(
        id, D000, ERROR, m.SAID_ERROR, interval, "networks", words=words,
        within=f"{results.sizes['image']:,} test images", primary=primary,
        not_run=m.not_the_documents(results, "sigmoid200"),
    )  # fmt: skip


def _comparisons(results: xr.Dataset) -> list[e.Claim]:
    images = f"{results.sizes['image']:,} test images"
    alone = m.not_the_documents(results, "softmax")
    if not alone and m.documents_own(results) == ["softmax"]:
        alone = "this run has none of the documents' other networks"
    layers = m.not_the_documents(results, "mlp3", "mlp100")
    timed = m.not_the_documents(results, "mlp3", "softmax")
    again = m.not_the_documents(results, "mlp100")
    if not again and not results.sizes["copy"]:
        again = "this run leaves the second implementation out"
    return [
        e.judge(
            "better-than-logistic", D002,
            "It generally trains a model to recognize the digits and show it’s better than a logistic regression.",
            e.Above(0.0), None if alone else m.smallest_gain(results)[1], "networks of the smaller group",
            words="gain in accuracy over softmax regression of the network that gains least", within=images,
            not_run=alone,
        ),
        e.judge(
            "three-layers-beat-one", D002, THREE_LAYERS, e.Above(0.0),
            m.gain(results, "mlp3", "mlp100"), "networks of each kind",
            words="accuracy with three hidden layers minus that with one", within=images, not_run=layers,
        ),
        e.judge(
            "deep-takes-longer", D002, LONGER, e.AtLeast(MUCH),
            None if timed else m.times_as_long(results, "mlp3", "softmax"), "networks of each kind, trained alone",
            words="seconds of training with three hidden layers over those of softmax regression",
            within="one timed epoch, times the epochs of the recipe", not_run=timed,
        ),
        e.judge(
            "reimplementation-same", D002,
            "When similar models are implemented in Tensorflow/Keras, with proper activation functions, will get about "
            "the same score.",
            e.AtMost(SAME), m.apart(m.accuracy(results, "mlp100"), results.reimplemented.values),
            "networks of the smaller group",
            words="accuracies of two implementations (JAX, NumPy) of the network with 100 neurons, absolute difference",
            within=images, not_run=again,
        ),
    ]  # fmt: skip


def _secondary(results: xr.Dataset) -> list[e.Claim]:
    rows = []
    new = {"words": "accuracy, for new test images as well", "primary": False}
    for id, source, quote, name in ACCURACIES:
        crossed = e.crossed(m.hits(results, name), bounds=(0, 1))
        rows.append(_accuracy(results, f"{id}-new-images", source, quote, name, crossed, **new))
    crossed = e.crossed(~m.hits(results, "sigmoid200"), bounds=(0, 1))
    new["words"] = "share misread, for new test images as well"
    rows.append(_error(results, "sigmoid200-error-new-images", crossed, **new))
    softmax = e.share(m.accuracy(results, "softmax"))
    quote = "It achieves 92% accuracy in recognition."
    rows.append(_accuracy(results, "softmax-accuracy-003", D003, quote, "softmax", softmax, primary=False))
    layers = m.not_the_documents(results, "mlp3", "mlp100")
    rows.append(
        e.judge(
            "deep-takes-longer-than-one-layer", D002, LONGER, e.Above(1.0),
            None if layers else m.times_as_long(results, "mlp3", "mlp100"), "networks of each kind, trained alone",
            words="seconds of training with three hidden layers over those with one",
            within="one timed epoch, times the epochs of the recipe", primary=False, not_run=layers,
        )
    )  # fmt: skip
    return rows

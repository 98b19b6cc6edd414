"""A second, independent implementation of 784-100-10: plain NumPy, with the defaults of scikit-learn's MLPClassifier.

It shares neither code with `research.models` and `research.training`, nor their initialisation, batch size, rate or
schedule. Document 002 compares two implementations of one network; this is our second one.

    h = max(0, x W₁ + b₁);  p = softmax(h W₂ + b₂);  L = mean_b −log p_y + α/(2 batch) (|W₁|² + |W₂|²)

Source: the documentation of sklearn.neural_network.MLPClassifier (Adam at 1e-3, batches of 200, α = 1e-4, Glorot's
uniform start for weights and biases). Its stopping rule is replaced by a fixed number of epochs.
"""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Int

HIDDEN, CLASSES = 100, 10
EPOCHS, BATCH, RATE, ALPHA = 10, 200, 1e-3, 1e-4
MOMENTUM, SQUARES, TINY = 0.9, 0.999, 1e-8  # of Adam

Weights = list[np.ndarray]  # W₁ [pixels 100], b₁ [100], W₂ [100 10], b₂ [10]


def accuracy(
    train: tuple[Float[np.ndarray, "n pixels"], Int[np.ndarray, " n"]],
    test: tuple[Float[np.ndarray, "t pixels"], Int[np.ndarray, " t"]],
    seed: Sequence[int],
) -> float:
    """Trains a network and returns its test accuracy.

    Args:
        train, test: pixels in [0, 1] and labels 0 … 9.
        seed: of the start and of the order of the images.
    """
    weights = fit(*train, np.random.default_rng(seed))
    return float(np.mean(forward(weights, test[0])[1].argmax(1) == test[1]))


def fit(x: Float[np.ndarray, "n pixels"], labels: Int[np.ndarray, " n"], rng: np.random.Generator) -> Weights:
    """The weights after EPOCHS epochs of Adam, each with a smaller last batch."""
    weights = start(x.shape[1], rng)
    means, squares = ([np.zeros_like(w) for w in weights] for _ in range(2))
    step = 0
    for _ in range(EPOCHS):
        order = rng.permutation(len(x))
        for rows in np.split(order, range(BATCH, len(x), BATCH)):
            step += 1
            rate = RATE * math.sqrt(1 - SQUARES**step) / (1 - MOMENTUM**step)
            for w, g, m, s in zip(weights, gradient(weights, x[rows], labels[rows]), means, squares):
                m += (1 - MOMENTUM) * (g - m)
                s += (1 - SQUARES) * (g * g - s)
                w -= rate * m / (np.sqrt(s) + TINY)
    return weights


def start(pixels: int, rng: np.random.Generator) -> Weights:
    """Weights and biases, uniform within √(6 / (fan_in + fan_out))."""
    weights = []
    for fan_in, fan_out in ((pixels, HIDDEN), (HIDDEN, CLASSES)):
        bound = math.sqrt(6 / (fan_in + fan_out))
        weights += [
            rng.uniform(-bound, bound, shape).astype(np.float32) for shape in ((fan_in, fan_out), (fan_out,))
        ]
    return weights


def forward(
    weights: Weights, x: Float[np.ndarray, "n pixels"]
) -> tuple[Float[np.ndarray, "n 100"], Float[np.ndarray, "n 10"]]:
    """The hidden layer and the probabilities."""
    w1, b1, w2, b2 = weights
    hidden = np.maximum(x @ w1 + b1, 0)
    logits = hidden @ w2 + b2
    shares = np.exp(logits - logits.max(1, keepdims=True))
    return hidden, shares / shares.sum(1, keepdims=True)


def gradient(weights: Weights, x: Float[np.ndarray, "n pixels"], labels: Int[np.ndarray, " n"]) -> Weights:
    """Gradient of L for a batch, by backpropagation."""
    w1, _, w2, _ = weights
    hidden, output = forward(weights, x)
    output[np.arange(len(x)), labels] -= 1
    output /= len(x)
    inner = (output @ w2.T) * (hidden > 0)
    decay = np.float32(ALPHA / len(x))
    return [x.T @ inner + decay * w1, inner.sum(0), hidden.T @ output + decay * w2, output.sum(0)]

"""Choose recipes on validation digits: the last 5,000 training digits, which no test accuracy touches.

Every candidate of a recipe is trained on the first 55,000 training digits, several networks of each, and scored on
the last 5,000. The recipe as it stands is kept unless a candidate is better by more than two standard errors of the
difference; the rule and the candidates are fixed before anything is trained.
"""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from research import data
from research.training import populations
from research.training.recipes import recipe
from research.training.train import NetworkConfig

HELD_OUT = 5000
NETWORKS = {
    "softmax": 5,
    "mlp100": 5,
    "mlp3": 5,
    "sigmoid200": 5,
    "bottleneck": 5,
    "dense3": 3,
    "cnn_small": 3,
    "cnn": 3,
}
ERRORS = 2.0  # standard errors of the difference by which a candidate must be better


class Candidate(NamedTuple):
    """One way of training a recipe's network, and its accuracy on the validation digits."""

    name: str  # "as it stands", or what differs
    accuracy: float  # mean over networks
    error: float  # its standard error
    networks: int


def candidates(name: str) -> dict[str, NetworkConfig]:
    """The recipe as it stands first, then half and twice its learning rate, and shifts on or off."""
    base = recipe(name)
    rate, shift = base.training.learning_rate, base.training.shift
    changes: dict[str, dict] = {
        "as it stands": {},
        f"learning rate {rate / 2:g}": {"learning_rate": rate / 2},
        f"learning rate {rate * 2:g}": {"learning_rate": rate * 2},
        f"shift {1 - shift}": {"shift": 1 - shift},
    }
    examples = len(data.load("mnist", "train").labels) - HELD_OUT
    return {
        what: dataclasses.replace(
            base,
            training=dataclasses.replace(base.training, **fields),
            examples=examples,
            data="mnist",
            seed=1000,
        )
        for what, fields in changes.items()
    }


def measure(name: str) -> list[Candidate]:
    """Validation accuracy of every candidate of a recipe, over NETWORKS[name] networks each."""
    train = data.load("mnist", "train")
    held_out = data.Digits(train.images[-HELD_OUT:], train.labels[-HELD_OUT:])
    rows = []
    for what, config in candidates(name).items():
        networks = populations.train_or_load(config, NETWORKS[name], f"{name}, {what}")
        accuracy = np.asarray(populations.evaluate(networks, held_out)[1], float)
        rows.append(
            Candidate(what, accuracy.mean(), accuracy.std(ddof=1) / len(accuracy) ** 0.5, len(accuracy))
        )
    return rows


def choice(rows: Sequence[Candidate]) -> Candidate:
    """The best candidate if it beats the first one by more than ERRORS standard errors of the difference, else the first."""
    first, best = rows[0], max(rows, key=lambda row: row.accuracy)
    needed = ERRORS * float(np.hypot(first.error, best.error))
    return best if best.accuracy - first.accuracy > needed else first


def page(measured: dict[str, list[Candidate]]) -> str:
    """The log of a choice as a Markdown page."""
    lines = [
        "# Recipes, chosen on validation digits",
        "",
        f"Trained on the first 55,000 training digits, scored on the last {HELD_OUT:,}; mean over networks ± standard error.",
        f"A recipe stays as it stands unless a candidate is better by more than {ERRORS:g} standard errors of the difference.",
        "The autoencoders are no classifiers; their recipes were not chosen by accuracy and are not in this table.",
        "Made by `python -m launch.recipes`.",
        "",
        "| recipe | candidate | validation accuracy | networks | chosen |",
        "|---|---|--:|--:|---|",
    ]
    for name, rows in measured.items():
        chosen = choice(rows)
        for row in rows:
            mark = "yes" if row is chosen else ""
            lines.append(
                f"| `{name}` | {row.name} | {100 * row.accuracy:.2f} ± {100 * row.error:.2f} % | {row.networks} | {mark} |"
            )
    return "\n".join(lines) + "\n"

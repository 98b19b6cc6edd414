"""The teachers: one network, trained in several ways, and two that have learned nothing about digits."""

import dataclasses
from typing import Any

from jaxtyping import Array, Key

from research.training import null_models, populations
from research.training.adversary import Adversary
from research.training.train import NetworkConfig

# What each regime changes in how a network is trained ("model" and "training" are the fields of its config).
REGIMES: dict[str, dict[str, dict[str, Any]]] = {
    "plain": {},
    "dropout": {"model": {"dropout": 0.2}},
    "weight_decay": {"training": {"weight_decay": 0.1}},
    "label_smoothing": {"training": {"label_smoothing": 0.1}},
    "noise": {"training": {"noise": "gaussian", "noise_strength": 0.5}},
    "robust_1": {"training": {"adversary": Adversary(eps=1.0)}},
    "robust_2": {"training": {"adversary": Adversary(eps=2.0)}},
}
NULLS = ("untrained", "shuffled")  # networks that know no digit
LABELS = {
    "plain": "plain",
    "dropout": "dropout",
    "weight_decay": "weight decay",
    "label_smoothing": "label smoothing",
    "noise": "Gaussian noise",
    "robust_1": "adversarial, ε = 1",
    "robust_2": "adversarial, ε = 2",
    "untrained": "untrained",
    "shuffled": "shuffled labels",
}


def taught(base: NetworkConfig, regime: str) -> NetworkConfig:
    """The config of a teacher: the base, trained in the way of the regime."""
    changes = REGIMES[regime]
    return dataclasses.replace(
        base,
        model=dataclasses.replace(base.model, **changes.get("model", {})),
        training=dataclasses.replace(base.training, **changes.get("training", {})),
    )


def parameters(base: NetworkConfig, regime: str, m: int, key: Key[Array, ""]) -> Any:
    """Stacked parameters of m teachers of one regime, or null models; every leaf has a leading axis of m."""
    if regime == "untrained":
        return populations.untrained(base, m)
    if regime == "shuffled":
        return null_models.shuffled(base, m, base.training.epochs, key)
    return populations.train_or_load(taught(base, regime), m, f"{regime} teachers").params

"""The teachers: one network trained in several ways, and two null models."""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key

from research import data
from research.data import noise
from research.studies.reconstruction.students import accuracy
from research.training import fit, null_models, populations
from research.training.adversary import Adversary, robust_hits
from research.training.train import NetworkConfig

# Changes of each regime to a network's config, whose fields are "model" and "training".
REGIMES: dict[str, dict[str, dict[str, Any]]] = {
    "plain": {},
    "dropout": {"model": {"dropout": 0.2}},
    "weight_decay": {"training": {"weight_decay": 0.1}},
    "label_smoothing": {"training": {"label_smoothing": 0.1}},
    "noise": {"training": {"noise": "gaussian", "noise_strength": 0.5}},
    "robust_1": {"training": {"adversary": Adversary(eps=1.0)}},
    "robust_2": {"training": {"adversary": Adversary(eps=2.0)}},
}
ATTACK = Adversary(eps=1.0, steps=20)  # for the robust accuracy
NOISE = ("gaussian", 0.5)
NULLS = ("untrained", "shuffled")  # null models
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
    """The config of a teacher: the base with the changes of the regime."""
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


def scores(
    apply: Any, params: Any, test: data.Digits, attacked: int, key: Key[Array, ""]
) -> dict[str, tuple[str, np.ndarray]]:
    """Accuracy of every teacher on all test digits, and on the first `attacked` under attack, under noise and clean."""
    images, labels = jnp.asarray(test.images), jnp.asarray(test.labels)
    few = images[:attacked].astype(jnp.float32) / 255
    corrupt = noise.noise(NOISE[0])
    noisy = jax.vmap(lambda key, x: corrupt(key, x, NOISE[1]))(jax.random.split(key, len(few)), few)

    def one(params):
        predict = lambda image: apply(params, image)[0]  # noqa: E731
        hits = functools.partial(robust_hits, predict, labels=labels[:attacked])
        return (
            hits(few, adversary=ATTACK).mean(),
            hits(noisy, adversary=Adversary()).mean(),
            hits(few, adversary=Adversary()).mean(),
        )

    robust, under_noise, clean = jax.jit(lambda given: fit.over_networks(one, given))(params)
    return {
        "accuracy": ("all", accuracy(apply, params, test)),
        "robust": ("all", np.asarray(robust)),
        "under_noise": ("all", np.asarray(under_noise)),
        "clean_of_attacked": ("all", np.asarray(clean)),
    }

"""Training time of a single network."""

import copy

import numpy as np
import xarray as xr

from research.training import train
from research.training.train import NetworkConfig


def alone(networks: dict[str, NetworkConfig], repetitions: int) -> xr.Dataset:
    """Seconds to train each kind of network, measured on several networks one by one.

    One epoch of each network is timed, with its score on the test set but without compilation, and multiplied by
    the epochs of its recipe. The kinds take turns, so that other work on the machine affects all of them equally.
    The study's own networks cannot be used, because they are trained together; the networks here are discarded.

    Args:
        networks: configs by name.
        repetitions: networks of each kind.

    Returns:
        `seconds_alone` [network, repetition].
    """
    seconds = np.array([[_seconds(how, i) for how in networks.values()] for i in range(repetitions)])
    return xr.Dataset(
        {"seconds_alone": (("network", "repetition"), seconds.reshape(repetitions, len(networks)).T)},
        {"network": list(networks)},
    )


def _seconds(config: NetworkConfig, i: int) -> float:
    once = copy.deepcopy(config)
    once.training.epochs = 1
    trained = train.train(train.resolved(once), [i])
    return config.training.epochs * (trained.seconds - trained.compile_seconds)

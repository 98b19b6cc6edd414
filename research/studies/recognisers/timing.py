"""How long a network takes to train when it is trained alone."""

import copy

import numpy as np
import xarray as xr

from research.training import train
from research.training.train import NetworkConfig


def alone(networks: dict[str, NetworkConfig], repetitions: int) -> xr.Dataset:
    """Seconds to train each kind of network, measured on several networks one by one.

    One epoch of each network is timed, with its score on the test set and without compilation, and multiplied by
    the epochs of its recipe. The kinds take turns, so that other work on the machine touches all of them alike.
    The trained networks are thrown away: those that are kept were trained together and have no times of their own.

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

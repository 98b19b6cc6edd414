"""Prepares a study's config: checks it, and passes its data set and seed to its networks."""

import copy
import dataclasses
from typing import Any

from research.training.model_check import check_losses, check_model, is_ours
from research.training.train import NetworkConfig, resolved


def prepared(config: Any) -> Any:
    """A checked copy of a study's config in which every network has a data set and a seed.

    A network without its own takes the study's, so that `--config.data` and `--config.seed` apply to all of them.

    Raises:
        ValueError: if the config is not valid, a network names another data set than the study, or a part from
            elsewhere cannot be trained with.
    """
    check_losses()
    config = copy.deepcopy(config)
    config.validate()
    for f in dataclasses.fields(config):
        network = getattr(config, f.name)
        if isinstance(network, NetworkConfig):
            if network.data not in ("", config.data):
                raise ValueError(
                    f"{f.name}.data is {network.data!r}, the study's data is {config.data!r}: networks are tested on the "
                    "data that they are trained on; set --config.data alone"
                )
            setattr(config, f.name, resolved(network, config.data, config.seed))
            if not is_ours(network):  # ours have tests
                check_model(network)
    return config

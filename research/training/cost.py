"""What training costs at least: memory and time, counted from shapes before anything is computed."""

import math
import os
from collections.abc import Iterable
from typing import Any

import jax
from flax import nnx

from research.fields.bounds import LIFTS
from research.training import populations
from research.training.train import NetworkConfig, examples, resolved

BYTES = 70  # of memory for each parameter of networks that train together; measured with 4,000 softmax regressions
SPEED = 3e10  # products and sums a second of a CPU core at best
MOST_HOURS = 24.0


def parameters(config: NetworkConfig) -> int:
    """Number of parameters of one network."""
    state = nnx.state(nnx.eval_shape(lambda: config.model.build(nnx.Rngs(0))), nnx.Param)
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(state))


def memory(config: NetworkConfig, m: int) -> float:
    """Bytes that m networks take together while they are trained."""
    return BYTES * parameters(config) * m


def seconds(config: NetworkConfig, m: int, cores: int) -> float:
    """A lower bound of the time that m networks train on CPU cores.

    A parameter takes part in at least one product and one sum for every image, and its gradient in twice as many.
    """
    return 6 * parameters(config) * m * config.training.epochs * examples(config) / (SPEED * cores)


def require_affordable(wanted: Iterable[populations.Wanted], study: Any = None) -> None:
    """Refuses networks that this machine cannot train, or not within MOST_HOURS; --i_mean_it lets them pass.

    Networks that are saved cost nothing. On accelerators only the machine's own memory is looked at.

    Args:
        wanted: the populations, of prepared configs.
        study: their study's config; its fields with the number of networks are named in the error.

    Raises:
        ValueError: in one line.
    """
    if os.environ.get(LIFTS) == "1":
        return
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for config, m, name in wanted:
        config = resolved(config)
        missing = m - len(list(populations.folder(config).glob("*.safetensors")))
        fields = [key for key, value in vars(study).items() if value == m] if study else []
        which = f"{name}: {m:,} networks" + (f" ({' or '.join(fields)} = {m})" if fields else "")
        if (need := memory(config, missing)) > there:
            raise ValueError(
                f"{which} of {parameters(config):,} parameters take about {need / 1e9:,.0f} GB while they train, this "
                f"machine has {there / 1e9:,.0f} GB; ask for fewer (--i_mean_it tries it)"
            )
        hours = seconds(config, missing, os.cpu_count() or 1) / 3600
        if jax.default_backend() == "cpu" and hours > MOST_HOURS:
            raise ValueError(
                f"{which} of {parameters(config):,} parameters, {config.training.epochs:,} epochs of {examples(config):,} "
                f"images (training.epochs, examples), take at least {hours:,.0f} hours on this machine's cores; ask for "
                "less (--i_mean_it does it)"
            )

"""The runs of one call: every network with every class, several times, each run with keys of its own."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, Key, UInt


class Layout(NamedTuple):
    """networks × classes × restarts; runs are numbered in this order, restarts fastest."""

    networks: int
    classes: tuple[int, ...]
    restarts: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Sizes of the Dataset's dimensions network, digit, restart."""
        return self.networks, len(self.classes), self.restarts

    def indices(self) -> tuple[Int[np.ndarray, " runs"], Int[np.ndarray, " runs"]]:
        """Network and class of every run."""
        axes = np.arange(self.networks), np.asarray(self.classes), np.arange(self.restarts)
        network, digit, _ = np.meshgrid(*axes, indexing="ij")
        return network.ravel().astype(np.int32), digit.ravel().astype(np.int32)

    def keys(self, key: Key[Array, ""]) -> tuple[Key[Array, " runs"], Key[Array, " runs"]]:
        """Two keys a run, for its start and for its steps, derived from its network, class and restart alone."""
        network, digit = self.indices()
        runs = network.size
        restart = np.tile(np.arange(self.restarts), runs // self.restarts)
        purpose = np.repeat([0, 1], runs)
        own = np.tile(np.stack([network, digit, restart]), 2)
        keys = _fold_in_all(jnp.tile(key, 2 * runs), np.vstack([own, purpose]).astype(np.uint32))
        return keys[:runs], keys[runs:]


@jax.jit
def _fold_in_all(keys: Key[Array, " n"], numbers: UInt[Array, "depth n"]) -> Key[Array, " n"]:
    """Each key folded with its `depth` numbers, one after the other."""
    return jax.lax.scan(lambda keys, n: (jax.vmap(jax.random.fold_in)(keys, n), None), keys, numbers)[0]

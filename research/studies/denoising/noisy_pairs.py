"""Pairs of a recogniser and autoencoders under noise: accuracy, squared error, and the noise that costs 11 %."""

import functools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key, UInt8

from research.data.noise import NOISES
from research.runtime.parallel import sharded_map

LEVEL = 0.89  # what the document's network keeps on noisy digits
HALVINGS = 9


class Bench:
    """m pairs of recognisers and autoencoders on noisy images.

    Args:
        readers: populations of m recognisers by name.
        cleaners: populations of m autoencoders by name.
        key: of the noise; image j of pair i gets the same random numbers at every strength.
    """

    def __init__(self, readers: Mapping[str, Any], cleaners: Mapping[str, Any], key: Key[Array, ""]):
        self.readers, self.cleaners = readers, cleaners
        self.params = {name: p.params for name, p in {**readers, **cleaners}.items()}
        self.key = key

    def views(self, params, which, key, strength, image) -> list[Float[Array, "h w"]]:
        """The noisy image as it is, and as each autoencoder cleans it, in the order of CLEANINGS."""
        noisy = jax.lax.switch(which, list(NOISES.values()), key, image, strength)
        cleaned = [p.predict(params[name], noisy) for name, p in self.cleaners.items()]
        return [noisy, *(jnp.clip(x, 0, 1).reshape(image.shape) for x in cleaned)]

    def score(self, params, which, key, strength, image, label) -> tuple[Array, Array]:
        """Right or wrong [reader, cleaning] and the squared error to the clean image [cleaning]."""
        views = self.views(params, which, key, strength, image)
        hits = [
            jnp.stack([jnp.argmax(p.predict(params[name], view)) == label for view in views])
            for name, p in self.readers.items()
        ]
        errors = jnp.stack([jnp.mean((view - image) ** 2) for view in views])
        return jnp.stack(hits).astype(jnp.float32), errors

    @functools.partial(jax.jit, static_argnums=0)
    def measure(
        self,
        which: Int[Array, ""],
        strengths: Float[Array, "m s"],
        images: UInt8[Array, "n h w"],
        labels: Int[Array, " n"],
    ) -> tuple[Float[Array, "m s reader cleaning"], Float[Array, "m s cleaning"]]:
        """Accuracy and squared error of every pair under one noise.

        Args:
            which: index of the noise in NOISES.
            strengths: of each pair.
            images, labels: that are read.
        """

        def one(params, i, strengths):
            return jax.lax.map(
                lambda s: self._mean(self.score, params, which, i, s, images, labels), strengths
            )

        return self._over_pairs(one, jnp.arange(len(strengths)), strengths)

    @functools.partial(jax.jit, static_argnums=(0, 1))
    def falls_to(
        self,
        reader: str,
        which: Int[Array, ""],
        strongest: Float[Array, ""],
        images: UInt8[Array, "n h w"],
        labels: Int[Array, " n"],
    ) -> Float[Array, " m"]:
        """The strength at which a recogniser's accuracy falls to LEVEL, by bisection.

        nan if it is below LEVEL without noise, or above it at `strongest`.
        """
        predict = self.readers[reader].predict

        def hit(params, which, key, strength, image, label):
            noisy = jax.lax.switch(which, list(NOISES.values()), key, image, strength)
            return (jnp.argmax(predict(params[reader], noisy)) == label).astype(jnp.float32)

        def one(params, i):
            keeps = lambda s: self._mean(hit, params, which, i, s, images, labels) > LEVEL  # noqa: E731

            def halve(_, ends):
                middle = (ends[0] + ends[1]) / 2
                weak = keeps(middle)
                return jnp.where(weak, middle, ends[0]), jnp.where(weak, ends[1], middle)

            crosses = keeps(jnp.zeros(())) & ~keeps(strongest)
            low, high = jax.lax.fori_loop(0, HALVINGS, halve, (jnp.zeros(()), strongest))
            return jnp.where(crosses, (low + high) / 2, jnp.nan)

        m = len(next(iter(self.readers.values())))
        return self._over_pairs(one, jnp.arange(m))

    def _mean(self, score, params, which, i, strength, images, labels):
        """The mean of a score over the images; image j of pair i always has the same random numbers."""
        keys = jax.random.split(jax.random.fold_in(self.key, i), len(images))

        def one(example):
            key, image, label = example
            return score(params, which, key, strength, image.astype(jnp.float32) / 255, label)

        scores = jax.lax.map(one, (keys, images, labels), batch_size=min(500, len(images)))
        return jax.tree.map(lambda x: x.mean(0), scores)

    def _over_pairs(self, one, *each):
        return sharded_map(lambda runs: jax.vmap(one)(*runs), (self.params, *each), block=1)

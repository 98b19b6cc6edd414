"""Maps of a population of networks by several methods, and deletion and insertion curves of them."""

import functools
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from jaxtyping import Array, Float, Int, Key

from research.attribution import comparison as agreement
from research.attribution.causal_index import mean_jacobian, weight_product
from research.attribution.saliency import integrated_gradients
from research.identikits import identikits
from research.training.populations import Population
from research.training.train import NetworkConfig

METHODS = ("causal_index", "mean_jacobian", "integrated_gradients", "identikit", "class_mean")
RANKINGS = (*METHODS, "own_gradients", "random")


def indices(
    population: Population, params: Any, images: Float[np.ndarray, "n h w"]
) -> dict[str, Float[np.ndarray, "m k h w"]]:
    """Causal index (for dense networks) and mean Jacobian of networks of the population's kind.

    Args:
        population: gives the kind of network.
        params: of m networks, trained or not.
        images: at which Jacobians are averaged.
    """
    asked = replace(population, params=params)
    m = len(jax.tree.leaves(params)[0])
    found = {}
    models: list[Any] = [asked.model(i) for i in range(m)]
    if hasattr(models[0], "kernels"):
        products = [weight_product(model.kernels()) for model in models]
        found["causal_index"] = np.stack(products).reshape(m, -1, *images.shape[1:])
    predicts = [Partial(population.predict, asked.network(i)) for i in range(m)]  # of one: compiled once
    found["mean_jacobian"] = np.stack([mean_jacobian(p, images, batch_size=100) for p in predicts])
    return found


def mean_integrated_gradients(
    population: Population, images: Float[np.ndarray, "k n h w"], steps: int
) -> Float[np.ndarray, "m k h w"]:
    """Integrated gradients of each class's logit, averaged over images of that class [k n h w]."""

    @jax.jit
    def of_one_network(params):
        def of_class(digit_and_images):
            digit, mine = digit_and_images
            of = functools.partial(integrated_gradients, Partial(population.predict, params), steps=steps)
            return jax.lax.map(lambda image: of(image, digit), mine).mean(0)

        return jax.lax.map(of_class, (jnp.arange(len(images)), jnp.asarray(images)))

    return np.stack([of_one_network(population.network(i)) for i in range(len(population))])


def mean_identikits(
    population: Population, key: Key[Array, ""], *, restarts: int, masks: int, generations: int, classes: int
) -> Float[np.ndarray, "m k h w"]:
    """Mean of `restarts` identikits of every class, by the search of the study "identikits"."""
    drawn = identikits(
        population.predict, range(classes), key, params=population.params, restarts=restarts, num_candidates=masks,
        budget=1 + masks * generations,
    )  # fmt: skip
    return drawn.image.mean("restart").values


def deep(how: NetworkConfig, depth: int) -> NetworkConfig:
    """The same network with its first hidden layer repeated `depth` times."""
    return replace(how, model=replace(how.model, widths=(how.model.widths[0],) * depth))


def faithfulness(
    population: Population,
    maps: Float[np.ndarray, "m s k h w"],
    images: Float[np.ndarray, "n h w"],
    labels: Int[np.ndarray, " n"],
    key: Key[Array, ""],
    *,
    points: int,
    steps: int,
) -> Float[np.ndarray, "m curve ranking point"]:
    """Deletion and insertion curves, averaged over images.

    The pixels are ranked by each of s kinds of maps of the image's class, by the image's own integrated gradients, and
    at random.
    """

    @jax.jit
    def of_one_network(params, maps):
        predict = Partial(population.predict, params)

        def of_image(example):
            image, digit, key_random = example
            own = integrated_gradients(predict, image, digit, steps=steps)
            random = jax.random.uniform(key_random, image.shape)
            rankings = jnp.concatenate([maps[:, digit], own[None], random[None]])
            curves = jax.vmap(
                lambda ranking: agreement.replacement_curves(predict, image, digit, ranking, steps=points)
            )(rankings)
            return jnp.stack(curves)

        examples = (jnp.asarray(images), jnp.asarray(labels), jax.random.split(key, len(images)))
        return jax.lax.map(of_image, examples).mean(0)

    return np.stack([of_one_network(population.network(i), jnp.asarray(maps[i])) for i in range(len(maps))])

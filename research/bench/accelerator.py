"""Tasks for a GPU: the same code at a thousand times the size."""

import dataclasses
from functools import partial

from research.bench import convolution, descent, maps
from research.bench.task import Task, Trial, both_reach, no_worse, ours


def _identikits(name: str, examples: int, restarts: int) -> Trial:
    """All ten digits, that many restarts each, to 0.99 by one trained network."""
    import jax

    from research.identikits import identikits
    from research.training import populations
    from research.training.recipes import recipe

    trained = populations.train_or_load(dataclasses.replace(recipe(name), examples=examples), 1)

    def work():
        return identikits(
            trained.predict, range(10), jax.random.key(0), params=trained.params, restarts=restarts,
            method="ascent", start="uniform_noise",
        )  # fmt: skip

    return Trial(work, lambda drawn: {"reached": drawn.reached.mean()})


def _training(name: str, networks: int, epochs: int, n: int | None) -> Trial:
    """Trains several networks of a recipe at once; data transfer and compilation are not timed.

    n: training images; None: all.
    """
    import jax
    import jax.numpy as jnp

    from research import data
    from research.training import fit as training
    from research.training.recipes import recipe

    config, train, test = recipe(name), data.load("mnist", "train"), data.load("mnist", "test")
    config.training.epochs = epochs
    images, labels = jnp.asarray(train.images[:n]), jnp.asarray(train.labels[:n])
    fit = training.make_fit(config.model.build, config.training, len(labels))
    keys = jax.random.split(jax.random.key(0), networks)

    def work():
        state = fit.init(keys)
        for _ in range(epochs):
            state = fit.advance(state, images, labels, fit.steps_per_epoch)
        return jax.block_until_ready(state)

    def judge(state):
        _, accuracy = fit.evaluate(state.params, jnp.asarray(test.images[:n]), jnp.asarray(test.labels[:n]))
        return {"networks": networks, "accuracy": accuracy.mean()}

    return Trial(work, judge)


def tasks(toy: bool = False) -> dict[str, Task]:
    """The tasks of this family by name; at toy size for the tests."""
    many, candidates, points, n = (2, 8, 300, 512) if toy else (1_000, 50_000, 60_000, None)
    on_cpu = convolution.tasks(toy)
    return {
        "cnn_score": convolution.score_task(candidates, 1e-2),
        "cnn_step": dataclasses.replace(on_cpu["cnn_step"], at_least={}),  # the goals are for two cores
        "generation": dataclasses.replace(convolution.generation_task(8 if toy else 500, many), at_least={}),
        "cnn_gradient": dataclasses.replace(on_cpu["cnn_gradient"], at_least={}),
        "identikits": Task(
            f"identikits: 10 digits, {many:,} restarts each, gradient, to 0.99",
            {"identikit": ours(partial(_identikits, "softmax" if toy else "cnn", n or 0, many))},
        ),
        "cnn99_warm": Task(
            "CNN to 99 %, data on the device, compiled (record on a laptop's GPU: 0.76 s)",
            {"identikit": ours(partial(_training, "cnn", 1, 1, n))},
            at_most=0.76,
        ),
        "descent": descent.task(many, 10 if toy else descent.EPOCHS, " (PyTorch's on the CPU)"),
        "population": Task(
            f"{many:,} networks 784-200-10, three epochs, per network",
            {"identikit": ours(partial(_training, "sigmoid200", many, 3, n))},
            per="networks",
            same=both_reach("accuracy", 0.95),
        ),
        "tsne_60000": Task(
            "t-SNE of 60,000 digits (published, tsne-cuda: 6.98 s)",
            {"identikit": ours(partial(maps.ours_of, points))},
            at_most=6.98,
            same=no_worse("kl", 0.005),
        ),
    }

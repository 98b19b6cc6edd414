"""What a GPU is for: the same code at a thousand times the size."""

import dataclasses
import functools

from research.bench import convolution, descent, maps
from research.bench.task import Task, Trial, agree, both_reach, no_worse, ours, peer

CANDIDATES, RESTARTS, RUNS, NETWORKS, GENERATIONS = 50_000, 1_000, 1_000, 1_000, 1_000


def _identikits() -> Trial:
    """All ten digits, a thousand restarts each, to 0.99 by a trained CNN."""
    import jax

    from research.identikits import identikits
    from research.training import populations
    from research.training.recipes import recipe

    trained = populations.train_or_load(recipe("cnn"), 1)

    def work():
        return identikits(
            trained.predict, range(10), jax.random.key(0), params=trained.params, restarts=RESTARTS,
            method="ascent", start="uniform_noise",
        )  # fmt: skip

    return Trial(work, lambda drawn: {"reached": drawn.reached.mean()})


def _population() -> Trial:
    """Document 000's network a thousand times, three epochs."""
    import jax
    import jax.numpy as jnp

    from research import data
    from research.training import fit as training

    network, train = recipe("sigmoid200"), data.load("mnist", "train")
    network.training.epochs = 3
    fit = training.make_fit(network.model.build, network.training, len(train.labels))
    images, labels = jnp.asarray(train.images), jnp.asarray(train.labels)
    test = data.load("mnist", "test")
    keys = jax.random.split(jax.random.key(0), NETWORKS)

    def work():
        state = fit.init(keys)
        for _ in range(network.training.epochs):
            state = fit.advance(state, images, labels, fit.steps_per_epoch)
        return jax.block_until_ready(state)

    def judge(state):
        # A block of images at a time: a thousand networks' outputs are 400 MB, their hidden layers far more.
        _, accuracy = fit.evaluate(
            state.params, jnp.asarray(test.images), jnp.asarray(test.labels), block=100
        )
        return {"networks": NETWORKS, "accuracy": accuracy.mean()}

    return Trial(work, judge)


def _warm_goal() -> Trial:
    """The CNN to 99 %, images on the device and all compiled: only the training itself."""
    import jax
    import jax.numpy as jnp

    from research import data
    from research.training import fit as training

    network, train, test = recipe("cnn"), data.load("mnist", "train"), data.load("mnist", "test")
    fit = training.make_fit(network.model.build, network.training, len(train.labels))
    images, labels = jnp.asarray(train.images), jnp.asarray(train.labels)
    key = jax.random.key(0)[None]

    def work():
        state = fit.init(key)
        for _ in range(network.training.epochs):
            state = fit.advance(state, images, labels, fit.steps_per_epoch)
        return jax.block_until_ready(state)

    def judge(state):
        _, accuracy = fit.evaluate(state.params, jnp.asarray(test.images), jnp.asarray(test.labels))
        return {"accuracy": accuracy[0]}

    return Trial(work, judge)


TASKS = {
    "cnn_score": Task(
        f"scores of {CANDIDATES:,} images by the CNN",
        convolution.with_peers(
            functools.partial(convolution.score, CANDIDATES),
            functools.partial(convolution.score_torch, CANDIDATES),
        ),
        flop=CANDIDATES * convolution.FORWARD,
        same=agree("mean_square", 1e-2),
    ),
    "cnn_step": dataclasses.replace(convolution.TASKS["cnn_step"], at_least={}),  # asked of two cores
    "generation": Task(
        "a generation of an identikit, 500 candidates (PyTorch: their scores only)",
        convolution.with_peers(
            functools.partial(convolution.generation, GENERATIONS), convolution.scoring_as_generation
        ),
        per="generations",
        flop=convolution.CANDIDATES * convolution.FORWARD,
    ),
    "cnn_gradient": dataclasses.replace(convolution.TASKS["cnn_gradient"], at_least={}),
    "identikits": Task(
        f"identikits: 10 digits, {RESTARTS:,} restarts each, gradient, to 0.99",
        {"identikit": ours(_identikits)},
    ),
    "cnn99_warm": Task(
        "CNN to 99 %, data on the device, compiled (record on a laptop's GPU: 0.76 s)",
        {"identikit": ours(_warm_goal)},
        at_most=0.76,
    ),
    "descent": Task(
        f"7,000 epochs of joint descent (2-12-3), of {RUNS:,} runs in one call, per run (PyTorch's on the CPU)",
        {
            "identikit": ours(functools.partial(descent.ours_of, RUNS)),
            "PyTorch, a loop": peer(descent.torch_loop),
        },
        per="runs",
        same=agree("loss", 1e-2),
    ),
    "population": Task(
        f"{NETWORKS:,} networks 784-200-10, three epochs, per network",
        {"identikit": ours(_population)},
        per="networks",
        same=both_reach("accuracy", 0.95),
    ),
    "tsne_60000": Task(
        "t-SNE of 60,000 digits (published, tsne-cuda: 6.98 s)",
        {"identikit": ours(functools.partial(maps.ours_of, 60_000))},
        at_most=6.98,
        same=no_worse("kl", 0.005),
    ),
}

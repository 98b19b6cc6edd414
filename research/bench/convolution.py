"""Document 003's CNN: a training step, scores, gradients of the image, a generation of the search."""

import functools

from research.bench.task import Task, Trial, agree, ours, peer

BATCH, CANDIDATES, DIGIT = 128, 500, 3
FORWARD = 2.0 * (
    28**2 * 25 * 32 + 14**2 * 25 * 32 * 64 + 3136 * 1024 + 1024 * 10
)  # FLOP an image, direct form
FIRST = 2.0 * 28**2 * 25 * 32  # of which the first convolution
STEPS, GENERATIONS, ASKED = 10, 10, 10_000


def model():
    """The CNN with its parameters before training, the same in every process."""
    from flax import nnx

    from research.models.cnn import CNNConfig

    return CNNConfig(dropout=0.2).build(nnx.Rngs(0))


def predictor():
    """(predict(params, image), params)."""
    from flax import nnx

    graph, params = nnx.split(model(), nnx.Param)
    return (lambda params, image: nnx.merge(graph, params)(image)[0]), params


def shown(n: int):
    from research import data

    return data.load("mnist", "test").images[:n]


def _step() -> Trial:
    import jax
    import jax.numpy as jnp

    from research import data
    from research.training import fit as training
    from research.training.recipes import recipe

    network, train = recipe("cnn"), data.load("mnist", "train")
    fit = training.make_fit(network.model.build, network.training, len(train.images))
    images, labels = jnp.asarray(train.images), jnp.asarray(train.labels)
    state = fit.init(jax.random.key(0)[None])
    advance = fit.advance.lower(state, images, labels, STEPS).compile()

    def work():
        nonlocal state
        state = jax.block_until_ready(advance(state, images, labels, jnp.int32(STEPS)))

    return Trial(work, lambda _: {"steps": STEPS})


def _step_torch(layout: str) -> Trial:
    import torch

    from research.bench import pytorch

    train_x, train_y, *_ = pytorch.digits()
    network = pytorch.laid_out(pytorch.network(), layout)
    step = pytorch.stepper(network)

    def work():
        for rows in torch.randint(len(train_x), (STEPS, BATCH)):
            step(pytorch.laid_out(train_x[rows], layout), train_y[rows])
        pytorch.wait()

    return Trial(work, lambda _: {"steps": STEPS})


def score(n: int) -> Trial:
    import jax
    import jax.numpy as jnp

    predict, params = predictor()
    images = jnp.asarray(shown(n), jnp.float32) / 255
    score = jax.jit(jax.vmap(predict, in_axes=(None, 0)))
    return Trial(
        lambda: jax.block_until_ready(score(params, images)),
        lambda logits: {"mean_square": (logits**2).mean()},
    )


def score_torch(n: int, layout: str) -> Trial:
    import torch

    from research.bench import pytorch

    network, images = _same_network(n, layout)

    @torch.inference_mode()
    def work():
        logits = network(images)
        pytorch.wait()
        return logits

    return Trial(work, lambda logits: {"mean_square": (logits**2).mean()})


def _same_network(n: int, layout: str):
    """Our parameters in PyTorch's network, and the images."""
    from research.bench import pytorch

    network = pytorch.network().eval().requires_grad_(False)
    pytorch.take(network, model())
    return pytorch.laid_out(network, layout), pytorch.laid_out(pytorch.images(shown(n)), layout)


def generation(generations: int) -> Trial:
    import jax

    from research.identikits import identikits

    predict, params = predictor()
    params = jax.tree.map(lambda leaf: leaf[None], params)

    def work():
        return identikits(
            predict, [DIGIT], jax.random.key(0), params=params, num_candidates=CANDIDATES, target=None,
            patience=generations + 1, budget=1 + CANDIDATES * generations, chunk=generations, history=2,
        )  # fmt: skip

    return Trial(work, lambda drawn: {"generations": int(drawn.generations.sum())})


def scoring_as_generation(layout: str) -> Trial:
    trial = score_torch(CANDIDATES, layout)
    return Trial(trial.work, lambda _: {"generations": 1})


def _gradient() -> Trial:
    import jax
    import jax.numpy as jnp

    predict, params = predictor()
    images = jnp.asarray(shown(CANDIDATES), jnp.float32) / 255
    slope = jax.grad(lambda image, params: jax.nn.log_softmax(predict(params, image))[DIGIT])
    slopes = jax.jit(jax.vmap(slope, in_axes=(0, None)))
    return Trial(
        lambda: jax.block_until_ready(slopes(images, params)),
        lambda slope: {"mean_square": (slope**2).mean()},
    )


def _gradient_torch(layout: str) -> Trial:
    import torch

    from research.bench import pytorch

    network, images = _same_network(CANDIDATES, layout)
    images.requires_grad_(True)

    def work():
        score = torch.log_softmax(network(images), 1)[:, DIGIT].sum()
        slope = torch.autograd.grad(score, images)[0]
        pytorch.wait()
        return slope

    return Trial(work, lambda slope: {"mean_square": (slope**2).mean()})


def _jacobian() -> Trial:
    import jax
    import jax.numpy as jnp

    from research.attribution.causal_index import mean_jacobian

    predict, params = predictor()
    network = jax.tree_util.Partial(predict, params)
    images = jnp.asarray(shown(ASKED), jnp.float32) / 255
    return Trial(lambda: jax.block_until_ready(mean_jacobian(network, images)), lambda _: {"images": ASKED})


def with_peers(prepare, peers):
    layouts = {"PyTorch, NCHW": "contiguous_format", "PyTorch, channels_last": "channels_last"}
    return {"identikit": ours(prepare)} | {
        name: peer(functools.partial(peers, layout)) for name, layout in layouts.items()
    }


def asked(nchw: float, channels_last: float) -> dict[str, float]:
    return {"PyTorch, NCHW": nchw, "PyTorch, channels_last": channels_last}


TASKS = {
    "cnn_step": Task(
        "training step of the CNN, batch 128 (an epoch is 468)",
        with_peers(_step, _step_torch),
        per="steps",
        flop=BATCH * (3 * FORWARD - FIRST),
        at_least=asked(1.5, 1.0),
    ),
    "cnn_score": Task(
        "scores of 500 images by the CNN",
        with_peers(functools.partial(score, CANDIDATES), functools.partial(score_torch, CANDIDATES)),
        flop=CANDIDATES * FORWARD,
        same=agree("mean_square", 1e-3),
    ),
    "generation": Task(
        "a generation of an identikit, 500 candidates (PyTorch: their scores only)",
        with_peers(functools.partial(generation, GENERATIONS), scoring_as_generation),
        per="generations",
        flop=CANDIDATES * FORWARD,
        at_least=asked(2.5, 1.3),
    ),
    "cnn_gradient": Task(
        "gradients of 500 images by the CNN",
        with_peers(_gradient, _gradient_torch),
        flop=CANDIDATES * 2 * FORWARD,
        at_least=asked(1.8, 1.5),
        same=agree("mean_square", 1e-2),
    ),
    "jacobian": Task(
        f"mean Jacobian of the CNN over {ASKED:,} images, compilation included",
        {"identikit": ours(_jacobian)},
        warm=False,
        rounds=1,
        flop=ASKED * 11 * FORWARD,
        at_most=60,
    ),
}

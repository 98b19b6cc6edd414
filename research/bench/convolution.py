"""Document 003's CNN: a training step, scores, gradients of the image, a generation of the search."""

from collections.abc import Callable
from functools import partial

from research.bench.task import Task, Trial, agree, ours, peer

BATCH, DIGIT = 128, 3
FIRST = 2.0 * 28**2 * 25 * 32  # FLOP an image of the first convolution, direct form
FORWARD = FIRST + 2.0 * (14**2 * 25 * 32 * 64 + 3136 * 1024 + 1024 * 10)  # of the whole CNN


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
    """The first n test images."""
    from research import data

    return data.load("mnist", "test").images[:n]


def _step(steps: int) -> Trial:
    import jax
    import jax.numpy as jnp

    from research import data
    from research.training import fit as training
    from research.training.recipes import recipe

    network, train = recipe("cnn"), data.load("mnist", "train")
    fit = training.make_fit(network.model.build, network.training, len(train.images))
    images, labels = jnp.asarray(train.images), jnp.asarray(train.labels)
    state = fit.init(jax.random.key(0)[None])
    advance = fit.advance.lower(state, images, labels, jnp.int32(steps)).compile()

    def work():
        nonlocal state
        state = jax.block_until_ready(advance(state, images, labels, jnp.int32(steps)))

    return Trial(work, lambda _: {"steps": steps})


def _step_torch(steps: int, layout: str) -> Trial:
    import torch

    from research.bench import pytorch

    train_x, train_y, *_ = pytorch.digits()
    network = pytorch.laid_out(pytorch.network(), layout)
    step = pytorch.stepper(network)

    def work():
        for rows in torch.randint(len(train_x), (steps, BATCH)):
            step(pytorch.laid_out(train_x[rows], layout), train_y[rows])
        pytorch.wait()

    return Trial(work, lambda _: {"steps": steps})


def _score(n: int) -> Trial:
    import jax
    import jax.numpy as jnp

    predict, params = predictor()
    images = jnp.asarray(shown(n), jnp.float32) / 255
    score = jax.jit(jax.vmap(predict, in_axes=(None, 0)))
    return Trial(
        lambda: jax.block_until_ready(score(params, images)),
        lambda logits: {"mean_square": (logits**2).mean()},
    )


def _score_torch(n: int, layout: str) -> Trial:
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


def _generation(candidates: int, generations: int) -> Trial:
    import jax

    from research.identikits import identikits

    predict, params = predictor()
    params = jax.tree.map(lambda leaf: leaf[None], params)

    def work():
        return identikits(
            predict, [DIGIT], jax.random.key(0), params=params, num_candidates=candidates, target=None,
            patience=generations + 1, budget=1 + candidates * generations, chunk=generations, history=2,
        )  # fmt: skip

    return Trial(work, lambda drawn: {"generations": int(drawn.generations.sum())})


def _scoring_as_generation(n: int, layout: str) -> Trial:
    trial = _score_torch(n, layout)
    return Trial(trial.work, lambda _: {"generations": 1})


def _gradient(n: int) -> Trial:
    import jax
    import jax.numpy as jnp

    predict, params = predictor()
    images = jnp.asarray(shown(n), jnp.float32) / 255
    slope = jax.grad(lambda image, params: jax.nn.log_softmax(predict(params, image))[DIGIT])
    slopes = jax.jit(jax.vmap(slope, in_axes=(0, None)))
    return Trial(
        lambda: jax.block_until_ready(slopes(images, params)),
        lambda slope: {"mean_square": (slope**2).mean()},
    )


def _gradient_torch(n: int, layout: str) -> Trial:
    import torch

    from research.bench import pytorch

    network, images = _same_network(n, layout)
    images.requires_grad_(True)

    def work():
        score = torch.log_softmax(network(images), 1)[:, DIGIT].sum()
        slope = torch.autograd.grad(score, images)[0]
        pytorch.wait()
        return slope

    return Trial(work, lambda slope: {"mean_square": (slope**2).mean()})


def _jacobian(n: int) -> Trial:
    import jax
    import jax.numpy as jnp

    from research.attribution.causal_index import mean_jacobian

    predict, params = predictor()
    network = jax.tree_util.Partial(predict, params)
    images = jnp.asarray(shown(n), jnp.float32) / 255
    return Trial(lambda: jax.block_until_ready(mean_jacobian(network, images)), lambda _: {"images": n})


def _beside_pytorch(
    title: str, prepare: Callable[..., Trial], peers: Callable[..., Trial], *sizes: int, **how
) -> Task:
    """The task with PyTorch's two layouts beside ours; `peers` takes the first sizes and the layout."""
    layouts = {"PyTorch, NCHW": "contiguous_format", "PyTorch, channels_last": "channels_last"}
    contenders = {"identikit": ours(partial(prepare, *sizes))}
    contenders |= {name: peer(partial(peers, sizes[0], layout)) for name, layout in layouts.items()}
    return Task(title, contenders, **how)


def _asked(nchw: float, channels_last: float) -> dict[str, float]:
    return {"PyTorch, NCHW": nchw, "PyTorch, channels_last": channels_last}


def score_task(n: int, tolerance: float) -> Task:
    """Scores of n images; `tolerance` is the relative difference from PyTorch's that counts as the same."""
    return _beside_pytorch(
        f"scores of {n:,} images by the CNN", _score, _score_torch, n,
        flop=n * FORWARD, same=agree("mean_square", tolerance),
    )  # fmt: skip


def generation_task(candidates: int, generations: int) -> Task:
    """A generation of the search for an identikit, beside PyTorch's scores of as many images."""
    return _beside_pytorch(
        f"a generation of an identikit, {candidates} candidates (PyTorch: their scores only)",
        _generation, _scoring_as_generation, candidates, generations,
        per="generations", flop=candidates * FORWARD, at_least=_asked(2.5, 1.3),
    )  # fmt: skip


def tasks(toy: bool = False) -> dict[str, Task]:
    """The tasks of this family by name; at toy size for the tests."""
    n, steps, generations, asked = (8, 1, 2, 4) if toy else (500, 10, 10, 10_000)
    return {
        "cnn_step": _beside_pytorch(
            f"training step of the CNN, batch {BATCH} (an epoch is 468)", _step, _step_torch, steps,
            per="steps", flop=BATCH * (3 * FORWARD - FIRST), at_least=_asked(1.5, 1.0),
        ),
        "cnn_score": score_task(n, 1e-3),
        "generation": generation_task(n, generations),
        "cnn_gradient": _beside_pytorch(
            f"gradients of {n} images by the CNN", _gradient, _gradient_torch, n,
            flop=n * 2 * FORWARD, at_least=_asked(1.8, 1.5), same=agree("mean_square", 1e-2),
        ),
        "jacobian": Task(
            f"mean Jacobian of the CNN over {asked:,} images, compilation included",
            {"identikit": ours(partial(_jacobian, asked))},
            warm=False, rounds=1, flop=asked * 11 * FORWARD, at_most=60,
        ),
    }  # fmt: skip

"""Joint descent of document 004: 64 runs in one call against PyTorch's loop, one run after the other."""

from functools import partial

from research.bench.task import Task, Trial, agree, ours, peer

RUNS, EPOCHS, HIDDEN, POINTS, CLASSES = 64, 7_000, 12, 500, 3
FLOP = 3 * 2.0 * POINTS * (2 * HIDDEN + HIDDEN * CLASSES) * EPOCHS  # a run: forward, and backward twice that


def start(runs: int):
    """(descent, state) of the first `runs` runs of setting A; a run does not depend on their number."""
    import jax
    import jax.numpy as jnp

    from research.joint_descent import descent as clustering

    descent = clustering.make_descent(clustering.setting("A"))
    keys = jax.vmap(partial(jax.random.fold_in, jax.random.key(0)))(jnp.arange(runs))
    return descent, descent.init(keys)


def ours_of(runs: int, epochs: int) -> Trial:
    """All runs in one call."""
    import jax

    descent, state = start(runs)
    return Trial(
        lambda: jax.block_until_ready(descent.advance(state, epochs)),
        lambda state: {"runs": runs, "loss": descent.measure(state)[0][0]},
    )


def torch_loop(epochs: int) -> Trial:
    """Run 0 in PyTorch, with the same points, labels, weights and rates."""
    import numpy as np
    import torch
    from torch import nn

    _, state = start(1)
    weight_rate, input_rate = float(state.weight_rate[0]), float(state.input_rate[0])
    labels = torch.from_numpy(np.array(state.labels[0])).long()
    loss = nn.CrossEntropyLoss()

    def work():
        network = nn.Sequential(nn.Linear(2, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, CLASSES))
        for layer, (weights, bias) in zip((network[0], network[2]), state.params):
            layer.weight.data = torch.from_numpy(np.array(weights[0]))
            layer.bias.data = torch.from_numpy(np.array(bias[0]))
        points = nn.Parameter(torch.from_numpy(np.array(state.inputs[0].T)))
        optimiser = torch.optim.SGD(
            [
                {"params": network.parameters(), "lr": weight_rate},
                {"params": [points], "lr": POINTS * input_rate},
            ]
        )
        for _ in range(epochs):
            optimiser.zero_grad(set_to_none=True)
            loss(network(points), labels).backward()
            optimiser.step()
        return {"runs": 1, "loss": float(loss(network(points), labels).detach())}

    return Trial(work)


def task(runs: int, epochs: int, words: str = "", **asked) -> Task:
    """Joint descent per run; `asked` are further fields of the task."""
    return Task(
        f"{epochs:,} epochs of joint descent (2-12-3), of {runs:,} runs in one call, per run{words}",
        {
            "identikit": ours(partial(ours_of, runs, epochs)),
            "PyTorch, a loop": peer(partial(torch_loop, epochs)),
        },
        per="runs",
        same=agree("loss", 1e-2),
        **asked,
    )


def tasks(toy: bool = False) -> dict[str, Task]:
    """The tasks of this family by name; at toy size for the tests."""
    runs, epochs = (2, 10) if toy else (RUNS, EPOCHS)
    return {"descent": task(runs, epochs, warm=False, rounds=2, flop=FLOP, at_least={"PyTorch, a loop": 15})}

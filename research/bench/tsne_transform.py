"""A new digit put into a finished t-SNE map."""

from functools import partial

from research.bench.maps import PERPLEXITY, codes
from research.bench.task import Task, Trial, ours, peer


def _ours(n: int) -> Trial:
    """The map is two stretched components, which have the size and shape of a t-SNE map but take no time."""
    from research.embedding.tsne import Embedding, Settings

    x, _ = codes(n)
    radius = 25 * (n / 5_000) ** 0.5
    finished = Embedding(x, radius * x[:, :2] / abs(x[:, :2]).max(), 0.0, Settings())
    one = x[7:8] + 0.01
    return Trial(lambda: finished.place(one), lambda _: {})


def _open(n: int) -> Trial:
    from openTSNE import TSNE

    x, _ = codes(n)
    finished = TSNE(
        perplexity=PERPLEXITY, n_jobs=2, random_state=0, early_exaggeration_iter=20, n_iter=20
    ).fit(x)
    one = x[7:8] + 0.01
    return Trial(lambda: finished.transform(one), lambda _: {})


def _task(n: int, *, peers: bool) -> Task:
    contenders = {"identikit": ours(partial(_ours, n))}
    if peers:
        contenders["openTSNE, 2 jobs"] = peer(partial(_open, n))
    return Task(f"one digit put into a map of {n:,}", contenders, at_most=1.5e-3)


def tasks(toy: bool = False) -> dict[str, Task]:
    """The tasks of this family by name; at toy size for the tests."""
    few, many = (300, 600) if toy else (5_000, 60_000)
    return {"place_5000": _task(few, peers=True), "place_60000": _task(many, peers=False)}

"""A new digit put into a finished t-SNE map."""

import functools

from research.bench.maps import PERPLEXITY, codes
from research.bench.task import Task, Trial, ours, peer


def _ours(n: int) -> Trial:
    """The map is of the size and shape of t-SNE's, but takes no time: two components, stretched."""
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


TASKS = {
    "place_5000": Task(
        "one digit put into a map of 5,000",
        {
            "identikit": ours(functools.partial(_ours, 5_000)),
            "openTSNE, 2 jobs": peer(functools.partial(_open, 5_000)),
        },
        at_most=1.5e-3,
    ),
    "place_60000": Task(
        "one digit put into a map of 60,000",
        {"identikit": ours(functools.partial(_ours, 60_000))},
        at_most=1.5e-3,
    ),
}

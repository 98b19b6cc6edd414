"""t-SNE maps of 5,000, 20,000 and 60,000 digits; our function computes the divergence of both maps."""

import functools

from research.bench.task import Task, Trial, no_worse, ours, peer

PERPLEXITY = 30.0


@functools.cache
def codes(n: int):
    """The first 50 principal components of the first n training digits, and their labels."""
    from research import data
    from research.embedding import pca

    train = data.load("mnist", "train")
    x = train.images[:n].reshape(n, -1).astype("float32") / 255
    return pca.fit(x, 50).transform(x), train.labels[:n]


def judged(n: int, points) -> dict[str, float]:
    """KL(P|Q) with Z over all pairs, and the 5-NN accuracy of the map (leave-one-out)."""
    from research.embedding import knn, tsne

    x, labels = codes(n)
    kl = tsne.kl_divergence(tsne.affinities(x, PERPLEXITY), points)
    return {"kl": kl, "map_5nn": knn.accuracy(points, labels, 5)}


def ours_of(n: int) -> Trial:
    """Our t-SNE of the first n training digits."""
    import jax

    from research.embedding import tsne

    x, _ = codes(n)
    return Trial(
        lambda: tsne.fit(x, jax.random.key(0), perplexity=PERPLEXITY), lambda map: judged(n, map.points)
    )


def _open(n: int) -> Trial:
    import numpy as np
    from openTSNE import TSNE

    x, _ = codes(n)
    fit = TSNE(perplexity=PERPLEXITY, n_jobs=2, random_state=0).fit
    return Trial(lambda: fit(x), lambda points: judged(n, np.asarray(points, np.float32)))


def _map(n: int, times: float) -> Task:
    return Task(
        f"t-SNE of {n:,} digits, neighbours and compilation included",
        {
            "identikit": ours(functools.partial(ours_of, n)),
            "openTSNE, 2 jobs": peer(functools.partial(_open, n)),
        },
        warm=False,
        rounds=1,
        at_least={"openTSNE, 2 jobs": times},
        same=no_worse("kl", 0.005),
    )


def tasks(toy: bool = False) -> dict[str, Task]:
    """The tasks of this family by name; at toy size for the tests."""
    wanted = ((5_000, 2.5), (20_000, 3.5), (60_000, 2.5))
    return {f"tsne_{n}": _map(300 if toy else n, times) for n, times in wanted}

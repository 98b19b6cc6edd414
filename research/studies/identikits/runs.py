"""Runs of the study "identikits": searches on a population of networks, and the judgement of other networks."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float, Key

from research.data import Digits
from research.identikits import identikits
from research.identikits.random_search import RandomSearch
from research.identikits.types import Method, State
from research.runs.checkpoints import Checkpoints, read_checked, write_checked
from research.runtime import multihost, progress
from research.runtime.rng import named
from research.training.populations import Population

KEPT = ["image", "confidence", "start_confidence", "generations", "evaluations", "stalled", "distance"]


@dataclass(frozen=True)
class Condition:
    """One way of searching; the settings that its runs share."""

    name: str
    method: Method
    restarts: int  # runs of each network and digit
    patience: int  # generations without gain that end a run
    generations: int  # generations that end it in any case
    targets: tuple[float, ...] = (0.9, 0.99)
    start: str = "blank"  # one of initial_images.STARTS, or "other_digit": an image of another class
    trained: bool = True  # else the networks as they were before their first step
    frames: int = 0  # images to remember on the way


def ask(
    condition: Condition,
    population: Population,
    params: Any,
    digits: tuple[int, ...],
    key: Key[Array, ""],
    *,
    images: Digits | None = None,
    halfway: Path | None = None,
) -> xr.Dataset:
    """Searches for identikits of every network, digit and restart.

    Args:
        condition: how to search.
        population: gives the kind of network.
        params: of the networks that are searched, stacked; trained or not.
        digits: the classes.
        key: of starts and masks.
        images: start images for "other_digit".
        halfway: folder of checkpoints, from which an interrupted search continues.

    Returns:
        Dims network, digit, restart, as `research.identikits.identikits`.
    """
    m = len(jax.tree.leaves(params)[0])
    start: Any = condition.start
    if start == "other_digit":
        start = _other_digits(images, digits, m, condition.restarts)
    checkpoints = Checkpoints(halfway) if halfway else None
    begun = checkpoints.latest() if checkpoints else None

    def save(runs: Any) -> None:
        if checkpoints:
            checkpoints.save(int(runs.state.generation.sum()), runs)

    with progress.bar(condition.name) as report:
        answers = identikits(
            population.predict, digits, key, condition.method, params=params, restarts=condition.restarts, start=start,
            target=condition.targets, patience=condition.patience,
            budget=condition.method.start_cost + condition.generations * condition.method.step_cost,
            history=condition.generations + 1 if condition.frames else 2, frames=condition.frames,
            chunk=max(16, condition.generations // 8), progress=lambda p: report(p.done / p.runs, reached=p.reached),
            checkpoint=save, state=begun[1] if begun else None,
        )  # fmt: skip
    if checkpoints:
        checkpoints.clear()
    return answers


def table(answers: xr.Dataset, kind: str, condition: str) -> xr.Dataset:
    """Networks × digits × restarts as rows of one table, the images as float16."""
    rows = answers[[*KEPT, "evaluations_to"]].stack(run=("network", "digit", "restart")).reset_index("run")
    rows = rows.drop_attrs().transpose("run", ...)
    n = rows.sizes["run"]
    return rows.assign(
        image=rows.image.astype(np.float16), stalled=rows.stalled.astype(np.uint8)
    ).assign_coords(kind=("run", [kind] * n), condition=("run", [condition] * n))


def kept(file: Path, compute: Callable[[], xr.Dataset]) -> xr.Dataset:
    """The result of `compute`, cached in a file."""

    found = multihost.on_process_zero(lambda: read_checked(file))
    if found is None:
        found = bytes(compute().to_netcdf(engine="h5netcdf"))
        multihost.on_process_zero(lambda: write_checked(file, found))
    return xr.load_dataset(io.BytesIO(found), engine="h5netcdf")


def judged(
    trained: Mapping[str, Population],
    runs: xr.Dataset,
    searches: Mapping[str, RandomSearch],
    n: int,
    test: Digits,
    train: Digits,
    key: Key[Array, ""],
) -> xr.Dataset:
    """Outputs of every network for every identikit, for n random images of each kind and for n test digits.

    Args:
        trained: the networks that judge.
        runs: their identikits are judged.
        searches: their first candidates, a blank image plus one mask each, are random images.
        n: number of random images of each kind, and of test digits.
        test: digits that are judged, with and without shuffled pixels.
        train: digits whose class means are returned.
        key: of the random images.

    Returns:
        judged [judge, run], the confidence in the run's digit; named [judge, run], the class with the largest output;
        random_top [judge, noise, example] and digit_top [judge, example], the largest output; class_mean [class, y, x],
        the mean training image.
    """
    noises = {
        f"first_{name}": first_candidates(search, named(key, name)) for name, search in searches.items()
    }
    noises |= {kind: random_images(kind, named(key, kind), n, test) for kind in RANDOM}
    images = np.concatenate([runs.image.values, *noises.values(), test.images[:n] / 255]).astype(np.float32)
    said = np.concatenate([probabilities(population, images) for population in trained.values()])
    drawn = runs.sizes["run"]
    own = said[:, np.arange(drawn), runs.digit.values]
    top = said[:, drawn:].max(-1).reshape(len(said), len(noises) + 1, -1)
    means = [train.images[train.labels == d].mean(0) / 255 for d in range(said.shape[-1])]
    return xr.Dataset(
        {
            "judged": (("judge", "run"), own.astype(np.float16)),
            "named": (("judge", "run"), said[:, :drawn].argmax(-1).astype(np.uint8)),
            "random_top": (("judge", "noise", "example"), top[:, :-1]),
            "digit_top": (("judge", "example"), top[:, -1]),
            "class_mean": (("class", "y", "x"), np.stack(means).astype(np.float32)),
        },
        {
            "judge": [f"{kind} {i}" for kind, population in trained.items() for i in range(len(population))],
            "noise": list(noises),
        },
    )


def probabilities(population: Population, images: Float[np.ndarray, "n h w"]) -> Float[np.ndarray, "m n k"]:
    """Class probabilities of every network of the population for every image."""

    @jax.jit
    def of(params, images):
        one = lambda image: jax.nn.softmax(population.predict(params, image))  # noqa: E731
        return jax.lax.map(one, images, batch_size=500)

    given = jnp.asarray(images)
    return np.stack([np.asarray(of(population.network(i), given)) for i in range(len(population))])


RANDOM = ("uniform", "normal", "shuffled_digits")


def first_candidates(search: RandomSearch, key: Key[Array, ""]) -> Float[np.ndarray, "c h w"]:
    """Candidates of a search's first generation from a blank image, which are the document's random images."""
    zero = jnp.zeros(())
    start = State(jnp.zeros((28, 28)), zero, zero, jnp.zeros((), jnp.int32), key, ())
    return np.asarray(search.candidates(start))


def random_images(kind: str, key: Key[Array, ""], n: int, digits: Digits) -> Float[np.ndarray, "n h w"]:
    """n random images: U(0, 1) or N(0.5, 0.25²) clipped to [0, 1] a pixel, or digits with shuffled pixels."""
    shape = (n, 28, 28)
    if kind == "uniform":
        return np.asarray(jax.random.uniform(key, shape))
    if kind == "normal":
        return np.asarray(jnp.clip(0.5 + 0.25 * jax.random.normal(key, shape), 0, 1))
    pixels = jnp.asarray(digits.images[:n].reshape(n, -1), jnp.float32) / 255  # of shuffled digits
    return np.asarray(jax.random.permutation(key, pixels, axis=1, independent=True).reshape(shape))


def _other_digits(
    images: Digits | None, digits: tuple[int, ...], m: int, restarts: int
) -> Float[np.ndarray, "m digits restarts h w"]:
    """A start image of another class for every run: the next classes in turn, the same for all networks."""
    if images is None:
        raise ValueError('the start "other_digit" needs images to start from')

    def other(digit: int, restart: int) -> int:
        label = (digit + 1 + restart % 9) % 10
        return int(np.flatnonzero(images.labels == label)[restart // 9])

    chosen = np.array([[other(digit, restart) for restart in range(restarts)] for digit in digits])
    return np.broadcast_to(images.images[chosen].astype(np.float32) / 255, (m, *chosen.shape, 28, 28))

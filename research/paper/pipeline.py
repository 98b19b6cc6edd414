"""Conducts studies: run one or find it done, judge its claims, save everything, draw its figures; all, one by one."""

import contextlib
import time
import traceback
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from research import data, studies
from research.evidence.claims import Claim
from research.paper import figure_files, report
from research.paper.drawing_pool import Artists
from research.plotting import style
from research.runs.store import Run, atomic_write, lock
from research.runtime import devices, multihost
from research.runtime.progress import Plan
from research.training.populations import Wish
from research.training.prefetch import Ahead

SECONDS = {  # in the order they are run; of the preset quick on two cores
    "embeddings": 40,
    "identikits": 185,
    "causal_maps": 55,
    "input_clusters": 65,
    "recognisers": 85,
    "drawings": 30,
    "bottlenecks": 55,
    "denoising": 55,
}
SECONDS_UNCHANGED = 0.2
DRAWING = 2  # studies at once
MUCH = 3 * 2**29  # bytes that this process may hold on to between studies


def conduct(
    config: Any, folder: Path, *, force: bool = False, widths: Sequence[float] = style.WIDTHS
) -> bool:
    """Leaves a complete run folder of this config behind; returns whether the study had to run.

    A folder that already holds the results of the same config, data and code keeps them; figures are drawn
    where they are not those of these results.
    Several processes conduct it together. Raises ValueError for a config, a data set or a folder that cannot be
    used, and multihost.Preempted if told to end before it is done: the next call goes on from there.
    """
    with lock(folder):
        fresh = _compute(config, folder, force)
        if multihost.first():
            _draw(studies.name_of(config), folder, widths)
        multihost.together()
    return fresh


def _compute(config: Any, folder: Path, force: bool) -> bool:
    """The results and their claims; whether they had to be computed."""
    study = studies.study(studies.name_of(config))
    config.validate()
    config = studies.frozen(config)
    run = Run(folder)
    fresh = force or not multihost.once(lambda: run.finished(config, config.data))
    if fresh:
        start = time.perf_counter()
        with multihost.watched():
            results = study.run(config, run)
        seconds = time.perf_counter() - start
        multihost.once(lambda: run.save(config, config.data, results, study.claims(results), seconds))
    return fresh


def _draw(name: str, folder: Path, widths: Sequence[float]) -> None:
    figure_files.redraw(name, folder / "results.nc", folder / "figures", widths=widths)


def conduct_all(
    configs: Mapping[str, Any],
    folder: Path,
    *,
    force: bool = False,
    note: str = "",
    widths: Sequence[float] = style.WIDTHS,
) -> tuple[list[Claim], dict[str, str]]:
    """Conducts the studies of these configs, each in its own folder in `folder`, and writes the report.

    What is done goes first, then the order of SECONDS; the report is written as figures are ready, so that there is
    something to look at soon. A study is drawn while the next one computes.
    A study that fails is shown as failed and does not stop the others; its traceback is in its failure.txt.
    Returns all claims, and what stopped the studies that failed.
    """
    done = multihost.once(
        lambda: {
            name: not force and Run(folder / name).finished(studies.frozen(config), config.data)
            for name, config in configs.items()
        }
    )
    typical = sum(SECONDS.values()) / len(SECONDS)
    plan = Plan({name: SECONDS_UNCHANGED if done[name] else SECONDS.get(name, typical) for name in configs})
    order = [name for name in SECONDS if name in configs] + [name for name in configs if name not in SECONDS]
    failed: dict[str, str] = {}
    drawing: dict[str, Future] = {}
    claims: list[Claim] = []
    written = False

    def fails(name: str, error: BaseException) -> None:
        failed[name] = _reason(error)
        atomic_write(folder / name / "failure.txt", "".join(traceback.format_exception(error)))

    def collect(every: bool) -> bool:
        """Takes what is drawn by now, or waits for all; whether there was anything."""
        ready = [name for name, future in drawing.items() if every or future.done()]
        for name in ready:
            if error := drawing.pop(name).exception():
                fails(name, error)
        return bool(ready)

    with (
        plan.shown(),
        Artists(DRAWING) as artists,
        ThreadPoolExecutor(DRAWING, "drawing") as pool,
        Ahead(_wishes(configs[name] for name in order if not done[name])),
    ):
        if not all(done.values()):
            if multihost.first():
                artists.wake()
            # The digits are prepared here: no thread may import anything while TFDS is imported for that.
            with contextlib.suppress(Exception):  # the study that needs them says what is wrong
                data.load(next(iter(configs.values())).data, "test")
        for name in sorted(order, key=lambda name: not done[name]):
            plan.start(name)
            try:
                with lock(folder / name):
                    word = "done" if _compute(configs[name], folder / name, force) else "unchanged"
                (folder / name / "failure.txt").unlink(missing_ok=True)
            except multihost.Preempted:
                raise
            except Exception as error:
                word = "failed"
                fails(name, error)
            else:
                if multihost.first():
                    drawing[name] = pool.submit(artists.draw, name, folder / name, widths)
            devices.give_back_memory(MUCH)
            if multihost.several():
                wait(drawing.values())
                multihost.together()
            last = not plan.waiting.keys() - {name}
            news = multihost.once(lambda: collect(not written or last)) or word == "failed"  # noqa: B023
            plan.end(word)
            if last or (news and word != "unchanged"):
                claims = multihost.once(
                    lambda: report.write(folder, _chapters(folder, failed, drawing), note=note)
                )
                written = True
    return claims, failed


def _wishes(configs: Iterable[Any]) -> list[Wish]:
    """What these studies will want and may find trained; nothing on accelerators, which one process has for itself."""
    if multihost.several() or devices.accelerated():
        return []
    return [wish for config in configs for wish in studies.wishes(config)]


def _chapters(folder: Path, failed: Mapping[str, str], drawing: Collection[str]) -> list[report.Chapter]:
    """What there is to report but for studies that are being drawn, in the order of the studies."""
    return [
        report.Chapter(name, folder / name, failed.get(name))
        for name in studies.names()
        if name in failed or (name not in drawing and (folder / name / "provenance.json").exists())
    ]


def _reason(error: BaseException) -> str:
    """Why a study failed, in one line."""
    text = " ".join(str(error).split())
    expected = isinstance(error, ValueError | OSError | RuntimeError)
    return text if expected and text else f"{type(error).__name__}: {text}"

"""Conducts studies: run one or find it done, judge its claims, save everything, draw its figures; all, one by one."""

import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from research import figures, hosts, report, studies
from research.claims import Claim
from research.progress import Plan
from research.store import Run, atomic_write, lock

SECONDS = {  # of the preset quick on two cores; only their proportions matter
    "recognisers": 450,
    "identikits": 300,
    "causal_maps": 150,
    "input_clusters": 120,
    "denoising": 60,
    "bottlenecks": 120,
    "embeddings": 60,
    "drawings": 60,
}
SECONDS_UNCHANGED = 0.2


def conduct(
    config: Any, folder: Path, *, force: bool = False, widths: Sequence[float] = figures.WIDTHS
) -> bool:
    """Leaves a complete run folder of this config behind; returns whether the study had to run.

    A folder that already holds the results of the same config, data and code keeps them; figures are drawn
    where they are not those of these results.
    Several processes conduct it together. Raises ValueError for a config, a data set or a folder that cannot be
    used, and hosts.Preempted if told to end before it is done: the next call goes on from there.
    """
    study = studies.study(studies.name_of(config))
    config.validate()
    config = studies.frozen(config)
    with lock(folder):
        run = Run(folder)
        fresh = force or not hosts.once(lambda: run.finished(config, config.data))
        if fresh:
            start = time.perf_counter()
            with hosts.watched():
                results = study.run(config, run)
            seconds = time.perf_counter() - start
            hosts.once(lambda: run.save(config, config.data, results, study.claims(results), seconds))
        if hosts.first():
            figures.redraw(studies.name_of(config), folder / "results.nc", folder / "figures", widths=widths)
    return fresh


def conduct_all(
    configs: Mapping[str, Any],
    folder: Path,
    *,
    force: bool = False,
    note: str = "",
    widths: Sequence[float] = figures.WIDTHS,
) -> tuple[list[Claim], dict[str, str]]:
    """Conducts the studies of these configs, each in its own folder in `folder`, and writes the report.

    The shortest goes first and the report is written after each, so that there is something to look at soon.
    A study that fails is shown as failed and does not stop the others; its traceback is in its failure.txt.
    Returns all claims, and what stopped the studies that failed.
    """
    done = hosts.once(
        lambda: {
            name: not force and Run(folder / name).finished(studies.frozen(config), config.data)
            for name, config in configs.items()
        }
    )
    typical = sum(SECONDS.values()) / len(SECONDS)
    plan = Plan({name: SECONDS_UNCHANGED if done[name] else SECONDS.get(name, typical) for name in configs})
    failed: dict[str, str] = {}
    claims: list[Claim] = []
    with plan.shown():
        for name in sorted(configs, key=plan.waiting.__getitem__):
            plan.start(name)
            try:
                word = (
                    "done"
                    if conduct(configs[name], folder / name, force=force, widths=widths)
                    else "unchanged"
                )
                (folder / name / "failure.txt").unlink(missing_ok=True)
            except hosts.Preempted:
                raise
            except Exception as error:
                word, failed[name] = "failed", _reason(error)
                atomic_write(folder / name / "failure.txt", traceback.format_exc())
            plan.end(word)
            if word != "unchanged" or not any(plan.waiting.values()):
                claims = hosts.once(lambda: report.write(folder, _chapters(folder, failed), note=note))
    return claims, failed


def _chapters(folder: Path, failed: Mapping[str, str]) -> list[report.Chapter]:
    """What there is to report, in the order of the studies."""
    return [
        report.Chapter(name, folder / name, failed.get(name))
        for name in studies.STUDIES
        if name in failed or (folder / name / "provenance.json").exists()
    ]


def _reason(error: Exception) -> str:
    """Why a study failed, in one line."""
    text = " ".join(str(error).split())
    expected = isinstance(error, ValueError | OSError | RuntimeError)
    return text if expected and text else f"{type(error).__name__}: {text}"

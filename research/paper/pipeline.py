"""Run studies in order: run one or find it done, judge its claims, save everything, draw its figures, write the report."""

import contextlib
import hashlib
import json
import multiprocessing
import os
import threading
import time
import traceback
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import connection
from pathlib import Path
from typing import Any

from research import studies
from research.evidence import claims as c
from research.evidence import findings
from research.paper import figure_files, report
from research.paper.chapters import Chapter
from research.plotting import style
from research.runs import code
from research.runs.store import Run, atomic_write, digest, lock
from research.runtime import multihost
from research.runtime.progress import Plan
from research.studies.preparing import prepared
from research.training import populations

UNCHANGED = 0.02  # of a study's share of the plan where its results are there


def conduct(
    config: Any,
    folder: Path,
    *,
    force: bool = False,
    retrain: bool = False,
    widths: Sequence[float] = style.WIDTHS,
) -> bool:
    """Leaves a complete run folder of this config behind.

    A folder that already holds the results of the same config, data and code keeps them; claims and findings are
    judged again where their code has changed, figures are drawn where they are not those of these results.
    Several processes conduct a study together.

    Args:
        config: a study's config.
        folder: the run folder.
        force: run the study again in any case.
        retrain: also train its networks again; implies `force`.
        widths: of the figures, in inches.

    Returns:
        Whether the study had to run.

    Raises:
        ValueError: for a config, a data set or a folder that cannot be used.
        multihost.Preempted: if told to end before it is done; the next call goes on from there.
    """
    with lock(folder):
        fresh = _compute(config, folder, force, retrain)
        if multihost.is_process_zero():
            _draw_here(studies.name_of(config), folder, widths)
        multihost.barrier()
    return fresh


def _compute(config: Any, folder: Path, force: bool, retrain: bool) -> bool:
    """The results and what is said of them; whether they had to be computed."""
    name = studies.name_of(config)
    study, config, run = studies.part(name, "study"), prepared(config), Run(folder)
    fresh = force or retrain or not multihost.on_process_zero(lambda: run.finished(config))
    if fresh:
        start = time.perf_counter()
        with multihost.watched(), populations.retraining() if retrain else contextlib.nullcontext():
            results = study.run(config, run)
        seconds = time.perf_counter() - start
        multihost.on_process_zero(lambda: run.save(config, results, seconds))
    multihost.on_process_zero(lambda: judge(name, run))
    return fresh


def judge(name: str, run: Run) -> None:
    """Writes claims.json and findings.json of the saved results, unless they are those of these results and this code."""
    judges = [studies.part(name, part) for part in ("claims", "findings")]
    files = [run.folder / f"{part}.json" for part in ("claims", "findings")]
    results = hashlib.sha256((run.folder / "results.nc").read_bytes()).hexdigest()
    of = digest(results, code.digest([judge.__name__ for judge in judges]))
    seal = run.folder / "judged.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        saved = json.loads(seal.read_text())
        if saved["of"] == of and saved["files"] == [_sha(file) for file in files]:
            return
    seal.unlink(missing_ok=True)
    loaded = run.results()
    atomic_write(files[0], c.to_json(judges[0].claims(loaded)))
    atomic_write(files[1], findings.to_json(judges[1].findings(loaded)))
    atomic_write(seal, json.dumps({"of": of, "files": [_sha(file) for file in files]}) + "\n")


def _sha(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def conduct_all(
    configs: Mapping[str, Any],
    folder: Path,
    *,
    force: bool = False,
    retrain: bool = False,
    note: str = "",
    widths: Sequence[float] = style.WIDTHS,
    seconds: Mapping[str, float] | None = None,
) -> tuple[list[c.Claim], dict[str, str]]:
    """Conducts the studies of these configs, each in its own folder in `folder`, and writes report and paper.pdf.

    What is done goes first. The report is written again after each study, and a study is drawn by another process
    while the next one computes. A study that fails is shown as failed and does not stop the others; its traceback is
    in its failure.txt.

    Args:
        configs: by the name of the study.
        folder: of the paper.
        force, retrain, widths: as in `conduct`.
        note: stands on top of the report.
        seconds: what each study is expected to take, for the time left.

    Returns:
        All claims, and what stopped the studies that failed.
    """
    done = multihost.on_process_zero(
        lambda: {
            name: not (force or retrain) and Run(folder / name).finished(prepared(config))
            for name, config in configs.items()
        }
    )
    expected = dict.fromkeys(configs, 60.0) | {k: v for k, v in (seconds or {}).items() if k in configs}
    plan = Plan({name: s * (UNCHANGED if done[name] else 1) for name, s in expected.items()})
    failed: dict[str, str] = {}
    drawing: dict[str, Future] = {}
    claims: list[c.Claim] = []

    def fails(name: str, error: BaseException) -> None:
        failed[name] = _reason(error)
        atomic_write(folder / name / "failure.txt", "".join(traceback.format_exception(error)))

    def collect(wait: bool) -> None:
        """Takes note of what is drawn by now, or waits for all of it."""
        for name in [name for name, future in drawing.items() if wait or future.done()]:
            if error := drawing.pop(name).exception():
                fails(name, error)

    with plan.shown(), _one_at_a_time() as artist:
        order = sorted(configs, key=lambda name: not done[name])
        for name in order:
            plan.start(name)
            try:
                with lock(folder / name):
                    word = "done" if _compute(configs[name], folder / name, force, retrain) else "unchanged"
                (folder / name / "failure.txt").unlink(missing_ok=True)
            except multihost.Preempted:
                raise
            except Exception as error:
                word = "failed"
                fails(name, error)
            else:
                if multihost.is_process_zero():
                    drawing[name] = artist.submit(_draw, name, folder / name, widths)
            last = name == order[-1]
            multihost.on_process_zero(lambda: collect(wait=last))  # noqa: B023 - called at once
            multihost.barrier()
            plan.end(word)
            if last or word != "unchanged":
                claims = multihost.on_process_zero(
                    lambda: report.write(folder, _chapters(configs, folder, failed, drawing), note=note)
                )
        multihost.on_process_zero(
            lambda: report.write_pdf(folder, _chapters(configs, folder, failed, drawing), note=note)
        )
    return claims, failed


@contextlib.contextmanager
def _one_at_a_time():
    """A thread that waits for what draws; what it has not begun when an error comes is left out."""
    with ThreadPoolExecutor(1) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _draw_here(name: str, folder: Path, widths: Sequence[float]) -> None:
    figure_files.redraw(name, folder / "results.nc", folder / "figures", widths=widths)


def _draw(name: str, folder: Path, widths: Sequence[float]) -> None:
    """Draws a study in a process of its own: threads of one process would wait for each other.

    Raises:
        What was raised there; BrokenProcessPool if that process died.
    """
    if figure_files.up_to_date(name, folder / "results.nc", folder / "figures", widths=widths):
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, initializer=_end_with_parent) as process:
        process.submit(_draw_here, name, folder, widths).result()


def _end_with_parent() -> None:
    """Ends this process when the one that started it has ended, however it did."""
    parent = multiprocessing.parent_process()
    assert parent

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def _chapters(
    configs: Iterable[str], folder: Path, failed: Mapping[str, str], drawing: Collection[str]
) -> list[Chapter]:
    """What there is to report but for studies that are being drawn, in the order of the studies."""
    return [
        Chapter(name, folder / name, failed.get(name))
        for name in dict.fromkeys((*studies.names(), *configs))
        if name in failed or (name not in drawing and (folder / name / "judged.json").exists())
    ]


def _reason(error: BaseException) -> str:
    """Why a study failed, in one line."""
    text = " ".join(str(error).split())[:300]
    expected = isinstance(error, ValueError | OSError | RuntimeError)
    return text if expected and text else f"{type(error).__name__}: {text}"

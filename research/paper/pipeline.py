"""Run studies in order: run one or find it done, judge its claims, save everything, draw its figures, write the report."""

import contextlib
import multiprocessing
import os
import threading
import time
import traceback
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from multiprocessing import connection
from pathlib import Path
from typing import Any

from research import studies
from research.evidence import claims as c
from research.evidence import findings
from research.paper import figure_files, report
from research.paper.chapters import Chapter
from research.plotting import style
from research.runs import code, folders, store
from research.runs.folders import atomic_write, claimed
from research.runs.store import Run, digest
from research.runtime import multihost
from research.runtime.progress import Plan
from research.studies.preparing import prepared
from research.training import cost, populations

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
        force: run the study again in any case, even if the folder holds finished results of another config.
        retrain: also train its networks again; implies `force`.
        widths: of the figures, in inches.

    Returns:
        Whether the study had to run.

    Raises:
        ValueError: for a config, a data set or a folder that cannot be used, or one that holds other results.
        multihost.Preempted: if told to end before it is done; the next call goes on from there.
    """
    name = studies.name_of(config)
    _agree([config])
    with claimed(folder, name, force=force or retrain):
        fresh = _compute(config, folder, force, retrain)
        if multihost.is_process_zero():
            _draw_here(name, folder, widths)
        multihost.barrier()
    return fresh


def _agree(configs: Iterable[Any]) -> None:
    """Raises ValueError in all processes unless they conduct the same configs by the same code."""
    if multihost.several():
        multihost.agree(
            "config, data or code", digest([store.fingerprint(prepared(config)) for config in configs])
        )


def _compute(config: Any, folder: Path, force: bool, retrain: bool) -> bool:
    """The results and what is said of them; whether they had to be computed."""
    name = studies.name_of(config)
    study, config, run = studies.part(name, "study"), prepared(config), Run(folder)
    again = force or retrain
    if not again:
        multihost.on_process_zero(lambda: run.refuse_other(config))
    fresh = again or not multihost.on_process_zero(lambda: run.finished(config))
    if fresh:
        _refuse_costly(config)
        start = time.perf_counter()
        with multihost.watched(), populations.retraining() if retrain else contextlib.nullcontext():
            results = study.run(config, run)
            seconds = time.perf_counter() - start
            multihost.on_process_zero(lambda: run.save(config, results, seconds))
            multihost.stop_if_told()
    multihost.on_process_zero(lambda: judge(name, run))
    return fresh


def judge(name: str, run: Run) -> None:
    """Writes claims.json and findings.json of the saved results, unless they are those of these results and this code."""
    judges = [studies.part(name, part) for part in ("claims", "findings")]
    of = digest(folders.sha256(run.folder / "results.nc"), code.digest([judge.__name__ for judge in judges]))
    if not run.is_judged(of):
        loaded = run.results()
        said = c.to_json(judges[0].claims(loaded)), findings.to_json(judges[1].findings(loaded))
        run.write_judged(*said, of)


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

    Nothing is run if a folder holds other results, unless `force`, or if networks would take more than the machine
    has. What is done goes first. The report is written again after each study, and a study is drawn by another
    process while the next one computes. A study that fails is shown as failed and does not stop the others; its
    traceback is in its failure.txt.

    Args:
        configs: by the name of the study.
        folder: of the paper.
        force, retrain, widths: as in `conduct`.
        note: stands on top of the report.
        seconds: what each study is expected to take, for the time left.

    Returns:
        All claims, and what stopped the studies that failed.

    Raises:
        ValueError: for a folder that is not ours, or that holds finished results of another config.
        multihost.Preempted: if told to end before all is done.
    """
    _agree(configs.values())
    multihost.on_process_zero(lambda: _refuse_others(configs, folder, force or retrain))
    with multihost.watched():
        return _conduct_all(configs, folder, force, retrain, note, widths, seconds)


def _refuse_others(configs: Mapping[str, Any], folder: Path, force: bool) -> None:
    """Raises StoreError where a study's folder is not ours or, unless `force`, holds other results."""
    for name, config in configs.items():
        folders.check(folder / name, name, force=force)
        if not force and (folder / name).is_dir():
            Run(folder / name).refuse_other(prepared(config))
        _refuse_costly(prepared(config))


def _refuse_costly(config: Any) -> None:
    """Raises ValueError where the networks that the study lacks take more than this machine has."""
    wanted = getattr(studies.part(studies.name_of(config), "study"), "wanted", None)
    cost.require_affordable(wanted(config) if wanted else [], config)


def _finished(configs: Mapping[str, Any], folder: Path, again: bool) -> dict[str, bool]:
    """Whether each study's results are there already and are not wanted anew."""
    return {
        name: not again and Run(folder / name).finished(prepared(config)) for name, config in configs.items()
    }


def _conduct_all(
    configs: Mapping[str, Any],
    folder: Path,
    force: bool,
    retrain: bool,
    note: str,
    widths: Sequence[float],
    seconds: Mapping[str, float] | None,
) -> tuple[list[c.Claim], dict[str, str]]:
    done = multihost.on_process_zero(lambda: _finished(configs, folder, force or retrain))
    expected = dict.fromkeys(configs, 60.0) | {k: v for k, v in (seconds or {}).items() if k in configs}
    plan = Plan({name: s * (UNCHANGED if done[name] else 1) for name, s in expected.items()})
    failed: dict[str, str] = {}
    drawing: dict[str, Future] = {}
    claims = "[]"  # as JSON, which process 0 can send to the others

    def fails(name: str, error: BaseException) -> None:
        failed[name] = _reason(error)
        atomic_write(folder / name / "failure.txt", "".join(traceback.format_exception(error)))

    def collect(wait: bool) -> None:
        """Takes note of what is drawn by now, or waits for all of it."""
        for name in [name for name, future in drawing.items() if wait or future.done()]:
            while not wait_for([drawing[name]], timeout=0.5).done:
                multihost.stop_if_told_here()
            if error := drawing.pop(name).exception():
                fails(name, error)

    with plan.shown(), _one_at_a_time() as artist:
        order = sorted(configs, key=lambda name: not done[name])
        for name in order:
            multihost.stop_if_told()
            plan.start(name)
            try:
                with claimed(folder / name, name, force=force or retrain):
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
                    lambda: c.to_json(
                        report.write(folder, _chapters(configs, folder, failed, drawing), note=note)
                    )
                )
        multihost.stop_if_told()
        multihost.on_process_zero(
            lambda: report.write_pdf(folder, _chapters(configs, folder, failed, drawing), note=note)
        )
    return c.from_json(claims), failed


@contextlib.contextmanager
def _one_at_a_time():
    """A thread that waits for what draws; when an error comes, the drawing ends and what was not begun is left out."""
    with ThreadPoolExecutor(1) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
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
        if name in failed
        or (name not in drawing and (folder / name).is_dir() and Run(folder / name).is_judged())
    ]


def _reason(error: BaseException) -> str:
    """Why a study failed, in one line."""
    text = " ".join(str(error).split())[:300]
    expected = isinstance(error, ValueError | OSError | RuntimeError)
    return text if expected and text else f"{type(error).__name__}: {text}"

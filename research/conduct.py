"""Conducts a study: run it or find it done, judge its claims, save everything, draw its figures."""

import time
from pathlib import Path
from typing import Any

from research import figures, studies
from research.store import Run, lock


def conduct(config: Any, folder: Path, *, force: bool = False) -> bool:
    """Leaves a complete run folder of this config behind; returns whether the study had to run.

    A folder that already holds the results of the same config, data and code is only drawn anew.
    Raises ValueError for a config, a data set or a folder that cannot be used.
    """
    study = studies.study(studies.name_of(config))
    config.validate()
    config = studies.frozen(config)
    with lock(folder):
        run = Run(folder)
        fresh = force or not run.finished(config, config.data)
        if fresh:
            start = time.perf_counter()
            results = study.run(config, run)
            run.save(config, config.data, results, study.claims(results), time.perf_counter() - start)
        figures.draw_all(studies.name_of(config), run.results(), folder / "figures")
    return fresh

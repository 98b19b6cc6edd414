"""A progress line for people: nothing at all when the output is not a terminal."""

import contextlib
import sys
from collections.abc import Callable, Iterator

Report = Callable[..., None]  # report(share_done, **figures to show)


@contextlib.contextmanager
def bar(what: str) -> Iterator[Report]:
    """A bar for one computation; call what it yields with the share that is done and figures to show."""
    if not sys.stderr.isatty():
        yield lambda share, **figures: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(24),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[figures]}", style="dim"),
        TimeElapsedColumn(),
        TextColumn("left", style="dim"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"{what:<24}", total=1.0, figures="")

        def report(share: float, **figures) -> None:
            shown = "  ".join(f"{name.replace('_', ' ')} {value}" for name, value in figures.items())
            progress.update(task, completed=share, figures=shown)

        yield report

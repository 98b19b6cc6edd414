"""Progress display: a bar for one computation, and one view for a plan of several.

On a terminal both are drawn live. Elsewhere (a log file, a batch job) they print one line every 30 seconds.
"""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar

Report = Callable[..., None]  # report(share_done, **figures to show)
Watcher = Callable[..., None]  # watcher(what, share_done, **figures)
PAUSE = 30.0  # seconds between two lines of a log

_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextlib.contextmanager
def watched(by: Watcher) -> Iterator[None]:
    """Within this context every bar reports to `by` instead; an exception from `by` ends the computation."""
    token = _watcher.set(by)
    try:
        yield
    finally:
        _watcher.reset(token)


@contextlib.contextmanager
def bar(what: str) -> Iterator[Report]:
    """A bar for one computation. Yields report(share_done, **figures), to be called with figures to show."""
    watcher = _watcher.get() or (None if sys.stderr.isatty() else Log())
    if watcher:
        yield lambda share, **figures: watcher(what, share, **figures)
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

        yield lambda share, **figures: progress.update(task, completed=share, figures=_shown(figures))


class Log:
    """Watcher that prints a computation's state on stderr, at most once every PAUSE seconds.

    The time left assumes that the rest of a computation runs at the average speed so far.
    """

    def __init__(
        self, clock: Callable[[], float] = time.perf_counter, prefix: Callable[[], str] = lambda: ""
    ):
        self.clock, self.prefix = clock, prefix
        self.what, self.began, self.printed = "", clock(), clock()

    def __call__(self, what: str, share: float, **figures) -> None:
        now = self.clock()
        if what != self.what:
            self.what, self.began = what, now
        if now - self.printed < PAUSE:
            return
        self.printed = now
        left = f"about {duration((now - self.began) * (1 - share) / share)} left" if share > 0 else ""
        parts = (f"{self.prefix()}{what}", f"{share:.0%}", _shown(figures), left)
        print("  ".join(part for part in parts if part), file=sys.stderr, flush=True)


def _shown(figures: Mapping[str, object]) -> str:
    return "  ".join(f"{name.replace('_', ' ')} {value}" for name, value in figures.items())


class Plan:
    """Parts that run one after the other, with the expected seconds of each.

    Only the proportions of the expectations matter: the time left is scaled by the time that the finished parts took.
    On a terminal one view shows the plan, the current part, its computation and the time left.
    """

    def __init__(self, expected: Mapping[str, float], clock: Callable[[], float] = time.perf_counter):
        self.waiting = dict(expected)
        self.clock = clock
        self.began = clock()
        self.expected = self.took = 0.0  # sums over the finished parts
        self.part, self.part_began, self.inside = "", self.began, ""
        self.parts = len(self.waiting)

    def left(self) -> float:
        """Estimated seconds to the end."""
        pace = self.took / self.expected if self.expected and self.took else 1.0
        rest = {name: pace * seconds for name, seconds in self.waiting.items()}
        if self.part in rest:
            rest[self.part] = max(0.0, rest[self.part] - (self.clock() - self.part_began))
        return sum(rest.values())

    def start(self, part: str) -> None:
        """Begin a part."""
        self.part, self.part_began, self.inside = part, self.clock(), ""

    def end(self, word: str) -> None:
        """End the current part and print one line with `word`, its time and the time left."""
        took, last = self.clock() - self.part_began, self.waiting.pop(self.part)
        if last:
            self.took, self.expected = self.took + took, self.expected + last
        left = f"about {duration(self.left())} left" if any(self.waiting.values()) else ""
        print(f"{self.part:<18}{word:<11}{took:7.1f} s   {left}".rstrip(), flush=True)

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Within this context the plan is shown live on a terminal, or as lines in a log."""
        if not sys.stderr.isatty():
            with watched(Log(self.clock, lambda: f"{self.part}: ")):
                yield
            return
        from rich.console import Console
        from rich.live import Live

        def watch(what: str, share: float, **figures) -> None:
            self.inside = f"{what} {share:.0%}"

        live = Live(
            get_renderable=self._view,
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=sys.stdout.isatty(),
        )
        with live, watched(watch):
            yield

    def _view(self):
        from rich.columns import Columns
        from rich.progress_bar import ProgressBar

        spent, left = self.clock() - self.began, self.left()
        done = self.parts - len(self.waiting)
        return Columns(
            [
                ProgressBar(total=1.0, completed=spent / (spent + left) if spent + left else 1.0, width=30),
                f"{done} of {self.parts} done, {duration(spent)} so far, about {duration(left)} left",
                f"[bold]{self.part}[/] [dim]{self.inside}[/]",
            ]
        )


def duration(seconds: float) -> str:
    """A duration for people: 40 s, 3 min, 2 h 05 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"

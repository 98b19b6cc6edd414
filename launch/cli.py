"""What every command shares: flags in, one clear line and exit code 2 for bad input, no traceback."""

import signal
import sys
from collections.abc import Callable

from absl import app, flags, logging


def fail(message: object) -> int:
    """Prints one line to stderr; returns 2, the exit code of bad input."""
    text = str(message).strip()
    if "Traceback (most" in text:  # a library that quotes one: what went wrong stands in its last line
        text = text.splitlines()[-1]
    print(f"error: {' '.join(text.split())}", file=sys.stderr)
    return 2


def console():
    """Where tables are printed: as wide as the terminal, and wide enough for them where there is none."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 118)


def _parse(argv: list[str]) -> list[str]:
    try:
        rest = flags.FLAGS(argv)
    except (flags.Error, AttributeError, KeyError, ValueError, TypeError, OSError, ImportError) as error:
        sys.exit(fail(error))
    if len(rest) > 1:
        sys.exit(fail(f"unexpected argument {rest[1]!r}; all options are flags, see --help"))
    return rest


def start(main: Callable[[], int | None]) -> None:
    """Runs a command: ValueError and OSError are bad input (one line, exit 2), anything else is our bug."""

    def guarded(_: list[str]) -> int | None:
        from research import devices

        logging.set_verbosity(logging.ERROR)
        try:
            devices.start()
            return main()
        except (ValueError, OSError) as error:
            return fail(error)
        except KeyboardInterrupt:
            print("stopped; the same command goes on from here", file=sys.stderr)
            return 128 + signal.SIGINT

    app.run(guarded, flags_parser=_parse)

"""The grid of a sweep as text, and its points.

    grid    seed=0:32;mask=dense,sparse        axes, separated by ;
    axis    field=value,value,...              a field of the config, dotted for its parts
    value   0:32 or 0:32:4                     whole numbers, the end excluded
            anything else                      as it would stand behind --config.field=

Commas and semicolons inside brackets or quotes belong to the value.
"""

import dataclasses
import hashlib
import itertools
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from absl import flags
from ml_collections import config_flags

from research.studies import by_path

Grid = dict[str, list[str]]
Point = Mapping[str, str]

FIELD = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
RANGE = re.compile(r"(-?\d+):(-?\d+)(?::(-?[1-9]\d*))?")
MOST = 100_000  # points
OPENING, CLOSING = "([{", ")]}"


def parse(text: str) -> Grid:
    """The values of every axis, in the order of the text.

    Raises: ValueError, in one line, for text that is no grid.
    """
    grid: Grid = {}
    for axis in filter(str.strip, _split(text, ";")):
        field, equals, values = (part.strip() for part in axis.partition("="))
        if not equals or not FIELD.fullmatch(field):
            raise ValueError(
                f"bad axis {axis.strip()!r} in the grid; expected field=value,value or field=0:8"
            )
        if field in grid:
            raise ValueError(f"the grid names {field!r} twice")
        grid[field] = [number for value in _split(values, ",") for number in _values(field, value.strip())]
        again = [value for value in grid[field] if grid[field].count(value) > 1]
        if again:
            raise ValueError(f"the grid names {field}={again[0]} twice")
    if not grid:
        raise ValueError("the grid is empty; expected something like 'seed=0:32;mask=dense,sparse'")
    return grid


def points(grid: Grid) -> list[dict[str, str]]:
    """Every combination; the last axis changes fastest."""
    return [dict(zip(grid, values)) for values in itertools.product(*grid.values())]


def name(point: Point) -> str:
    """A point as the name of a folder, such as seed=3,mask=dense."""
    plain = ",".join(f"{field}={value}" for field, value in point.items())
    safe = re.sub(r"[^\w.=,+-]+", "_", plain)
    if safe == plain and len(safe) <= 120:
        return safe
    return f"{safe[:100]}-{hashlib.sha256(plain.encode()).hexdigest()[:8]}"


def config(file: str, point: Point) -> Any:
    """The study's config at a point, read as `launch.study` reads it.

    Raises: ValueError, in one line, for a file, a field or a value that does not fit.
    """
    argv = ["sweep", f"--config={file}", *(f"--config.{field}={value}" for field, value in point.items())]
    argv, parts = by_path.split(argv)
    values = flags.FlagValues()
    config_flags.DEFINE_config_file("config", flag_values=values, sys_argv=argv)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # how ml_collections loads a file
            values(argv)
        found: Any = values["config"].value
        if not dataclasses.is_dataclass(found):
            found.seed  # noqa: B018 - a file that could not be loaded says why when it is asked for anything
    except (flags.Error, AttributeError, KeyError, TypeError, OSError, ImportError) as error:
        raise ValueError(str(error)) from None
    found = by_path.with_settings(found, parts)
    found.validate()
    return found


def _values(field: str, value: str) -> Sequence[str]:
    if not value:
        raise ValueError(f"the grid has an empty value for {field!r}")
    if not (match := RANGE.fullmatch(value)):
        return [value]
    start, stop, step = (int(number) for number in match.groups(default="1"))
    count = max(0, -((start - stop) // step))  # len(range()) overflows
    if not 0 < count <= MOST:
        raise ValueError(f"the range {field}={value} has {count} numbers; expected 1 to {MOST:,}")
    return [str(number) for number in range(start, stop, step)]


def _split(text: str, separator: str) -> list[str]:
    """Text at every separator outside brackets and quotes."""
    parts, depth, quote = [""], 0, ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in OPENING + CLOSING:
            depth += 1 if letter in OPENING else -1
        elif letter == separator and depth == 0:
            parts.append("")
            continue
        parts[-1] += letter
    if quote or depth:
        raise ValueError(f"a quote or bracket is not closed in {text!r}")
    return parts

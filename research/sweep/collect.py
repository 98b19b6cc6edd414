"""The results of a sweep together: one Dataset over the grid, and its claims side by side."""

import html
import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from research.evidence import claims as c
from research.runs.store import Run, StoreError, atomic_write
from research.sweep.record import Sweep, states


class Row(NamedTuple):
    """One claim over the points of a sweep."""

    claim: c.Claim
    points: int
    low: float  # of the measured values
    median: float
    high: float
    verdicts: str


def collect(sweep: Sweep) -> tuple[Path, list[Row], int]:
    """Writes collected.nc, claims.json and report.html; returns the first's path, the primary rows, the points missing.

    collected.nc: the points' results with a dimension `config.field` for each axis of more than one value, nan
    where a point is missing; axes of one value are coordinates without a dimension.
    """
    have = [line for line, (state, _) in enumerate(states(sweep)) if state == "done"]
    if not have:
        raise StoreError(f"no point of {sweep.folder} is done; see: python -m launch.sweep status")
    points, runs = sweep.points, {line: Run(sweep.run_folder(line)) for line in have}
    whole = together({line: run.results() for line, run in runs.items()}, sweep)
    claims = {line: c.from_json((run.folder / "claims.json").read_text()) for line, run in runs.items()}
    path = sweep.folder / "collected.nc"
    atomic_write(path, bytes(whole.to_netcdf(engine="h5netcdf")))
    every = [{**asdict(claim), "point": points[line]} for line in have for claim in claims[line]]
    atomic_write(sweep.folder / "claims.json", json.dumps(every, indent=2, ensure_ascii=False) + "\n")
    rows = over_points([c.primary(these) for these in claims.values()])
    atomic_write(sweep.folder / "report.html", page(sweep, rows, len(have)))
    return path, rows, len(points) - len(have)


def together(results: dict[int, xr.Dataset], sweep: Sweep) -> xr.Dataset:
    """The results of some lines over the axes of the grid."""
    points = sweep.points
    at = {f"config.{field}": [_number(points[line][field]) for line in results] for field in sweep.axes}
    merged = xr.concat(
        [result.drop_attrs(deep=False) for result in results.values()],
        "point", join="outer", data_vars="all", coords="different", compat="equals", fill_value=np.nan,
    )  # fmt: skip
    merged = merged.assign_coords({name: ("point", values) for name, values in at.items()})
    if len(at) > 1:
        merged = merged.set_index(point=list(at)).unstack("point")
    elif at:
        merged = merged.swap_dims(point=next(iter(at)))
    else:
        merged = merged.isel(point=0)
    fixed = {
        f"config.{field}": _number(values[0]) for field, values in sweep.grid.items() if len(values) == 1
    }
    return merged.assign_coords(fixed).assign_attrs(config=sweep.config)


def over_points(claims: list[list[c.Claim]]) -> list[Row]:
    """Each claim with the spread of what was measured over the points; an interval is one point's and stays there."""
    by_id: dict[str, list[c.Claim]] = {}
    for claim in (claim for point in claims for claim in point):
        by_id.setdefault(claim.id, []).append(claim)
    rows = []
    for same in by_id.values():
        measured = np.array([np.nan if claim.measured is None else claim.measured for claim in same], float)
        quantiles = np.nanquantile(measured, [0, 0.5, 1]) if np.isfinite(measured).any() else [np.nan] * 3
        low, median, high = map(float, quantiles)
        counts = Counter(claim.verdict for claim in same)
        verdicts = ", ".join(f"{n} {verdict}" for verdict, n in counts.items())
        rows.append(Row(same[0], len(same), low, median, high, verdicts))
    return rows


HEAD = ("claim", "document", "criterion (ours)", "points", "least", "median", "most", "verdicts")


def cells(row: Row) -> tuple[str, ...]:
    """A row of the table of claims as text; a dash where no point measured anything."""
    numbers = (c.number(value if np.isfinite(value) else None) for value in (row.low, row.median, row.high))
    claim = row.claim
    return (
        claim.id, c.number(claim.claimed), claim.criterion, str(row.points), *numbers, row.verdicts
    )  # fmt: skip


def page(sweep: Sweep, rows: list[Row], done: int) -> str:
    """The report: the grid and the table of claims."""
    line = lambda tag, texts: "".join(f"<{tag}>{html.escape(text)}</{tag}>" for text in texts)  # noqa: E731
    axes = "".join(f"<li><b>{field}</b>: {html.escape(', '.join(v))}</li>" for field, v in sweep.grid.items())
    body = "".join(f"<tr>{line('td', cells(row))}</tr>" for row in rows)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Identikit: sweep</title><style>body { font: '
        "16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; } th, td { text-align: left; padding: "
        ".3rem .8rem .3rem 0; border-bottom: 1px solid #ddd; }</style><h1>Sweep</h1>"
        f"<p>{html.escape(sweep.config)}: {done} of {len(sweep.points)} points.</p><ul>{axes}</ul>"
        f"<table><tr>{line('th', HEAD)}</tr>{body}</table></html>\n"
    )


def _number(text: str) -> Any:
    """A whole or decimal number where the text is one."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text

"""What a sweep's folder says: its points, and how far each of them is."""

import json
import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from research.runs.folders import StoreError, atomic_write, claimed, locked, make_folder
from research.runs.store import Run
from research.studies.preparing import prepared
from research.sweep import grid as grids
from research.sweep import slurm

STATES = ("done", "running", "queued", "failed", "missing")


@dataclass(frozen=True)
class Sweep:
    """A sweep as its folder describes it."""

    folder: Path
    config: str  # the lab note, file.py or file.py:preset
    grid: grids.Grid
    at: Path  # where the commands are run
    nodes: int  # that each point spans

    @property
    def points(self) -> list[dict[str, str]]:
        return grids.points(self.grid)

    @property
    def axes(self) -> list[str]:
        """The fields that differ between points."""
        return [field for field, values in self.grid.items() if len(values) > 1]

    def name(self, line: int) -> str:
        """A point by what is its own, such as seed=3,mask=dense."""
        return grids.name({field: self.points[line][field] for field in self.axes or self.grid})

    def run_folder(self, line: int) -> Path:
        return self.folder / "runs" / self.name(line)

    def argv(self, line: int) -> list[str]:
        """The command of one point."""
        fields = [f"--config.{field}={value}" for field, value in self.points[line].items()]
        command = [sys.executable, "-m", "launch.study", f"--config={self.config}", *fields]
        together = ["--distributed"] if self.nodes > 1 else []
        return [*command, f"--workdir={self.run_folder(line)}", *together]


def create(folder: Path, config: str, grid: str, nodes: int = 1) -> Sweep:
    """Writes the manifest of a new sweep, or finds that the folder holds this very sweep.

    Raises: ValueError for a grid with a point that cannot be run, or a folder that holds another sweep.
    """
    if nodes < 1:
        raise ValueError(f"nodes must be at least 1, got {nodes}")
    sweep = Sweep(folder.absolute(), config, grids.parse(grid), Path.cwd(), nodes)
    if (count := math.prod(map(len, sweep.grid.values()))) > grids.MOST:
        raise ValueError(f"the grid has {count:,} points; at most {grids.MOST:,} fit into one sweep")
    for point in sweep.points:
        grids.config(config, point)
    with claimed(folder, "a sweep", force=None):
        if (folder / "sweep.json").exists():
            if load(folder) != sweep:
                raise StoreError(
                    f"{folder} holds another sweep; resume that one, or choose another --workdir"
                )
            return sweep
        make_folder(folder / "logs")
        manifest = [json.dumps(sweep.argv(line)) for line in range(len(sweep.points))]
        atomic_write(folder / "manifest.jsonl", "\n".join(manifest) + "\n")
        about = {"config": config, "grid": sweep.grid, "at": str(sweep.at), "nodes": nodes}
        atomic_write(folder / "sweep.json", json.dumps(about, indent=2) + "\n")
    return sweep


def load(folder: Path) -> Sweep:
    """The sweep in a folder."""
    try:
        about = json.loads((folder / "sweep.json").read_text())
        if not all(isinstance(values, list) for values in dict(about["grid"]).values()):
            raise TypeError("a grid has a list of values for each field")
        return Sweep(
            folder.absolute(), about["config"], about["grid"], Path(about["at"]), about.get("nodes", 1)
        )
    except OSError:
        raise StoreError(f"{folder} holds no sweep; start one with --config and --grid") from None
    except (ValueError, KeyError, TypeError):
        raise StoreError(f"{folder}/sweep.json is damaged; start the sweep again: runs are kept") from None


def states(sweep: Sweep) -> list[tuple[str, str]]:
    """(state, what there is to say) of every point, in the manifest's order.

    done: results of exactly this config, data and code. running: a process is writing. queued: Slurm has it.
    failed: it ended with an error. missing: not begun, stopped on the way, or made by other code.
    """
    queued = slurm.queued(sweep.folder)
    return [_state(sweep, line, queued) for line in range(len(sweep.points))]


def _state(sweep: Sweep, line: int, queued: set[int]) -> tuple[str, str]:
    folder = sweep.run_folder(line)
    if folder.is_dir():
        if locked(folder):
            return "running", ""
        config = prepared(grids.config(sweep.config, sweep.points[line]))
        run = Run(folder)
        if run.finished(config) and run.is_judged():
            return "done", f"{run.provenance().get('seconds')} s"
    if line in queued:
        return "queued", ""
    try:
        code = int((sweep.folder / "logs" / f"{line}.exit").read_text())
    except (OSError, ValueError):
        return "missing", ""
    if code == os.EX_TEMPFAIL:
        return "missing", "stopped, goes on from its checkpoint"
    return ("failed", f"exit {code}: {_last_line(sweep, line)}") if code else ("missing", "")


def unfinished(sweep: Sweep) -> list[int]:
    """The lines that nobody has done or is doing."""
    return [line for line, (state, _) in enumerate(states(sweep)) if state in ("failed", "missing")]


def _last_line(sweep: Sweep, line: int) -> str:
    try:
        said = (sweep.folder / "logs" / f"{line}.log").read_text(errors="replace").strip().splitlines()
    except OSError:
        said = []
    return said[-1][:200] if said else "it said nothing"

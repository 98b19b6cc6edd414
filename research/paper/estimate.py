"""Estimate of a paper before it starts: time and memory as last measured, and networks to train."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from research import studies
from research.runs.store import Run, atomic_write
from research.runtime.progress import duration
from research.studies.preparing import prepared
from research.training import populations

UNKNOWN = "not measured yet"
HEAD = ("study", "", "networks", "to train", "time", "memory")


class Measured(NamedTuple):
    """Cost of a study in a paper: wall time, and the peak memory of the process up to its end."""

    seconds: float
    peak_bytes: int


class Cost(NamedTuple):
    """Expected cost of a study."""

    study: str
    done: bool  # its results exist
    networks: int
    missing: (
        int  # networks that it will train; one that several studies share is counted in the first of them
    )
    measured: Measured | None


def of(
    configs: Mapping[str, Any],
    folder: Path,
    measured: Mapping[str, Measured],
    *,
    force: bool = False,
    retrain: bool = False,
) -> list[Cost]:
    """The cost of each study of a paper in this folder.

    Args:
        configs: by the name of the study.
        folder: of the paper; it may not exist yet.
        measured: known costs of studies with these configs.
        force, retrain: as in `pipeline.conduct_all`.

    Raises:
        ValueError: a config is not valid.
    """
    costs: list[Cost] = []
    trained: set[tuple[Path, int]] = set()
    for name, config in configs.items():
        config = prepared(config)
        done = not (force or retrain) and (folder / name).is_dir() and Run(folder / name).finished(config)
        wanted: list[populations.Wanted] = getattr(studies.part(name, "study"), "wanted", lambda _: [])(
            config
        )
        needed = {(populations.folder(each.config), i) for each in wanted for i in range(each.m)}
        missing = {
            (place, i)
            for place, i in needed - trained
            if retrain or not (place / f"{i}.safetensors").exists()
        }
        if not done:
            trained |= missing
        costs.append(Cost(name, done, len(needed), 0 if done else len(missing), measured.get(name)))
    return costs


def rows(costs: Sequence[Cost]) -> list[tuple[str, ...]]:
    """Rows of a table with the HEAD, the last of which is the total time and the largest memory."""
    table = []
    for cost in costs:
        state, time, memory = ("done", "–", "–") if cost.done else ("to run", *_said(cost.measured))
        table.append((cost.study, state, str(cost.networks), str(cost.missing), time, memory))
    ahead = [cost for cost in costs if not cost.done]
    known = [cost.measured for cost in ahead if cost.measured]
    whole = Measured(sum(m.seconds for m in known), max((m.peak_bytes for m in known), default=0))
    time, memory = _said(whole if len(known) == len(ahead) else None) if ahead else ("–", "–")
    missing = str(sum(cost.missing for cost in ahead))
    return [*table, ("all", f"{len(ahead)} to run", "", missing, time, memory)]


def _said(measured: Measured | None) -> tuple[str, str]:
    if measured is None:
        return UNKNOWN, UNKNOWN
    return duration(measured.seconds), f"{measured.peak_bytes / 1e9:.1f} GB"


def load(file: Path, preset: str) -> tuple[dict[str, Measured], str]:
    """Costs of the studies of a preset, and the machine; {} and "" if unknown."""
    try:
        kept = json.loads(file.read_text())[preset]
        return {name: Measured(**took) for name, took in kept["studies"].items()}, kept["on"]
    except (OSError, KeyError):
        return {}, ""


def keep(file: Path, preset: str, paper: Path, names: Sequence[str]) -> None:
    """Saves the costs of the studies of a finished paper under its preset; other presets in the file are kept."""
    origins = {name: Run(paper / name).provenance() for name in names}
    machines = {
        (o["devices"]["cores"], o["devices"]["kind"], o["devices"]["machine"]) for o in origins.values()
    }
    took = {
        "on": ", ".join(f"{cores} cores, {kind}, {machine}" for cores, kind, machine in sorted(machines)),
        "studies": {
            name: Measured(origin["seconds"], origin["peak_bytes"])._asdict()
            for name, origin in origins.items()
        },
    }
    known = json.loads(file.read_text()) if file.exists() else {}
    atomic_write(file, json.dumps(dict(sorted((known | {preset: took}).items())), indent=2) + "\n")


def sentence(file: Path, commands: Mapping[str, str]) -> str:
    """A sentence on how long commands take; "" if none was measured.

    commands: from preset to command.
    """
    said = []
    for preset, command in commands.items():
        took, on = load(file, preset)
        if took:
            whole = rows([Cost(name, False, 0, 0, m) for name, m in took.items()])[-1]
            said.append(f"`{command}` takes {whole[4]} and at most {whole[5]} of memory on {on}.")
    return " ".join(said)

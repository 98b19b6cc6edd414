"""A sweep on a Slurm cluster: one array job, a task a point, by a script that can be read and submitted by hand."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from research.runs.folders import atomic_write
from research.runtime.terminal import printable

if TYPE_CHECKING:
    from research.sweep.record import Sweep

SCRIPT = r"""#!/bin/bash
# {title}
# Task i runs line i of manifest.jsonl, counted from 0. By hand: sbatch --array=3,5-8 {script}
#SBATCH --job-name={name}
#SBATCH --nodes={nodes}
#SBATCH --ntasks-per-node=1
#SBATCH --output={output}
#SBATCH --open-mode=append
#SBATCH --requeue
#SBATCH --signal=TERM@60
{options}
i=$SLURM_ARRAY_TASK_ID
cd {at}
mapfile -d '' -t command < <({python} -c '
import json, sys
line = open(sys.argv[1]).read().splitlines()[int(sys.argv[2])]
sys.stdout.write("".join(word + "\0" for word in json.loads(line)))
' {manifest} "$i")
rm -f {logs}/$i.exit

# One process a node. Once one has ended, the others are given a minute.
srun --wait=60 "${{command[@]}}" >> {logs}/$i.log 2>&1
code=$?
echo $code > {logs}/$i.exit

# 75: it was told to end and has saved; it goes on from there when Slurm runs it again.
if [ $code -eq 75 ]; then scontrol requeue "$SLURM_JOB_ID"; fi
exit $code
"""


def script(sweep: "Sweep", options: Sequence[str]) -> str:
    """The job script of a sweep; `options` are further options of sbatch, such as --partition=gpu."""
    for option in options:
        if not option.startswith("-") or "\n" in option:
            raise ValueError(f"bad option for sbatch {option!r}; expected something like --partition=gpu")
    paths = {
        "at": sweep.at,
        "python": sys.executable,
        "manifest": sweep.folder / "manifest.jsonl",
        "logs": sweep.folder / "logs",
        "script": _path(sweep.folder),
    }
    if broken := [path for path in paths.values() if "\n" in str(path)]:
        raise ValueError(f"a job script takes no line breaks in paths, got {str(broken[0])!r}")
    quoted = {name: shlex.quote(str(path)) for name, path in paths.items()}
    return SCRIPT.format(
        title=printable(f"{len(sweep.points)} points of {sweep.config}; written by launch.sweep").replace(
            "\n", " "
        ),
        name="identikit-" + re.sub(r"\W+", "-", sweep.folder.name),
        nodes=sweep.nodes,
        output=str(sweep.folder / "logs" / "slurm-").replace("%", "%%") + "%A_%a.out",
        options="".join(f"#SBATCH {option}\n" for option in options),
        **quoted,
    )


def submit(sweep: "Sweep", lines: Sequence[int], options: Sequence[str] | None = None) -> int:
    """Hands these lines to Slurm as one array job; returns its id.

    options: further options of sbatch; None leaves the script as it was written before.
    Raises: ValueError if Slurm does not take them.
    """
    if not re.fullmatch(
        r"[^\s'\"\\]+", str(sweep.folder)
    ):  # sbatch reads its own lines, with rules of its own
        raise ValueError(
            f"Slurm's scripts take no blanks and quotes in paths; choose another --workdir than {sweep.folder}"
        )
    path = _path(sweep.folder)
    if options is not None or not path.exists():
        atomic_write(path, script(sweep, options or ()))
    for line in lines:
        (sweep.folder / "logs" / f"{line}.exit").unlink(missing_ok=True)
    said = _ask("sbatch", "--parsable", f"--array={array(lines)}", str(path))
    job = int(said.strip().split(";")[0])
    with open(sweep.folder / "logs" / "jobs.jsonl", "a") as file:
        file.write(json.dumps({"job": job, "lines": array(lines)}) + "\n")
    return job


def queued(folder: Path) -> set[int]:
    """The lines of the sweep in this folder that Slurm runs or is going to run."""
    try:
        lines = (folder / "logs" / "jobs.jsonl").read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return set()
    jobs = {
        found[1] for line in lines if (found := re.match(r'{"job": (\d+)', line))
    }  # the last may be cut off
    if not jobs:
        return set()
    tasks = (row.split() for row in _ask("squeue", "--noheader", "--array", "--format=%F %K").splitlines())
    return {int(index) for job, index in tasks if job in jobs}


def array(lines: Iterable[int]) -> str:
    """Line numbers as Slurm writes them: 0-3,7."""
    runs: list[list[int]] = []
    for line in sorted(lines):
        if runs and line == runs[-1][-1] + 1:
            runs[-1].append(line)
        else:
            runs.append([line])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _path(folder: Path) -> Path:
    return folder / "sweep.sh"


def _ask(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        raise ValueError(
            f"there is no {command[0]} here; is Slurm installed? --backend=local needs none"
        ) from None
    except subprocess.CalledProcessError as error:
        raise ValueError(f"{command[0]} refused: {' '.join(error.stderr.split())}") from None

"""One study over a grid: python -m launch.sweep --config=FILE --grid='seed=0:32;mask=dense,sparse' --workdir=DIR

Then: python -m launch.sweep status|resume|collect --workdir=DIR
"""

import os
import shlex
from pathlib import Path

from absl import flags

from launch import cli

VERBS = ("status", "resume", "collect")
CONFIG = flags.DEFINE_string("config", None, "The study's lab note; file.py or file.py:preset.")
GRID = flags.DEFINE_string(
    "grid", None, "Fields of the config and their values: 'seed=0:32;mask=dense,sparse'."
)
WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the sweep.", required=True)
BACKEND = flags.DEFINE_enum("backend", "local", ["local", "slurm"], "Where the points are run.")
JOBS = flags.DEFINE_integer("jobs", max(1, (os.cpu_count() or 1) // 2), "Local: processes side by side.")
NODES = flags.DEFINE_integer("nodes", 1, "Slurm: nodes that each point spans.")
SLURM = flags.DEFINE_string(
    "slurm", None, "Slurm: further options of sbatch: '--partition=gpu --time=2:00:00'."
)


def main(verb: str = "start") -> int:
    from research.sweep import collect, local, record, slurm

    folder, console = Path(WORKDIR.value), cli.console()
    if verb == "start":
        if not (CONFIG.value and GRID.value):
            raise ValueError("a sweep needs --config and --grid; or one of: " + ", ".join(VERBS))
        sweep = record.create(folder, CONFIG.value, GRID.value, NODES.value)
    else:
        sweep = record.load(folder)
    if verb == "collect":
        path, rows, missing = collect.collect(sweep)
        console.print(cli.table(collect.HEAD, map(collect.cells, rows)))
        cli.say(f"\n{path}" + (f"; {missing} points are missing" if missing else ""))
        return 0
    lines = record.unfinished(sweep) if verb != "status" else []
    if lines and BACKEND.value == "slurm":
        job = slurm.submit(sweep, lines, None if SLURM.value is None else shlex.split(SLURM.value))
        cli.say(f"{len(lines)} points are job {job} now, by {folder / 'sweep.sh'}")
    elif lines:
        names = [folder.name for folder in map(sweep.run_folder, range(len(sweep.points)))]
        said = lambda line, code: f"{names[line]:<40} {'done' if code == 0 else f'exit {code}'}"  # noqa: E731
        local.run(sweep, lines, JOBS.value, lambda line, code: cli.say(said(line, code)))
    found = record.states(sweep)
    points = [(sweep.name(i), *state) for i, state in enumerate(found)]
    console.print(cli.table(("point", "state", ""), points))
    counts = {state: sum(here == state for here, _ in found) for state in record.STATES}
    console.print("\n" + ", ".join(f"{n} {state}" for state, n in counts.items() if n))
    return int(counts["failed"] > 0)


if __name__ == "__main__":
    cli.start(main, VERBS)

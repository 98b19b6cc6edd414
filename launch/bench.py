"""Side-by-side timings against peers: python -m launch.bench --suite=cpu --out=results/bench.json"""

from pathlib import Path

from absl import flags

from launch import cli

SUITE = flags.DEFINE_string("suite", "cpu", "cpu or gpu.")
OUT = flags.DEFINE_string("out", "results/bench.json", "What was measured; a run goes on from what is there.")
REPORT = flags.DEFINE_string("report", None, "Also write the table as markdown, and beside it the figure.")
ONLY = flags.DEFINE_list("only", [], "Measure only these tasks, and these anew.")
ROUNDS = flags.DEFINE_integer(
    "rounds", 3, "Turns of every contender; one where a turn takes long.", lower_bound=1
)


def main() -> int:
    from research import bench, data
    from research.bench import figure, record
    from research.runs import folders

    tasks = bench.suite(SUITE.value)
    for name in ONLY.value:
        if name not in tasks:
            return cli.fail(f"unknown task {name!r}; known: {', '.join(tasks)}")
    path = Path(OUT.value)
    if REPORT.value:
        folders.check_page(Path(REPORT.value), "launch.bench")
    saved = record.load(path, SUITE.value)
    data.load("mnist", "test")  # prepared once; contenders have empty caches but for this
    for name in ONLY.value or [name for name in tasks if name not in saved["tasks"]]:
        record.add(path, saved, name, tasks[name], ROUNDS.value)
    cli.console().print(record.shown(saved, tasks))
    if REPORT.value:
        record.report(Path(REPORT.value), saved, tasks)
        figure.save(saved["tasks"], Path(REPORT.value).with_suffix(""))
    return 0


if __name__ == "__main__":
    cli.start(main)

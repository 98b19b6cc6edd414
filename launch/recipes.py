"""Choose the recipes on held-out training digits and log it: python -m launch.recipes --out=results/RECIPES.md"""

from pathlib import Path

from absl import flags

from launch import cli

OUT = flags.DEFINE_string("out", "results/RECIPES.md", "Where the log is written.")


def main() -> int:
    from research.runs.folders import atomic_write, check_page
    from research.training import choose

    check_page(Path(OUT.value), "launch.recipes")
    measured = {}
    for name in choose.NETWORKS:
        measured[name] = choose.measure(name)
        atomic_write(Path(OUT.value), choose.page(measured))
        for row in measured[name]:
            print(f"{name:<12}{row.name:<24}{100 * row.accuracy:.2f} ± {100 * row.error:.2f} %", flush=True)
        print(f"{name:<12}chosen: {choose.choice(measured[name]).name}", flush=True)
    return 0


if __name__ == "__main__":
    cli.start(main)

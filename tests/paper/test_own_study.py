"""A study in a package of one's own: run by launch.study like ours; what is wrong with it is one clear line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from toys import PARTS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def mine(tmp_path):
    """A folder with a package and a lab note, as a user would have it; a function that runs launch.study there."""
    package = tmp_path / "my_package"
    package.mkdir()
    for part, source in PARTS.items():
        (package / f"{part}.py").write_text(source.format(name="mine", title="Mine"))
    note = tmp_path / "notes" / "my_study.py"
    note.parent.mkdir()
    note.write_text(
        "from my_package.study import Config\n\ndef get_config(preset='quick'):\n    return Config(seed=3)\n"
    )
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])

    def run(*flags):
        command = [sys.executable, "-m", "launch.study", f"--config={note}", "--workdir=run", *flags]
        return subprocess.run(
            command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False
        )  # fmt: skip

    run.folder, run.package, run.note = tmp_path, package, note
    return run


def test_it_runs_and_a_second_time_changes_nothing(mine):
    first = mine()
    assert first.returncode == 0, first
    assert "mine-mean" in first.stdout
    assert "\nResults and figures in run" in first.stdout
    folder = mine.folder / "run"
    for file in ("results.nc", "claims.json", "findings.json", "provenance.json", "figures/points.pdf", "figures/moving.gif"):  # fmt: skip
        assert (folder / file).exists(), file
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    before = {path: path.stat().st_mtime_ns for path in files}
    again = mine()
    assert again.returncode == 0, again
    assert "Unchanged results" in again.stdout
    assert {path: path.stat().st_mtime_ns for path in before} == before
    edited = (mine.package / "study.py").read_text().replace("normal(3, 1, 20)", "normal(9, 1, 20)")
    (mine.package / "study.py").write_text(edited)
    other = mine()
    assert "\nResults" in other.stdout
    assert "not reproduced" in other.stdout


@pytest.mark.parametrize(
    ("breaks", "says"),
    [
        (lambda it: (it.package / "findings.py").unlink(), "the study my_package has no findings.py"),
        (lambda it: it.note.write_text("from my_packages.study import Config\n"), "my_packages"),
        (lambda it: it.note.write_text("def get_config(: pass"), "invalid syntax"),
        (lambda it: it.note.write_text("import dataclasses\n@dataclasses.dataclass\nclass Config:\n  seed: int = 0\n"
                                       "def get_config(preset=None):\n  return Config()\n"),
         "config's class Config stands in"),
        (lambda it: it.note.write_text("from ml_collections import ConfigDict\ndef get_config(preset=None):\n"
                                       "  return ConfigDict({'a': 1})\n"),
         "config's class ConfigDict stands in"),
        (lambda it: (it.package.rename(it.folder / "recognisers"),
                     it.note.write_text(it.note.read_text().replace("my_package", "recognisers"))),
         "the package recognisers has the name of research.studies.recognisers; give it another name"),
        (lambda it: (it.package / "claims.py").write_text("import no_such_module\n"), "no_such_module"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_it_is_one_clear_line(mine, breaks, says):
    breaks(mine)
    outcome = mine()
    assert outcome.returncode == 2, outcome
    assert says in outcome.stderr
    assert outcome.stderr.startswith("error: ")
    assert outcome.stderr.count("\n") == 1, outcome.stderr
    assert not (mine.folder / "run" / "results.nc").exists()


def test_the_help_says_how_to_run_again(mine):
    said = " ".join(mine("--helpshort").stdout.split())
    assert (
        "--[no]force: Run again whatever results the folder holds; trained networks are used again." in said
    )
    assert "--[no]retrain: Run again, and train the study's networks again." in said

"""Sweeps: the grid's grammar, the manifest, what is done and what is not, resumed and collected."""

import itertools
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from research import evidence as e
from research.evidence import claims as c
from research.runs import folders, store
from research.studies.preparing import prepared
from research.sweep import collect, grid, local, record, slurm

ROOT = Path(__file__).resolve().parents[2]
NOTE = "configs/recognisers.py:smoke"
SOFTMAX = "include=('softmax',)"
TINY = f"small=1;timed=0;{SOFTMAX}"


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("seed=0:3", {"seed": ["0", "1", "2"]}),
        ("seed=0:32;mask=dense,sparse", {"seed": [*map(str, range(32))], "mask": ["dense", "sparse"]}),
        ("seed=8:0:-4,7 ; a.b=1e-3", {"seed": ["8", "4", "7"], "a.b": ["1e-3"]}),
        ("include=('a','b'),('c',)", {"include": ["('a','b')", "('c',)"]}),
        ("name='x;y',\"z,\"", {"name": ["'x;y'", '"z,"']}),
        ("a=1;", {"a": ["1"]}),
    ],
)
def test_the_grammar(text, parsed):
    assert grid.parse(text) == parsed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the grid is empty; expected something like 'seed=0:32"),
        ("seed", "bad axis 'seed' in the grid; expected field=value,value"),
        ("1seed=2", "bad axis '1seed=2'"),
        ("seed=0:99999999999999999999", "has 99999999999999999999 numbers; expected 1 to 100,000"),
        ("seed=", "empty value for 'seed'"),
        ("seed=1,,2", "empty value for 'seed'"),
        ("seed=0:2;seed=3", "names 'seed' twice"),
        ("seed=0:2,1", "names seed=1 twice"),
        ("seed=3:3", "the range seed=3:3 has 0 numbers"),
        ("when=12:00,-2:0", "the range when=12:00 has 0 numbers"),
        ("seed=0:9999999999", "has 9999999999 numbers; expected 1 to 100,000"),
        ("a=(1,2", "a quote or bracket is not closed"),
        ("a='1", "a quote or bracket is not closed"),
    ],
)
def test_bad_grammar_is_one_clear_line(text, says):
    with pytest.raises(ValueError) as error:
        grid.parse(text)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_points_are_all_combinations_the_last_axis_fastest():
    points = grid.points({"a": ["1", "2"], "b": ["x", "y", "z"]})
    assert [tuple(point.values()) for point in points] == list(itertools.product("12", "xyz"))


def test_names_are_readable_apart_and_fit_for_folders():
    assert grid.name({"seed": "3", "a.b": "1e-3"}) == "seed=3,a.b=1e-3"
    strange = [grid.name({"a": value}) for value in ("x/y", "x y", "../x", "x" * 300, "x" * 301)]
    assert len(set(strange)) == 5
    assert all(len(name) < 130 and "/" not in name and " " not in name for name in strange)


def test_a_points_config_is_what_launch_study_reads():
    config = grid.config(NOTE, {"softmax.training.learning_rate": "1e-3", "include": "('softmax',)"})
    assert config.softmax.training.learning_rate == 1e-3
    assert config.include == ("softmax",)
    assert config.small == 2  # of the preset


@pytest.mark.parametrize(
    ("config", "text", "says"),
    [
        (NOTE, "sead=0:2", "sead"),
        (NOTE, "small=1,0", "small must be at least 1, got 0"),
        (NOTE, "small=many", "many"),
        ("configs/none.py", "seed=0", "none.py"),
        (NOTE, "seed=0:400;small=1:400", "159,600 points; at most 100,000"),
    ],
)
def test_a_point_that_cannot_be_run_is_refused_before_anything_is_written(config, text, says, tmp_path):
    with pytest.raises(ValueError, match=says):
        record.create(tmp_path / "sweep", config, text)
    assert not (tmp_path / "sweep").exists()


def test_the_manifest_has_one_argv_a_line_and_is_this_sweeps(tmp_path):
    sweep = record.create(tmp_path, NOTE, f"seed=0:2;{SOFTMAX}")
    lines = [json.loads(line) for line in (tmp_path / "manifest.jsonl").read_text().splitlines()]
    assert lines[1][1:] == [
        "-m", "launch.study", f"--config={NOTE}", "--config.seed=1", "--config.include=('softmax',)",
        f"--workdir={sweep.run_folder(1)}",
    ]  # fmt: skip
    assert sweep.run_folder(1) == tmp_path / "runs" / "seed=1"
    assert record.load(tmp_path) == sweep == record.create(tmp_path, NOTE, f"seed=0:2;{SOFTMAX}")
    with pytest.raises(folders.StoreError, match="holds another sweep"):
        record.create(tmp_path, NOTE, "seed=0:3")
    (tmp_path / "sweep.json").write_text("{")
    with pytest.raises(folders.StoreError, match="damaged"):
        record.load(tmp_path)
    with pytest.raises(folders.StoreError, match="holds no sweep; start one"):
        record.load(tmp_path / "nowhere")


RESULTS = xr.Dataset({"score": (("seed",), [0.5, 0.6]), "count": ("kind", [1, 2])}, {"kind": ["a", "b"]})


def finish(sweep, line, factor=1.0):
    run = store.Run(sweep.run_folder(line))
    run.save(prepared(grid.config(sweep.config, sweep.points[line])), factor * RESULTS, 1.0)
    measured = e.mean(factor * np.linspace(0.4, 0.6, 5))
    rows = [
        e.judge("id", "002.txt", "about 50 %", e.Near(0.5, 0.2), measured, "networks", words="mean"),
        e.judge("aside", "002.txt", "about 50 %", e.Above(0), measured, "networks", primary=False),
        e.judge("left-out", "002.txt", "words", e.Above(0), None, "networks"),
    ]
    run.write_judged(c.to_json(rows), "[]", of="")


@pytest.fixture
def sweep(tmp_path):
    """Four points: one done, one failed, one told to end, one not begun."""
    found = record.create(tmp_path, NOTE, f"seed=0:2;small=1,2;{SOFTMAX}")
    finish(found, 0)
    found.run_folder(1).mkdir()
    (tmp_path / "logs" / "1.log").write_text("something\nerror: it broke\n")
    (tmp_path / "logs" / "1.exit").write_text("2\n")
    (tmp_path / "logs" / "2.exit").write_text("75\n")
    return found


def test_every_point_says_how_far_it_is(sweep):
    assert [state for state, _ in record.states(sweep)] == ["done", "failed", "missing", "missing"]
    assert record.states(sweep)[1][1] == "exit 2: error: it broke"
    assert "checkpoint" in record.states(sweep)[2][1]
    assert record.unfinished(sweep) == [1, 2, 3]
    with folders.lock(sweep.run_folder(1)):
        assert record.states(sweep)[1][0] == "running"
        assert record.unfinished(sweep) == [2, 3]
    (sweep.run_folder(0) / "results.nc").write_bytes(b"damaged")
    assert record.states(sweep)[0][0] == "missing"
    finish(sweep, 0)
    assert record.states(sweep)[0][0] == "done"
    (sweep.run_folder(0) / "claims.json").write_text("null")
    assert record.states(sweep)[0][0] == "missing"


def test_collected_over_the_axes_with_nan_where_a_point_is_missing(sweep):
    finish(sweep, 3, factor=2.0)
    path, rows, missing = collect.collect(sweep)
    assert missing == 2
    with xr.open_dataset(path, engine="h5netcdf") as whole:
        assert dict(whole.sizes) == {"config.seed": 2, "config.small": 2, "seed": 2, "kind": 2}
        at = whole.score.sel({"config.seed": 1, "config.small": 2})
        np.testing.assert_array_equal(at, [1.0, 1.2])
        np.testing.assert_array_equal(whole.score.sel({"config.seed": 0, "config.small": 1}), [0.5, 0.6])
        assert np.isnan(whole.score.sel({"config.seed": 1, "config.small": 1})).all()
        assert whole["config.include"].item() == "('softmax',)"
    row, absent = rows
    assert (row.points, row.low, row.median, row.high) == (2, 0.5, 0.75, 1.0)
    verdicts = "1 reproduced, 1 not reproduced"
    assert collect.cells(row) == ("id", "0.5", "mean: 0.5 ± 0.2", "2", "0.5", "0.75", "1", verdicts)
    assert collect.cells(absent) == ("left-out", "–", "> 0", "2", "–", "–", "–", "2 not run")
    claims = json.loads((sweep.folder / "claims.json").read_text())
    assert [claim["point"]["small"] for claim in claims] == ["1"] * 3 + ["2"] * 3
    assert {claim["id"] for claim in claims} == {"id", "aside", "left-out"}
    assert "2 of 4 points" in (sweep.folder / "report.html").read_text()


def test_one_point_has_no_axes(tmp_path):
    sweep = record.create(tmp_path, NOTE, SOFTMAX)
    with pytest.raises(folders.StoreError, match="no point of .* is done"):
        collect.collect(sweep)
    finish(sweep, 0)
    with xr.open_dataset(collect.collect(sweep)[0], engine="h5netcdf") as whole:
        assert dict(whole.sizes) == {"seed": 2, "kind": 2}


def test_slurms_script_is_a_script_with_everything_in_its_place(tmp_path):
    sweep = record.create(tmp_path / "my-sweep", NOTE, "seed=0:6", nodes=2)
    text = slurm.script(sweep, ["--partition=gpu"])
    assert "#SBATCH --partition=gpu\n" in text
    assert "#SBATCH --nodes=2\n" in text
    assert f"{tmp_path}/my-sweep/manifest.jsonl" in text
    assert sweep.argv(0)[-1] == "--distributed"
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)
    with pytest.raises(ValueError, match="bad option for sbatch 'rm'"):
        slurm.script(sweep, ["rm"])
    assert slurm.array([3, 0, 1, 2, 7]) == "0-3,7"


def test_the_script_runs_the_line_of_its_task_and_asks_to_be_run_again_on_75(tmp_path):
    """By stand-ins for srun and scontrol, with an argument that a shell would take apart."""
    sweep = record.create(tmp_path / "it's; $(touch run) `touch run`", NOTE, "seed=0:2")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, body in {
        "srun": 'printf "%s|" "$@"; exit 75',
        "scontrol": f'echo "$@" > {tmp_path}/asked',
    }.items():
        (tools / name).write_text(f"#!/bin/bash\n{body}\n")
        (tools / name).chmod(stat.S_IRWXU)
    lines = [["echo", "first"], ["echo", "a  b", "$HOME", "('x',)"]]
    (sweep.folder / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    environment = {"PATH": f"{tools}:{os.environ['PATH']}", "SLURM_ARRAY_TASK_ID": "1", "SLURM_JOB_ID": "77"}
    script = slurm.script(sweep, [])
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, check=False)
    assert done.returncode == 75
    assert not list(tmp_path.rglob("run"))
    assert (sweep.folder / "logs" / "1.log").read_text() == "--wait=60|echo|a  b|$HOME|('x',)|"
    assert (sweep.folder / "logs" / "1.exit").read_text() == "75\n"
    assert (tmp_path / "asked").read_text() == "requeue 77\n"


def test_folders_that_sbatch_would_misread_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no line breaks in paths"):
        slurm.script(record.create(tmp_path / "a\nb", NOTE, "seed=0:2"), [])
    with pytest.raises(ValueError, match="no blanks and quotes in paths"):
        slurm.submit(record.create(tmp_path / "a b", NOTE, "seed=0:2"), [0])


def test_without_slurm_it_says_so(tmp_path, monkeypatch):
    sweep = record.create(tmp_path, NOTE, "seed=0:2")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ValueError, match="there is no sbatch here; is Slurm installed"):
        slurm.submit(sweep, [0, 1])


def test_local_runs_a_few_at_a_time_and_says_how_each_ended(tmp_path, monkeypatch):
    sweep = record.create(tmp_path, NOTE, "seed=0:5")
    code = (
        "import os, sys, time; open(sys.argv[1] + '.begun', 'w'); time.sleep(0.3);"
        "assert int(os.environ['IDENTIKIT_END_WITH']) == os.getppid(); sys.exit(int(sys.argv[2]))"
    )
    monkeypatch.setattr(
        record.Sweep, "argv", lambda self, i: [sys.executable, "-c", code, str(tmp_path / str(i)), str(i % 2)]
    )
    ended, most = {}, 0

    def tell(line, code):
        nonlocal most
        ended[line] = code
        most = max(most, len(list(tmp_path.glob("*.begun"))) - len(ended) + 1)

    local.run(sweep, [0, 1, 3, 4], 2, tell)
    assert ended == {0: 0, 1: 1, 3: 1, 4: 0}
    assert most == 2
    assert (tmp_path / "logs" / "3.exit").read_text() == "1\n"
    with pytest.raises(ValueError, match="jobs must be at least 1, got 0"):
        local.run(sweep, [0], 0, tell)


def command(*words):
    return subprocess.run(
        [sys.executable, "-m", "launch.sweep", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_a_sweep_by_its_commands(tmp_path):
    """Two real points: one fails as its folder is taken by a file, is resumed, and both are collected."""
    folder = tmp_path / "sweep"
    blocked = folder / "runs" / "seed=1"
    record.create(folder, NOTE, f"seed=0:2;{TINY}")
    blocked.parent.mkdir(parents=True)
    blocked.write_text("in the way")
    begun = command(f"--config={NOTE}", f"--grid=seed=0:2;{TINY}", f"--workdir={folder}", "--jobs=2")
    assert begun.returncode == 1, begun
    assert "1 done, 1 failed" in begun.stdout
    blocked.unlink()
    before = (folder / "runs").glob("*/provenance.json")
    stamps = {path: path.stat().st_mtime_ns for path in before}
    resumed = command("resume", f"--workdir={folder}")
    assert resumed.returncode == 0, resumed
    assert "2 done" in resumed.stdout
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps  # what was done is left alone
    _, rows, missing = collect.collect(record.load(folder))
    assert missing == 0
    assert "softmax-accuracy" in [row.claim.id for row in rows]
    with xr.open_dataset(folder / "collected.nc", engine="h5netcdf") as whole:
        assert whole.sizes["config.seed"] == 2
        assert np.isfinite(whole.accuracy).all()

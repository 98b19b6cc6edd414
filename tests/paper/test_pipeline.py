"""The paper: every study run or reused, its figures drawn, failures shown, all of it gathered."""

import csv
import io
import json
import os
import re
import shutil

import numpy as np
import pytest
from toys import ROWS, configs, contents, write_paper

from research.evidence import claims as c
from research.paper import pipeline
from research.plotting import style
from research.runs.store import Run
from research.runtime import multihost


def test_everything_is_there_and_a_second_call_changes_nothing(two, tmp_path, capsys):
    folder = tmp_path / "paper"
    claims, failed = write_paper(configs(two), folder, widths=style.WIDTHS)
    assert failed == {}
    assert [claim.id for claim in claims] == [f"{name}-{row}" for name in ("alpha", "beta") for row in ROWS]
    before = contents(folder)
    assert {f"figures/alpha-{name}" for name in ("points.pdf", "points-column.png", "moving.gif", "moving.mp4")} <= set(before)  # fmt: skip
    assert c.from_json(before["claims.json"].decode()) == claims
    found = json.loads(before["findings.json"])
    assert [(row["id"], row["study"]) for row in found] == [("alpha-found", "alpha"), ("beta-found", "beta")]
    assert found[0]["n"] == 20
    for name, rows in (("claims", len(claims)), ("findings", 2)):
        table = list(csv.DictReader(io.StringIO(before[f"{name}.csv"].decode())))
        assert len(table) == rows
        of = {row["id"]: row for row in json.loads(before[f"{name}.json"])}
        for row in table:
            assert row["study"] == row["id"].partition("-")[0]
            for field in ("low", "high", "n", "unit"):
                value = of[row["id"]][field]
                assert row[field] == ("" if value is None else str(value))
    moved = {path: path.stat().st_mtime_ns for path in folder.glob("*/figures/*")}
    again, _ = write_paper(configs(two), folder, widths=style.WIDTHS)
    assert again == claims
    assert [module.RUNS for module in two] == [[0], [0]]
    assert contents(folder) == before
    assert {path: path.stat().st_mtime_ns for path in folder.glob("*/figures/*")} == moved
    said = capsys.readouterr().out
    assert said.count("done") == said.count("unchanged") == 2


def test_redrawing_gives_the_same_bytes_and_forcing_runs_again(two, tmp_path):
    folder = tmp_path / "paper"
    write_paper(configs(two), folder)
    before = contents(folder)
    shutil.rmtree(folder / "figures")
    for name in ("alpha", "beta"):
        shutil.rmtree(folder / name / "figures")
    (folder / "report.html").unlink()
    write_paper(configs(two), folder)
    assert contents(folder) == before
    assert [module.RUNS for module in two] == [[0], [0]]
    write_paper({"alpha": two[0].Config()}, folder, force=True)
    assert [module.RUNS for module in two] == [[0, 0], [0]]


def test_a_change_is_run_and_what_is_no_longer_drawn_goes_away(two, tmp_path):
    folder = tmp_path / "paper"
    seed = next(s for s in range(99) if np.random.default_rng(s).normal(3, 1, 20)[0] > 3.1)
    other = next(s for s in range(99) if np.random.default_rng(s).normal(3, 1, 20)[0] <= 3.1)
    write_paper(configs(two, seed=seed), folder)
    assert (folder / "figures" / "alpha-even.pdf").exists()
    (folder / "figures" / "mine.svg").write_text("<svg/>")
    (folder / "alpha" / "figures" / "mine.svg").write_text("<svg/>")
    with pytest.raises(
        ValueError, match=f"seed was {seed}, is {other}.; choose another --workdir, or --force"
    ):
        write_paper({"alpha": two[0].Config(seed=other)}, folder)
    write_paper({"alpha": two[0].Config(seed=other)}, folder, force=True)
    assert (folder / "figures" / "mine.svg").exists()
    assert (folder / "alpha" / "figures" / "mine.svg").exists()
    assert [module.RUNS for module in two] == [[seed, other], [seed]]
    assert not list(folder.glob("figures/alpha-even*")) + list(folder.glob("alpha/figures/even*"))
    assert (folder / "figures" / "beta-even.pdf").exists()
    page = (folder / "report.html").read_text()
    assert "alpha-even" not in page
    assert "beta-even" in page


def test_a_failed_study_is_shown_and_the_others_appear(two, tmp_path, capsys):
    folder, wrong = tmp_path / "paper", configs(two)
    wrong["alpha"].fails = "no <luck>\nat all"
    claims, failed = write_paper(wrong, folder)
    assert failed == {"alpha": "TypeError: no <luck> at all"}
    assert [claim.id for claim in claims] == [f"beta-{row}" for row in ROWS]
    page = (folder / "report.html").read_text()
    assert "TypeError: no &lt;luck&gt; at all" in page
    assert "beta-mean" in page
    assert "Traceback" in (folder / "alpha" / "failure.txt").read_text()
    assert re.search(r"alpha +failed", capsys.readouterr().out)
    claims, failed = write_paper(configs(two), folder)
    assert not failed
    assert len(claims) == 6
    assert not (folder / "alpha" / "failure.txt").exists()


def test_the_command_ends_with_1_when_a_study_failed(two, tmp_path, monkeypatch, command):
    from absl import flags

    paper = command("paper")
    wrong = configs(two, fails="broken")
    monkeypatch.setattr(paper.cli, "lab_note", lambda name, preset: wrong[name])
    flags.FLAGS(["paper", "--preset=smoke", f"--workdir={tmp_path / 'paper'}"])
    assert paper.main() == 1
    for config in wrong.values():
        config.fails = ""
    assert paper.main() == 0
    assert "preset smoke" in (tmp_path / "paper" / "report.html").read_text()


def test_figures_are_drawn_in_a_process_of_their_own_and_its_errors_are_told(two, tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.syspath_prepend(tmp_path / "toys")  # the other process gets the path, and nothing else
    folder, figures = tmp_path / "paper", tmp_path / "toys" / "beta" / "figures.py"
    figures.write_text(f"import os\nFIGURES = {{}}\nif os.getppid() == {os.getpid()}: os._exit(7)\n")
    claims, failed = write_paper(configs(two), folder)
    assert list(failed) == ["beta"]
    assert "process" in failed["beta"]
    assert (folder / "alpha" / "figures" / "points.pdf").exists()
    assert (folder / "figures" / "alpha-points.pdf").exists()
    assert [claim.id for claim in claims] == ["alpha-mean", "alpha-2", "alpha-aside"]
    figures.write_text(
        "import os, multiprocessing\nFIGURES = {}\nassert not multiprocessing.parent_process()\n"
    )
    _, failed = write_paper(configs(two), folder)
    assert list(failed) == ["beta"]
    assert "AssertionError" in failed["beta"]
    assert "figures.py" in (folder / "beta" / "failure.txt").read_text()


def test_after_an_interruption_it_goes_on(two, tmp_path):
    folder, stopped = tmp_path / "paper", configs(two)
    stopped["beta"].fails = "stop"
    with pytest.raises(KeyboardInterrupt):
        write_paper(stopped, folder)
    page = (folder / "report.html").read_text()
    assert "alpha-mean" in page
    assert "Not in this report yet: beta" in page
    claims, _ = write_paper(configs(two), folder)
    assert len(claims) == 6
    assert [module.RUNS for module in two] == [[0], [0, 0]]


def test_told_to_end_during_a_study_the_paper_keeps_it_and_begins_no_other(two, tmp_path):
    folder, told = tmp_path / "paper", configs(two)
    told["alpha"].fails = "told"
    with pytest.raises(multihost.Preempted):
        write_paper(told, folder)
    assert [module.RUNS for module in two] == [[0], []]
    assert Run(folder / "alpha").sound()
    write_paper(told, folder)
    assert [module.RUNS for module in two] == [[0], [0]]


def test_a_folder_of_somebody_else_and_of_another_study_are_left_as_they_are(two, tmp_path):
    thesis = tmp_path / "thesis"
    (thesis / "figures").mkdir(parents=True)
    (thesis / "figures" / "mine.svg").write_text("<svg/>")
    (thesis / "config.json").write_text("{}")
    before = contents(thesis)
    config = two[0].Config()
    for force in (False, True):
        with pytest.raises(ValueError, match="no command of ours wrote .config.json, figures."):
            pipeline.conduct(config, thesis, force=force)
        with pytest.raises(ValueError, match="no command of ours wrote"):
            write_paper({"thesis": config}, tmp_path, force=force)
    assert contents(thesis) == before
    pipeline.conduct(config, tmp_path / "run", widths=(style.DOUBLE,))
    with pytest.raises(ValueError, match="holds alpha, not beta; choose another --workdir, or --force"):
        pipeline.conduct(two[1].Config(), tmp_path / "run")
    with pytest.raises(ValueError, match="seed was 0, is 1"):
        pipeline.conduct(two[0].Config(seed=1), tmp_path / "run")
    assert [module.RUNS for module in two] == [[0], []]


def test_what_was_said_is_made_again_where_it_is_damaged_and_no_other_study_runs(two, tmp_path):
    folder = tmp_path / "paper"
    claims, _ = write_paper(configs(two), folder)
    (folder / "alpha" / "claims.json").write_text("null")
    (folder / "alpha" / "figures" / "drawn.json").write_text("[]")
    (folder / "beta" / "judged.json").write_text("null")
    (folder / "figures" / "drawn.json").write_text("damage")
    others, _ = write_paper({"beta": two[1].Config()}, folder)  # alpha is only shown
    assert [claim.id for claim in others] == [claim.id for claim in claims if claim.id.startswith("beta")]
    assert write_paper(configs(two), folder) == (claims, {})
    assert [module.RUNS for module in two] == [[0], [0]]
    (folder / "alpha" / "provenance.json").write_text("null")
    assert write_paper(configs(two), folder) == (claims, {})
    assert [module.RUNS for module in two] == [[0, 0], [0]]

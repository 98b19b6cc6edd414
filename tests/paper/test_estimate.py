"""What a paper will take, said before it starts."""

import importlib
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from toys import configs, write_paper

from research import studies
from research.fields import check
from research.models.softmax import SoftmaxConfig
from research.paper import estimate
from research.paper.estimate import Cost, Measured
from research.training import populations
from research.training.populations import Wanted
from research.training.recipes import recipe


def test_networks_are_counted_once_and_done_studies_cost_nothing(two, tmp_path, cache, monkeypatch):
    networks = {"alpha": (3, "softmax"), "beta": (5, "softmax")}
    for study, (m, name) in zip(two, networks.values()):
        wanted = lambda config, m=m, name=name: [Wanted(recipe(name), m, name)]  # noqa: E731
        monkeypatch.setattr(study, "wanted", wanted, raising=False)
    folder, took = tmp_path / "paper", {"alpha": Measured(100.0, 2 * 10**9)}
    costs = estimate.of(configs(two), folder, took)
    assert costs == [
        Cost("alpha", False, 3, 3, took["alpha"]),
        Cost("beta", False, 5, 2, None),  # three of its five are those of alpha
    ]
    assert not folder.exists()
    place = populations.folder(recipe("softmax"))
    place.mkdir(parents=True)
    for i in (0, 4):
        (place / f"{i}.safetensors").touch()
    assert [cost.missing for cost in estimate.of(configs(two), folder, took)] == [2, 1]
    assert [cost.missing for cost in estimate.of(configs(two), folder, took, retrain=True)] == [3, 2]
    write_paper({"alpha": two[0].Config()}, folder)
    costs = estimate.of(configs(two), folder, took)
    assert [(cost.done, cost.missing) for cost in costs] == [(True, 0), (False, 3)]
    assert [cost.done for cost in estimate.of(configs(two), folder, took, force=True)] == [False, False]
    monkeypatch.setattr(two[0].Config, "validate", lambda _: check(SoftmaxConfig(classes=0)))
    with pytest.raises(ValueError, match="classes must be at least 2, got 0"):
        estimate.of(configs(two), folder, took)


def test_the_table_adds_time_and_takes_the_largest_memory_and_says_what_is_not_known():
    costs = [
        Cost("a", False, 3, 2, Measured(200, 2 * 10**9)),
        Cost("b", True, 5, 0, Measured(1000, 9 * 10**9)),
        Cost("c", False, 1, 1, Measured(100, 10**9)),
    ]
    assert estimate.rows(costs) == [
        ("a", "to run", "3", "2", "3 min", "2.0 GB"),
        ("b", "done", "5", "0", "–", "–"),
        ("c", "to run", "1", "1", "2 min", "1.0 GB"),
        ("all", "2 to run", "", "3", "5 min", "2.0 GB"),
    ]
    unknown = estimate.rows([*costs, Cost("d", False, 0, 0, None)])
    assert unknown[3:] == [
        ("d", "to run", "0", "0", "not measured yet", "not measured yet"),
        ("all", "3 to run", "", "3", "not measured yet", "not measured yet"),
    ]
    assert estimate.rows([costs[1]])[-1] == ("all", "0 to run", "", "0", "–", "–")


def test_several_presets_are_kept_beside_each_other(two, tmp_path):
    folder, file = tmp_path / "paper", tmp_path / "seconds.json"
    assert estimate.load(file, "full") == ({}, "")
    write_paper(configs(two), folder)
    for preset in ("full", "quick"):
        estimate.keep(file, preset, folder, studies.names())
    took, on = estimate.load(file, "full")
    origin = json.loads((folder / "alpha" / "provenance.json").read_text())
    assert took["alpha"] == (origin["seconds"], origin["peak_bytes"])
    assert 10**7 < took["alpha"].peak_bytes < 10**12
    assert on.startswith(f"{origin['devices']['cores']} cores, ")
    assert estimate.load(file, "quick")[0].keys() == {"alpha", "beta"}
    assert estimate.load(file, "smoke") == ({}, "")
    said = estimate.sentence(file, {"quick": "make paper", "smoke": "make nothing"})
    assert said.startswith("`make paper` takes ")
    assert said.count("takes") == 1


def test_a_dry_run_prints_it_and_does_nothing(two, tmp_path, monkeypatch, capsys, command):
    paper = command("paper")
    monkeypatch.setattr(paper.cli, "lab_note", lambda name, preset: configs(two)[name])
    monkeypatch.setattr(paper.cli, "ROOT", tmp_path)
    flags = {
        "PRESET": "quick",
        "WORKDIR": str(tmp_path / "paper"),
        "ONLY": [],
        "FORCE": False,
        "RETRAIN": False,
    }
    for name, value in flags.items():
        monkeypatch.setattr(paper, name, SimpleNamespace(value=value))
    monkeypatch.setattr(paper, "DRY_RUN", SimpleNamespace(value=True))
    assert paper.main() == 0
    said = capsys.readouterr().out
    assert "2 to run" in said
    assert "not measured yet" in said
    assert not Path(flags["WORKDIR"]).exists()
    assert [module.RUNS for module in two] == [[], []]


def test_a_study_says_what_it_takes_where_it_is_that_of_a_preset(tmp_path, cache, capsys, command):
    cli = importlib.import_module("launch.cli")
    config, again = cli.lab_note("embeddings", "full"), {"force": False, "retrain": False}
    assert cli.print_estimate({"embeddings": config}, tmp_path / "run", **again) == 0
    known, _ = estimate.load(cli.ROOT / "results" / "reference" / "seconds.json", "full")
    assert (
        estimate.rows([Cost("embeddings", False, 0, 0, known["embeddings"])])[0][4] in capsys.readouterr().out
    )
    config.experiments += 1
    cli.print_estimate({"embeddings": config}, tmp_path / "run", **again)
    assert "not measured yet" in capsys.readouterr().out
    assert not (tmp_path / "run").exists()

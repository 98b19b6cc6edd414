"""Figures of every study at the preset smoke: the same bytes from the same results, and drawn without computing."""

import importlib
from pathlib import Path

import pytest
from toys import contents

from research import data, studies
from research.paper import figure_files, pipeline, reference
from research.plotting.style import DOUBLE
from research.runs import store
from research.studies.preparing import prepared
from research.training import populations, train

WIDTHS = (DOUBLE,)
SMOKE_PAPER = Path(__file__).resolve().parents[2] / "results" / "ci"  # where .ci/run has it written


@pytest.fixture(scope="module", params=studies.names())
def run(request):
    """(study, its run folder): that of CI's smoke paper, or one in the cache, run again where it is out of date."""
    config = importlib.import_module(f"configs.{request.param}").get_config("smoke")
    places = [SMOKE_PAPER / request.param, data.cache_dir() / "tests" / request.param]
    done = [place for place in places if store.Run(place).finished(prepared(config))]
    folder = (done or places[1:])[0]
    pipeline.conduct(config, folder, force=not done, widths=WIDTHS)
    return request.param, folder


def test_the_same_results_give_the_same_bytes(run, tmp_path):
    study, folder = run
    figure_files.redraw(study, folder / "results.nc", tmp_path, widths=WIDTHS)
    drawn = contents(tmp_path)
    assert {f"{name}.pdf" for name in studies.part(study, "figures").FIGURES} & drawn.keys()
    assert drawn == contents(folder / "figures")


def test_compact_results_have_the_same_figures_and_no_network_is_trained(run, tmp_path, monkeypatch):
    study, folder = run
    for module, name in ((populations, "train_or_load"), (train, "train")):
        monkeypatch.setattr(module, name, None)
    whole = store.Run(folder).results()
    (tmp_path / "results.nc").write_bytes(store.packed(reference.compact(whole), 9))
    drawn = tmp_path / "figures"
    figure_files.redraw(study, tmp_path / "results.nc", drawn, widths=WIDTHS)
    assert contents(drawn).keys() == contents(folder / "figures").keys()

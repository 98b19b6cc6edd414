"""Figures of every study at the preset smoke: the same bytes from the same results, and drawn without computing."""

import importlib

import pytest
from toys import contents

from research import data, studies
from research.paper import figure_files, pipeline, reference
from research.plotting.style import DOUBLE
from research.runs import store
from research.studies.preparing import prepared
from research.training import populations, train

WIDTHS = (DOUBLE,)


@pytest.fixture(scope="module", params=studies.names())
def run(request):
    """(study, its run folder), kept in the cache: it is run again where its preset or its code has changed."""
    folder = data.cache_dir() / "tests" / request.param
    config = importlib.import_module(f"configs.{request.param}").get_config("smoke")
    again = not store.Run(folder).finished(prepared(config))
    pipeline.conduct(config, folder, force=again, widths=WIDTHS)
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

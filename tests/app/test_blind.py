"""The blind test shows what the study saved, and tells afterwards what the judges called it."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from test_server import ask

from research.app import blind

REFERENCE = Path(__file__).parents[2] / "results" / "reference"


@pytest.fixture(scope="module")
def results():
    return xr.load_dataset(blind.find(REFERENCE / "report.html"), engine="h5netcdf")


def test_ten_identikits_of_ten_kinds_of_teacher_with_what_the_judges_called_them(results):
    drawn = blind.draw(results, 5)
    kinds = {each["kind"] for each in drawn}
    assert len(kinds) == len(drawn) == 10 <= results.sizes["kind"]
    assert kinds <= set(results.kind.values)
    for each in drawn:
        words = {"search, as the document does": "search", "ascent from soft blobs": "low_frequency"}
        at = {"kind": each["kind"], "reading": words[each["reading"]], "digit": each["digit"]}
        images = results.alphabet.sel(at).transpose("teacher", "y", "x").values.reshape(-1, 784)
        same = np.flatnonzero((images == each["image"]).all(1))
        assert each["named"] in results.agreed.sel(at).isel(teacher=same).sum("judge")
        assert each["judges"] == 4
    assert blind.draw(results, 5) == drawn
    others = [blind.draw(results, seed) for seed in range(6, 26)]
    assert len({tuple(each["kind"] for each in ten) for ten in others}) > 10
    assert {each["digit"] for ten in others for each in ten} == set(range(10))


def test_without_a_paper_there_is_no_blind_test(live, monkeypatch):
    assert ask(live, "/blind")[0] == 200
    status, _, body = ask(live, "/api/blind/1")
    assert status == 404
    assert "make paper" in json.loads(body)["error"]
    monkeypatch.setattr(live.app, "identikits", blind.find(REFERENCE / "report.html"))
    assert len(json.loads(ask(live, "/api/blind/1")[2])) == 10

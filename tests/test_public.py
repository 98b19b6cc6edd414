"""The public names of the readings' rooms exist, are typed, and cost nothing until they are used."""

import importlib
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import research

ROOMS = ("attribution", "callables", "embedding", "identikits", "importing", "joint_descent")


@pytest.mark.parametrize("room", ROOMS)
def test_public_names_exist(room):
    names = importlib.import_module(f"research.{room}").__all__
    assert list(names) == sorted(names)
    held = {}
    exec(f"from research.{room} import *", held)
    assert set(names) <= set(held)
    assert (Path(research.__file__).parent / "py.typed").is_file()


def test_rooms_of_readings_import_nothing():
    rooms = ", ".join(f"research.{room}" for room in ROOMS if room != "importing")
    program = f"import sys, {rooms}; sys.exit(bool({{'jax', 'numpy', 'xarray'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_api_page_has_the_public_rooms_and_their_docstrings(command, monkeypatch, tmp_path):
    pytest.importorskip("pdoc")
    docs = command("docs")
    assert set(ROOMS) <= set(docs.ROOMS)
    monkeypatch.setattr(docs, "ROOMS", ("callables", "identikits"))
    monkeypatch.setattr(docs, "OUT", SimpleNamespace(value=str(tmp_path)))
    assert docs.main() == 0
    page = (tmp_path / "research" / "identikits.html").read_text()
    assert 'id="identikits"' in page
    assert "class indices in 0..k-1" in page
    assert "research/callables.html" in (tmp_path / "index.html").read_text()

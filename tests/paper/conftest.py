"""The fixture `two`."""

import sys

import pytest
from toys import PARTS, AtOnce

from research import studies
from research.paper import pipeline


@pytest.fixture
def two(tmp_path, monkeypatch):
    """Two studies of our own, alpha and beta, in place of the real ones; figures are drawn in this process."""
    for name in ("alpha", "beta"):
        folder = tmp_path / "toys" / name
        folder.mkdir(parents=True)
        for part, source in PARTS.items():
            (folder / f"{part}.py").write_text(source.format(name=name, title=name.capitalize()))
    monkeypatch.syspath_prepend(tmp_path / "toys")
    monkeypatch.setattr(studies, "names", lambda: ("alpha", "beta"))

    monkeypatch.setattr(pipeline, "_one_at_a_time", AtOnce)
    monkeypatch.setattr(pipeline, "_draw", pipeline._draw_here)
    yield [studies.part(name, "study") for name in ("alpha", "beta")]
    for name in [name for name in sys.modules if name.partition(".")[0] in ("alpha", "beta")]:
        del sys.modules[name]

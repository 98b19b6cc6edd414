"""The README's examples run as they stand, and do what the README says."""

import re
from pathlib import Path

import pytest

from research import reference

README = Path(__file__).parents[1] / "README.md"


def example(section: str) -> str:
    """The Python example of a section."""
    text = README.read_text().split(f"## {section}\n")[1].split("\n## ")[0]
    return re.search(r"```python\n(.*?)```", text, re.DOTALL).group(1)


def test_ask_your_own_network(capsys):
    names: dict = {}
    exec(compile(example("Ask your own network"), "README.md", "exec"), names)
    drawn, by_gradient = names["drawn"], names["by_gradient"]
    assert drawn.image.dims == ("network", "digit", "restart", "y", "x")
    assert list(drawn.digit) == [3, 7]
    assert (drawn.confidence >= 0.99).all()
    assert (by_gradient.confidence >= 0.99).all()
    for digit in (3, 7):
        image = drawn.image.sel(digit=digit, network=0, restart=1).values
        assert names["predict"](image).argmax() == digit
    assert "[[" in capsys.readouterr().out


def test_claims_and_pictures_are_those_of_the_reference_run():
    kept = README.parent / "results" / "reference"
    text = README.read_text()
    if not (kept / "claims.json").exists():
        assert reference.fill(text, "claims", "") == text  # the marks are there, and nothing between them
        pytest.skip("no reference run is kept yet")
    assert reference.readme(text, kept, "results/reference") == text, "run make readme"

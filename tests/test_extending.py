"""EXTENDING.md's six examples are carried out on a copy of the code, and do what the page says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "EXTENDING.md").read_text()
EXAMPLES = ("A model", "A perturbation", "A noise", "A reading", "A study", "A dataset")
CHECKS = """
assert two.curve[:, -1, 2].min() > 0.7, two.curve
assert float(in_rows.confidence.min()) >= 0.9
assert in_rows.image.values.std(axis=-1).max() < 1e-6  # whole rows only
assert float(in_rows.image.values.std()) > 0.02
assert noisy.shape == (5, 28, 28) and bool((noisy[images == 0] == 0).all()) and not bool((noisy == images).all())
assert abs(float(turning_point(halves, left, left[:, ::-1])) - 0.5) < 0.001
(claim,) = rows
assert claim.id == "turns-half-way" and 0 < claim.measured < 1 and claim.n == 5 and claim.verdict != "not run"
assert "turning-spread" in (folder / "findings.json").read_text()
assert (folder / "figures" / "places-column.pdf").exists()
assert conduct(get_config("smoke"), folder) is False
assert bars.images.shape == (600, 28, 28) and data.load("bars", "test").labels.shape == (200,)
print("all six")
"""


def add(copy: Path, block: str) -> None:
    """Adds the + lines of a block to its file, after or before the lines of the file that it quotes."""
    head, *lines = block.splitlines()
    path = copy / head.removeprefix("+++ ")
    text, place = path.read_text(), None
    waiting = []
    for line in lines:
        kind, content = line[:1], line[1:]
        if kind == "+" and place is None:
            waiting.append(content + "\n")
        elif kind == "+":
            text = f"{text[:place]}{content}\n{text[place:]}"
            place += len(content) + 1
        elif kind == "-":
            assert text.count(content) == 1, f"{path}: {content!r}"
            place = text.index(content)
            text = text.replace(content, "")
            (replacement,) = [other[1:] for other in lines if other[:1] == "+"]
            path.write_text(text[:place] + replacement + text[place:])
            return
        else:
            assert text.count(f"\n{content}\n") == 1, f"{path}: {content!r}"
            place = text.index(f"\n{content}\n") + 1
            text = text[:place] + "".join(waiting) + text[place:]
            place += sum(map(len, waiting)) + len(content) + 1
            waiting = []
    path.write_text(text)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The code with everything that the page adds; returns its folder and the blocks that use it."""
    copy = tmp_path_factory.mktemp("copy")
    for room in ("research", "configs", "launch"):
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    uses, scripts = [], []
    for kind, block in re.findall(r"```(python|diff)\n(.*?)```", TEXT, re.DOTALL):
        first = block.partition("\n")[0]
        if kind == "diff":
            add(copy, block)
        elif first.startswith("# "):
            file = copy / first.removeprefix("# ")
            assert not file.exists(), file
            file.parent.mkdir(exist_ok=True)
            file.write_text(block.partition("\n")[2])
            scripts += [file] * (file.parent == copy)
        else:
            uses.append(block)
    for script in scripts:
        subprocess.run([sys.executable, script.name], cwd=copy, check=True)
    return copy, uses


def test_there_are_six_examples():
    assert tuple(re.findall(r"^## (.*)$", TEXT, re.MULTILINE)) == EXAMPLES


def test_all_six_work_as_they_stand(copy, cache):
    folder, uses = copy
    prepared = (cache / "data").resolve()  # seen one by one, so that the example's own data stay apart
    (cache / "data").unlink()
    (cache / "data").mkdir()
    for entry in prepared.glob("mnist-*"):
        (cache / "data" / entry.name).symlink_to(entry)
    (folder / "try_all.py").write_text("\n".join([*uses, CHECKS]))
    outcome = subprocess.run(
        [sys.executable, "-W", "error::SyntaxWarning", "try_all.py"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr[-3000:]
    assert outcome.stdout.endswith("all six\n")


def test_the_added_files_pass_the_linter(copy):
    folder, _ = copy
    shutil.copy(ROOT / "pyproject.toml", folder)
    study = [
        f"research/studies/turning_points/{file}.py"
        for file in ("__init__", "about", "study", "claims", "findings", "figures")
    ]
    added = ["research/models/maxout.py", "research/attribution/turning.py", *study,
             "configs/turning_points.py", "research/identikits/perturbations.py"]  # fmt: skip
    ruff = shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff")
    if not ruff:
        pytest.skip("ruff is not installed")
    subprocess.run([ruff, "check", "--no-cache", "--ignore=E731", *added], cwd=folder, check=True)

"""The floors hold: a file imports from its own floor or from those below, and readings know no model, no file.

Only the imports are read (`ast`); nothing is imported. A new room must be given its floor here.
"""

import ast
import graphlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = {
    6: ("launch", "configs"),
    5: ("research.paper", "research.app", "research.sweep", "research.bench"),
    4: ("research.studies",),
    3: ("research.training", "research.importing"),
    2: (
        "research.runs",
        "research.identikits",
        "research.attribution",
        "research.embedding",
        "research.joint_descent",
    ),
    1: ("research.runtime", "research.callables"),
    0: ("research.fields", "research.data", "research.models", "research.evidence", "research.plotting"),
}
FLOOR = {room: floor for floor, rooms in FLOORS.items() for room in rooms}
PURE = ("research.identikits", "research.attribution", "research.embedding")
MODELS_AND_FILES = {"research.models", "research.importing", "research.data.digits"} | {
    "flax", "h5py", "orbax", "os", "pathlib", "pickle", "shutil", "tempfile"
}  # fmt: skip


def module(path: str) -> str:
    """The dotted name of a file: research/data/idx.py -> research.data.idx."""
    parts = PurePosixPath(path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(name: str) -> str | None:
    """The room that a module belongs to; None for what is not ours, and for `research` itself."""
    top, *rest = name.split(".")
    if top in FLOOR:
        return top
    return f"research.{rest[0]}" if top == "research" and rest else None


def imports(path: str, source: str) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything imported, also inside functions and by `importlib.import_module`."""
    package = path.removesuffix(".py").split("/")[:-1]
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=origin, names=names, level=level):
                above = package[: len(package) - level + 1] if level else []
                base = ".".join(above + ([origin] if origin else []))
                yield from ((node.lineno, f"{base}.{alias.name}") for alias in names)
            case ast.Call(func=ast.Attribute(attr="import_module"), args=[name, *_]):
                start = name.values[0] if isinstance(name, ast.JoinedStr) else name
                if isinstance(start, ast.Constant):
                    yield node.lineno, start.value.rstrip(".")


def violations(path: str, source: str) -> list[str]:
    """What in this file breaks the rules of the house, as `path:line: what`."""
    own = room(module(path))
    if own is None:
        return [] if module(path) == "research" else [f"{path}: is in no room"]
    if own not in FLOOR:
        return [f"{path}: {own} has no floor; give it one in FLOORS"]
    found = []
    for line, name in imports(path, source):
        there = room(name)
        if there in FLOOR and FLOOR[there] > FLOOR[own]:
            found.append(f"{path}:{line}: floor {FLOOR[own]} imports {name} from floor {FLOOR[there]}")
        parents = {name.rsplit(".", i)[0] for i in range(name.count(".") + 1)}
        if own in PURE and parents & MODELS_AND_FILES:
            found.append(f"{path}:{line}: {own} knows no model and no file, but imports {name}")
    if own in PURE:
        calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
        opened = (call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "open")
        found += [f"{path}:{call.lineno}: {own} knows no file, but opens one" for call in opened]
    return found


def files() -> dict[str, str]:
    paths = sorted(path for top in ("research", "launch", "configs") for path in (ROOT / top).rglob("*.py"))
    return {path.relative_to(ROOT).as_posix(): path.read_text() for path in paths}


def test_no_file_reaches_above_its_floor():
    ours = files()
    assert len(ours) > 30
    assert [line for path, source in ours.items() for line in violations(path, source)] == []


def test_rooms_depend_on_one_another_in_one_direction():
    uses: dict[str, set[str]] = {}
    for path, source in files().items():
        if own := room(module(path)):
            found = {room(name) for _, name in imports(path, source)}
            uses.setdefault(own, set()).update((found & FLOOR.keys()) - {own})
    assert uses["research.studies"] >= {"research.training", "research.data"}
    graphlib.TopologicalSorter(uses).prepare()  # raises CycleError with the rooms in question


@pytest.mark.parametrize(
    ("path", "source", "complaint"),
    [
        ("research/data/idx.py", "from research import runs", "floor 0 imports research.runs from floor 2"),
        ("research/embedding/a.py", "import research.training.fit as f", "floor 2 imports research.training"),
        (
            "research/runtime/a.py",
            "from ..studies import x",
            "floor 1 imports research.studies.x from floor 4",
        ),
        (
            "research/runs/store.py",
            "def f():\n    from launch import cli",
            "store.py:2: floor 2 imports launch",
        ),
        (
            "research/training/populations.py",
            "import_ = importlib.import_module(f'research.studies.{n}')",
            "from floor 4",
        ),
        (
            "research/studies/x/study.py",
            "from research.paper import report",
            "floor 4 imports research.paper",
        ),
        ("research/paper/report.py", "import configs.recognisers", "floor 5 imports configs.recognisers"),
        ("research/identikits/a.py", "from research.models import MLP", "knows no model and no file"),
        ("research/attribution/a.py", "from flax import nnx", "knows no model and no file"),
        (
            "research/embedding/b.py",
            "def f(p):\n    return open(p)",
            "b.py:2: research.embedding knows no file",
        ),
        ("research/helpers.py", "", "research.helpers has no floor"),
    ],
)
def test_an_offending_file_is_caught(path, source, complaint):
    found = violations(path, source)
    assert any(complaint in line for line in found)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("research/identikits/a.py", "import jax\nfrom research.identikits.b import c\nfrom . import d"),
        ("research/training/populations.py", "from research import data\nfrom ..models import MLP"),
        ("research/data/__init__.py", "from .digits import load"),
        ("launch/study.py", "from research import studies, paper\nfrom launch import cli"),
        ("research/__init__.py", ""),
    ],
)
def test_a_lawful_file_is_left_alone(path, source):
    assert violations(path, source) == []

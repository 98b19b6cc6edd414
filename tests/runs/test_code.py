"""The code of a result: what is imported counts, what is not does not; comments and layout never do."""

import pytest

from research import studies
from research.runs import code


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of its own: study imports helper (inside a function) and sub.part; other is imported by nobody."""
    folder = tmp_path / "a_package_of_my_own"
    (folder / "sub").mkdir(parents=True)
    for name, text in {
        "__init__": "",
        "study": "from . import sub\nfrom .sub.part import x\ndef run():\n    from a_package_of_my_own import helper\n",
        "helper": '"""Doc."""\ndef f(x):\n    """Doc."""\n    return x + 1\n',
        "other": "import research\n",
        "sub/__init__": "",
        "sub/part": "import numpy\nfrom research.runtime import rng\nx = 1\n",
    }.items():
        (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def test_the_closure_is_what_is_imported_also_inside_functions(package):
    found = code.closure(["a_package_of_my_own.study"])
    own = {name for name in found if name.startswith("a_package")}
    assert own == {"a_package_of_my_own" + rest for rest in ("", ".study", ".helper", ".sub", ".sub.part")}
    assert set(found) - own == {"research", "research.runtime", "research.runtime.rng"}


def test_what_counts_and_what_does_not(package):
    digest = lambda: code.digest(["a_package_of_my_own.study"])  # noqa: E731
    first = digest()
    (package / "helper.py").write_text('"""Other."""\n\ndef f(x):  # a comment\n    return (x + 1)\n')
    assert digest() == first
    (package / "other.py").write_text("y = 2\n")
    (package / "new.py").write_text("z = 3\n")
    assert digest() == first
    (package / "helper.py").write_text("def f(x):\n    return x + 2\n")
    assert digest() != first


def test_a_module_without_source_is_refused():
    with pytest.raises(ValueError, match="the module math has no source file"):
        code.closure(["math"])
    with pytest.raises(ValueError, match="must stand in a file that can be imported, such as my_model.py"):
        code.closure(["__main__"])


@pytest.mark.parametrize("study", studies.names())
def test_touching_a_room_makes_exactly_the_studies_stale_that_import_it(study):
    """Seen from Python's own side: the modules that are loaded with a study's and its closure are the same."""
    import subprocess
    import sys

    name = f"research.studies.{study}.study"
    program = f"import sys, {name}; print(*(m for m in sys.modules if m.startswith('research')))"
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=code.HOME, check=True, capture_output=True, text=True
    )
    loaded = set(told.stdout.split())
    found = set(code.closure([name]))
    assert loaded <= found
    looks = {"research.paper", "research.plotting", "research.app", "research.bench", "research.sweep"}
    assert not {room for module in found for room in looks if module.startswith(room)}
    others = {f"research.studies.{other}.figures" for other in studies.names()}
    assert not others & found
    lazily = {
        module
        for module in found - loaded
        if not module.startswith(("research.identikits.", "research.callables."))
    }  # by their doors
    assert lazily <= {"research.data.builder", "research.data.idx"}  # imported when digits are prepared

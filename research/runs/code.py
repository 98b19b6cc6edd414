"""The code that a result depends on: a module and everything inside the project that it imports.

Two files count as the same if they differ in comments, docstrings and layout only. What a module does not import,
directly or through others, has no influence on its digest; nothing is listed by hand.
"""

import ast
import functools
import hashlib
import importlib.util
from collections.abc import Iterable, Iterator
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]  # the folder that holds `research`


def closure(modules: Iterable[str]) -> dict[str, Path]:
    """The files of these modules and of all that they import, by dotted name.

    Followed are imports of `research` and of the top-level packages that the given modules belong to, also inside
    functions, and the `__init__` of every package on the way; imports of other libraries are not.

    Args:
        modules: dotted names, such as `research.training.train` or `my_package.mixer`.

    Raises:
        ValueError: if a module has no source file.
    """
    modules = list(modules)
    tops = {name.partition(".")[0] for name in modules} | {"research"}
    found: dict[str, Path] = {}
    waiting = list(modules)
    for name in modules:
        if name == "__main__":
            raise ValueError(
                "the class of a model or config must stand in a file that can be imported, such as my_model.py, not in a "
                "notebook or the script that runs: its code is part of the key under which networks are kept"
            )
        if _file(name) is None:
            raise ValueError(
                f"the module {name} has no source file, so its results cannot be told from others"
            )
    while waiting:
        name = waiting.pop()
        path = _file(name)
        if name in found or path is None:
            continue
        found[name] = path
        waiting += [parent for parent in _parents(name) if parent not in found]
        waiting += [used for used in _imports(path, _stamp(path)) if used.partition(".")[0] in tops]
    return found


def digest(modules: Iterable[str]) -> str:
    """A hash of what the closure of these modules says, comments and docstrings apart."""
    files = closure(modules)
    lines = (f"{name} {_essence(path, _stamp(path))}\n" for name, path in sorted(files.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def _parents(name: str) -> Iterator[str]:
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


def _file(name: str) -> Path | None:
    """The source file of a module or package; None for anything else, such as a function."""
    top, _, rest = name.partition(".")
    root = HOME / top if top == "research" else _root(top)
    if root is None:
        return None
    if not rest and root.suffix == ".py":
        return root
    place = root.joinpath(*rest.split(".")) if rest else root
    for path in (place / "__init__.py", place.with_name(f"{place.name}.py")):
        if path.is_file():
            return path
    return None


def _root(top: str) -> Path | None:
    """The folder of a top-level package, or the file of a top-level module."""
    spec = importlib.util.find_spec(top)
    if spec is None:
        return None
    if spec.submodule_search_locations:
        return Path(next(iter(spec.submodule_search_locations)))
    return Path(spec.origin) if spec.origin and spec.origin.endswith(".py") else None


def _stamp(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_mtime_ns, state.st_size


@functools.cache
def _imports(path: Path, _: tuple[int, int]) -> tuple[str, ...]:
    """Dotted names of everything that a file imports; of `from a import b` both a and a.b."""
    names = []
    tree = ast.parse(path.read_text())
    package = _package(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return tuple(names)


def _package(path: Path) -> list[str]:
    """The dotted parts of the package that a file stands in."""
    parts: list[str] = []
    folder = path.parent
    while (folder / "__init__.py").exists():
        parts.insert(0, folder.name)
        folder = folder.parent
    return parts


@functools.cache
def _essence(path: Path, _: tuple[int, int]) -> str:
    """A hash of the file's syntax tree without docstrings."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()

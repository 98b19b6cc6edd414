"""The studies. Each is a folder that turns a config into results, and judges and draws them:

    about.py     CHAPTER (its place in the report), TITLE, QUESTION, METHOD, DIFFERENCES: the report's text about it
    study.py     Config, a dataclass with `seed`, `data` and `validate()`, and run(config, run) -> xarray.Dataset
    claims.py    claims(results) -> list[Claim]: the documents' statements, judged from the saved results alone
    findings.py  findings(results) -> list[Finding]: what else the results show
    figures.py   FIGURES and, optionally, ANIMATIONS: name -> Drawing

A study in this package is discovered and named by its folder; a study elsewhere is named by the dotted name of its
package. A config belongs to the study whose `study.py` defines its class.
"""

import importlib
import importlib.util
import pkgutil
from types import ModuleType
from typing import Any

PARTS = ("about", "study", "claims", "findings", "figures")


def names() -> tuple[str, ...]:
    """The studies in this package, in the order in which the report shows them."""
    found = [module.name for module in pkgutil.iter_modules(__path__) if module.ispkg]
    return tuple(sorted(found, key=lambda name: (part(name, "about").CHAPTER, name)))


def part(study: str, name: str) -> ModuleType:
    """One of the PARTS of a study.

    Raises:
        ValueError: for an unknown study, or one that lacks this part or cannot be imported.
    """
    package = next(filter(_is_package, (f"{__name__}.{study}", study)), None)
    if package is None:
        known = ", ".join(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg))
        raise ValueError(f"unknown study {study!r}; known: {known}")
    if importlib.util.find_spec(f"{package}.{name}") is None:
        raise ValueError(
            f"the study {study} has no {name}.py; a study is a folder with {', '.join(PARTS)} (.py)"
        )
    try:
        return importlib.import_module(f"{package}.{name}")
    except (ImportError, SyntaxError) as error:
        raise ValueError(f"cannot import {package}.{name}: {error}") from error


def _is_package(name: str) -> bool:
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:
        return False
    return spec is not None and spec.submodule_search_locations is not None


def name_of(config: Any) -> str:
    """The name of the study that a config belongs to; for a study outside of this package its dotted name.

    Raises:
        ValueError: if the config's class is not defined in the study.py of a complete study, or that study has the
            name of one in this package.
    """
    module = type(config).__module__
    package, _, file = module.rpartition(".")
    if file != "study" or not package:
        raise ValueError(
            f"the config's class {type(config).__name__} stands in {module}; a study's config stands in "
            "the study.py of its package"
        )
    name = package.removeprefix(f"{__name__}.")
    for needed in PARTS:
        found = part(name, needed)
        if found.__name__ != f"{package}.{needed}":
            raise ValueError(
                f"the package {package} has the name of {found.__package__}; give it another name"
            )
    return name


def at_least(config: Any, **least: float) -> None:
    """Checks that fields of a config are at least the given values.

    Raises:
        ValueError: names the first field that is below its bound.
    """
    for name, bound in least.items():
        if getattr(config, name) < bound:
            raise ValueError(f"{name} must be at least {bound}, got {getattr(config, name)}")

"""The studies: each file turns a config into results and claims, and says what it asks and how.

A study module has
    TITLE, QUESTION, METHOD, DIFFERENCES   what the report prints about it, beside its entry in `research.paper.surprises`
    Config                                 a dataclass with `seed`, `data` and `validate()`
    run(config, run) -> xarray.Dataset     a pure function of the config; `run` takes metrics and checkpoints
    claims(results) -> list[Claim]         from the saved results alone
    wishes(config) -> list[networks.Wish]  optional: populations that it will ask for
A config belongs to the study in whose module its class stands.
"""

import dataclasses
import importlib
import pkgutil
from types import ModuleType
from typing import Any


def names() -> tuple[str, ...]:
    """The studies in this package, in the order in which the report shows them (their `CHAPTER`)."""
    found = [module.name for module in pkgutil.iter_modules(__path__) if module.ispkg]
    return tuple(sorted(found, key=lambda name: (study(name).CHAPTER, name)))


def figures(name: str) -> ModuleType:
    """What draws a study's results: FIGURES and, where motion tells, ANIMATIONS, by file name."""
    return importlib.import_module(f"{__name__}.{name}.figures")


def study(name: str) -> ModuleType:
    """The module of the study called `name`; an unknown name lists the known ones."""
    try:
        return importlib.import_module(f"{__name__}.{name}.study")
    except ModuleNotFoundError as error:
        if not error.name or not error.name.startswith(f"{__name__}.{name}"):
            raise
        known = ", ".join(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg))
        raise ValueError(f"unknown study {name!r}; known: {known}") from None


def name_of(config: Any) -> str:
    """The name of the study that this config belongs to."""
    name = type(config).__module__.split(".")[-2]
    study(name)
    return name


def wishes(config: Any) -> list[Any]:
    """The populations (networks.Wish) that the study of this config will ask for; they may be trained beforehand."""
    return getattr(study(name_of(config)), "wishes", lambda _: [])(config)


def frozen(config: Any) -> Any:
    """A copy of a config that refuses further changes, its parts included; still an instance of its class."""
    if not dataclasses.is_dataclass(config):
        return config

    def refuse(self, name, value=None):
        raise dataclasses.FrozenInstanceError(f"the config is frozen once parsed; cannot set {name}")

    kind = type(config)
    copy = object.__new__(kind)
    for f in dataclasses.fields(config):
        object.__setattr__(copy, f.name, frozen(getattr(config, f.name)))
    sealed = type(
        kind.__name__, (kind,), {"__setattr__": refuse, "__delattr__": refuse, "__module__": kind.__module__}
    )
    object.__setattr__(copy, "__class__", sealed)
    return copy


def changed(config: Any, **fields: Any) -> Any:
    """A config like this one, frozen or not, with some fields changed; it may be changed further."""
    kind = type(config)
    sealed = "__setattr__" in vars(kind)
    return kind.__mro__[1 if sealed else 0](**{**vars(config), **fields})


def by_recipe(name: str) -> Any:
    """A config's field for a network: made and trained by the recipe of that name unless it is changed."""

    def make() -> Any:
        from research.training.populations import recipe

        return recipe(name)

    return dataclasses.field(default_factory=make)


def at_least(config: Any, **least: float) -> None:
    """Raises ValueError when a field of the config is below its least value."""
    for name, bound in least.items():
        if getattr(config, name) < bound:
            raise ValueError(f"{name} must be at least {bound}, got {getattr(config, name)}")

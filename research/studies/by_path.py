"""Parts of a study's config by dotted path: a model of one's own in the place of a study's, without a change to the code.

    --config.cnn.model=my_package.mixer:MixerConfig --config.cnn.model.depth=4

The code of a part is part of the keys of networks and results (`research.runs.code`).
"""

import ast
import dataclasses
import importlib
import re
from collections.abc import Iterable, Sequence
from typing import Any

SETTING = re.compile(r"--?config\.([\w.]+)=(.*)", re.DOTALL)
PATH = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_]\w*)")
MODEL = ("build", "label")  # what the config of a model has

Setting = tuple[str, str]  # a field, dotted, and its value as text


def split(arguments: Sequence[str]) -> tuple[list[str], list[Setting]]:
    """The arguments of a command without those that name parts by their path or set fields of such a part, and these."""
    found = [(argument, SETTING.fullmatch(argument)) for argument in arguments]
    settings = {argument: (match[1], match[2]) for argument, match in found if match}
    parts = [setting for setting in settings.values() if PATH.fullmatch(setting[1])]
    inside = tuple(f"{field}." for field, _ in parts)
    fields = [setting for setting in settings.values() if inside and setting[0].startswith(inside)]
    return [
        argument for argument in arguments if settings.get(argument) not in parts + fields
    ], parts + fields


def with_settings(config: Any, settings: Iterable[Setting]) -> Any:
    """The config with these parts and fields; the given one stays as it is.

    Raises:
        ValueError: for a field that is not there, a part where the config has none, or a name that cannot be imported.
    """
    for field, text in settings:
        config = _put(config, field.split("."), text, field)
    return config


def load(path: str) -> Any:
    """The config `package.module:Name`: a dataclass, which is made, or an instance of one.

    Raises:
        ValueError: it cannot be imported or is no config.
    """
    module, _, name = path.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, SyntaxError, AttributeError) as error:
        raise ValueError(f"{path} cannot be imported from here: {error}") from None
    made = found() if callable(found) else found
    if not dataclasses.is_dataclass(made):
        raise ValueError(f"{path} must be a config (a dataclass, or a function that makes one), got {made!r}")
    return made


def _put(config: Any, steps: Sequence[str], text: str, field: str) -> Any:
    """A copy of the config with the field at the end of these steps set."""
    first, *rest = steps
    known = [f.name for f in dataclasses.fields(config)] if dataclasses.is_dataclass(config) else []
    is_part = PATH.fullmatch(text) is not None
    if is_part or rest:
        known = [name for name in known if dataclasses.is_dataclass(getattr(config, name))]
    if first not in known:
        what = "part" if is_part or rest else "field"
        raise ValueError(
            f"the config has no {what} {field}, to be {text}; known: {', '.join(known) or 'none'}"
        )
    now = getattr(config, first)
    if rest:
        new = _put(now, rest, text, field)
    elif is_part:
        new = load(text)
        if lacking := [name for name in MODEL if hasattr(now, name) and not hasattr(new, name)]:
            raise ValueError(
                f"{text} must have {' and '.join(lacking)} as {type(now).__name__} has, to be {field}"
            )
    else:
        new = _value(text)
    return dataclasses.replace(config, **{first: new})


def _value(text: str) -> Any:
    """A Python literal, or the text itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text

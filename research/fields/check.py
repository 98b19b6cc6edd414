"""Hold a config against the declarations of its fields: types, limits, names, then what combines fields."""

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from typing import Any

from research.fields.bounds import Bound, OneOf, Rule

KINDS = {int: "a whole number", float: "a number", bool: "True or False", str: "text"}
TAKES = {int: (int,), float: (int, float), bool: (bool,), str: (str,)}


class Checked:
    """A config whose `validate` checks every field by its declaration.

    A class may have `check_together`, which raises a ValueError for fields that do not fit each other; its message
    begins with a field's name. It is called when every field is valid by itself.
    """

    def validate(self) -> None:
        """Raises: ValueError, in one line that names the field, for a value that cannot be run."""
        check(self)


def check(config: Any, path: str = "") -> None:
    """Check every field of a config, of the configs inside it, and of tuples and dicts of them.

    A whole number in a field for any number becomes a float: 1 and 1.0 have one key, and 10¹² is no overflow.

    Args:
        config: a dataclass; fields without a declaration are checked for their type only.
        path: of the config in the one that it is part of.

    Raises:
        ValueError: in one line, with the path of the field, what was expected and what came.
    """
    for name, hint, rule in declared(type(config)):  # type: ignore[arg-type]
        value = getattr(config, name)
        _check(value, hint, rule, f"{path}.{name}" if path else name)
        if hint is float and isinstance(value, int):
            object.__setattr__(config, name, float(value))  # also of a frozen config
    together = getattr(config, "check_together", None)
    if together:
        try:
            together()
        except ValueError as error:
            raise ValueError(f"{path}.{error}" if path else str(error)) from None


@functools.cache
def declared(kind: Any) -> tuple[tuple[str, Any, Rule | None], ...]:
    """The fields of a dataclass: name, type and rule (None where nothing is declared)."""
    hints = typing.get_type_hints(kind)
    return tuple((f.name, hints[f.name], f.metadata.get("rule")) for f in dataclasses.fields(kind))


def _check(value: Any, hint: Any, rule: Rule | None, path: str) -> None:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in parts:
            return
        _check(value, next(part for part in parts if part is not type(None)), rule, path)
    elif hint is Any:
        if dataclasses.is_dataclass(value):
            check(value, path)
    elif dataclasses.is_dataclass(hint):
        if not isinstance(value, hint):  # type: ignore[arg-type]
            _refuse(path, f"must be a {hint.__name__}", value)  # type: ignore[union-attr]
        check(value, path)
    elif origin is dict:
        if not isinstance(value, Mapping):
            _refuse(path, "must be a dictionary", value)
        for key, each in value.items():
            _check(each, parts[1], rule, f"{path}[{key!r}]")
    elif origin is tuple:
        _check_tuple(value, parts, rule, path)
    elif wrong := _wrong(value, hint, rule, path):
        _refuse(path, wrong, value)


def _check_tuple(value: Any, parts: tuple[Any, ...], rule: Rule | None, path: str) -> None:
    if not isinstance(value, tuple | list):
        _refuse(path, "must be a tuple", value)
    if parts[-1] is not Ellipsis and len(value) != len(parts):
        _refuse(path, f"must have {len(parts)} entries", value)
    if not value and rule and not rule.empty:
        named = f"; known: {', '.join(rule.of.known)}" if isinstance(rule.of, OneOf) else ""
        raise ValueError(f"{path} must not be empty{named}")
    for entry in value:
        if wrong := _wrong(entry, parts[0], rule, path):
            _refuse(path, f"{wrong} each", value)
    if rule and rule.distinct and len(set(value)) < len(value):
        _refuse(path, "must name each entry once", value)


def _wrong(value: Any, kind: Any, rule: Rule | None, path: str) -> str:
    """What is wrong with a number, a name or a switch; "" if nothing is.

    Raises:
        ValueError: for an unknown name.
    """
    if kind not in TAKES:
        return ""
    fits = isinstance(value, TAKES[kind]) and isinstance(value, bool) == (kind is bool)
    if not fits:
        return f"must be {KINDS[kind]}"
    if rule and isinstance(rule.of, Bound):
        return rule.of.complaint(value)
    if rule and isinstance(rule.of, OneOf) and (refusal := rule.of.refusal(value, path)):
        raise ValueError(refusal)
    return ""


def _refuse(path: str, expected: str, value: Any) -> typing.NoReturn:
    came = repr(value)
    raise ValueError(f"{path} {expected}, got {came if len(came) <= 80 else f'{came[:77]}...'}")

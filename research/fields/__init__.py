"""Which values may a setting have? Limits and names beside each field of a config, and one function that checks them."""

from research.fields.bounds import Bound, OneOf, Rule, bounded, one_of
from research.fields.check import Checked, check, declared

__all__ = ["Bound", "Checked", "OneOf", "Rule", "bounded", "check", "declared", "one_of"]

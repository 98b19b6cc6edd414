"""Bytes to arrays: the digits (`load`), the noise that spoils them (`noise`), and where both are kept."""

from research.data.cache import cache_dir
from research.data.digits import Digits, checksum, load, rows
from research.data.elsewhere import load_folder
from research.data.sources import DataError

__all__ = ["DataError", "Digits", "cache_dir", "checksum", "load", "load_folder", "rows"]

"""The cache folder follows the environment."""

import os
import pwd
from pathlib import Path

import pytest

from research.data import cache_dir

ACCOUNT = pwd.getpwuid(os.getuid()).pw_dir


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"IDENTIKIT_CACHE": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/a"),
        ({"XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/b/identikit"),
        ({"IDENTIKIT_CACHE": "", "XDG_CACHE_HOME": "", "HOME": "/c"}, "/c/.cache/identikit"),
        ({"HOME": ""}, f"{ACCOUNT}/.cache/identikit"),
        ({}, f"{ACCOUNT}/.cache/identikit"),
        ({"IDENTIKIT_CACHE": "~/d", "HOME": "/c"}, "/c/d"),
    ],
)
def test_the_first_variable_that_is_set_decides(environment, expected, monkeypatch):
    for name in ("IDENTIKIT_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert cache_dir() == Path(expected)
    monkeypatch.setenv("IDENTIKIT_CACHE", "relative")
    assert cache_dir() == Path.cwd() / "relative"

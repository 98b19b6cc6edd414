"""Where Identikit keeps what it can make again: prepared data, trained networks, compiled programs."""

import os
from pathlib import Path


def cache_dir() -> Path:
    """$IDENTIKIT_CACHE, else $XDG_CACHE_HOME/identikit, else ~/.cache/identikit; not created here.

    An empty variable counts as unset; without HOME the account's home folder is used.
    """
    if own := os.environ.get("IDENTIKIT_CACHE"):
        return Path(own).expanduser().absolute()
    if shared := os.environ.get("XDG_CACHE_HOME"):
        return Path(shared).expanduser().absolute() / "identikit"
    return _home() / ".cache" / "identikit"


def _home() -> Path:
    if home := os.environ.get("HOME"):
        return Path(home).absolute()
    import pwd

    return Path(pwd.getpwuid(os.getuid()).pw_dir)

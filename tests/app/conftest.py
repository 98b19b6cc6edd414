"""What the tests of the app share: one reader a process, one server a file."""

import pytest
from small import SMALL, Live, fitted

from research.app.reader import Reader
from research.app.server import App
from research.app.settings import Limits


@pytest.fixture(scope="session")
def reader():
    """Answers from small networks."""
    made = Reader(SMALL, fitted())
    made.warm(lambda what, share: None)
    return made


@pytest.fixture(scope="session")
def limits():
    return Limits(connections=8, messages_per_second=1e6)


@pytest.fixture(scope="module")
def live(reader, limits):
    """The app on a socket."""
    running = Live(lambda: App(SMALL, limits, reader=reader)).start()
    yield running
    running.end()

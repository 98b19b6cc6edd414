"""What the tests of the app share: one reader a process, one server a file."""

import re

import pytest
from browser import executable, launch
from pages import visit
from small import SMALL, Live, fitted, pair

from research.app.reader import Reader
from research.app.server import App
from research.app.settings import Limits


@pytest.fixture(scope="session")
def reader():
    """Answers from small networks."""
    made = Reader(SMALL, fitted())
    made.warm(lambda what, share: None)
    made.pair = pair()
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


@pytest.fixture(scope="module")
def place(reader, limits):
    executable()  # skip before anything is started
    running = Live(lambda: App(SMALL, limits, reader=reader)).start()
    yield running
    running.end()


@pytest.fixture(scope="module")
def browser(place):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = launch(playwright)
        yield running
        running.close()


@pytest.fixture(scope="module")
def context(browser):
    made = browser.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    made.set_default_timeout(20_000)
    yield made
    made.close()


@pytest.fixture
def page(context, place):
    """A fresh page; afterwards there must be no error in its console and no request that left this host."""
    page = context.new_page()
    complaints, elsewhere = [], []
    page.on(
        "console", lambda message: message.type in ("error", "warning") and complaints.append(message.text)
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda request: (
            request.url.startswith((place.url, "data:", "blob:")) or elsewhere.append(request.url)
        ),
    )
    page.expected = re.compile("(?!)")
    visit(page, place)
    yield page
    page.close()
    assert [text for text in complaints if not page.expected.search(text)] == []
    assert elsewhere == []

"""The drawing app: answers on the server, from stroke to paint in a browser, and fifty clients at once.

Its networks are barely trained, which does not change the times; maps and neighbours have their usual size.
"""

import asyncio
import dataclasses
import multiprocessing
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path

from research.bench.task import Facts, Task, Trial, ours

STROKES = 100
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
PATIENCE_MS = 120_000


@cache
def _reader(toy: bool):
    from research.app import fitted, settings
    from research.app.reader import Reader
    from research.training.recipes import recipe

    usual = dataclasses.replace(settings.Settings(), pair={})  # nothing is trained while the bench runs
    if toy:
        small = {name: recipe("softmax") for name in usual.models}
        usual = dataclasses.replace(usual, models=small, examples=2_000, points=400)
    for network in (*usual.models.values(), usual.bottleneck, usual.cleaner):
        network.examples, network.training.epochs = 512, 1
    reader = Reader(usual, fitted.fit(usual, lambda what, share: None))
    reader.warm(lambda what, share: None)
    return reader


def _facts(times) -> dict[str, float]:
    return {"median": times.median / 1e3, "p95": times.p95 / 1e3, "n": times.n}


def _stroke(toy: bool) -> Trial:
    from research.app import latency

    reader = _reader(toy)
    return Trial(lambda: latency.answers(reader, repeats=2 if toy else STROKES), _facts)


def _served(toy: bool) -> str:
    """Starts the app in a thread of this process; returns its address."""
    from research.app import serving
    from research.app.server import App
    from research.app.settings import Limits

    reader = _reader(toy)
    for model in reader.models:
        model.warm()
    listening = socket.create_server(("127.0.0.1", 0))
    server = serving.make(App(reader.settings, Limits(messages_per_second=1e6), reader=reader))
    threading.Thread(
        target=lambda: asyncio.run(server.serve(sockets=[listening])), name="app", daemon=True
    ).start()
    while not server.started:
        time.sleep(0.01)
    return f"127.0.0.1:{listening.getsockname()[1]}"


def _paint(toy: bool) -> Trial:
    from playwright.sync_api import sync_playwright

    from research.app import latency

    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise RuntimeError(f"no browser here: none of {', '.join(BROWSERS)} is on the path")
    browser = sync_playwright().start().chromium.launch(executable_path=found, args=FLAGS)
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"http://{_served(toy)}/")
    page.wait_for_function("() => window.identikit && window.identikit.settled()", timeout=PATIENCE_MS)
    return Trial(lambda: latency.in_browser(page, 1 if toy else 12), _facts)


def _crowd(clients: int, seconds: float, toy: bool) -> Trial:
    """The clients run in a process of their own, so that the memory is the server's."""
    from research.app import latency

    url = f"ws://{_served(toy)}/live"
    hands = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))

    def drawn(seconds: float):
        return hands.submit(latency.crowded, url, clients, seconds=seconds).result()

    drawn(min(2.0, seconds))

    def work():
        before = _memory()
        return drawn(seconds), _memory() - before

    def judge(outcome) -> Facts:
        crowd, grown = outcome
        return _facts(crowd.waited) | {
            "sent": crowd.sent,
            "replaced": crowd.replaced,
            "errors": crowd.errors,
            "answers_per_second": crowd.answers_per_second,
            "grown_bytes": grown,
        }

    return Trial(work, judge)


def _memory() -> float:
    """Bytes of this process in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def tasks(toy: bool = False) -> dict[str, Task]:
    """The tasks of this family by name; at toy size for the tests."""
    clients, seconds = (2, 0.5) if toy else (50, 60.0)

    def waited(title: str, prepare: Callable[[], Trial], counts: str, at_most: float, **how) -> Task:
        return Task(title, {"identikit": ours(prepare)}, counts=counts, at_most=at_most, **how)

    in_browser = partial(waited, prepare=partial(_paint, toy), warm=False, rounds=3)
    return {
        "stroke": waited("an answer to a stroke, on the server, all main panels; median", partial(_stroke, toy), "median", 6e-3),
        "paint": in_browser("from stroke to paint in Chromium, all main panels; median", counts="median", at_most=25e-3),
        "paint_late": in_browser("the same; 95th percentile", counts="p95", at_most=50e-3),
        "crowd": waited(
            f"{clients} clients at 10 strokes a second for {seconds:g} s; 95th percentile",
            partial(_crowd, clients, seconds, toy), "p95", 150e-3, warm=False, rounds=1,
        ),
    }  # fmt: skip

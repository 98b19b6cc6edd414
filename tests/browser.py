"""A Chromium for the tests: found on this machine, or the tests say why they skip."""

import os
import shutil

import pytest

from research.bench.drawing import BROWSERS as NAMES

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def executable() -> str:
    """Path of a Chromium; skips without one, but fails where CI_BROWSER=1 says that there must be one."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        why = f"no browser here: none of {', '.join(NAMES)} is on the path"
        if os.environ.get("CI_BROWSER") == "1":
            pytest.fail(f"{why}, although CI_BROWSER=1 asks for one")
        pytest.skip(why)
    return found


def launch(playwright):
    return playwright.chromium.launch(executable_path=executable(), args=FLAGS)


def hand(page, points, steps: int = 6, on: str = "#pad") -> None:
    """Draws a line through points of the pad's 280×280 by mouse."""
    box = page.locator(on).bounding_box()

    def to(point):
        return box["x"] + point[0] / 280 * box["width"], box["y"] + point[1] / 280 * box["height"]

    page.mouse.move(*to(points[0]))
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*to(point), steps=steps)
    page.mouse.up()

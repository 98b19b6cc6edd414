"""How many made digits the app reads, with the app running at URL.

PYTHONPATH=tests:. python tests/app/reading.py URL [SEED [REPEATS]]
Every drawing goes through the page, in the preparation that visitors find there.
"""

import base64
import itertools
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from browser import launch
from handwriting import HANDS, KINDS, STYLES, digit, photograph, strokes
from playwright.sync_api import sync_playwright

PUT = """async (marks) => {
  const { table, inside, settled } = window.identikit;
  table.pad.set(marks);
  while (!settled()) await new Promise((resolve) => setTimeout(resolve, 5));
  return [0, 10, 20].map((i) => { const own = inside.answer.probabilities.slice(i, i + 10); return own.indexOf(Math.max(...own)); });
}"""
SEND = """async (text) => {
  const body = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const answer = await fetch("/api/upload", { method: "POST", body });
  if (!answer.ok) return [];
  return [{ kind: "picture", side: 280, pixels: new Uint8Array(await answer.arrayBuffer()) }];
}"""


def drawn(seed: int, repeats: int = 1) -> Iterator[tuple[str, int, Any]]:
    """(style, digit, marks) by every hand in every style."""
    rng = np.random.default_rng(seed)
    for _ in range(repeats):
        for style in STYLES:
            for hand in HANDS:
                yield style, digit(style), strokes(style, hand, rng)


def on_paper(seed: int, every: int = 1) -> Iterator[tuple[str, int, bytes]]:
    """(kind, digit, encoded picture), one of every kind and digit, in a style of that digit at random.

    `every` 3 makes only a third of them.
    """
    rng = np.random.default_rng(seed)
    known = [style for style in STYLES if style != "1 long flag"]
    for kind, d in list(itertools.product(KINDS, range(10)))[::every]:
        style = rng.choice([style for style in known if digit(style) == d])
        yield kind, d, photograph(style, kind, rng)


def read(page: Any, things: Any) -> list[tuple[str, list[bool]]]:
    """(style or kind, whether the dense network, the CNN and the neighbours are right) of each."""
    found = []
    for name, truth, thing in things:
        if isinstance(thing, bytes):
            put = f"async (text) => ({PUT})(await ({SEND})(text))"
            said = page.evaluate(put, base64.b64encode(thing).decode())
        else:
            said = page.evaluate(PUT, thing)
        found.append((name, [one == truth for one in said]))
    return found


def shares(found: list[tuple[str, list[bool]]]) -> np.ndarray:
    return np.mean([right for _, right in found], axis=0)


def main(url: str, seed: int = 1, repeats: int = 5) -> None:
    kinds: list[tuple[str, Callable, str]] = [("drawn", drawn, "mnist"), ("drawn", drawn, "plain")]
    with sync_playwright() as playwright:
        page = launch(playwright).new_page(viewport={"width": 1280, "height": 800})
        for name, make, preparation in [*kinds, ("on paper", on_paper, "mnist")]:
            page.goto("about:blank")
            page.goto(f"{url}/#preparation={preparation}")
            page.wait_for_selector("html[data-ready=true]")
            found = read(page, make(seed, repeats) if make is drawn else make(seed))
            print(
                name,
                preparation,
                f"n = {len(found)}",
                "dense, CNN, neighbours:",
                np.round(100 * shares(found), 1),
            )
            for kind in dict.fromkeys(style for style, _ in found):
                own = shares([one for one in found if one[0] == kind])
                if own.min() < 1:
                    print(f"  {kind}: {np.round(100 * own)}")


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), *map(int, sys.argv[2:]))

"""Pictures of every view, with the app running at URL.

PYTHONPATH=tests:. python tests/app/screenshots.py URL FOLDER [desk tablet phone]
"""

import sys
from pathlib import Path

from browser import launch
from pages import VIEWS
from playwright.sync_api import sync_playwright

SCREENS = {"desk": (1280, 800), "tablet": (820, 1180), "phone": (390, 844)}


def take(url: str, folder: Path, views=VIEWS, themes=("light", "dark"), screens=("desk",)) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for screen in screens:
            width, height = SCREENS[screen]
            page = browser.new_page(viewport={"width": width, "height": height})
            for theme in themes:
                for view in views:
                    page.goto("about:blank")
                    page.goto(f"{url}/#draw=funky&preparation=plain&view={view}&theme={theme}")
                    page.wait_for_selector("html[data-ready=true]")
                    if view == "portrait":
                        page.click("#portrait-digits button:text-is('3')")
                        page.wait_for_function("() => window.identikit.portrait.running === false")
                    page.wait_for_function("() => window.identikit.settled()")
                    page.wait_for_timeout(300)
                    page.screenshot(
                        path=folder / f"{view}-{theme}{'' if screen == 'desk' else f'-{screen}'}.png"
                    )
        browser.close()


if __name__ == "__main__":
    take(sys.argv[1].rstrip("/"), Path(sys.argv[2]), screens=tuple(sys.argv[3:]) or ("desk",))

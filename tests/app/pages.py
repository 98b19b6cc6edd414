"""How tests open the page, wait for its answers and read them."""

VIEWS = ("overview", "eigen", "activations", "maps", "pair", "portrait")
SEVEN = [(80, 70), (195, 70), (165, 130), (130, 220)]


def visit(page, place, fragment=""):
    page.goto("about:blank")
    page.goto(f"{place.url}/{fragment}")
    ready(page)


def ready(page):
    page.wait_for_selector("html[data-ready=true]")
    page.wait_for_selector("#status.live")


def settled(page):
    """Waits until the last drawing is answered, and returns the page's last answer."""
    page.wait_for_function("() => window.identikit.settled()")
    return page.evaluate(
        """() => { const { answer } = window.identikit.inside;
        return Object.fromEntries(Object.entries(answer).map(([k, v]) => [k, v.length ? Array.from(v) : v])); }"""
    )


def prepare(page, preparation):
    page.check(f"#preparation [value={preparation}]")


def verdict(page):
    return page.locator("#verdict").inner_text().split("\n")


def said(page):
    return [card.inner_text() for card in page.locator(".card .says b").all()]

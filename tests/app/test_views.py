"""What the views explain: how a map is made, who is fooled, how the views belong together, the blind test."""

import json
import re

import numpy as np
import pytest
from browser import hand
from pages import SEVEN, prepare, ready, settled, verdict, visit
from small import SMALL, Live
from test_blind import REFERENCE

from research.app import blind, pair
from research.app.server import App


def test_a_visitor_draws_while_the_networks_are_prepared(browser, reader, limits):
    def unready():
        app = App(SMALL, limits)
        app.prepare = lambda: app.tell("Training: dense network", 0.5)
        return app

    place, page = Live(unready).start(), browser.new_page(viewport={"width": 1280, "height": 800})
    try:
        page.goto(place.url)
        page.wait_for_selector(
            "#preparing-what:has-text('Step 1 of 8. Training: dense network, about 5 s left')"
        )
        hand(page, SEVEN)
        assert verdict(page)[0] == "Not read yet"
        place.app.reader = reader
        ready(page)
        assert sum(settled(page)["seen"]) > 40
        assert re.match(r"\d|\?", verdict(page)[0])
        assert not page.is_visible("#preparing")
    finally:
        page.close()
        place.end()


def test_a_click_on_a_map_shows_how_it_is_made(page, place):
    visit(page, place, "#draw=seven&view=activations")
    settled(page)
    page.locator("#layers canvas").nth(1).click(position={"x": 5, "y": 5})
    page.wait_for_selector("#unit-title:has-text('conv2, map 1')")
    page.wait_for_selector("#unit-play:has-text('Hold still')")  # it slides by itself
    page.click("#unit-play")
    made, shown, largest = page.evaluate(
        """() => { const { unit, inside: { activations } } = window.identikit;
        return [Array.from(unit.total), Array.from(activations.conv2.subarray(0, 576)), activations["conv2/max"]]; }"""
    )
    np.testing.assert_allclose(np.maximum(made, 0), np.multiply(shown, largest / 255), atol=0.02 * largest)
    page.locator("#unit-at").fill(str(int(np.argmin(made))))
    assert "ReLU makes it 0" in page.locator("#unit-sum").inner_text()
    page.wait_for_function("() => location.hash.includes('unit=conv2.0')")
    page.locator("#unit-fed button").first.click()
    page.wait_for_selector("#unit-title:has-text('conv1, map')")
    assert page.locator("#unit-excited canvas").count() == 10
    page.keyboard.press("Escape")
    assert not page.locator("#unit").is_visible()


def test_the_page_says_which_of_the_two_is_fooled(page, place, reader):
    visit(page, place, "#draw=test.0&view=pair")
    page.locator("#pair-eps").fill("2")
    page.wait_for_selector("#pair-there:not([hidden])")
    page.wait_for_selector("#pair-fooled .fooled")
    assert page.locator("#pair-maps figcaption").all_inner_texts()[:10] == list("0123456789")
    seen = np.reshape(settled(page)["seen"], (28, 28)).astype(np.float32)
    said = pair.beside(reader.pair, seen, 2.0)["said"].argmax(2)
    found = [line.inner_text() for line in page.locator("#pair-fooled p").all()]
    for case in range(3):
        for n, name in enumerate(("Plain", "Robust")):
            line = found[2 * case + n]
            assert line.startswith(f"{name}: {said[n, case]} ")
            assert line.endswith("fooled") == (said[n, case] != said[n, 0])


def test_neighbours_are_ringed_and_a_bar_shows_its_pixel_map(page, reader):
    hand(page, SEVEN)
    answer = settled(page)
    page.wait_for_function("() => window.identikit.maps.every(map => map.near.length === 5)")
    rung = page.evaluate("() => window.identikit.maps.map(map => map.near)")
    np.testing.assert_allclose(np.swapaxes(rung, 0, 1), reader.places(answer["near"]), atol=1e-3)
    page.wait_for_function("() => /^: \\d/.test(document.getElementById('cleaned-read').textContent)")
    page.locator(".bar").nth(3).hover()
    page.wait_for_selector("#tip:has-text('more of a 3')")
    page.mouse.move(5, 5)
    assert not page.locator("#tip").is_visible()
    page.locator("#plot-tsne").focus()
    page.keyboard.press("+")
    assert page.evaluate("() => window.identikit.maps[0].zoom") == 1.5
    page.keyboard.press("0")
    assert page.evaluate("() => window.identikit.maps[0].zoom") == 1


def test_the_blind_test_counts_and_keeps_the_answers_here(page, place, monkeypatch, tmp_path):
    from axe_playwright_python.sync_playwright import Axe

    monkeypatch.setattr(place.app, "identikits", blind.find(REFERENCE / "report.html"))
    page.set_viewport_size({"width": 360, "height": 640})
    for start in (lambda: page.goto(f"{place.url}/blind"), lambda: page.click("#more")):
        with page.expect_response("**/api/blind/*") as response:
            start()
        items = response.value.json()
        page.wait_for_selector("#count:has-text('1 of 10')")
        assert Axe().run(page).response["violations"] == []
        page.click(f"#choices button:text-is('{(items[0]['digit'] + 1) % 10}')")
        for item in items[1:]:
            page.keyboard.press(str(item["digit"]))
        assert page.locator("#score").inner_text() == "You read 9 of 10"
        judged = sum(item["named"] / item["judges"] for item in items)
        told = re.match(r"The judges read ([\d.]+) of the same 10", page.locator("#beside").inner_text())
        assert float(told[1]) == pytest.approx(judged, abs=0.051)
        page.click("#theme")
        assert Axe().run(page).response["violations"] == []
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    assert "18 of 20" in page.locator("#total").inner_text()
    with page.expect_download() as download:
        page.click("#save")
    download.value.save_as(tmp_path / "answers.json")
    assert len(json.loads((tmp_path / "answers.json").read_text())) == 20


def test_an_own_network_stands_beside_the_others(page, reader, tmp_path):
    kernel = np.asarray(reader.pair[1].population.model(0).layers[0].kernel[...])
    np.savez(tmp_path / "mine.npz", kernel=kernel, bias=np.zeros(10, np.float32))
    page.click("#seven")
    page.set_input_files("#file", tmp_path / "mine.npz")
    page.wait_for_selector("#origin:has-text('Yours: mine reads')", timeout=60_000)
    seen = np.ravel(settled(page)["seen"])
    logits = seen @ kernel
    np.testing.assert_allclose(
        settled(page)["probabilities"][:10],
        np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum(),
        atol=1e-3,
    )
    assert page.locator("#model-0 option:checked").inner_text() == "Yours: mine"
    first, second = (page.locator(f"#model-{slot} option:checked") for slot in (0, 1))
    other = second.inner_text()
    page.select_option("#model-1", label="Yours: mine")  # one network has one card
    assert (first.inner_text(), second.inner_text()) == (other, "Yours: mine")
    assert "own" not in shared(page)  # it is this page's alone
    assert "Your own network stays" in page.locator("#share-note").inner_text()
    page.click("#share-close")
    page.expected = re.compile("422")
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    page.set_input_files("#file", tmp_path / "bad.onnx")
    page.wait_for_selector("#problem:has-text('This network was not read')")


def test_a_class_shares_a_link_and_keeps_a_score(page, place, tmp_path):
    page.click("#seven")
    read = settled(page)
    for label in (1, 7):  # the same drawing counts once, as it was said last
        page.click(f"#score-digits button:text-is('{label}')")
    right = [int(np.argmax(read["probabilities"][10 * slot : 10 * slot + 10]) == 7) for slot in range(3)]
    text = page.locator("#score-text").inner_text()
    assert [int(n) for n in re.findall(r"(\d) of 1\b", text)] == right
    with page.expect_download() as download:
        page.click("#score-save")
    download.value.save_as(tmp_path / "score.csv")
    head, line = (tmp_path / "score.csv").read_text().splitlines()
    assert head.startswith("digit,model 1,answer 1")
    assert line.startswith("7,")
    assert line.endswith('"seven"')
    link = shared(page)
    assert link == f"{place.url}/#draw=seven"
    rows = page.evaluate("async text => (await import('/page/qr.js')).qr(text)", link)
    assert decoded(np.array(rows)) == link
    page.evaluate(
        "() => Object.defineProperty(navigator, 'clipboard', { value: undefined })"
    )  # as over plain HTTP
    page.click("#share-copy")
    page.wait_for_selector("#share-copy:text-is('Copied')")
    page.click("#share-close")


def shared(page):
    """The link that the page offers."""
    page.click("#share")
    page.wait_for_selector("#share-dialog[open]")
    return page.locator("#share-link").input_value()


def test_a_shared_drawing_is_shorter_and_looks_the_same(page, place):
    prepare(page, "plain")
    hand(page, [(40 + 2 * i, 140 + 60 * np.sin(i / 9)) for i in range(100)])
    drawn = settled(page)
    link = shared(page)
    page.wait_for_function("() => location.hash.includes('draw=t.')")
    assert len(link) < len(page.url) / 3
    wide = page.evaluate("() => document.getElementById('share-code').width")
    modules = page.evaluate("async text => (await import('/page/qr.js')).qr(text).length + 8", link)
    assert wide % modules == 0
    assert wide // modules >= 3
    visit(page, place, link.split("/")[-1])
    np.testing.assert_allclose(settled(page)["seen"], drawn["seen"], atol=0.08)


def decoded(code):
    """The text of a QR code of version 3, level L, read as ISO/IEC 18004 says; its check words must be right."""
    side = len(code)
    assert side == 29
    y, x = np.mgrid[:side, :side]
    corner = ((x < 9) & (y < 9)) | ((x >= side - 8) & (y < 9)) | ((x < 9) & (y >= side - 8))
    fixed = corner | (x == 6) | (y == 6) | ((abs(x - 22) <= 2) & (abs(y - 22) <= 2))
    form = int("".join(str(int(code[8, i])) for i in (0, 1, 2, 3, 4)), 2) ^ 0b10101
    assert form >> 3 == 1  # level L
    i, j = y, x
    masks = [
        (i + j) % 2, i % 2, j % 3, (i + j) % 3, (i // 2 + j // 3) % 2, i * j % 2 + i * j % 3,
        (i * j % 2 + i * j % 3) % 2, ((i + j) % 2 + i * j % 3) % 2,
    ]  # fmt: skip
    plain, bits, right = code ^ (masks[form & 7] == 0), [], side - 1
    while right > 0:
        right -= right == 6
        up = (right + 1) & 2 == 0
        for row in reversed(range(side)) if up else range(side):
            bits += [int(plain[row, column]) for column in (right, right - 1) if not fixed[row, column]]
        right -= 2
    words = [int("".join(map(str, bits[at : at + 8])), 2) for at in range(0, len(bits) - 7, 8)]
    power = [1]
    for _ in range(254):
        power.append(power[-1] * 2 ^ (0x11D if power[-1] >= 128 else 0))
    for root in range(15):  # every root of the check polynomial is one of the words'
        value = 0
        for word in words:
            shifted = power[(power.index(value) + root) % 255] if value else 0
            value = shifted ^ word
        assert value == 0
    flat = "".join(f"{word:08b}" for word in words)
    assert flat[:4] == "0100"
    return bytes(int(flat[at : at + 8], 2) for at in range(12, 12 + 8 * int(flat[4:12], 2), 8)).decode()

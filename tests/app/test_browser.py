"""The page in a real browser: what a hand does is answered, remembered, survives a restart, and stays here."""

import json
import re

import numpy as np
import pytest
from browser import hand
from pages import SEVEN, VIEWS, prepare, ready, said, settled, verdict, visit
from PIL import Image
from reading import drawn, read, shares

from research.app.wire import Draw


def test_a_seven_drawn_by_hand_moves_everything(page, reader):
    before = settled(page)
    hand(page, SEVEN)
    after = settled(page)
    for slot in range(3):
        own = slice(10 * slot, 10 * slot + 10)
        assert np.abs(np.subtract(after["probabilities"][own], before["probabilities"][own])).max() > 0.05
    assert np.abs(np.subtract(after["places"], before["places"])).min() > 1e-3
    seen = np.reshape(after["seen"], (28, 28)).astype(np.float32)
    assert 40 < seen.sum() < 120
    (answer,) = reader.answer([Draw(0, seen, (0, 1), 0, 0, 0, 0.0, 0)])
    for name, values in answer.items():
        np.testing.assert_allclose(
            after[name], np.ravel(values) if values.ndim else values, atol=2e-3, err_msg=name
        )
    bars = page.locator(".bar i").evaluate_all("all => all.map(i => Number(i.style.getPropertyValue('--p')))")
    np.testing.assert_allclose(bars, after["probabilities"], atol=1e-6)
    shown = page.evaluate(
        """() => Array.from(document.getElementById('seen').getContext('2d').getImageData(0, 0, 28, 28).data)"""
    )
    grey = np.reshape(shown, (28, 28, 4))[:, :, 1] / 255
    assert np.corrcoef(grey.ravel(), seen.ravel())[0, 1] < -0.99  # ink on paper
    near = page.locator(".near figcaption").all_inner_texts()
    assert [int(text[0]) for text in near] == list(answer["labels"])


def test_the_pad_is_downsampled_and_prepared_as_said(page):
    prepare(page, "plain")
    hand(page, [(30, 40), (110, 60), (90, 150)])
    ink = np.reshape(page.evaluate("() => Array.from(window.identikit.table.pad.ink())"), (280, 280))
    np.testing.assert_allclose(
        np.reshape(settled(page)["seen"], (28, 28)), ink.reshape(28, 10, 28, 10).mean((1, 3)), atol=1e-5
    )
    prepare(page, "mnist")
    seen = np.reshape(settled(page)["seen"], (28, 28))
    rows, columns = np.nonzero(seen)
    assert max(np.ptp(rows), np.ptp(columns)) in (18, 19)
    y, x = np.mgrid[:28, :28] + 0.5
    assert abs((seen * x).sum() / seen.sum() - 14) <= 0.51
    assert abs((seen * y).sum() / seen.sum() - 14) <= 0.51
    inked = np.nonzero(ink)
    scale = 20 / (max(np.ptp(inked[0]), np.ptp(inked[1])) + 1)
    assert seen.sum() == pytest.approx(ink.sum() * scale**2, rel=0.02)


def test_a_drawing_is_centred_unless_it_is_wanted_as_drawn(page):
    hand(page, [(20, 30), (80, 30), (40, 110)])
    y, x = np.mgrid[:28, :28] + 0.5

    def middle():
        seen = np.reshape(settled(page)["seen"], (28, 28))
        return (seen * x).sum() / seen.sum(), (seen * y).sum() / seen.sum()

    assert middle() == pytest.approx((14, 14), abs=0.6)
    prepare(page, "plain")
    assert max(middle()) < 7
    page.wait_for_function("() => location.hash.includes('preparation=plain')")


def test_a_pad_without_a_digit_has_no_verdict(page):
    settled(page)
    assert verdict(page)[0] == "Draw a digit"
    page.click("#eraser")
    hand(page, [(40, 40), (200, 200)])
    page.click("#pen")
    hand(page, [(140, 140), (142, 142)])
    settled(page)
    assert verdict(page)[0] == "Too little ink to read"
    assert said(page) == []
    hand(page, SEVEN)
    settled(page)
    height = page.locator("#verdict").bounding_box()
    assert re.match(r"\d|\?", verdict(page)[0])
    assert "Unlike" not in page.locator("#verdict").inner_text()
    hand(page, [(x, 20 + 240 * (x // 20 % 2)) for x in range(20, 270, 20)])  # a scribble over it
    settled(page)
    assert "Unlike every digit" in page.locator("#verdict").inner_text()
    page.click("#clear")
    settled(page)
    assert said(page) == []
    assert page.locator("#verdict").bounding_box() == height


def test_made_handwriting_is_read_far_better_centred_than_as_drawn(page, place):
    """By the neighbours among the small app's 2,000 digits; `reading.py` measures the networks."""
    found = {}
    for preparation in ("mnist", "plain"):
        visit(page, place, f"#preparation={preparation}" if preparation == "plain" else "")
        found[preparation] = shares(read(page, drawn(2)))[2]
    assert found["mnist"] > 0.75
    assert found["mnist"] > found["plain"] + 0.3


def test_a_test_digit_comes_back_as_it_is(page, place, reader):
    visit(page, place, "#draw=test.17")
    expected = reader.base.test_images[17] / 255
    np.testing.assert_allclose(np.reshape(settled(page)["seen"], (28, 28)), expected, atol=1e-5)
    label = page.locator("#score-digits [aria-pressed=true]").inner_text()
    assert label == str(reader.base.test_labels[17])  # it is counted without being told
    assert page.locator("#score-text").inner_text().count("of 1") == 3


def test_examples_tools_and_undo(page):
    prepare(page, "plain")
    page.click("#funky")
    funky = settled(page)
    page.click("#seven")
    seven = settled(page)
    assert np.abs(np.subtract(funky["seen"], seven["seen"])).max() > 0.9
    assert len(said(page)) == 3
    page.click("#clear")
    assert max(settled(page)["seen"]) == 0
    assert said(page) == []
    page.click("#undo")
    np.testing.assert_array_equal(settled(page)["seen"], seven["seen"])
    page.click("#eraser")
    hand(page, [(70, 72), (200, 72)])
    assert sum(settled(page)["seen"]) < sum(seven["seen"]) - 10
    page.click("#random")
    assert sum(settled(page)["seen"]) > 20


def test_noise_is_added_and_cleaned(page):
    page.click("#seven")
    clean = settled(page)
    page.select_option("#noise", "gaussian")
    noisy = settled(page)
    assert np.std(np.subtract(noisy["seen"], clean["seen"])) > 0.05
    page.locator("#strength").fill("0")
    np.testing.assert_array_equal(settled(page)["seen"], clean["seen"])


def test_an_identikit_becomes_sure_and_can_be_stopped(page):
    page.click("#tab-portrait")
    page.select_option("#portrait-start", "blank")
    assert page.is_disabled("#portrait-close")
    page.click("#portrait-digits button:text-is('3')")
    page.wait_for_selector("#portrait-caption:has-text('sure enough')", timeout=60_000)
    confidence, generation, evaluations = page.evaluate(
        "() => { const { now } = window.identikit.portrait; return [now.confidence, now.generation, now.evaluations]; }"
    )
    assert confidence >= 0.99
    assert evaluations == 3 + 3 * generation
    page.click("#portrait-take")
    page.click("#tab-overview")
    answer = settled(page)
    assert answer["probabilities"][3] > 0.9
    assert said(page)[0] == "3"
    page.click("#tab-portrait")
    page.select_option("#portrait-method", "search")
    page.select_option("#portrait-start", "drawing")
    page.locator("#portrait-close").fill("1")
    page.click("#portrait-digits button:text-is('8')")
    page.wait_for_selector("#portrait-caption:has-text('Generation')", timeout=60_000)
    page.click("#portrait-stop")
    page.wait_for_selector("#portrait-caption:has-text('stopped')")


def test_a_reload_restores_the_page(page, place):
    hand(page, SEVEN)
    prepare(page, "plain")
    page.select_option("#model-0", index=1)
    page.click("#tab-maps")
    page.select_option("#maps-model", index=0)
    page.click("#theme")
    before, theme = settled(page), page.get_attribute("html", "data-theme")
    page.wait_for_function(
        f"() => ['dense3', 'maps', 'theme={theme}'].every((said) => location.hash.includes(said))"
    )
    page.reload()
    ready(page)
    after = settled(page)
    np.testing.assert_allclose(after["seen"], before["seen"], atol=0.12)  # points are kept to a pixel
    assert page.locator("#maps").is_visible()
    assert page.get_attribute("html", "data-theme") == theme
    assert page.locator("#maps-model").evaluate("s => s.selectedIndex") == 0
    assert page.locator("#model-0").evaluate("s => s.selectedIndex") == 1
    assert page.is_checked("#preparation [value=plain]")


def test_it_can_be_used_by_keyboard_alone(page):
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.id") == "pad":
            break
    for key in ["ArrowUp"] * 8 + ["ArrowLeft"] * 5 + [" "] + ["ArrowRight"] * 11 + ["ArrowDown"] * 18 + [" "]:
        page.keyboard.press(key)
    drawn = settled(page)
    assert 30 < sum(drawn["seen"]) < 120
    page.keyboard.press("Delete")
    assert max(settled(page)["seen"]) == 0
    page.keyboard.press("Backspace")
    np.testing.assert_array_equal(settled(page)["seen"], drawn["seen"])
    page.keyboard.press("Shift+Tab")
    for _ in range(10):
        if page.evaluate("() => document.activeElement.role") == "tab":
            break
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowRight")
    assert page.locator("#eigen").is_visible()
    page.keyboard.press("End")
    assert page.locator("#portrait").is_visible()


def test_a_picture_can_be_uploaded(page, tmp_path):
    picture = Image.new("RGB", (200, 200), "white")
    picture.paste("black", (90, 30, 110, 170))
    picture.save(tmp_path / "one.png")
    page.set_input_files("#file", tmp_path / "one.png")
    page.wait_for_function("() => window.identikit.table.readable()")
    seen = np.reshape(settled(page)["seen"], (28, 28))
    assert seen[6:22, 13].min() > 0.9
    assert seen[:, :10].max() < 0.05
    page.expected = re.compile("422")
    (tmp_path / "two.png").write_bytes(b"no picture")
    page.set_input_files("#file", tmp_path / "two.png")
    page.wait_for_selector("#problem:has-text('not a picture')")


def test_the_page_recovers_when_the_server_is_started_again(page, place):
    page.expected = re.compile("WebSocket|ERR_CONNECTION|Failed to load")
    prepare(page, "plain")
    page.click("#seven")
    settled(page)
    place.end()
    page.wait_for_selector("#status:not(.live)")
    assert verdict(page)[0] == "Not connected"
    hand(page, [(40, 240), (240, 240)])
    place.start()
    page.wait_for_selector("#status.live")
    seen = np.reshape(settled(page)["seen"], (28, 28))
    assert seen[24, 5:23].min() > 0.9  # what was drawn meanwhile is answered too


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_accessible_and_fits(page, place, view):
    from axe_playwright_python.sync_playwright import Axe

    visit(page, place, f"#draw=seven&view={view}&unit={'conv2.1' if view == 'activations' else ''}")
    settled(page)
    opened = {"activations": "#unit-fed canvas", "pair": "#pair-there:not([hidden])"}.get(view, "#pad")
    page.wait_for_selector(opened)
    for theme in ("light", "dark"):
        if page.get_attribute("html", "data-theme") != theme:
            page.click("#theme")
        found = Axe().run(page).response["violations"]
        assert [(v["id"], v["nodes"][0]["html"][:120], v["nodes"][0]["failureSummary"]) for v in found] == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    if view == "overview":
        assert page.evaluate(
            "() => document.querySelector('.cards').getBoundingClientRect().bottom <= innerHeight"
        )
        assert page.evaluate(
            "() => document.querySelector('.plots').getBoundingClientRect().bottom <= innerHeight"
        )


def test_a_point_shows_its_digit_and_a_map_is_enlarged(page):
    page.click("#seven")
    settled(page)
    page.wait_for_function("() => window.identikit.data.images")
    page.evaluate(
        """() => { const map = window.identikit.maps[0]; const [x, y] = map.to([map.places[0], map.places[1]]);
        const box = map.canvas.getBoundingClientRect();
        map.canvas.dispatchEvent(new PointerEvent('pointermove', { clientX: box.left + x, clientY: box.top + y })); }"""
    )
    assert re.match(r"a \d, no\. \d+", page.locator("#tip span").inner_text())
    page.click("#tab-activations")
    page.hover("#layers canvas", position={"x": 5, "y": 5})
    page.wait_for_selector("#zoom-text:has-text('conv1, map 1')")
    page.check("#activations-sorted")
    page.wait_for_selector("#zoom-text:has-text('conv1, map')")
    page.click("#zoom-map")  # as its caption says
    page.wait_for_selector("#unit-title:has-text('conv1, map')")


def test_it_works_by_touch_on_a_small_screen(browser, place):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    try:
        page = context.new_page()
        visit(page, place)
        before = settled(page)
        box = page.locator("#pad").bounding_box()
        page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        assert sum(settled(page)["seen"]) > sum(before["seen"]) + 1
        assert verdict(page)[0] == "Too little ink to read"
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    finally:
        context.close()


def test_the_view_and_the_numbers_can_be_saved(page, tmp_path):
    page.click("#funky")
    answer = settled(page)
    with page.expect_download() as download:
        page.click("#save-png")
    download.value.save_as(tmp_path / "view.png")
    with Image.open(tmp_path / "view.png") as view:
        assert view.size[0] > 2000
    for view in ("activations", "maps"):
        page.click(f"#tab-{view}")
        settled(page)
    page.wait_for_function("() => window.identikit.inside.jacobian && window.identikit.inside.activations")
    page.click("#tab-portrait")
    page.click("#portrait-digits button:text-is('3')")
    page.wait_for_function("() => window.identikit.portrait.running === false")
    with page.expect_download() as download:
        page.click("#portrait-gif")
    download.value.save_as(tmp_path / "grown.gif")
    with page.expect_download() as download:
        page.click("#save-json")
    download.value.save_as(tmp_path / "numbers.json")
    saved = json.loads((tmp_path / "numbers.json").read_text())
    np.testing.assert_allclose(saved["probabilities"], answer["probabilities"], atol=1e-4)
    assert len(saved["pixelMaps"]["maps"]) == 7840
    assert len(saved["activations"]["conv1"]) == 4 * 26 * 26
    assert saved["identikit"]["digit"] == 3
    assert len(saved["identikit"]["image"]) == 784
    with Image.open(tmp_path / "grown.gif") as grown:
        grown.seek(grown.n_frames - 1)
        ink = 1 - np.asarray(grown.convert("L"))[4::8, 4::8] / 255
    np.testing.assert_allclose(ink.ravel(), saved["identikit"]["image"], atol=0.012)

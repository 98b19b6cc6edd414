"""Faults that visitors met, each as a hand meets it."""

import re
from pathlib import Path

import numpy as np
from browser import hand
from pages import SEVEN, VIEWS, prepare, ready, said, settled, verdict, visit

ROOT = Path(__file__).parents[2]
WIDTHS = [
    (360, 640),
    (390, 844),
    (640, 400),
    (768, 1024),
    (1280, 800),
    (1920, 1080),
]  # 640: 1280 at 200 % zoom


def seen(page):
    return np.reshape(settled(page)["seen"], (28, 28))


def pad(page):
    return page.evaluate("() => Array.from(window.identikit.table.pad.ink())")


def test_the_saved_picture_has_every_word_in_its_place(page):
    """No "662 %" for a 6 at 62 %, and no caption that runs into another."""
    page.click("#funky")
    settled(page)
    for text in page.locator(".says").all_text_contents():
        assert re.fullmatch(r"\d (> )?\d+(\.\d)? %", text)
    words = page.evaluate(
        """() => { const found = []; const draw = CanvasRenderingContext2D.prototype.fillText;
        CanvasRenderingContext2D.prototype.fillText = function (text, x, y, most) {
          found.push([text, x, y, Math.min(most ?? 1e9, this.measureText(text).width)]); draw.call(this, text, x, y, most); };
        document.getElementById("save-png").click();
        CanvasRenderingContext2D.prototype.fillText = draw; return found; }"""
    )
    assert {"t-SNE", "autoencoder", "I"} <= {text for text, *_ in words}
    for i, (text, x, y, width) in enumerate(words):
        for other, left, line, own in words[:i]:
            apart = x + width <= left + 1 or left + own <= x + 1 or abs(y - line) > 8
            assert apart, (text, other)


def test_one_history_takes_back_and_brings_back_every_change(page):
    hand(page, SEVEN)
    drawn = pad(page)
    for change in ("#funky", "#random", "#clear"):
        page.click(change)
        page.wait_for_function("before => window.identikit.table.pad.past.length > before", arg=1)
        settled(page)
    page.wait_for_function("() => window.identikit.table.pad.past.length === 5")
    for _ in range(3):
        page.click("#undo")
    np.testing.assert_array_equal(pad(page), drawn)
    for _ in range(2):
        page.click("#redo")
    assert re.match(r"Test digit no\. \d+, labelled \d", page.locator("#origin").inner_text())
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    np.testing.assert_array_equal(pad(page), drawn)


def test_another_digit_replaces_an_identikit_that_runs(page):
    page.click("#seven")
    settled(page)
    page.click("#tab-portrait")
    page.select_option("#portrait-method", "search")
    page.locator("#portrait-close").fill("1")
    page.click("#portrait-digits button:text-is('8')")
    page.wait_for_selector("#portrait-caption:has-text('Generation')")
    page.click("#portrait-digits button:text-is('3')")
    page.wait_for_selector("#portrait-caption:has-text('a 3: ')")
    page.click("#portrait-stop")
    page.wait_for_selector("#portrait-caption:has-text('stopped')")


def test_what_the_address_says_wrongly_is_left_out_and_told(page, place):
    visit(
        page, place, "#noise=snow&strength=lots&view=attic&kind=&eigen=-3&seed=1.5&draw=t.%25%25&preparation="
    )
    hand(page, SEVEN)
    assert len(said(page)) == 3
    assert page.locator("#overview").is_visible()
    visit(page, place, "#noise=snow&models=nobody&draw=zt.xx")
    for wrong in ("noise=snow", "models=nobody", "draw=zt.xx"):
        assert wrong in page.locator("#origin").inner_text()
    page.expected = re.compile("404")
    visit(page, place, "#draw=seven&view=activations&unit=conv9.1")
    page.wait_for_selector("#origin:has-text('there are conv1')")


def test_a_changed_address_and_going_back_are_followed(page, place):
    visit(page, place, "#draw=seven&preparation=plain")
    seven = seen(page)
    page.click("#tab-eigen")
    page.evaluate("() => { location.hash = '#draw=funky&preparation=plain&view=maps&kind=share'; }")
    page.wait_for_selector("#maps:not([hidden])")
    page.wait_for_function("() => window.identikit.settings.draw === 'funky'")
    assert np.abs(seen(page) - seven).max() > 0.9
    assert page.is_checked("#maps-kind [value=share]")
    page.go_back()
    page.wait_for_selector("#eigen:not([hidden])")
    page.wait_for_function("() => window.identikit.settings.draw === 'seven'")
    np.testing.assert_array_equal(seen(page), seven)
    page.go_back()
    page.wait_for_selector("#overview:not([hidden])")


def test_a_pen_that_leaves_the_pad_draws_nothing_along_its_edge(page):
    prepare(page, "plain")
    hand(page, [(140, 60), (270, 60), (330, 60), (330, 220), (270, 220), (140, 220)])
    image = seen(page)
    assert image[5:7, 26].max() > 0.5
    assert image[9:19, 24:].max() == 0
    page.wait_for_function("() => location.hash.includes('draw=t.')")
    page.evaluate("() => sessionStorage.clear()")
    page.add_init_script("sessionStorage.clear()")
    page.reload()
    ready(page)
    np.testing.assert_allclose(seen(page), image, atol=1e-6)


def test_a_long_drawing_comes_back_as_it_was_with_its_history(page):
    page.evaluate(
        """() => { const { pad } = window.identikit.table; for (const [width, turns] of [[6, 300], [8, 5000]]) {
        const points = Array.from({ length: turns }, (_, i) => [140 + Math.round(100 * Math.cos(i)), 140 + Math.round(90 * Math.sin(i * 1.7))]);
        pad.set([...pad.marks, { kind: "stroke", erase: false, width, points }]); } }"""
    )
    before, answer = pad(page), settled(page)
    page.wait_for_function("() => location.hash.includes('draw=p.')")
    page.reload()
    ready(page)
    np.testing.assert_array_equal(pad(page), before)
    np.testing.assert_allclose(settled(page)["seen"], answer["seen"], atol=1e-6)
    page.click("#undo")
    page.click("#undo")
    assert max(pad(page)) == 0


def test_no_view_is_wider_than_its_screen_and_the_pad_fits(page, place):
    visit(page, place, "#draw=seven")
    for width, height in WIDTHS:
        page.set_viewport_size({"width": width, "height": height})
        for view in VIEWS:
            page.click(f"#tab-{view}")
            wide, tall = page.evaluate(
                "() => [document.documentElement.scrollWidth, document.getElementById('pad').getBoundingClientRect().height]"
            )
            assert wide <= width, (width, view)
            assert tall < height - 100, (width, view)


def test_a_tap_shows_a_dot_s_digit_and_a_feature_map(browser, place):
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    try:
        page = context.new_page()
        visit(page, place, "#draw=seven")
        page.wait_for_function("() => window.identikit.data.images")
        page.locator("#plot-tsne").scroll_into_view_if_needed()
        x, y = page.evaluate(
            """() => { const map = window.identikit.maps[0]; const box = map.canvas.getBoundingClientRect();
            const [x, y] = map.to([map.places[0], map.places[1]]); return [box.left + x, box.top + y]; }"""
        )
        page.touchscreen.tap(x, y)
        assert re.match(r"a \d, no\. \d+", page.locator("#tip span").inner_text())
        page.locator(".bar").nth(3).tap()
        page.wait_for_selector("#tip:has-text('more of a 3')")
        page.locator("#score-text").tap()
        assert not page.is_visible("#tip")
        page.click("#tab-activations")
        settled(page)
        page.locator("#layers canvas").first.scroll_into_view_if_needed()
        box = page.locator("#layers canvas").first.bounding_box()
        page.touchscreen.tap(box["x"] + 0.9 * box["width"], box["y"] + 5)
        page.wait_for_selector("#zoom-text:has-text('conv1, map 4')")
    finally:
        context.close()


def test_a_picture_may_be_dropped_anywhere(page):
    page.evaluate(
        """async () => { const canvas = new OffscreenCanvas(100, 100); const context = canvas.getContext("2d");
        context.fillStyle = "white"; context.fillRect(0, 0, 100, 100); context.fillStyle = "black"; context.fillRect(45, 15, 12, 70);
        const files = new DataTransfer(); files.items.add(new File([await canvas.convertToBlob()], "one.png", { type: "image/png" }));
        document.getElementById("overview").dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: files })); }"""
    )
    page.wait_for_function("() => window.identikit.table.readable()")
    assert seen(page)[6:22, 13].min() > 0.9
    assert page.locator("#original").is_visible()
    assert "what was kept" in page.locator("#origin").inner_text()
    page.click("#undo")
    settled(page)
    assert not page.locator("#original").is_visible()
    assert verdict(page)[0] == "Draw a digit"


def test_links_into_the_report_meet_a_chapter():
    texts = (ROOT / "research" / "app" / "page" / "texts.js").read_text()
    chapters = dict(re.findall(r'(\w+): "(\w+)"', re.search(r"STUDIES = {(.*?)}", texts)[1]))
    report = (ROOT / "results" / "reference" / "report.html").read_text()
    assert chapters["overview"] == "drawings"
    for chapter in chapters.values():
        assert f'id="{chapter}"' in report


def test_the_tour_leads_by_links(page):
    page.set_viewport_size({"width": 390, "height": 844})  # a phone, where the view is far below the pad
    page.get_by_role("link", name="Tour").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => window.identikit.settings.tour === '1'")
    for step in range(2, 7):
        page.locator("#tour-next").focus()
        page.keyboard.press("Enter")
        page.wait_for_function("step => window.identikit.settings.tour === step", arg=str(step))
        settled(page)
        if step == 3:
            assert page.is_checked("#preparation [value=plain]")
        if step == 4:
            assert page.is_checked("#preparation [value=mnist]")
            assert page.evaluate("() => window.identikit.settings.draw") == "funky"
    for shown in ("#portrait-digits", "#tour-text"):
        box = page.locator(shown).bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 844
    assert not page.locator("#tour-next").is_visible()
    page.click("#tour-back")
    page.wait_for_selector("#overview:not([hidden])")
    page.click("#tour-end")
    assert not page.locator("#tour").is_visible()

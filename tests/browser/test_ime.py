"""Japanese input: nothing is asked while the reader still composes, and Enter first ends the composition."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.browser.sample_site import LONG
from tests.browser.waiting import expect_value, search_ready
from tests.browser.watching import Watch

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]

STEPS = ("t", "と", "とう", "とうだ", "とうだい", "灯台")
LONGER_THAN_THE_DELAY_MS = 260


def compose(page: Page) -> CDPSession:
    """Compose 灯台 in the box as an IME does, slowly, and leave the composition open."""
    page.get_by_role("searchbox", name="コメントを検索").focus()
    keyboard = page.context.new_cdp_session(page)
    for text in STEPS:
        keyboard.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})
        page.wait_for_timeout(LONGER_THAN_THE_DELAY_MS)
    return keyboard


def press_enter(keyboard: CDPSession, key_code: int) -> None:
    """Press Enter as the browser reports it: 229 where the IME has taken the key, 13 where it has not."""
    key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": key_code, "nativeVirtualKeyCode": key_code}
    keyboard.send("Input.dispatchKeyEvent", {"type": "keyDown", "text": "\r" if key_code == 13 else "", **key})
    keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", **key})


@pytest.mark.parametrize("path", ["/", "/search"])
def test_composing_asks_nothing_and_the_committed_word_once(open_page: OpenPage, watch: Watch, path: str) -> None:
    page = open_page(path)
    keyboard = compose(page)
    assert watch.asked("/search?") == []
    expect(page.get_by_role("searchbox", name="コメントを検索")).to_have_value("灯台")
    keyboard.send("Input.insertText", {"text": "灯台"})
    expect(page.locator(".hit mark")).to_have_text("灯台")
    page.wait_for_timeout(2 * LONGER_THAN_THE_DELAY_MS)  # a second request would come now
    assert [url.split("?")[1] for url in watch.asked("/search?")] == [f"q={quote('灯台')}"]


@pytest.mark.parametrize("path", ["/", f"/{LONG}/"])
@pytest.mark.parametrize("key_code", [229, 13])
def test_enter_during_composition_does_not_send_the_form(
    open_page: OpenPage, watch: Watch, path: str, key_code: int
) -> None:
    page = open_page(path)
    keyboard = compose(page)
    press_enter(keyboard, key_code)
    page.wait_for_timeout(LONGER_THAN_THE_DELAY_MS)
    assert watch.asked("/search?") == []
    assert page.url.endswith(path)


def test_enter_after_composition_searches(open_page: OpenPage) -> None:
    page = open_page(f"/{LONG}/")
    keyboard = compose(page)
    keyboard.send("Input.insertText", {"text": "灯台"})
    page.keyboard.press("Enter")
    expect(page.locator(".hit mark")).to_have_text("灯台")


@pytest.mark.parametrize("name", ["ArrowDown", "Escape", "/"])
def test_keys_during_composition_belong_to_the_ime(open_page: OpenPage, watch: Watch, name: str) -> None:
    page = open_page("/search?q=" + quote("池"))
    search_ready(page)
    page.get_by_role("searchbox", name="コメントを検索").fill("")
    expect(page.locator(".chip")).to_have_count(0)
    asked = len(watch.asked("/search?"))
    keyboard = compose(page)
    key = {"key": name, "windowsVirtualKeyCode": 229, "nativeVirtualKeyCode": 229}
    keyboard.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **key})
    keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", **key})
    expect(page.get_by_role("searchbox", name="コメントを検索")).to_be_focused()
    expect(page.get_by_role("searchbox", name="コメントを検索")).to_have_value("灯台")
    page.wait_for_timeout(2 * LONGER_THAN_THE_DELAY_MS)
    assert len(watch.asked("/search?")) == asked


def test_enter_that_confirms_neither_searches_nor_makes_an_entry_and_the_next_one_does(
    open_page: OpenPage, watch: Watch
) -> None:
    page = open_page("/search?q=" + quote("池"))
    search_ready(page)
    entries = page.evaluate("history.length")
    page.get_by_role("searchbox", name="コメントを検索").select_text()
    keyboard = compose(page)
    press_enter(keyboard, 229)
    keyboard.send("Input.insertText", {"text": "灯台"})
    expect(page).to_have_url(re.compile(quote("灯台")))
    assert page.evaluate("history.length") == entries
    asked = len(watch.asked("/search?"))
    page.keyboard.press("Enter")
    expect_value(page, "history.length", entries + 1)
    assert len(watch.asked("/search?")) == asked

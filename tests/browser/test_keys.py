"""The keys that every page has, their map, and that they hold only where nothing is typed."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.sample_site import LONG
from tests.browser.waiting import expect_value, laid_out
from tests.browser.watching import Watch

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


def key_map(page: Page) -> Locator:
    """Return the map of keys over the page."""
    return page.get_by_role("dialog", name="キー操作")


def box(page: Page) -> Locator:
    """Return the search box."""
    return page.get_by_role("searchbox", name="コメントを検索")


def test_a_question_mark_shows_the_map_once_fetched_and_escape_gives_the_focus_back(
    open_page: OpenPage, watch: Watch
) -> None:
    page = open_page(f"/{LONG}/")
    link = page.locator("footer.site a").first
    link.focus()
    for _ in range(2):
        page.keyboard.press("?")
        expect(key_map(page)).to_be_visible()
        expect(key_map(page).get_by_role("heading", name="キー操作")).to_be_visible()
        page.keyboard.press("Escape")
        expect(key_map(page)).to_be_hidden()
        expect(link).to_be_focused()
    assert len(watch.asked("/help/keys")) == 1
    assert page.url.endswith(f"/{LONG}/")


def test_the_map_is_closed_by_its_button_and_holds_the_focus_while_it_is_open(open_page: OpenPage) -> None:
    page = open_page("/")
    page.keyboard.press("?")
    close = key_map(page).get_by_role("button", name="閉じる")
    expect(close).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.press("t")
    expect(close).to_be_focused()
    close.press("Enter")
    expect(key_map(page)).to_be_hidden()


def test_the_page_of_keys_shows_what_the_map_shows(open_page: OpenPage) -> None:
    page = open_page("/")
    page.keyboard.press("?")
    expect(key_map(page)).to_be_visible()
    rows = key_map(page).locator("dl > div").all_inner_texts()
    assert len(rows) >= 8
    page.keyboard.press("Escape")
    expect(key_map(page)).to_be_hidden()
    page.get_by_role("link", name="キー操作").click()
    expect(page.locator("#main dl > div")).to_have_text(rows, use_inner_text=True)


def test_where_the_map_cannot_be_fetched_the_reader_is_told(open_page: OpenPage, watch: Watch) -> None:
    watch.expect("ERR_FAILED|Failed to fetch")
    page = open_page("/")
    page.route("**/help/keys", lambda route: route.abort())
    page.keyboard.press("?")
    expect(page.get_by_role("status")).to_contain_text("読み込めませんでした")
    expect(page.get_by_role("status")).to_be_in_viewport()
    expect(key_map(page)).to_be_hidden()


def test_t_leads_to_the_top(open_page: OpenPage) -> None:
    page = open_page(f"/{LONG}/", viewport={"width": 360, "height": 740})
    laid_out(page)
    page.locator("footer.site a").last.focus()
    expect_value(page, "scrollY > 300", True)
    page.keyboard.press("t")
    expect(page.locator("#main")).to_be_focused()
    expect_value(page, "scrollY", 0)


@pytest.mark.parametrize("typed", ["/", "?", "t"])
def test_in_a_field_the_keys_are_letters(open_page: OpenPage, typed: str) -> None:
    page = open_page("/users/", viewport={"width": 360, "height": 400})
    field = page.locator("#prefix")
    field.press(typed)
    expect(field).to_have_value(typed)
    expect(field).to_be_focused()
    expect(key_map(page)).to_be_hidden()


def test_keys_with_a_modifier_belong_to_the_browser(open_page: OpenPage) -> None:
    page = open_page(f"/{LONG}/")
    laid_out(page)
    page.evaluate("scrollTo(0, 500)")
    for modifier in ("Control", "Alt", "Meta"):
        for key in ("/", "?"):
            page.keyboard.press(f"{modifier}+{key}")
    page.keyboard.press("Alt+t")
    expect(box(page)).not_to_be_focused()
    expect(key_map(page)).to_be_hidden()
    assert page.evaluate("scrollY") == 500


@pytest.mark.parametrize("key", ["/", "?", "t"])
def test_keys_that_the_ime_has_taken_do_nothing(open_page: OpenPage, key: str) -> None:
    page = open_page(f"/{LONG}/")
    laid_out(page)
    page.evaluate("scrollTo(0, 500)")
    keyboard = page.context.new_cdp_session(page)
    taken = {"key": key, "windowsVirtualKeyCode": 229, "nativeVirtualKeyCode": 229}
    keyboard.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **taken})
    keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", **taken})
    expect(box(page)).not_to_be_focused()
    expect(key_map(page)).to_be_hidden()
    assert page.evaluate("scrollY") == 500


def test_letters_can_be_turned_off_and_on_again(open_page: OpenPage) -> None:
    page = open_page(f"/{LONG}/?q=" + quote("曲がり角"))
    place = page.locator("[data-place]")
    page.evaluate("localStorage['matome-keys'] = 'off'")
    page.reload()
    for key in ("/", "?", "n"):
        page.keyboard.press(key)
    expect(box(page)).not_to_be_focused()
    expect(key_map(page)).to_be_hidden()
    expect(place).to_have_text("")
    page.locator("header.site").get_by_role("button", name="表示設定").click()
    page.get_by_role("radio", name="使う", exact=True).check()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(place).to_contain_text("1 / ")


def test_without_scripts_the_map_is_a_link_in_the_foot(open_page: OpenPage) -> None:
    page = open_page("/", java_script_enabled=False)
    page.locator("footer.site").get_by_role("link", name="キー操作").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("キー操作")
    expect(page.locator("dl > div").first).to_be_visible()

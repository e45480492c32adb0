"""Theme, text size and keys: in force before the first paint, remembered in this browser, harmless without storage."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.browser.sample_site import LONG
from tests.browser.waiting import expect_value
from tests.browser.watching import Site

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]

LIGHT, DARK = "rgb(251, 250, 247)", "rgb(22, 24, 27)"
TEXT_SIZE = "getComputedStyle(document.documentElement).fontSize"
# Notes the background at every frame from the very first one that has a body.
EVERY_FRAME = """() => {
  window.seen = [];
  const note = () => {
    if (document.body) window.seen.push(getComputedStyle(document.body).backgroundColor);
    requestAnimationFrame(note);
  };
  note();
}"""
BROKEN_STORAGE = """() => {
  const refuse = () => { throw new DOMException('closed', 'SecurityError'); };
  Object.defineProperty(window, 'localStorage', { get: refuse });
}"""


def expect_background(page: Page, colour: str) -> None:
    """Expect the page to have a background."""
    expect(page.locator("body")).to_have_css("background-color", colour)


def open_panel(page: Page) -> Locator:
    """Open the panel by its button in the head and return it."""
    page.locator("header.site").get_by_role("button", name="表示設定").click()
    panel = page.get_by_role("dialog", name="表示設定")
    expect(panel).to_be_visible()
    return panel


def choose(page: Page, *names: str) -> None:
    """Choose in the panel, and close it."""
    panel = open_panel(page)
    for name in names:
        panel.get_by_role("radio", name=name, exact=True).check()
    panel.get_by_role("button", name="閉じる").click()
    expect(panel).to_be_hidden()


def test_a_stored_dark_theme_is_there_from_the_first_frame_under_a_light_system(open_page: OpenPage) -> None:
    page = open_page("/", color_scheme="light")
    expect_background(page, LIGHT)
    choose(page, "暗い")
    page.context.add_init_script(f"({EVERY_FRAME})()")

    def slowly(route: Route, _request: Request) -> None:
        page.wait_for_timeout(300)
        route.continue_()

    page.route("**/css/site.*", slowly)
    page.goto(f"/{LONG}/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect_value(page, "window.seen.length > 3", True)
    assert set(page.evaluate("window.seen")) == {DARK}


def test_a_chosen_light_theme_holds_under_a_dark_system_and_system_gives_it_back(open_page: OpenPage) -> None:
    page = open_page("/", color_scheme="dark")
    expect_background(page, DARK)
    choose(page, "明るい")
    expect_background(page, LIGHT)
    page.reload()
    expect_background(page, LIGHT)
    panel = open_panel(page)
    expect(panel.get_by_role("radio", name="明るい")).to_be_checked()
    panel.get_by_role("radio", name="自動").check()
    expect_background(page, DARK)


def shown_colours(page: Page) -> list[str]:
    """Return the theme colours that apply to the browser around the page."""
    return list(
        page.evaluate(
            "[...document.querySelectorAll('meta[name=theme-color]')]"
            ".filter((meta) => matchMedia(meta.media).matches).map((meta) => meta.dataset.scheme)"
        )
    )


def test_the_browser_around_the_page_follows_the_theme(open_page: OpenPage) -> None:
    page = open_page("/", color_scheme="light")
    assert shown_colours(page) == ["light"]
    choose(page, "暗い")
    assert shown_colours(page) == ["dark"]
    page.goto("/tags/")
    assert shown_colours(page) == ["dark"]
    choose(page, "自動")
    assert shown_colours(page) == ["light"]


def test_text_has_four_sizes_and_keeps_the_chosen_one(open_page: OpenPage) -> None:
    page = open_page("/", viewport={"width": 360, "height": 740})
    sizes = []
    for name in ("小", "標準", "大", "特大"):
        choose(page, name)
        sizes.append(float(page.evaluate(TEXT_SIZE).removesuffix("px")))
    assert sizes == sorted(set(sizes))
    assert sizes[1] == 16
    page.goto(f"/{LONG}/")
    assert page.evaluate(TEXT_SIZE) == f"{sizes[3]:g}px"
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("stored", ["", "pink", "DARK", "system; x", "__proto__", "constructor"])
def test_what_is_stored_and_no_choice_is_passed_over(open_page: OpenPage, stored: str) -> None:
    page = open_page("/", color_scheme="dark")
    page.evaluate(
        "(stored) => { for (const name of ['theme', 'text', 'keys']) localStorage['matome-' + name] = stored; }", stored
    )
    page.reload()
    shown = page.evaluate("({ ...document.documentElement.dataset })")
    assert shown == {"theme": "system", "text": "medium", "keys": "on"}
    expect_background(page, DARK)


def test_closed_storage_only_means_that_nothing_is_remembered(open_page: OpenPage) -> None:
    page = open_page("/", color_scheme="light")
    page.context.add_init_script(f"({BROKEN_STORAGE})()")
    page.reload()
    choose(page, "暗い", "大")
    expect_background(page, DARK)
    expect(page.locator("html")).to_have_attribute("data-text", "large")
    page.reload()
    expect_background(page, LIGHT)


def test_other_tabs_follow(open_page: OpenPage) -> None:
    page = open_page("/", color_scheme="light")
    other = page.context.new_page()
    other.goto(f"/{LONG}/")
    choose(page, "暗い")
    expect(other.locator("html")).to_have_attribute("data-theme", "dark")
    expect_background(other, DARK)
    expect(open_panel(other).get_by_role("radio", name="暗い")).to_be_checked()


def test_nothing_is_sent_and_no_cookie_is_set(open_page: OpenPage) -> None:
    page = open_page("/")
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request))
    choose(page, "暗い")
    page.goto("/tags/")
    assert sent
    assert not any("cookie" in request.all_headers() for request in sent)
    assert page.context.cookies() == []


def test_the_panel_is_worked_by_keyboard_alone_and_gives_the_focus_back(open_page: OpenPage) -> None:
    page = open_page("/", color_scheme="light")
    button = page.locator("header.site").get_by_role("button", name="表示設定")
    button.focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("dialog", name="表示設定")
    expect(panel).to_be_visible()
    page.keyboard.press("Tab")
    expect(panel.get_by_role("radio", name="自動")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect_background(page, DARK)
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(button).to_be_focused()


def test_the_panel_opens_from_the_foot_of_the_page_too(open_page: OpenPage) -> None:
    page = open_page(f"/{LONG}/", viewport={"width": 360, "height": 740})
    page.locator("footer.site").get_by_role("button", name="表示設定").click()
    panel = page.get_by_role("dialog", name="表示設定")
    expect(panel).to_be_in_viewport(ratio=1)


def test_a_page_that_history_brought_back_shows_what_is_chosen(open_page: OpenPage) -> None:
    page = open_page("/")
    choose(page, "暗い")
    page.get_by_role("searchbox", name="コメントを検索").fill("灯台")
    expect(page.locator(".hit")).to_have_count(1)
    page.go_back()
    expect(page.locator(".hit")).to_have_count(0)
    expect(open_panel(page).get_by_role("radio", name="暗い")).to_be_checked()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_scripts_the_system_chooses_and_no_dead_button_is_shown(open_page: OpenPage, scheme: str) -> None:
    page = open_page("/", java_script_enabled=False, color_scheme=scheme)
    expect(page.locator("body")).to_have_css("background-color", DARK if scheme == "dark" else LIGHT)
    expect(page.get_by_role("button", name="表示設定")).to_have_count(0)
    expect(page.get_by_role("link", name="キー操作")).to_be_visible()


def test_the_head_does_not_move_when_scripts_arrive(open_page: OpenPage, site: Site) -> None:
    page = open_page("about:blank", viewport={"width": 360, "height": 740})
    page.context.add_init_script(
        "new PerformanceObserver((list) => { window.shifted = (window.shifted ?? 0) + list.getEntries().length; })"
        ".observe({ type: 'layout-shift', buffered: true });"
    )
    page.goto(site.base + "/help/keys", wait_until="networkidle")
    assert page.evaluate("window.shifted ?? 0") == 0

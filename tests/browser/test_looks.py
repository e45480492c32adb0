"""What the eye needs (width, contrast, visible focus), what fingers need (room), and the keyboard's way in."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.sample_site import LONG
from tests.browser.waiting import expect_value, laid_out
from tests.browser.watching import Watch

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]

PATHS = {
    "home": "/",
    "post": f"/{LONG}/details/1",
    "post from a search": f"/{LONG}/?q=" + quote("曲がり角"),
    "search of a thread": f"/{LONG}/?view=thread&q=" + quote("灯台"),
    "tags": "/tags/",
    "months": "/months/",
    "search": "/search?q=" + quote("散歩は"),
    "wide hit": "/search?q=very-long-path",
    "long words": "/search?q=" + "W" * 300,
    "users": "/users/",
    "user": "/users/tanuki/",
    "tag": "/tags/" + quote("散歩") + "/",
    "hints": "/help/search",
    "keys": "/help/keys",
    "missing": "/nothing-here",
}

# Rounds to what the eye sees: the contrast of every visible text with the first opaque background behind it.
CONTRAST = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (color) => rgba(color).slice(0, 3)
    .map((value) => value / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if (rgba(color)[3] === 255) return color;
    }
    return 'white';
  };
  const poor = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility({ visibilityProperty: true })) continue;
    const [a, b] = [luminance(getComputedStyle(element).color), luminance(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    seen += 1;
    if (ratio < 4.5) poor.push(`${element.outerHTML.slice(0, 60)} ${ratio.toFixed(2)}`);
  }
  return { seen, poor };
}"""

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}

# Targets below 24 px that have no room around them either, as WCAG 2.2 (2.5.8) reckons it: the circle of 24 px around
# the middle of such a target touches another target, or the circle of another such one. Links within a text are exempt.
TINY = """() => {
  const targets = [...document.querySelectorAll('a, button, summary, input:not([type=hidden])')]
    .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !e.closest('.hidden, .skip, .month-bars'))
    .map((e) => ({ e, box: e.getBoundingClientRect() })).filter(({ box }) => box.width && box.height);
  const middle = ({ left, top, width, height }) => [left + width / 2, top + height / 2];
  const tiny = ({ box }) => box.height < 23.9 || box.width < 23.9;
  const touches = (one, other) => {
    const [x, y] = middle(one.box);
    if (tiny(other)) {
      const [u, v] = middle(other.box);
      return Math.hypot(x - u, y - v) < 24;
    }
    const { left, right, top, bottom } = other.box;
    return Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom)) < 12;
  };
  const within = (one, other) => one.e.contains(other.e) || other.e.contains(one.e);
  return targets.filter(tiny).filter(({ e }) => !e.closest('.body, .prose, .help p, .help li, dd'))
    .filter((one) => targets.some((other) => other !== one && !within(one, other) && touches(one, other)))
    .map(({ e, box }) => `${e.outerHTML.slice(0, 80)} ${box.width.toFixed()}x${box.height.toFixed()}`);
}"""

SMALL = """(selector) => [...document.querySelectorAll(selector)].filter((e) => e.checkVisibility())
  .map((e) => [e, e.getBoundingClientRect()]).filter(([, box]) => box.height < 43.5 || box.width < 43.5)
  .map(([e, box]) => `${e.outerHTML.slice(0, 80)} ${box.width.toFixed()}x${box.height.toFixed()}`)"""


def go(page: Page, path: str) -> None:
    """Go to a page, and wait until all of it is laid out."""
    page.goto(path)
    laid_out(page)


def allow_missing(watch: Watch) -> None:
    """Let the browser note in its console that a page asked for is missing."""
    watch.expect("404")


@pytest.mark.parametrize("width", [320, 360, 768, 1440])
def test_no_page_scrolls_sideways(open_page: OpenPage, watch: Watch, width: int) -> None:
    allow_missing(watch)
    page = open_page("/", viewport={"width": width, "height": 800})
    too_wide = []
    for name, path in PATHS.items():
        go(page, path)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            too_wide.append(name)
    assert too_wide == []


def test_no_page_scrolls_sideways_at_the_largest_text(open_page: OpenPage, watch: Watch) -> None:
    allow_missing(watch)
    page = open_page("/", viewport={"width": 320, "height": 640})
    page.evaluate("localStorage['matome-text'] = 'huge'")
    too_wide = []
    for name, path in PATHS.items():
        go(page, path)
        if page.evaluate("document.documentElement.scrollWidth") > 320:
            too_wide.append(name)
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "21px"
    assert too_wide == []


def test_at_twice_the_zoom_no_page_scrolls_sideways_and_all_is_in_reach(open_page: OpenPage, watch: Watch) -> None:
    # What 200 % makes of a window of 1280 by 800: half as many pixels of the page, each twice as large.
    allow_missing(watch)
    page = open_page("/", viewport={"width": 640, "height": 400}, device_scale_factor=2)
    for name, path in PATHS.items():
        go(page, path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 640, name
    page.locator("header.site").get_by_role("button", name="表示設定").click()
    close = page.get_by_role("dialog", name="表示設定").get_by_role("button", name="閉じる")
    close.scroll_into_view_if_needed()
    expect(close).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("width", [320, 360, 414])
@pytest.mark.parametrize("text", ["medium", "huge"])
def test_the_head_leaves_a_phone_to_the_content(open_page: OpenPage, width: int, text: str) -> None:
    page = open_page("/", **PHONE | {"viewport": {"width": width, "height": 740}})
    page.evaluate("text => { localStorage['matome-text'] = text; }", text)
    go(page, f"/{LONG}/")
    assert page.evaluate("document.querySelector('header.site').offsetHeight") <= 112
    whole = "document.querySelector('.brand').scrollWidth <= document.querySelector('.brand').clientWidth"
    assert page.evaluate(whole), "the name of the site is cut off"


def test_no_control_is_too_small_for_a_pointer(open_page: OpenPage, watch: Watch) -> None:
    allow_missing(watch)
    page = open_page("/", viewport={"width": 1440, "height": 900})
    for name, path in PATHS.items():
        go(page, path)
        assert page.evaluate(TINY) == [], name


def test_the_panel_has_room_for_fingers(open_page: OpenPage) -> None:
    page = open_page("/", **PHONE)
    page.locator("header.site").get_by_role("button", name="表示設定").tap()
    expect(page.get_by_role("dialog", name="表示設定")).to_be_in_viewport(ratio=1)
    assert page.evaluate(SMALL, "header.site button, .settings label, .settings button, footer.site a") == []


def test_forced_colours_show_what_is_chosen_marked_and_in_focus(open_page: OpenPage) -> None:
    page = open_page(PATHS["search"], forced_colors="active", viewport={"width": 1440, "height": 900})
    colour = "(e) => getComputedStyle(e).backgroundColor"
    around = page.locator("body").evaluate(colour)
    for shown in ("main mark", "main a[aria-current]"):
        assert page.locator(shown).first.evaluate(colour) != around, shown
    page.locator("header.site").get_by_role("button", name="表示設定").click()
    expect(page.get_by_role("dialog", name="表示設定")).to_be_visible()
    chosen, other = (
        page.locator(f".choices label{which}").first for which in (":has(:checked)", ":not(:has(:checked))")
    )
    assert chosen.evaluate(colour) not in (around, other.evaluate(colour))
    assert len(page.screenshot()) > 10_000


def test_on_paper_there_is_the_text_with_its_address_and_nothing_to_press(open_page: OpenPage) -> None:
    page = open_page(f"/{LONG}/", color_scheme="dark")
    page.locator("#fold-1 > summary").click()
    inside = page.locator("#fold-1 .comment").first
    expect(inside).to_be_visible()
    page.locator("#fold-1 > summary").click()
    expect(inside).to_be_hidden()
    page.emulate_media(media="print")
    expect(inside).to_be_visible()
    expect(page.locator(".printed")).to_contain_text(f"/{LONG}/")
    for gone in ("header.site", "footer.site", ".skip"):
        expect(page.locator(gone)).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.querySelector('#fold-1 .comment')).color") == "rgb(34, 37, 42)"
    page.emulate_media(media="screen")
    expect(page.locator(".printed")).to_be_hidden()


def test_with_reduced_motion_nothing_moves(open_page: OpenPage) -> None:
    page = open_page(f"/{LONG}/", reduced_motion="reduce")
    moving = """[...document.querySelectorAll('*')].filter((e) => ['', '::before', '::after'].some((part) => {
      const style = getComputedStyle(e, part || null);
      return style.animationName !== 'none' || parseFloat(style.transitionDuration) > 0;
    })).length"""
    assert page.evaluate(moving) == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_background(open_page: OpenPage, watch: Watch, scheme: str) -> None:
    allow_missing(watch)
    page = open_page("/", color_scheme=scheme, viewport={"width": 1440, "height": 900})
    for path in PATHS.values():
        go(page, path)
        found = page.evaluate(CONTRAST)
        assert found["seen"] > 10
        assert found["poor"] == [], path


def test_the_dark_scheme_is_dark(open_page: OpenPage) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light, dark = (open_page("/", color_scheme=scheme).evaluate(background) for scheme in ("light", "dark"))
    assert light != dark


def test_what_a_finger_touches_often_has_room(open_page: OpenPage) -> None:
    page = open_page(f"/{LONG}/", **PHONE)
    laid_out(page)
    frame = "header.site a, header.site input, header.site button, .pager a, .chip, .facet a, .narrow > summary"
    controls = f"{frame}, .fold > summary, .permalink, .dots, .views > a, .people > summary, .place a, .place button"
    assert page.evaluate(SMALL, controls) == []
    go(page, PATHS["search of a thread"])
    page.locator(".comment.is-match .dots").tap()
    expect(page.locator("#menu a").first).to_be_visible()
    found = ".thread-search input, .thread-search button, .matches a, .matches button, .match-list a, .shrunk > summary"
    assert page.evaluate(SMALL, f"{found}, .dots, #menu a, #menu button") == []
    go(page, PATHS["search"])
    page.get_by_text("絞り込みと並び順").tap()
    expect(page.locator(".facet a").first).to_be_visible()
    assert page.evaluate(SMALL, controls) == []


def test_the_keyboard_reaches_the_text_by_the_skip_link_and_the_box_by_tab(open_page: OpenPage) -> None:
    page = open_page("/")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="本文へ移動")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.goto("/")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "q":
            break
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("lighthouse")
    page.keyboard.press("Enter")
    expect(page.locator(".hit")).to_have_count(1)
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_the_keyboard_opens_a_fold(open_page: OpenPage) -> None:
    page = open_page(f"/{LONG}/")
    page.locator("#fold-2 > summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#fold-2 .comment").last).to_be_visible()
    expect(page.locator("#fold-2 > summary")).to_be_focused()


def test_focus_is_visible_on_every_kind_of_control(open_page: OpenPage) -> None:
    page = open_page(PATHS["search"], viewport={"width": 1440, "height": 900})
    page.keyboard.press("Tab")
    kinds = set()
    for _ in range(45):
        kind, outline = page.evaluate(
            "[document.activeElement.tagName, getComputedStyle(document.activeElement).outlineStyle]"
        )
        assert outline != "none", kind
        kinds.add(kind)
        page.keyboard.press("Tab")
    assert {"A", "INPUT", "BUTTON"} <= kinds


@pytest.mark.parametrize("path", ["/", PATHS["search"], "/users/tanuki/"])
def test_focus_is_kept_when_what_held_it_is_replaced(open_page: OpenPage, path: str) -> None:
    page = open_page(path, viewport={"width": 1440, "height": 900})
    link = page.locator("main a[data-hx-get]:visible").first
    link.evaluate("link => { window.replaced = link; link.focus(); }")
    page.keyboard.press("Enter")
    expect_value(page, "!replaced.isConnected && document.activeElement !== document.body", True)
    page.wait_for_timeout(200)  # a later step of the swap would lose it now
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_the_error_page_offers_ways_on(open_page: OpenPage, watch: Watch) -> None:
    allow_missing(watch)
    page = open_page("/nothing-here")
    expect(page.get_by_role("heading", level=1)).to_have_text("ページが見つかりません")
    page.locator("#main").get_by_role("link", name="ホームへ").click()
    expect(page.locator(".item").first).to_be_visible()

"""What the eye needs (width, contrast, visible focus), what fingers need (room), and the keyboard's way in."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.sample_site import LONG
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

SMALL = """(selector) => [...document.querySelectorAll(selector)].filter((e) => e.checkVisibility())
  .map((e) => [e, e.getBoundingClientRect()]).filter(([, box]) => box.height < 43.5 || box.width < 43.5)
  .map(([e, box]) => `${e.outerHTML.slice(0, 80)} ${box.width.toFixed()}x${box.height.toFixed()}`)"""


def allow_missing(watch: Watch) -> None:
    """Let the browser note in its console that a page asked for is missing."""
    watch.expect("404")


@pytest.mark.parametrize("width", [320, 360, 768, 1440])
def test_no_page_scrolls_sideways(open_page: OpenPage, watch: Watch, width: int) -> None:
    allow_missing(watch)
    page = open_page("/", viewport={"width": width, "height": 800})
    too_wide = []
    for name, path in PATHS.items():
        page.goto(path)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            too_wide.append(name)
    assert too_wide == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_background(open_page: OpenPage, watch: Watch, scheme: str) -> None:
    allow_missing(watch)
    page = open_page("/", color_scheme=scheme, viewport={"width": 1440, "height": 900})
    for path in PATHS.values():
        page.goto(path)
        found = page.evaluate(CONTRAST)
        assert found["seen"] > 10
        assert found["poor"] == [], path


def test_the_dark_scheme_is_dark(open_page: OpenPage) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light, dark = (open_page("/", color_scheme=scheme).evaluate(background) for scheme in ("light", "dark"))
    assert light != dark


def test_what_a_finger_touches_often_has_room(open_page: OpenPage) -> None:
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    page = open_page(f"/{LONG}/", **phone)
    frame = "header.site a, header.site input, header.site button, .pager a, .chip, .facet a, .narrow > summary"
    controls = f"{frame}, .fold > summary, .permalink"
    assert page.evaluate(SMALL, controls) == []
    page.goto(PATHS["search of a thread"])
    page.locator(".comment.is-match .menu > summary").tap()
    found = ".thread-search input, .thread-search button, .matches a, .matches button, .match-list a, .shrunk > summary"
    assert page.evaluate(SMALL, f"{found}, .menu > summary, .menu a") == []
    page.goto(PATHS["search"])
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


def test_the_error_page_offers_ways_on(open_page: OpenPage, watch: Watch) -> None:
    allow_missing(watch)
    page = open_page("/nothing-here")
    expect(page.get_by_role("heading", level=1)).to_have_text("ページが見つかりません")
    page.locator("#main").get_by_role("link", name="ホームへ").click()
    expect(page.locator(".item").first).to_be_visible()

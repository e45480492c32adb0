"""Equal access beyond what axe-core measures: targets, focus, zoom, spacing, motion, forced colours, headings."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.kinds import KINDS, STATES_OF_SCRIPTS, visit
from tests.browser.waiting import expect_value
from tests.browser.watching import Site

pytestmark = pytest.mark.browser

FINGER, POINTER = 44, 24
WIDE, PHONE, NARROW = (
    ViewportSize(width=width, height=height) for width, height in ((1440, 900), (360, 740), (320, 640))
)


@pytest.fixture(scope="module")
def tools() -> str:
    """Return the script that measures."""
    return (Path(__file__).parent / "access.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=KINDS)
def desk(request: pytest.FixtureRequest, tour: Page, site: Site, tools: str) -> Iterator[Page]:
    """Bring a wide page to each kind once, for all tests that measure it there."""
    tour.set_viewport_size(WIDE)
    visit(tour, site, request.param)
    tour.evaluate(tools)
    yield tour
    tour.emulate_media(color_scheme="light", reduced_motion="no-preference", forced_colors="none")


@pytest.fixture(scope="module")
def touch_screen(chromium: Browser, site: Site) -> Iterator[Page]:
    """Give a page on a phone that is touched."""
    context = chromium.new_context(
        base_url=site.base, locale="ja-JP", viewport=PHONE, has_touch=True, is_mobile=True, color_scheme="dark"
    )
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module", params=KINDS)
def phone(request: pytest.FixtureRequest, touch_screen: Page, site: Site, tools: str) -> Page:
    """Bring the phone to each kind once."""
    touch_screen.set_viewport_size(PHONE)
    visit(touch_screen, site, request.param)
    touch_screen.evaluate(tools)
    return touch_screen


def test_what_a_finger_touches_has_room(phone: Page) -> None:
    assert phone.evaluate(f"access.smallTargets({FINGER})") == []


def test_what_a_pointer_clicks_is_no_speck(desk: Page) -> None:
    assert desk.evaluate(f"access.smallTargets({POINTER})") == []


def poor_focus(page: Page) -> list[str]:
    """Walk the focus over everything that takes it, as after a key was pressed, and return where it is not seen."""
    page.keyboard.press("Shift")
    page.keyboard.press("Tab")
    found = page.evaluate("access.poorFocus()")
    assert found["seen"]
    return list(found["poor"])


def test_the_focus_is_seen_wherever_it_goes(desk: Page) -> None:
    assert poor_focus(desk) == []


def test_the_focus_is_seen_in_the_dark_on_a_phone(phone: Page) -> None:
    assert poor_focus(phone) == []


def test_the_focus_is_seen_in_forced_colours(desk: Page) -> None:
    desk.emulate_media(forced_colors="active")
    found = poor_focus(desk)
    desk.emulate_media(forced_colors="none")
    assert found == []


def test_headings_begin_with_one_of_the_first_level_and_skip_none(desk: Page) -> None:
    outline = desk.evaluate("access.outline()")
    levels = [level for level, _ in outline]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), outline
    assert all(text for _, text in outline)


def test_nothing_moves_for_those_who_ask_for_calm(desk: Page) -> None:
    desk.emulate_media(reduced_motion="reduce")
    found = desk.evaluate("access.moving()")
    desk.emulate_media(reduced_motion="no-preference")
    assert found == []


def test_nothing_is_wider_than_the_narrowest_page(phone: Page) -> None:
    phone.set_viewport_size(NARROW)
    expect_value(phone, "document.documentElement.clientWidth", NARROW["width"])
    found = phone.evaluate("access.widest()")
    phone.set_viewport_size(PHONE)
    assert found == []


def test_text_of_twice_the_size_makes_no_page_wider(phone: Page) -> None:
    phone.evaluate("document.documentElement.style.fontSize = '200%'")
    found = phone.evaluate("access.widest()")
    phone.evaluate("document.documentElement.style.fontSize = ''")
    assert found == []


# What WCAG 1.4.12 lets readers set.
SPACED = """(on) => {
  const spacing = { 'line-height': '1.5', 'letter-spacing': '0.12em', 'word-spacing': '0.16em' };
  for (const one of document.querySelectorAll('body *')) for (const [name, value] of Object.entries(spacing)) {
    if (on) one.style.setProperty(name, value, 'important');
    else one.style.removeProperty(name);
  }
}"""


def test_text_that_readers_space_out_is_neither_cut_off_nor_too_wide(phone: Page) -> None:
    before = phone.evaluate("access.clipped()")
    phone.evaluate(SPACED, True)
    found = phone.evaluate("[...access.widest(), ...access.clipped()]")
    phone.evaluate(SPACED, False)
    assert [one for one in found if one not in before] == []


@pytest.mark.parametrize("name", sorted(set(KINDS) - STATES_OF_SCRIPTS))
def test_the_first_key_offers_the_text_and_the_next_leads_there(tour: Page, site: Site, name: str) -> None:
    visit(tour, site, name, prepare=False)
    if "{comment}" in KINDS[name].path or "#" in tour.url:
        tour.evaluate("document.querySelector('.skip').focus()")  # the address led into the text already
    else:
        tour.keyboard.press("Tab")
    expect(tour.locator(".skip")).to_be_focused()
    expect(tour.locator(".skip")).to_be_in_viewport(ratio=1)
    tour.keyboard.press("Enter")
    expect(tour.locator("main")).to_be_focused()


def test_every_kind_of_page_says_in_its_title_what_it_shows(tour: Page, site: Site) -> None:
    titles: dict[str, str] = {}
    for name, kind in KINDS.items():
        if not kind.prepare and "?" not in kind.path and "{" not in kind.path and "/details/" not in kind.path:
            visit(tour, site, name)
            assert tour.title() not in titles, (name, titles[tour.title()])
            titles[tour.title()] = name
            heading = tour.locator("h1").inner_text()
            assert heading.strip() in tour.title() or name == "home"


PLANTED = {
    "smallTargets(24)": "main.insertAdjacentHTML('beforeend', '<button>a</button>'); main.lastChild.style.cssText ="
    " 'all: unset; font-size: 9px'",
    "poorFocus().poor": "const sheet = new CSSStyleSheet(); sheet.replaceSync('main a { outline: none !important }');"
    " document.adoptedStyleSheets.push(sheet)",
    "moving()": "main.animate([{ opacity: 0.5 }, { opacity: 1 }], 100000)",
    "widest()": "main.insertAdjacentHTML('beforeend', '<p>a</p>'); main.lastChild.style.width = '2000px'",
    "clipped()": "main.insertAdjacentHTML('beforeend', '<p>a<br>b<br>c</p>'); main.lastChild.style.cssText ="
    " 'height: 1em; overflow: hidden'",
}


@pytest.mark.parametrize("measure", PLANTED)
def test_what_is_planted_is_found(tour: Page, site: Site, tools: str, measure: str) -> None:
    visit(tour, site, "hints")
    tour.evaluate(tools)
    tour.keyboard.press("Tab")
    assert tour.evaluate(f"access.{measure}") == []
    tour.evaluate(f"() => {{ const main = document.querySelector('main'); {PLANTED[measure]}; }}")
    assert tour.evaluate(f"access.{measure}") != []

"""Equal access beyond what axe-core measures: targets, focus, zoom, spacing, motion, forced colours, headings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.kinds import KINDS, visit
from tests.browser.watching import Site

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]

FINGER, POINTER = 44, 24
EVERY_KIND = pytest.mark.parametrize("name", KINDS)


@pytest.fixture(scope="module")
def tools() -> str:
    """Return the script that measures."""
    return (Path(__file__).parent / "access.js").read_text(encoding="utf-8")


@pytest.fixture
def look(tour: Page, site: Site, tools: str) -> Iterator[Callable[..., Any]]:
    """Give a function that visits a kind of page and returns what a measure finds there."""

    def look_(name: str, measure: str, *, width: int = 1440, height: int = 900, before: str = "") -> Any:
        tour.set_viewport_size({"width": width, "height": height})
        visit(tour, site, name)
        tour.evaluate(tools)
        if before:
            tour.evaluate(before)
        return tour.evaluate(f"access.{measure}")

    yield look_
    tour.emulate_media(color_scheme="light", reduced_motion="no-preference", forced_colors="none")


@pytest.fixture(scope="module")
def phone(chromium: Browser, site: Site) -> Iterator[Page]:
    """Give a page on a phone that is touched."""
    context = chromium.new_context(
        base_url=site.base, locale="ja-JP", viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True
    )
    yield context.new_page()
    context.close()


@EVERY_KIND
def test_what_a_finger_touches_has_room(phone: Page, site: Site, tools: str, name: str) -> None:
    visit(phone, site, name)
    phone.evaluate(tools)
    assert phone.evaluate(f"access.smallTargets({FINGER})") == []


@EVERY_KIND
def test_what_a_pointer_clicks_is_no_speck(look: Callable[..., Any], name: str) -> None:
    assert look(name, f"smallTargets({POINTER})") == []


@EVERY_KIND
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_focus_is_seen_wherever_it_goes(tour: Page, site: Site, tools: str, name: str, scheme: str) -> None:
    tour.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    tour.set_viewport_size({"width": 360, "height": 740} if scheme == "dark" else {"width": 1440, "height": 900})
    visit(tour, site, name)
    tour.evaluate(tools)
    tour.keyboard.press("Tab")
    found = tour.evaluate("access.poorFocus()")
    assert found["seen"] > 8
    assert found["poor"] == []


@EVERY_KIND
def test_the_first_key_offers_the_text_and_the_next_leads_there(tour: Page, site: Site, name: str) -> None:
    visit(tour, site, name)
    tour.evaluate("document.activeElement.blur()")
    tour.evaluate("getSelection().removeAllRanges()")
    tour.reload()
    tour.keyboard.press("Tab")
    expect(tour.get_by_role("link", name="本文へ移動")).to_be_focused()
    tour.keyboard.press("Enter")
    expect(tour.locator("main")).to_be_focused()


@EVERY_KIND
def test_headings_begin_with_one_of_the_first_level_and_skip_none(look: Callable[..., Any], name: str) -> None:
    outline = look(name, "outline()")
    levels = [level for level, _ in outline]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), outline
    assert all(text for _, text in outline)


@EVERY_KIND
@pytest.mark.parametrize(
    ("width", "before"),
    [
        pytest.param(320, "", id="320 px"),
        pytest.param(640, "document.documentElement.style.fontSize = '200%'", id="text of twice the size"),
        pytest.param(360, "document.documentElement.style.fontSize = '200%'", id="that on a phone"),
    ],
)
def test_nothing_is_wider_than_the_page(look: Callable[..., Any], name: str, width: int, before: str) -> None:
    assert look(name, "widest()", width=width, height=640, before=before) == []


SPACED = """for (const one of document.querySelectorAll('body *')) {
  one.style.setProperty('line-height', '1.5', 'important');
  one.style.setProperty('letter-spacing', '0.12em', 'important');
  one.style.setProperty('word-spacing', '0.16em', 'important');
}"""


@EVERY_KIND
def test_text_that_readers_space_out_is_neither_cut_off_nor_too_wide(look: Callable[..., Any], name: str) -> None:
    assert look(name, "widest()", width=360, before=SPACED) == []
    assert look(name, "clipped()", width=360, before=SPACED) == []


@EVERY_KIND
def test_nothing_moves_for_those_who_ask_for_calm(tour: Page, look: Callable[..., Any], name: str) -> None:
    tour.emulate_media(reduced_motion="reduce")
    assert look(name, "moving()") == []


@EVERY_KIND
def test_the_focus_is_seen_in_forced_colours(tour: Page, site: Site, tools: str, name: str) -> None:
    tour.emulate_media(forced_colors="active")
    visit(tour, site, name)
    tour.evaluate(tools)
    tour.keyboard.press("Tab")
    assert tour.evaluate("access.poorFocus()")["poor"] == []
    tour.emulate_media(forced_colors="none")


def test_every_kind_of_page_has_a_title_of_its_own(tour: Page, site: Site) -> None:
    titles: dict[str, set[str]] = {}
    for name in KINDS:
        visit(tour, site, name)
        titles.setdefault(tour.title(), set()).add(KINDS[name].path.partition("#")[0])
    assert all(title.strip() for title in titles)
    same_page = {frozenset(paths) for paths in titles.values() if len(paths) > 1}
    assert not [paths for paths in same_page if len({path.partition("?")[0] for path in paths}) > 2]

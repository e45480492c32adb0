"""Walking over what a search found in a post, into closed folds; searching one thread; what is like a comment."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.sample_site import LONG, LONG_URL
from tests.browser.waiting import click_where_it_is, laid_out, type_at_once
from tests.browser.watching import Watch

pytestmark = pytest.mark.browser
Opener = Callable[..., Page]

ROUTE = f"/{LONG}/?q=帰り道の話を10つ"
"""One hit in each of the first three folds."""
LONGER_THAN_THE_DELAY_MS = 260


def open_post(open_page: Opener, path: str) -> Page:
    """Open a post, and wait until all of it is laid out: the window moves along with that."""
    page = open_page(path)
    laid_out(page)
    return page


def current(page: Page) -> str:
    """Return the text of the hit the reader is at, once it is there and in the window."""
    comment = page.locator(".comment.is-current")
    expect(comment).to_have_count(1)
    expect(comment).to_be_in_viewport()
    return comment.locator(".body").inner_text()


def test_n_and_p_walk_over_the_hits_into_closed_folds(open_page: Opener, watch: Watch) -> None:
    page = open_post(open_page, ROUTE)
    expect(page.locator("details.fold[open]")).to_have_count(0)
    expect(page.locator("#fold-1 .badge")).to_have_text("1件一致")
    place = page.locator("[data-place]")
    for number, fold in ((1, "1"), (2, "2"), (3, "3")):
        page.keyboard.press("n")
        expect(place).to_have_text(f"{number} / 3")
        assert "帰り道の話を10つ" in current(page)
        expect(page.locator(f"#fold-{fold} .comment.is-current mark")).to_have_text("帰り道の話を10つ")
    page.keyboard.press("n")
    expect(place).to_have_text("1 / 3")
    page.keyboard.press("p")
    expect(place).to_have_text("3 / 3")
    expect(page.locator("#announce")).to_have_text("3 / 3")
    assert len(watch.asked("/details/1?")) == 1, "a fold is fetched once"


def test_hits_that_are_in_no_fold_are_walked_over(open_page: Opener) -> None:
    page = open_post(open_page, f"/{LONG}/?q=曲がり角")
    for number in (1, 2):
        page.keyboard.press("n")
        expect(page.locator("#announce")).to_have_text(f"{number} / 8")
        assert f"{number - 1}番目の曲がり角" in current(page)


def test_steps_that_are_faster_than_the_folds_end_at_the_last_one(open_page: Opener, watch: Watch) -> None:
    page = open_post(open_page, f"/{LONG}/?q=帰り道")

    def late(route: Route) -> None:
        page.wait_for_timeout(400)
        route.continue_()

    page.route("**/details/1?*", late)
    for _ in range(4):
        page.keyboard.press("n")
    expect(page.locator("#announce")).to_have_text("4 / 18")
    assert "帰り道の話を13つ" in current(page)
    assert len(watch.asked("/details/1?")) == 1, "a fold is fetched once"


def test_reading_goes_on_at_the_hit_and_a_button_keeps_its_place(open_page: Opener) -> None:
    page = open_post(open_page, ROUTE)
    page.keyboard.press("n")
    expect(page.locator(".comment.is-current")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".comment.is-current .user")).to_be_focused()
    button = page.get_by_role("button", name="次へ")
    click_where_it_is(button)
    expect(page.locator("[data-place]")).to_have_text("2 / 3")
    expect(page.locator("#fold-2 .comment.is-current")).to_be_in_viewport()
    expect(button).to_be_focused()


def test_the_buttons_and_the_numbers_do_the_same(open_page: Opener) -> None:
    page = open_post(open_page, ROUTE)
    page.get_by_role("button", name="次へ").click()
    expect(page.locator("[data-place]")).to_have_text("1 / 3")
    page.get_by_role("button", name="前へ").click()
    expect(page.locator("[data-place]")).to_have_text("3 / 3")
    for number, fold in ((2, 2), (1, 1)):
        page.locator(".match-list a").nth(number - 1).click()
        expect(page.locator("[data-place]")).to_have_text(f"{number} / 3")
        expect(page.locator(f"#fold-{fold} .comment.is-current")).to_be_in_viewport()
    expect(page.locator('.match-list a[aria-current="true"]')).to_have_count(1)


def test_a_fold_that_could_not_be_fetched_is_fetched_again(open_page: Opener, watch: Watch) -> None:
    watch.expect("ERR_FAILED|Failed to fetch")
    page = open_post(open_page, ROUTE)
    page.route("**/details/1?*", lambda route: route.abort(), times=1)
    page.keyboard.press("n")
    page.wait_for_url("**/details/1?*")


def test_an_address_that_names_a_hit_is_where_walking_begins(open_page: Opener) -> None:
    page = open_post(open_page, ROUTE)
    href = page.locator(".match-list a").nth(1).get_attribute("href")
    page.goto(str(href))
    expect(page.locator(".comment.is-current")).to_have_count(1)
    page.keyboard.press("n")
    expect(page.locator("[data-place]")).to_have_text("3 / 3")
    expect(page.locator(".comment.is-current")).to_have_count(1)


def test_letters_typed_into_a_field_are_letters(open_page: Opener) -> None:
    page = open_post(open_page, ROUTE)
    page.locator("#q").focus()
    page.keyboard.type("np")
    expect(page.locator("#q")).to_have_value("np")
    expect(page.locator("[data-place]")).to_have_text("")


def test_a_hit_inside_a_fold_of_a_fold_is_reached_too(open_page: Opener) -> None:
    page = open_post(open_page, f"/{LONG}/?q=洞窟")
    expect(page.locator("#fold-3 .badge")).to_have_text("1件一致")
    page.keyboard.press("n")
    expect(page.locator("#fold-3 #fold-4 .comment.is-current mark")).to_have_text("洞窟")
    expect(page.locator("#fold-4")).to_have_attribute("open", "")


def test_typing_in_the_box_of_the_thread_keeps_what_matches(open_page: Opener, watch: Watch) -> None:
    page = open_page(f"/{LONG}/")
    box = page.locator("#thread-q")
    type_at_once(box, "灯台")
    expect(page.locator("#announce")).to_have_text("このスレッドで1件一致")
    expect(page.locator(".comment.is-match mark").first).to_have_text("灯台")
    expect(page.locator(".shrunk").first).to_be_visible()
    expect(page.locator("#fold-2")).to_have_attribute("open", "")
    expect(page.locator("#fold-1")).not_to_have_attribute("open", "")
    expect(box).to_be_focused()
    expect(page.locator("h1 mark")).to_have_text("灯台")
    expect(page).to_have_url(re.compile("view=thread"))
    assert page.evaluate("history.length") == 2, "typing replaces the address"
    assert len(watch.asked("view=thread")) == 1, "asked when the typing paused"
    line = page.locator(".shrunk").first
    line.locator("summary").first.click()
    expect(line.locator(".body")).to_be_visible()
    box.fill("")
    expect(page.locator("#announce")).to_have_text("すべてのコメントを表示")
    expect(page.locator(".shrunk, mark")).to_have_count(0)
    expect(page).to_have_url(re.compile(f"/{LONG}/$"))


def test_composing_in_the_box_of_the_thread_asks_once(open_page: Opener, watch: Watch) -> None:
    page = open_page(f"/{LONG}/")
    page.locator("#thread-q").focus()
    keyboard = page.context.new_cdp_session(page)
    for text in ("と", "とう", "とうだい", "灯台"):
        at = {"selectionStart": len(text), "selectionEnd": len(text)}
        keyboard.send("Input.imeSetComposition", {"text": text, **at})
        page.wait_for_timeout(LONGER_THAN_THE_DELAY_MS)
    assert watch.asked("view=thread") == []
    keyboard.send("Input.insertText", {"text": "灯台"})
    expect(page.locator("#announce")).to_have_text("このスレッドで1件一致")
    page.wait_for_timeout(LONGER_THAN_THE_DELAY_MS)  # a second request would come now
    assert len(watch.asked("view=thread")) == 1


def test_the_whole_page_of_a_thread_search_is_the_same(open_page: Opener) -> None:
    page = open_page(f"/{LONG}/?q=灯台&view=thread", java_script_enabled=False)
    expect(page.locator(".comment.is-match .body mark")).to_have_text(["灯台"])
    expect(page.locator("#thread-q")).to_have_value("灯台")
    page.locator(".match-list a").first.click()
    expect(page.locator("#fold-2 .comment.is-match")).to_be_in_viewport()


def test_similar_comments_open_below_a_comment(open_page: Opener) -> None:
    page = open_page("/posts/2026_01/walk_01/")
    comment = page.locator(".comment").first
    comment.locator(".dots").click()
    page.locator("#menu").get_by_role("link", name="似ているコメント").click()
    expect(comment.locator(".similar")).to_be_visible()
    expect(page.locator(".similar")).to_have_count(1)
    expect(page.locator(".similar")).to_be_focused()
    expect(page.locator(".similar")).to_be_in_viewport()
    expect(page.locator("#menu")).to_be_hidden()
    assert page.url.endswith("/walk_01/")


@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_is_wider_than_the_window(open_page: Opener, width: int) -> None:
    page = open_page(f"/{LONG}/?q={LONG_URL[:40]}&view=thread", viewport={"width": width, "height": 800})
    laid_out(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width

"""Folds of a post: opened in place, fetched once, and opened by whoever follows a link to a comment in them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.sample_site import FOLDS, LONG
from tests.browser.waiting import failure_told, laid_out
from tests.browser.watching import Site, Watch

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


def fold(page: Page, n: int) -> Locator:
    """Return fold n."""
    return page.locator(f"#fold-{n}")


def summary(page: Page, n: int) -> Locator:
    """Return the line that opens fold n."""
    return page.locator(f"#fold-{n} > summary")


def comments(page: Page, n: int) -> Locator:
    """Return the comments that lie directly in fold n."""
    return page.locator(f"#fold-{n} > .fold-body > .comment")


SHIFTS = """() => new Promise((resolve) => new PerformanceObserver((list) => resolve(list.getEntries()
  .filter((one) => !one.hadRecentInput).reduce((sum, one) => sum + one.value, 0)))
  .observe({ type: 'layout-shift', buffered: true }) ?? setTimeout(() => resolve(0), 300))"""
"""The sum of all layout shifts so far that did not answer to the reader."""


def late(page: Page, pattern: str, milliseconds: int) -> None:
    """Let the answers to some requests come late."""

    def wait(route: Route) -> None:
        page.wait_for_timeout(milliseconds)
        route.continue_()

    page.route(pattern, wait)


def test_a_fold_opens_in_place_is_fetched_once_and_then_only_toggles(open_page: OpenPage, watch: Watch) -> None:
    page = open_page(f"/{LONG}/")
    expect(summary(page, 1)).to_contain_text("7件")
    summary(page, 1).click()
    expect(comments(page, 1)).to_have_count(7)
    summary(page, 1).click()
    expect(comments(page, 1).first).to_be_hidden()
    summary(page, 1).click()
    expect(comments(page, 1).first).to_be_visible()
    assert len(watch.asked("/details/1")) == 1
    assert page.url.endswith(f"/{LONG}/")


def test_several_folds_are_open_at_once_and_a_fold_within_a_fold_opens_too(open_page: OpenPage) -> None:
    page = open_page(f"/{LONG}/")
    for n in (1, 2, 3):
        summary(page, n).click()
        expect(comments(page, n).first).to_be_visible()
    summary(page, 4).click()
    expect(comments(page, 4)).to_contain_text("洞窟の奥")
    for n in (1, 2, 3):
        expect(comments(page, n).first).to_be_visible()


def cut_off(route: Route) -> None:
    """Fail a request as a lost network does."""
    route.abort()


def bad_gateway(route: Route) -> None:
    """Fail a request as a proxy does whose server is away."""
    route.fulfill(status=502, content_type="text/html", body="<h1>502 Bad Gateway</h1>")


@pytest.mark.parametrize("failure", [cut_off, bad_gateway])
def test_a_fold_whose_request_failed_is_fetched_again_when_it_is_opened_again(
    open_page: OpenPage, watch: Watch, failure: Callable[[Route], None]
) -> None:
    watch.expect("ERR_FAILED|Failed to fetch|502")
    page = open_page(f"/{LONG}/")
    page.route("**/details/1", failure)
    with page.expect_request("**/details/1"):
        summary(page, 1).click()
    link = fold(page, 1).get_by_role("link", name="7件のコメントを開く")
    expect(link).to_be_visible()
    failure_told(page)
    summary(page, 1).click()
    expect(link).to_be_hidden()
    page.unroute("**/details/1")
    summary(page, 1).click()
    expect(comments(page, 1)).to_have_count(7)


def is_marked(page: Page, site: Site, n: int) -> None:
    """Expect the last comment of fold n to be marked and on the screen, its fold open."""
    comment = page.locator(f"#c-{site.folded_comment(n)}")
    expect(fold(page, n)).to_have_attribute("open", "")
    expect(comment).to_be_in_viewport()
    expect(comment).to_have_css("outline-style", "solid")


@pytest.mark.parametrize("n", [2, 4])
def test_the_permalink_of_a_folded_comment_opens_its_fold_and_marks_it(open_page: OpenPage, site: Site, n: int) -> None:
    page = open_page(f"/c/{site.folded_comment(n)}")
    is_marked(page, site, n)
    expect(page).to_have_url(re.compile(rf"/{LONG}/.*#c-"))


def test_an_anchor_of_a_folded_comment_opens_its_fold_and_marks_it(open_page: OpenPage, site: Site) -> None:
    page = open_page(f"/{LONG}/#c-{site.folded_comment(2)}")
    is_marked(page, site, 2)


def test_an_anchor_followed_on_the_page_opens_the_fold_and_moves_the_mark(open_page: OpenPage, site: Site) -> None:
    page = open_page(f"/c/{site.folded_comment(2)}")
    is_marked(page, site, 2)
    summary(page, 1).click()
    expect(comments(page, 1)).to_have_count(7)
    page.evaluate("anchor => { location.hash = anchor }", f"c-{site.folded_comment(1)}")
    is_marked(page, site, 1)
    marked = page.locator(".comment.is-current")
    expect(marked).to_have_count(1)


def test_opening_another_fold_does_not_pull_the_reader_back_to_the_mark(open_page: OpenPage, site: Site) -> None:
    page = open_page(f"/c/{site.folded_comment(2)}")
    is_marked(page, site, 2)
    summary(page, 1).scroll_into_view_if_needed()
    summary(page, 1).click()
    expect(comments(page, 1)).to_have_count(7)
    expect(summary(page, 1)).to_be_in_viewport()


def test_an_anchor_that_no_comment_has_leaves_the_post_readable(open_page: OpenPage, watch: Watch) -> None:
    watch.expect("404")
    page = open_page("/")
    with page.expect_response("**/c/nosuchcommentnoq"):
        page.goto(f"/{LONG}/#c-nosuchcommentnoq")
    page.locator("#fold-1 > summary").click()
    expect(comments(page, 1)).to_have_count(7)


def test_going_back_from_a_user_to_the_post_keeps_the_place(open_page: OpenPage, site: Site) -> None:
    page = open_page(f"/c/{site.folded_comment(2)}")
    is_marked(page, site, 2)
    page.locator(f"#c-{site.folded_comment(2)} a.user").click()
    expect(page.locator(".hit").first).to_be_visible()
    page.go_back()
    is_marked(page, site, 2)


def test_opening_a_fold_moves_nothing_that_is_read(open_page: OpenPage) -> None:
    page = open_page(f"/{LONG}/", viewport={"width": 360, "height": 740})
    laid_out(page)
    late(page, "**/details/1", 800)  # later than the half second in which Chromium counts nothing
    before = page.locator(".comment").nth(7)
    summary(page, 1).scroll_into_view_if_needed()
    tops = [before.bounding_box(), summary(page, 1).bounding_box()]
    summary(page, 1).click()
    expect(comments(page, 1)).to_have_count(7)
    assert [before.bounding_box(), summary(page, 1).bounding_box()] == tops
    assert page.evaluate(SHIFTS) < 0.01


def test_what_a_fold_holds_is_said_when_it_is_there(open_page: OpenPage) -> None:
    page = open_page(f"/{LONG}/")
    said = page.locator("#announce")
    summary(page, 1).click()
    expect(said).to_have_text("コメント7件を表示しました")
    summary(page, 1).click()
    said.evaluate("said => { said.textContent = '' }")
    summary(page, 1).click()
    expect(said).to_have_text("コメント7件を表示しました")


@pytest.mark.parametrize("how", ["hover", "focus", "touch"])
def test_pointing_at_a_closed_fold_fetches_it_once(open_page: OpenPage, watch: Watch, how: str) -> None:
    page = open_page(f"/{LONG}/", has_touch=True)
    line = summary(page, 2)
    with page.expect_response("**/details/2"):
        if how == "hover":
            line.hover()
        elif how == "focus":
            line.focus()
        else:
            line.dispatch_event("pointerover", {"pointerType": "touch"})
    expect(comments(page, 2)).to_have_count(7)
    expect(comments(page, 2).first).to_be_hidden()
    expect(page.locator("#announce")).to_have_text("")
    line.click()
    expect(comments(page, 2).first).to_be_visible()
    assert len(watch.asked("/details/2")) == 1


def test_pointing_into_an_open_fold_fetches_the_next_one(open_page: OpenPage, watch: Watch) -> None:
    page = open_page(f"/{LONG}/")
    summary(page, 1).click()
    expect(comments(page, 1)).to_have_count(7)
    with page.expect_response("**/details/2"):
        comments(page, 1).last.hover()
    assert watch.asked("/details/3") == []


def test_a_reader_who_saves_data_is_spared_what_is_not_opened(open_page: OpenPage, watch: Watch) -> None:
    page = open_page("/")
    page.add_init_script("Object.defineProperty(navigator, 'connection', { value: { saveData: true } })")
    page.goto(f"/{LONG}/")
    summary(page, 1).hover()
    page.wait_for_timeout(300)
    assert watch.asked("/details/") == []


def test_a_prefetch_that_failed_is_made_up_for_when_the_fold_is_opened(open_page: OpenPage, watch: Watch) -> None:
    watch.expect("ERR_FAILED|Failed to fetch")
    page = open_page(f"/{LONG}/")
    page.route("**/details/1", cut_off, times=1)
    with page.expect_event("requestfailed"):
        summary(page, 1).dispatch_event("pointerover")
    failure_told(page)
    summary(page, 1).click()
    expect(comments(page, 1)).to_have_count(7)


def test_open_folds_are_remembered_for_the_session_and_for_their_post(open_page: OpenPage) -> None:
    page = open_page(f"/{LONG}/")
    for n in (1, 3):
        summary(page, n).click()
        expect(comments(page, n).first).to_be_visible()
    page.reload()
    for n in (1, 3):
        expect(comments(page, n).first).to_be_visible()
    expect(fold(page, 2)).not_to_have_attribute("open", "")
    summary(page, 3).click()
    expect(fold(page, 3)).not_to_have_attribute("open", "")
    page.goto("/")
    page.goto(f"/{LONG}/")
    expect(comments(page, 1).first).to_be_visible()
    expect(fold(page, 3)).not_to_have_attribute("open", "")
    other = page.context.new_page()
    other.goto(f"/{LONG}/")
    expect(other.locator("details.fold[open]")).to_have_count(0)


def test_all_folds_open_and_close_in_place(open_page: OpenPage, watch: Watch) -> None:
    page = open_page(f"/{LONG}/")
    button = page.locator(".open-all")
    expect(button).to_have_text("すべて開く", use_inner_text=True)
    button.click()
    for n in (1, 2, 3, 4):
        expect(comments(page, n).first).to_be_visible()
        assert len(watch.asked(f"/details/{n}")) == 1
    expect(button).to_have_text("すべて閉じる", use_inner_text=True)
    expect(button).to_be_focused()
    button.click()
    expect(page.locator("details.fold[open]")).to_have_count(0)
    expect(button).to_have_text("すべて開く", use_inner_text=True)
    assert page.url.endswith(f"/{LONG}/")


def test_a_fold_closes_from_its_end_and_brings_its_line_back(open_page: OpenPage) -> None:
    page = open_page(f"/{LONG}/", viewport={"width": 360, "height": 740})
    summary(page, 2).click()
    expect(comments(page, 2)).to_have_count(7)
    end = fold(page, 2).locator("> .fold-body > .fold-end a")
    end.scroll_into_view_if_needed()
    end.click()
    expect(fold(page, 2)).not_to_have_attribute("open", "")
    expect(summary(page, 2)).to_be_focused()
    expect(summary(page, 2)).to_be_in_viewport()
    assert "#" not in page.url


def test_without_a_script_all_folds_open_by_a_link_and_each_closes_from_its_end(open_page: OpenPage) -> None:
    page = open_page(f"/{LONG}/", java_script_enabled=False)
    page.get_by_role("link", name="すべて開く").click()
    for n in (1, 2, 3, 4):
        expect(comments(page, n).first).to_be_visible()
    fold(page, 1).locator("> .fold-body > .fold-end a").click()
    expect(fold(page, 1)).not_to_have_attribute("open", "")
    expect(summary(page, 1)).to_be_in_viewport()
    expect(comments(page, 2).first).to_be_visible()
    page.get_by_role("link", name="すべて開く").click()
    expect(page.locator("details.fold[open]")).to_have_count(FOLDS)
    page.get_by_role("link", name="すべて閉じる").click()
    expect(page.get_by_role("link", name="すべて開く")).to_be_visible()
    expect(page.locator("details.fold[open]")).to_have_count(0)

"""Folds of a post: opened in place, fetched once, and opened by whoever follows a link to a comment in them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.sample_site import LONG
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


def test_a_fold_opens_in_place_is_fetched_once_and_then_only_toggles(open_page: OpenPage, watch: Watch) -> None:
    page = open_page(f"/{LONG}/")
    expect(summary(page, 1)).to_contain_text("7件")
    summary(page, 1).click()
    expect(comments(page, 1)).to_have_count(7)
    summary(page, 1).click()
    expect(comments(page, 1).first).to_be_hidden()
    summary(page, 1).click()
    expect(comments(page, 1).first).to_be_visible()
    assert len(watch.asked("/details/")) == 1
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
    marked = page.locator(".comment.is-target")
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

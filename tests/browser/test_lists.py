"""Lists of posts: tags narrow them in place, chips widen them again, pages turn, and back and forward undo it all."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from matome_app.web.context import PAGE_SIZE
from tests.browser.sample_site import POSTS
from tests.browser.watching import Watch

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]

CATS, CATS_AND_DOGS = POSTS // 2, POSTS // 6


def tagged(*tags: str) -> re.Pattern[str]:
    """Match the address of the list narrowed to exactly some tags."""
    return re.compile(r"/posts/\?" + "&".join(f"tag={re.escape(quote(tag))}" for tag in tags) + "$")


def click_tag(page: Page, tag: str) -> None:
    """Click a tag on the first card that has it."""
    page.locator(".item .tags a", has_text=tag).first.click()


def expect_count(page: Page, count: int) -> None:
    """Expect the list to hold some number of posts."""
    expect(page.locator(".count")).to_have_text(re.compile(rf"^{count}件"))


def test_clicking_tags_narrows_the_list_in_place_and_back_and_forward_undo_and_redo_it(open_page: OpenPage) -> None:
    page = open_page("/")
    page.evaluate("window.marker = 1")
    click_tag(page, "猫")
    expect_count(page, CATS)
    expect(page).to_have_url(tagged("猫"))
    expect(page.get_by_role("status")).to_have_text(f"記事{CATS}件")
    click_tag(page, "犬")
    expect_count(page, CATS_AND_DOGS)
    expect(page).to_have_url(tagged("猫", "犬"))
    expect(page.locator(".chip")).to_have_count(2)
    page.go_back()
    expect_count(page, CATS)
    expect(page.locator(".chip")).to_have_count(1)
    page.go_back()
    expect_count(page, POSTS + 1)
    expect(page).to_have_url(re.compile("/$"))
    page.go_forward()
    expect_count(page, CATS)
    assert page.evaluate("window.marker") == 1


def test_a_chip_takes_its_filter_away(open_page: OpenPage) -> None:
    page = open_page(f"/posts/?tag={quote('猫')}&tag={quote('犬')}")
    page.evaluate("window.marker = 1")
    page.get_by_role("link", name="タグ「猫」を外す").click()
    expect_count(page, POSTS // 3)
    expect(page).to_have_url(tagged("犬"))
    page.get_by_role("link", name="タグ「犬」を外す").click()
    expect_count(page, POSTS + 1)
    expect(page).to_have_url(re.compile("/posts/$"))
    assert page.evaluate("window.marker") == 1


def test_clicking_the_tag_of_a_narrowed_list_again_widens_it(open_page: OpenPage) -> None:
    page = open_page(f"/posts/?tag={quote('猫')}")
    chosen = page.locator(".item .tags a[aria-current]").first
    expect(chosen).to_have_text("猫")
    chosen.click()
    expect_count(page, POSTS + 1)


def test_pages_turn_in_place_and_begin_at_their_top(open_page: OpenPage) -> None:
    page = open_page("/")
    page.evaluate("window.marker = 1")
    page.get_by_role("link", name="次へ").click()
    expect(page).to_have_url(re.compile(r"page=2$"))
    expect(page).to_have_title(re.compile("^2ページ目"))
    expect(page.locator(".item").first).to_be_in_viewport()
    page.get_by_role("link", name="次へ").click()
    expect(page.locator(".item")).to_have_count(POSTS + 1 - 2 * PAGE_SIZE)
    page.go_back()
    expect(page.locator(".item")).to_have_count(PAGE_SIZE)
    expect(page).to_have_title(re.compile("^2ページ目"))
    assert page.evaluate("window.marker") == 1


def test_the_page_of_a_tag_is_narrowed_further_in_place(open_page: OpenPage) -> None:
    page = open_page("/tags/")
    page.locator(".cloud a", has_text="猫").click()
    expect_count(page, CATS)
    click_tag(page, "犬")
    expect_count(page, CATS_AND_DOGS)
    expect(page).to_have_url(tagged("猫", "犬"))


def test_typing_after_a_tag_searches_the_comments_of_its_posts(open_page: OpenPage, watch: Watch) -> None:
    page = open_page("/")
    click_tag(page, "猫")
    expect_count(page, CATS)
    page.get_by_role("searchbox").fill("散歩は")
    expect(page.locator(".hit").first).to_be_visible()
    expect_count(page, CATS)
    assert len(watch.asked("/search?")) == 1
    page.go_back()
    expect(page.locator(".item").first).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_value("")


def test_after_a_click_on_a_filter_the_keyboard_goes_on_in_the_new_list(open_page: OpenPage) -> None:
    page = open_page("/")
    page.locator(".item .tags a", has_text="猫").first.press("Enter")
    expect_count(page, CATS)
    expect(page.locator("#main")).to_be_focused()


def test_users_are_paged_and_lead_to_everything_they_said(open_page: OpenPage) -> None:
    page = open_page("/users/")
    page.get_by_role("link", name="tanuki").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("tanuki")
    expect(page.locator(".count")).to_contain_text("1 / ")
    page.get_by_role("link", name="次へ").click()
    expect(page.locator(".count")).to_contain_text("2 / ")

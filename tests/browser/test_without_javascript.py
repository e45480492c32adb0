"""Everything by links and forms alone: search, folds, filters, and the comment a link means."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.sample_site import LONG, POSTS
from tests.browser.watching import Site

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


@pytest.fixture
def open_plain(open_page: OpenPage) -> OpenPage:
    """Open pages in a browser that runs no scripts."""
    return lambda path, **options: open_page(path, java_script_enabled=False, **options)


def test_the_form_searches_and_keeps_words_and_filters(open_plain: OpenPage) -> None:
    page = open_plain(f"/search?tag={quote('猫')}")
    page.get_by_role("searchbox").fill("散歩は")
    page.get_by_role("button", name="検索").click()
    expect(page.locator(".count")).to_contain_text(f"{POSTS // 2}件")
    expect(page.get_by_role("searchbox")).to_have_value("散歩は")
    page.get_by_role("link", name="次へ").click()
    expect(page.locator(".count")).to_contain_text("2 / 2 ページ")


def test_folds_open_by_their_links_and_stay_open_together(open_plain: OpenPage) -> None:
    page = open_plain(f"/{LONG}/")
    for n in (1, 2):
        page.locator(f"#fold-{n} > summary").click()
        page.locator(f"#fold-{n} > .fold-body a", has_text="件のコメントを開く").click()
        expect(page.locator(f"#fold-{n} > .fold-body > .comment")).not_to_have_count(0)
    for n in (1, 2):
        expect(page.locator(f"#fold-{n} > .fold-body > .comment").first).to_be_visible()


def test_tags_narrow_the_list_and_a_chip_widens_it(open_plain: OpenPage) -> None:
    page = open_plain("/")
    for tag in ("猫", "犬"):
        page.locator(".item .tags a", has_text=tag).first.click()
    expect(page.locator(".count")).to_have_text(f"{POSTS // 6}件")
    page.get_by_role("link", name="タグ「猫」を外す").click()
    expect(page.locator(".count")).to_have_text(f"{POSTS // 3}件")


def test_a_hit_leads_into_its_open_fold_where_the_comment_is_marked(open_plain: OpenPage, site: Site) -> None:
    page = open_plain("/search?q=" + quote("灯台"))
    page.locator(".hit a.to-comment").click()
    expect(page).to_have_url(re.compile("#c-"))
    comment = page.locator(f"#c-{site.folded_comment(2)}")
    expect(comment).to_be_in_viewport()
    expect(comment).to_have_css("outline-style", "solid")


def test_filters_of_a_phone_open_and_work(open_plain: OpenPage) -> None:
    page = open_plain("/search?q=" + quote("散歩は"), viewport={"width": 360, "height": 740})
    page.get_by_text("絞り込みと並び順").click()
    page.locator(".facet a", has_text="猫").first.click()
    expect(page.locator(".count")).to_contain_text(f"{POSTS // 2}件")

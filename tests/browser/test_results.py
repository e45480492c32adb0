"""The page of results: how the search was read, both scopes, months as bars, and what opens in place."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.sample_site import LONG_URL, POSTS
from tests.browser.watching import Site, Watch

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]

WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 360, "height": 740}
TOUCH = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
RETURN = "帰り道の話を12つ"
"""Stands in three folds of the long post, word for word."""


def search(q: str, rest: str = "") -> str:
    """Return the address of a search."""
    return f"/search?q={quote(q)}{rest}"


def bar(page: Page, month: str) -> Locator:
    """Return the bar of a month."""
    return page.locator(".month-bars a", has=page.locator(f"title:text-matches('^{month}')"))


def test_the_words_are_read_back_as_a_sentence_whose_parts_can_be_taken_away(open_page: OpenPage) -> None:
    page = open_page(search("散歩 池 -犬", f"&tag={quote('猫')}"), viewport=WIDE)
    sentence = re.sub(r"\s+", "", page.locator(".read").inner_text())
    assert re.fullmatch(r"「散歩」\d+×かつ「池」\d+×、除外「犬」\d+×、タグ「猫」×", sentence.replace("を外す", ""))
    page.get_by_role("link", name=re.compile("除外「犬」.*を外す")).click()
    expect(page.get_by_role("searchbox", name="コメントを検索")).to_have_value("散歩 池")
    expect(page).to_have_url(re.compile(f"tag={quote('猫')}"))


def test_both_scopes_say_what_they_find_and_are_chosen_in_place(open_page: OpenPage, site: Site) -> None:
    totals = site.json(search("散歩は walkers").replace("/search", "/api/search"))["totals"]
    assert totals == {"comment": 0, "post": POSTS * 2}
    page = open_page(search("散歩は walkers"))
    page.evaluate("window.marker = 1")
    expect(page.get_by_role("link", name="一つのコメント内 0件")).to_have_attribute("aria-current", "true")
    page.get_by_role("link", name=f"同じスレッド内 {totals['post']}件").click()
    expect(page.locator(".count strong")).to_have_text(f"{totals['post']}件")
    assert page.evaluate("window.marker") == 1


def test_a_single_word_has_no_scope_to_choose(open_page: OpenPage) -> None:
    page = open_page(search("灯台"))
    expect(page.locator(".hit")).to_have_count(1)
    expect(page.get_by_text("同じスレッド内")).to_have_count(0)


def test_a_bar_chooses_its_month_in_place_and_lets_it_go_again(open_page: OpenPage) -> None:
    page = open_page(search("散歩は"), viewport=WIDE)
    page.evaluate("window.marker = 1")
    expect(page.locator(".month-bars a")).to_have_count(2)
    bar(page, "2026年2月").click()
    expect(page.locator(".count strong")).to_have_text(f"{POSTS - POSTS // 2}件")
    expect(page).to_have_url(re.compile("month=2026%2F02"))
    expect(bar(page, "2026年2月")).to_have_class("chosen")
    expect(page.locator(".month-bars a")).to_have_count(2)
    bar(page, "2026年2月").click()
    expect(page.locator(".count strong")).to_have_text(f"{POSTS}件")
    assert page.evaluate("window.marker") == 1


def test_the_months_stand_in_a_table_too_with_their_sum(open_page: OpenPage) -> None:
    page = open_page(search("散歩は"), viewport=WIDE)
    page.get_by_text("表で見る").click()
    rows = ["月 件数", f"2026年1月 {POSTS // 2}", f"2026年2月 {POSTS - POSTS // 2}", f"合計 {POSTS}"]
    expect(page.locator(".month-table tr")).to_have_text(rows, use_inner_text=True)
    page.locator(".month-table").get_by_role("link", name="2026年1月").click()
    expect(page.locator(".count strong")).to_have_text(f"{POSTS // 2}件")
    expect(page.locator(".month-table table")).to_be_visible()


def test_bars_are_wide_enough_for_a_finger(open_page: OpenPage) -> None:
    page = open_page(search("散歩は"), **TOUCH)
    page.get_by_text("絞り込みと並び順").tap()
    expect(page.locator(".month-bars a").first).to_be_visible()
    box = page.locator(".month-bars .reach").first.bounding_box()
    assert box is not None
    assert box["width"] >= 24
    assert box["height"] >= 44
    page.locator(".month-bars a").first.tap()
    expect(page.locator(".count strong")).to_have_text(f"{POSTS // 2}件")


def test_the_whole_text_of_a_hit_comes_in_place(open_page: OpenPage, watch: Watch) -> None:
    page = open_page(search("very-long-path"))
    here = page.url
    hit = page.locator(".hit").first
    expect(hit.locator(".snippet")).not_to_contain_text(LONG_URL)
    hit.get_by_role("link", name="全文").click()
    expect(hit.locator(".snippet")).to_contain_text("地図はここ")
    expect(hit.locator(".snippet code")).to_be_visible()
    expect(hit.get_by_role("link", name="全文")).to_be_focused()
    expect(page.get_by_role("status")).to_contain_text("全文を表示しました")
    assert page.url == here
    assert len(watch.asked("/body")) == 1


def test_a_hit_that_is_shown_whole_offers_no_whole_text(open_page: OpenPage) -> None:
    page = open_page(search("灯台"))
    expect(page.locator(".hit .actions a").first).to_be_visible()
    expect(page.get_by_role("link", name="全文")).to_have_count(0)


def test_the_comments_before_and_after_come_in_place_and_lead_to_the_post(open_page: OpenPage) -> None:
    page = open_page(search("灯台"))
    hit = page.locator(".hit")
    hit.get_by_role("link", name="前後").click()
    expect(hit.locator("article")).to_have_count(5)
    expect(hit.locator("article.here mark")).to_have_text("灯台")
    expect(hit.locator("article").nth(1)).to_contain_text("帰り道の話")
    hit.locator("article").nth(1).click()
    expect(page).to_have_url(re.compile("/search"))
    hit.locator("article.here a[href*='#c-']").click()
    expect(page.locator(".comment", has_text="灯台が見えた")).to_be_in_viewport()


def test_hits_of_one_post_stand_under_its_title_or_one_by_one(open_page: OpenPage) -> None:
    page = open_page(search("曲がり角"), viewport=WIDE)
    expect(page.locator(".block")).to_have_count(1)
    expect(page.locator(".block .hit")).to_have_count(8)
    page.get_by_role("link", name="まとめない").click()
    expect(page.locator(".block")).to_have_count(0)
    expect(page.locator(".hit")).to_have_count(8)
    page.get_by_role("link", name="古い順").click()
    expect(page).to_have_url(re.compile("sort=oldest&group=off"))
    page.get_by_role("searchbox", name="コメントを検索").fill("曲がり角。")
    expect(page).to_have_url(re.compile(rf"q={quote('曲がり角。')}&.*group=off"))
    expect(page.locator(".block")).to_have_count(0)
    page.get_by_role("link", name="記事ごとにまとめる").click()
    expect(page.locator(".block .hit")).to_have_count(8)


def test_the_same_words_are_shown_once_and_lead_to_every_comment_that_says_them(open_page: OpenPage) -> None:
    page = open_page(search(RETURN))
    expect(page.locator(".count strong")).to_have_text("3件")
    expect(page.locator(".hit")).to_have_count(1)
    page.get_by_text("同じ本文ほか2件").click()
    expect(page).to_have_url(re.compile("/search"))
    links = page.locator(".same a")
    expect(links).to_have_count(2)
    links.last.click()
    expect(page.locator(".comment:target")).to_contain_text(RETURN)


def test_nothing_found_offers_what_would_be_found(open_page: OpenPage, site: Site) -> None:
    page = open_page(search("lighthuose", f"&tag={quote('散歩')}"))
    expect(page.locator(".empty")).to_contain_text("見つかりませんでした")
    link = page.locator(".suggested a").first
    expect(link).to_contain_text("lighthouse")
    total = link.locator(".n").inner_text()
    link.click()
    expect(page.locator(".count strong")).to_have_text(total)
    expect(page.get_by_role("searchbox", name="コメントを検索")).to_have_value("lighthouse")


def test_everything_a_finger_touches_is_large_enough(open_page: OpenPage) -> None:
    page = open_page(search("散歩は hello", "&scope=post"), **TOUCH)
    page.get_by_text("絞り込みと並び順").tap()
    page.get_by_text("表で見る").tap()
    expect(page.locator(".month-table a").first).to_be_visible()
    small = page.evaluate(
        """() => [...document.querySelectorAll('.chip, .switch a, .actions a, .block-head > a, .count-links a, summary,'
            + ' .tags a, .month-table a')].filter((e) => e.checkVisibility()).map((e) => [e, e.getBoundingClientRect()])
            .filter(([, box]) => box.height < 43.5).map(([e, box]) => `${e.outerHTML.slice(0, 80)} ${box.height}`)"""
    )
    assert small == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_results_work_without_scripts(open_page: OpenPage) -> None:
    page = open_page(search("散歩は"), viewport=WIDE, java_script_enabled=False)
    page.get_by_text("表で見る").click()
    page.locator(".month-table").get_by_role("link", name="2026年1月").click()
    expect(page.locator(".count strong")).to_have_text(f"{POSTS // 2}件")
    page.locator(".month-bars a").last.click()
    expect(page).to_have_url(re.compile("month=2026%2F02"))
    page.locator(".hit").first.get_by_role("link", name="前後").click()
    expect(page.locator(".comment:target")).to_contain_text("散歩は")

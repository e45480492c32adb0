"""Filters beside the results: chosen in place, combined with the words, and kept while the reader types on."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.sample_site import POSTS

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]

WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 360, "height": 740}


def facet(page: Page, value: str) -> Locator:
    """Return the filter of a value."""
    return page.locator(".facet a", has_text=value).first


def expect_count(page: Page, count: int) -> None:
    """Expect some number of results."""
    expect(page.locator(".count")).to_have_text(re.compile(rf"^{count}件"))


def test_filters_stand_beside_the_results_and_on_a_phone_wait_behind_a_line(
    open_page: OpenPage,
) -> None:
    path = "/search?q=" + quote("散歩は")
    wide = open_page(path, viewport=WIDE)
    for value in ("猫", "tanuki"):
        expect(facet(wide, value)).to_be_in_viewport()
    expect(wide.locator(".month-bars")).to_be_in_viewport()
    phone = open_page(path, viewport=PHONE)
    expect(facet(phone, "猫")).to_be_hidden()
    expect(phone.locator(".hit").first).to_be_in_viewport()
    phone.get_by_text("絞り込みと並び順").click()
    expect(facet(phone, "猫")).to_be_visible()


def test_a_filter_is_chosen_in_place_and_taken_away_again(open_page: OpenPage) -> None:
    page = open_page("/search?q=" + quote("散歩は"), viewport=WIDE)
    page.evaluate("window.marker = 1")
    expect_count(page, POSTS)
    facet(page, "猫").click()
    expect_count(page, POSTS // 2)
    expect(page).to_have_url(re.compile(f"tag={quote('猫')}"))
    expect(facet(page, "猫")).to_have_attribute("aria-current", "true")
    facet(page, "犬").click()
    expect_count(page, POSTS // 6)
    facet(page, "猫").click()
    expect_count(page, POSTS // 3)
    page.go_back()
    expect_count(page, POSTS // 6)
    expect(page.get_by_role("searchbox", name="コメントを検索")).to_have_value("散歩は")
    assert page.evaluate("window.marker") == 1


def test_typing_keeps_the_filters_and_a_chip_takes_one_away(open_page: OpenPage) -> None:
    page = open_page("/search", viewport=WIDE)
    facet(page, "猫").click()
    expect(page.locator(".chip")).to_have_count(1)
    page.get_by_role("searchbox", name="コメントを検索").fill("散歩は")
    expect_count(page, POSTS // 2)
    expect(page).to_have_url(re.compile(f"tag={quote('猫')}"))
    page.get_by_role("link", name=re.compile("タグ「猫」.*を外す")).click()
    expect_count(page, POSTS)
    expect(page.get_by_role("searchbox", name="コメントを検索")).to_have_value("散歩は")


def test_the_chip_of_a_word_empties_the_box_too(open_page: OpenPage) -> None:
    page = open_page("/search?q=" + quote("灯台"))
    page.get_by_role("link", name=re.compile("「灯台」.*を外す")).click()
    expect(page.get_by_role("searchbox", name="コメントを検索")).to_have_value("")
    expect(page).to_have_url(re.compile("/search$"))


def test_the_filters_of_a_phone_stay_open_while_they_are_used(open_page: OpenPage) -> None:
    page = open_page("/search?q=" + quote("散歩は"), viewport=PHONE)
    page.get_by_text("絞り込みと並び順").click()
    facet(page, "猫").click()
    expect_count(page, POSTS // 2)
    expect(facet(page, "犬")).to_be_visible()


def test_order_and_colour_are_chosen_in_place(open_page: OpenPage) -> None:
    page = open_page("/search?q=" + quote("散歩は"), viewport=WIDE)
    page.get_by_role("link", name="古い順").click()
    expect(page).to_have_url(re.compile("sort=oldest"))
    page.get_by_role("link", name="注目のコメントのみ").click()
    expect_count(page, POSTS // 4)
    expect(page).to_have_url(re.compile("color=any&sort=oldest"))

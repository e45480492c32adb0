"""Commenters: found by the beginning of their names while it is typed, and searched on their own pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.sample_site import USERS
from tests.browser.waiting import expect_value, search_ready
from tests.browser.watching import Watch

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
LONGER_THAN_THE_DELAY_MS = 260


def test_typing_narrows_the_list_of_commenters_in_place(open_page: OpenPage, watch: Watch) -> None:
    page = open_page("/users/")
    page.evaluate("window.marker = 1")
    box = page.get_by_role("searchbox", name="名前の先頭")
    box.press_sequentially("KI", delay=30)
    expect(page.locator("#users li a")).to_have_text(["kitsune"])
    expect(page).to_have_url(re.compile(r"/users/\?prefix=KI$"))
    expect(page).to_have_title(re.compile("「KI」で始まる発言者"))
    expect(page.locator("#announce")).to_have_text("発言者1人")
    expect(box).to_be_focused()
    box.fill("kz")
    expect(page.locator("#users .empty")).to_contain_text("「kz」で始まる名前の発言者はいません")
    box.fill("")
    expect(page.locator("#users li")).to_have_count(len(USERS))
    assert page.evaluate("window.marker") == 1
    page.goto("/")
    page.go_back()
    expect(page.locator("#users li")).to_have_count(len(USERS))


@pytest.mark.parametrize(("path", "name"), [("/users/", "名前の先頭"), ("/users/tanuki/", "この人のコメントを検索")])
def test_nothing_is_asked_while_an_ime_composes(open_page: OpenPage, watch: Watch, path: str, name: str) -> None:
    page = open_page(path)
    page.get_by_role("searchbox", name=name).focus()
    keyboard = page.context.new_cdp_session(page)
    for text in ("い", "いけ", "池"):
        keyboard.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})
        page.wait_for_timeout(LONGER_THAN_THE_DELAY_MS)
    assert watch.asked(f"{path}?") == []
    keyboard.send("Input.insertText", {"text": "池"})
    expect(page).to_have_url(re.compile(f"={quote('池')}$"))
    page.wait_for_timeout(2 * LONGER_THAN_THE_DELAY_MS)
    assert len(watch.asked(f"{path}?")) == 1


def test_what_one_said_is_searched_on_their_page(open_page: OpenPage) -> None:
    page = open_page("/users/usagi/")
    everything = page.locator(".count strong").inner_text()
    box = page.get_by_role("searchbox", name="この人のコメントを検索")
    box.press_sequentially("blinked", delay=30)
    expect(page.locator(".hit mark")).to_have_text("blinked")
    expect(page).to_have_url(re.compile(r"/users/usagi/\?q=blinked$"))
    expect(page.get_by_role("searchbox", name="コメントを検索", exact=True)).to_have_value("")
    expect(box).to_be_focused()
    page.get_by_role("link", name="「blinked」 1 を外す").click()
    expect(page.locator(".count strong")).to_have_text(everything)
    expect(box).to_have_value("")
    expect(page).to_have_url(re.compile(r"/users/usagi/$"))
    page.go_back()
    expect(page.locator(".hit mark")).to_have_text("blinked")
    expect(page.get_by_role("searchbox", name="この人のコメントを検索")).to_have_value("blinked")


def test_arrows_lead_from_the_box_of_a_commenter_to_the_hits_and_back(open_page: OpenPage, watch: Watch) -> None:
    page = open_page("/users/kappa/")
    box = page.get_by_role("searchbox", name="この人のコメントを検索")
    search_ready(page)
    box.press("ArrowDown")
    expect(page.locator(".hit .to-comment").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".hit .to-comment").nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(box).to_be_focused()
    box.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(box).to_be_focused()
    box.press_sequentially("曲がり角", delay=30)
    expect(page.locator(".hit mark").first).to_have_text("曲がり角")
    box.press("Escape")
    expect(box).to_have_value("")
    expect(page.locator(".hit mark")).to_have_count(0)
    expect(box).to_be_focused()


def test_enter_makes_an_entry_of_the_history_on_the_page_of_a_commenter(open_page: OpenPage, watch: Watch) -> None:
    page = open_page("/users/kappa/")
    everything = page.locator(".count strong").inner_text()
    box = page.get_by_role("searchbox", name="この人のコメントを検索")
    box.press_sequentially("曲がり角", delay=30)
    expect(page).to_have_url(re.compile(rf"/users/kappa/\?q={quote('曲がり角')}$"))
    search_ready(page)
    asked = len(watch.asked("/users/kappa/?"))
    box.press("Enter")
    page.wait_for_timeout(LONGER_THAN_THE_DELAY_MS)
    assert len(watch.asked("/users/kappa/?")) == asked
    box.fill("lighthouse")
    expect(page).to_have_url(re.compile(r"/users/kappa/\?q=lighthouse$"))
    entries = page.evaluate("history.length")
    box.press("Enter")
    expect_value(page, "history.length", entries + 1)
    page.go_back()
    expect(page).to_have_url(re.compile(rf"/users/kappa/\?q={quote('曲がり角')}$"))
    expect(page.locator(".hit mark").first).to_have_text("曲がり角")
    page.go_back()
    expect(page).to_have_url(re.compile(r"/users/kappa/$"))
    expect(page.locator(".count strong")).to_have_text(everything)


def test_filters_stay_with_the_words_on_the_page_of_a_commenter(open_page: OpenPage) -> None:
    page = open_page("/users/kappa/", viewport={"width": 1440, "height": 900})
    total = page.locator(".count strong")
    page.locator(".month-bars a").last.click()
    expect(page).to_have_url(re.compile(r"/users/kappa/\?month=2026%2F03$"))
    expect(total).not_to_have_text(re.compile(r"^4\d件"))
    page.locator(".post-facet a").first.click()
    expect(page).to_have_url(re.compile(r"month=2026%2F03&post="))
    page.get_by_role("searchbox", name="この人のコメントを検索").fill("曲がり角")
    expect(page.locator(".hit mark").first).to_have_text("曲がり角")
    expect(page).to_have_url(re.compile(rf"/users/kappa/\?q={quote('曲がり角')}&month=2026%2F03&post=[^&]+$"))
    expect(page.locator(".read .chip")).to_have_count(3)


def test_without_scripts_the_forms_do_the_same(open_page: OpenPage) -> None:
    page = open_page("/users/", java_script_enabled=False)
    page.get_by_role("searchbox", name="名前の先頭").fill("usa")
    page.get_by_role("button", name="探す").click()
    expect(page.locator("#users li a")).to_have_text(["usagi"])
    page.locator("#users li a").click()
    page.get_by_role("searchbox", name="この人のコメントを検索").fill("blinked")
    page.locator("#user-search").get_by_role("button").click()
    expect(page).to_have_url(re.compile(r"/users/usagi/\?q=blinked$"))
    expect(page.locator(".hit mark")).to_have_text("blinked")


@pytest.mark.parametrize("path", ["/users/", "/users/?prefix=zz", "/users/kappa/?q=lighthouse", "/help/search"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_page_and_links_can_be_touched(
    open_page: OpenPage, path: str, scheme: str
) -> None:
    phone = {"width": 360, "height": 800}
    page = open_page(path, viewport=phone, color_scheme=scheme, has_touch=True, is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    touched = page.locator("main :is(button, input[type=search], #users li > a, .facts a, .empty a, td a):visible")
    heights = touched.evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
    assert heights
    assert min(heights) >= 44

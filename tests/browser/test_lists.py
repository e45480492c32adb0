"""Lists of posts: tags and months narrow them in place, chips widen them again, pages turn or are added, and back and
forward undo it all; tags are found by name as it is typed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from matome_app.web.context import PAGE_SIZE
from tests.browser.sample_site import POSTS
from tests.browser.waiting import expect_value, laid_out
from tests.browser.watching import Watch

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]

LONGER_THAN_THE_DELAY_MS = 260
WATCH_SHIFTS = """() => {
  window.shifts = [];
  const unasked = (list) => list.getEntries().filter((shift) => !shift.hadRecentInput).map((shift) => shift.value);
  const observer = new PerformanceObserver((list) => window.shifts.push(...unasked(list)));
  observer.observe({ type: 'layout-shift', buffered: true });
}"""
CATS, CATS_AND_DOGS = POSTS // 2, POSTS // 6


def tagged(*tags: str) -> re.Pattern[str]:
    """Match the address of the list narrowed to exactly some tags."""
    return re.compile(r"/posts/\?" + "&".join(f"tag={re.escape(quote(tag))}" for tag in tags) + "$")


def click_tag(page: Page, tag: str) -> None:
    """Click a tag on the first card that has it."""
    page.locator(".item .tags a", has_text=tag).first.click()


def expect_count(page: Page, count: int) -> None:
    """Expect the list to hold some number of posts."""
    expect(page.locator(".list-head .count strong")).to_have_text(f"記事{count}件")


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
    page.locator(".chip", has_text="タグ「猫」").click()
    expect_count(page, POSTS // 3)
    expect(page).to_have_url(tagged("犬"))
    page.locator(".chip", has_text="タグ「犬」").click()
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


def load_more(page: Page) -> None:
    """Add the next page and wait for it."""
    shown = page.locator(".item").count()
    page.get_by_role("link", name="もっと見る").click()
    expect(page.locator(".item")).not_to_have_count(shown)


def test_more_adds_the_next_page_in_place_and_the_keyboard_goes_on_with_its_first_post(
    open_page: OpenPage, watch: Watch
) -> None:
    page = open_page("/", viewport={"width": 360, "height": 740})
    page.evaluate("window.marker = 1")
    entries = page.evaluate("history.length")
    laid_out(page)
    first = page.locator(".item h2").all_inner_texts()
    load_more(page)
    expect(page.locator(".item")).to_have_count(2 * PAGE_SIZE)
    assert page.locator(".item h2").all_inner_texts()[:PAGE_SIZE] == first
    expect(page.locator(".item h2 a").nth(PAGE_SIZE)).to_be_focused()
    expect(page.locator(".item").nth(PAGE_SIZE)).to_be_in_viewport()
    expect(page.get_by_role("status")).to_have_text(f"{PAGE_SIZE}件を追加しました（全{POSTS + 1}件）")
    expect(page).to_have_url(re.compile(r"/\?page=2&from=1$"))
    expect_value(page, "history.length", entries)
    expect(page.locator(".pager")).to_contain_text("1〜2 / 3 ページ")
    load_more(page)
    expect(page.locator(".item")).to_have_count(POSTS + 1)
    expect(page.get_by_role("link", name="もっと見る")).to_have_count(0)
    assert len(set(page.locator(".item h2").all_inner_texts())) == POSTS + 1
    assert page.evaluate("window.marker") == 1
    assert len(watch.asked("from=1")) == 2


def test_what_was_added_is_there_after_a_reload_and_on_the_way_back_from_a_post(open_page: OpenPage) -> None:
    page = open_page(f"/posts/?tag={quote('散歩')}", viewport={"width": 360, "height": 740})
    load_more(page)
    expect(page.locator(".item")).to_have_count(2 * PAGE_SIZE)
    page.reload()
    expect(page.locator(".item")).to_have_count(2 * PAGE_SIZE)
    post = page.locator(".item h2 a").nth(PAGE_SIZE + 10)
    post.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    place = page.evaluate("scrollY")
    assert place > 1000
    title = post.inner_text()
    post.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    page.go_back()
    expect(page.locator(".item")).to_have_count(2 * PAGE_SIZE)
    expect_value(page, f"Math.abs(scrollY - {place}) < 60", True)


def test_what_was_added_is_there_when_history_brings_the_list_back(open_page: OpenPage) -> None:
    page = open_page("/", viewport={"width": 1280, "height": 800})
    load_more(page)
    expect(page.locator(".item")).to_have_count(2 * PAGE_SIZE)
    laid_out(page)
    page.evaluate("scrollTo(0, 2000)")
    page.locator(".item .tags a", has_text="猫").last.click()
    expect_count(page, CATS)
    page.go_back()
    expect(page.locator(".item")).to_have_count(2 * PAGE_SIZE)
    expect(page.get_by_role("link", name="もっと見る")).to_be_visible()
    expect_value(page, "scrollY > 1500", True)


def test_the_order_is_a_click_away_and_stays_while_filters_come_and_go(open_page: OpenPage) -> None:
    page = open_page("/")
    page.get_by_role("link", name="コメントの多い順").click()
    expect(page).to_have_url(re.compile(r"/\?order=discussed$"))
    expect(page.locator(".item h2").first).to_have_text("灯台までの長い散歩を全部まとめて読む")
    page.locator("#filters a", has_text="猫").click()
    expect(page).to_have_url(re.compile(r"/posts/\?tag=[^&]+&order=discussed$"))
    expect(page.get_by_role("link", name="コメントの多い順")).to_have_attribute("aria-current", "true")


def test_tag_and_month_combine_in_place(open_page: OpenPage) -> None:
    page = open_page("/", viewport={"width": 360, "height": 740})
    page.get_by_text("絞り込む").click()
    page.locator("#filters a", has_text="猫").click()
    expect_count(page, CATS)
    months = page.locator("[aria-labelledby=by-month] a")
    expect(months.first).to_be_visible()
    count = months.first.locator(".n").inner_text()
    months.first.click()
    expect_count(page, int(count))
    expect(page).to_have_url(re.compile(r"/posts/\?tag=[^&]+&month=2026%2F0\d$"))
    expect(page.locator(".chip")).to_have_count(2)
    page.locator(".chip").first.click()
    expect(page).to_have_url(re.compile(r"/posts/\?month=2026%2F0\d$"))


@pytest.mark.parametrize("size", [(360, 740), (320, 640)])
def test_the_first_screen_of_a_phone_shows_posts(open_page: OpenPage, size: tuple[int, int]) -> None:
    page = open_page("/", viewport={"width": size[0], "height": size[1]}, has_touch=True, is_mobile=True)
    laid_out(page)
    box = page.locator(".posts").bounding_box()
    top = page.locator("#main").bounding_box()
    assert box is not None
    assert top is not None
    assert box["y"] - top["y"] <= 150
    expect(page.locator(".item h2").nth(1)).to_be_in_viewport()


def test_a_phone_fetches_the_picture_of_the_first_post_alone(open_page: OpenPage, watch: Watch) -> None:
    page = open_page("/", viewport={"width": 360, "height": 740})
    page.wait_for_load_state("networkidle")
    pictures = [url for url in watch.requests if re.search(r"\.(webp|avif|png|jpe?g)$", url)]
    assert len(pictures) <= 1
    assert len(watch.requests) <= 8


def test_adding_a_page_shifts_nothing_by_itself(open_page: OpenPage) -> None:
    """What comes within half a second of a click is asked for; an answer that a busy machine delays tells nothing."""
    taken = []
    for _ in range(8):
        page = open_page("/", viewport={"width": 360, "height": 740})
        laid_out(page)
        page.evaluate(WATCH_SHIFTS)
        page.locator("#list-end").scroll_into_view_if_needed()
        started = time.monotonic()
        load_more(page)
        taken.append(time.monotonic() - started)
        expect(page.locator(".item")).to_have_count(2 * PAGE_SIZE)
        page.wait_for_timeout(300)
        if taken[-1] < 0.45:
            assert page.evaluate("window.shifts") == []
            return
        page.close()
    pytest.fail(f"no answer came within half a second: {taken}")


def test_tags_narrow_as_their_name_is_typed(open_page: OpenPage) -> None:
    page = open_page("/tags/")
    page.evaluate("window.marker = 1")
    box = page.get_by_role("searchbox", name="タグの名前の一部")
    box.press_sequentially("猫", delay=30)
    expect(page.locator(".cloud bdi")).to_have_text(["猫"])
    expect(page).to_have_url(re.compile(rf"/tags/\?name={quote('猫')}$"))
    expect(page).to_have_title(re.compile("^「猫」を含むタグ"))
    expect(page.get_by_role("status")).to_have_text("タグ1種類")
    expect(box).to_be_focused()
    box.fill("鯨")
    expect(page.locator("#tags .empty")).to_contain_text("「鯨」を含むタグはありません")
    box.fill("")
    expect(page.locator(".cloud a")).to_have_count(4)
    assert page.evaluate("window.marker") == 1


def test_no_tags_are_asked_for_while_an_ime_composes(open_page: OpenPage, watch: Watch) -> None:
    page = open_page("/tags/")
    page.get_by_role("searchbox", name="タグの名前の一部").focus()
    keyboard = page.context.new_cdp_session(page)
    for text in ("n", "ね", "ねこ", "猫"):
        keyboard.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})
        page.wait_for_timeout(LONGER_THAN_THE_DELAY_MS)
    assert watch.asked("/tags/?") == []
    keyboard.send("Input.insertText", {"text": "猫"})
    expect(page.locator(".cloud bdi")).to_have_text(["猫"])
    page.wait_for_timeout(2 * LONGER_THAN_THE_DELAY_MS)
    assert len(watch.asked("/tags/?")) == 1


def test_the_archive_leads_through_the_months(open_page: OpenPage) -> None:
    page = open_page("/")
    page.get_by_label("並び順", exact=True).get_by_role("link", name="月別").click()
    page.locator(".archive-months a", has_text="2026年2月").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2026年2月")
    page.wait_for_load_state()  # from then on a link to a month is followed in place
    page.get_by_role("link", name="← 2026年1月").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2026年1月")
    expect(page).to_have_url(re.compile("/months/2026/01/$"))
    expect(page.locator("#main")).to_be_focused()


def test_without_scripts_pages_turn_filters_combine_and_tags_are_found(open_page: OpenPage) -> None:
    page = open_page("/", java_script_enabled=False, viewport={"width": 360, "height": 740})
    expect(page.get_by_text("もっと見る")).to_be_hidden()
    page.get_by_role("link", name="次へ").click()
    expect(page).to_have_url(re.compile(r"/\?page=2$"))
    page.get_by_role("link", name="前へ").click()
    expect(page).not_to_have_url(re.compile("page=2"))
    page.get_by_text("絞り込む").click()
    page.locator("#filters a", has_text="猫").click()
    expect_count(page, CATS)
    page.get_by_text("絞り込む").click()
    page.locator("[aria-labelledby=by-month] a").first.click()
    expect(page.locator(".chip")).to_have_count(2)
    page.get_by_role("link", name="コメントの多い順").click()
    expect(page).to_have_url(re.compile("order=discussed$"))
    page.goto("/tags/")
    page.get_by_role("searchbox", name="タグの名前の一部").fill("海")
    page.get_by_role("button", name="探す").click()
    expect(page.locator(".cloud bdi")).to_have_text(["海"])


def test_typing_after_a_tag_searches_the_comments_of_its_posts(open_page: OpenPage, watch: Watch) -> None:
    page = open_page("/")
    click_tag(page, "猫")
    expect_count(page, CATS)
    page.get_by_role("searchbox").fill("散歩は")
    expect(page.locator(".hit").first).to_be_visible()
    expect(page.locator(".count strong")).to_have_text(f"{CATS}件")
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

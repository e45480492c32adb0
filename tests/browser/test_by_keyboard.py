"""The whole site by keyboard alone: search, hit, fold, tag and back, with the focus where a reader expects it."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.sample_site import FOLDS, LONG
from tests.browser.waiting import expect_value, laid_out, search_ready
from tests.browser.watching import Site

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]

WHERE = """() => {
  const one = document.activeElement;
  const name = one.getAttribute('aria-label') ?? one.labels?.[0]?.textContent ?? one.textContent;
  return `${one.tagName.toLowerCase()}${one.id && '#' + one.id} ${name.replaceAll(/\\s+/g, ' ').trim().slice(0, 40)}`;
}"""


def tab_to(page: Page, selector: str, *, key: str = "Tab", most: int = 150) -> int:
    """Press a key until the focus is on what a selector means; return how often, fail where it never comes."""
    seen = []
    for presses in range(1, most + 1):
        page.keyboard.press(key)
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return presses
        seen.append(page.evaluate(WHERE))
    raise AssertionError(f"{most} times {key} did not lead to {selector}: {seen}")


def test_from_a_search_to_a_hit_a_fold_a_tag_and_back(open_page: OpenPage, site: Site) -> None:
    page = open_page("/")
    announcement = page.get_by_role("status")

    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("灯台が")
    expect(page.locator(".hit")).to_have_count(1)
    expect(page.locator("#q")).to_be_focused()
    expect(announcement).to_have_text("「灯台が」1件")

    search_ready(page)
    page.keyboard.press("ArrowDown")
    expect(page.locator(".hit .to-comment")).to_be_focused()
    page.keyboard.press("Enter")
    comment = page.locator(f"#c-{site.folded_comment(2)}")
    expect(comment).to_be_in_viewport()
    expect(comment).to_have_class(re.compile("is-current"))
    expect(page.locator("#fold-2")).to_have_attribute("open", "")

    # The address named the comment: the next thing to reach lies in it, not at the top of the page.
    page.keyboard.press("Tab")
    expect_value(page, "document.activeElement.closest('.comment')?.id", f"c-{site.folded_comment(2)}")

    tab_to(page, "#fold-3 > summary")
    page.keyboard.press("Enter")
    expect(page.locator("#fold-3 > .fold-body > .comment").first).to_be_visible()
    expect(page.locator("#fold-3 > summary")).to_be_focused()
    expect(announcement).to_have_text(re.compile(r"コメント\d+件を表示しました"))
    tab_to(page, "#fold-3 > .fold-body > .comment a")
    tab_to(page, "#fold-3 > .fold-body > .fold-end a")
    page.keyboard.press("Enter")
    expect(page.locator("#fold-3 > .fold-body > .comment").first).to_be_hidden()
    expect(page.locator("#fold-3 > summary")).to_be_focused()
    expect(page.locator("#fold-3 > summary")).to_be_in_viewport()

    tab_to(page, ".post-end .tags a")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/tags/{quote('散歩')}/$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("散歩")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()

    page.go_back()
    expect(page.locator(".post-end .tags a").first).to_be_in_viewport()
    expect(page.locator("#fold-2")).to_have_attribute("open", "")
    page.go_back()
    expect(page.locator(".hit")).to_have_count(1)
    expect(page.locator("#q")).to_have_value("灯台が")


@pytest.mark.parametrize("path", ["/", f"/{LONG}/", "/search?q=" + quote("散歩は"), "/tags/", "/users/kappa/"])
def test_tab_goes_through_a_page_in_its_order_and_out_of_it(open_page: OpenPage, path: str) -> None:
    page = open_page(path)
    places: list[int] = []
    for _ in range(400):
        page.keyboard.press("Tab")
        place = page.evaluate(
            "[...document.querySelectorAll('*')].indexOf(document.activeElement === document.body ? null :"
            " document.activeElement)"
        )
        if place < 0:
            break
        places.append(place)
    else:
        raise AssertionError("the focus did not come out of the page")
    assert len(places) > 15
    assert places == sorted(places)


def test_a_filter_chosen_by_keyboard_leaves_the_focus_in_the_new_results(open_page: OpenPage) -> None:
    page = open_page("/search?q=" + quote("散歩は"), viewport={"width": 1440, "height": 900})
    page.locator("#q").focus()
    tab_to(page, ".facet a")
    chosen = page.evaluate("document.activeElement.textContent.trim().split(/\\s+/)[0]")
    page.keyboard.press("Enter")
    expect(page.locator(".chip-tag", has_text=chosen)).to_be_visible()
    expect_value(page, "document.activeElement.closest('main') !== null", True)
    expect(page.get_by_role("status")).to_have_text(re.compile(r"\d+件"))
    assert tab_to(page, ".chip") < 12


def test_more_of_a_list_is_loaded_by_keyboard_and_read_on_from_its_first_row(open_page: OpenPage) -> None:
    page = open_page("/")
    rows = page.locator(".item").count()
    page.locator("#list-end .more").focus()
    page.keyboard.press("Enter")
    new = page.locator(".item h2 a").nth(rows)
    expect(new).to_be_focused()
    expect(page.get_by_role("status")).to_have_text(re.compile(r"\d+件を追加しました"))
    page.keyboard.press("Enter")
    expect(page.locator("article.post")).to_be_visible()
    page.go_back()
    expect(page.locator(".item")).to_have_count(2 * rows)


def test_views_of_a_post_are_changed_by_keyboard_and_keep_the_focus_in_it(open_page: OpenPage) -> None:
    page = open_page(f"/{LONG}/")
    tab_to(page, ".views a[href*='color=any']")
    page.keyboard.press("Enter")
    expect(page.locator(".choice")).to_be_visible()
    expect(page.get_by_role("status")).to_have_text(re.compile(r"注目のコメント\d+件"))
    expect_value(page, "document.activeElement.closest('#thread') !== null", True)
    tab_to(page, ".views a:not([href*='color'])")
    page.keyboard.press("Enter")
    expect(page.locator(".choice")).to_have_count(0)
    expect_value(page, "document.activeElement.closest('#thread') !== null", True)


def test_all_folds_open_at_once_by_keyboard_and_close_again(open_page: OpenPage) -> None:
    page = open_page(f"/{LONG}/")
    tab_to(page, ".open-all")
    page.keyboard.press("Enter")
    expect(page.locator(".fold[open]")).to_have_count(FOLDS)
    expect(page.locator(".open-all")).to_be_focused()
    expect(page.locator(".open-all")).to_have_accessible_name("すべて閉じる")
    page.keyboard.press("Enter")
    expect(page.locator(".fold[open]")).to_have_count(0)
    expect(page.locator(".open-all")).to_have_accessible_name("すべて開く")


def test_the_menu_of_a_comment_opens_takes_the_focus_and_gives_it_back(open_page: OpenPage) -> None:
    page = open_page(f"/{LONG}/")
    tab_to(page, ".comment .dots")
    page.keyboard.press("Enter")
    menu = page.get_by_role("dialog", name="コメントのメニュー")
    expect(menu).to_be_visible()
    expect(menu.get_by_role("button").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(page.locator(".comment .dots").first).to_be_focused()


def test_similar_comments_asked_for_by_keyboard_take_the_focus(open_page: OpenPage) -> None:
    page = open_page(f"/{LONG}/")
    tab_to(page, ".comment .dots")
    page.keyboard.press("Enter")
    expect(page.locator("#menu")).to_be_visible()
    tab_to(page, "#menu a[href$='/similar']")
    page.keyboard.press("Enter")
    expect(page.locator(".comment .similar")).to_be_focused()
    expect(page.locator("#menu")).to_be_hidden()


def test_walking_over_comments_moves_the_focus_and_tab_goes_on_from_there(open_page: OpenPage) -> None:
    page = open_page(f"/{LONG}/")
    laid_out(page)
    for key, number in (("j", "1"), ("j", "2"), ("k", "1")):
        page.keyboard.press(key)
        focused = page.locator(".comment:focus")
        expect(focused.locator(".permalink")).to_have_text(f"#{number}")
    page.keyboard.press("Tab")
    expect_value(page, "document.activeElement.closest('.comment') !== null", True)


def test_typing_in_the_search_of_a_thread_keeps_the_focus_and_says_what_was_found(open_page: OpenPage) -> None:
    page = open_page(f"/{LONG}/")
    tab_to(page, "#thread-q")
    page.keyboard.type("灯台が")
    expect(page.locator(".comment.is-match")).to_have_count(1)
    expect(page.locator("#thread-q")).to_be_focused()
    expect(page.get_by_role("status")).to_have_text("このスレッドで1件一致")


def test_tags_are_filtered_by_keyboard_and_a_tag_is_reached(open_page: OpenPage) -> None:
    page = open_page("/tags/")
    tab_to(page, "#name")
    page.keyboard.type("犬")
    expect(page.locator("#tags .cloud a")).to_have_count(1)
    expect(page.locator("#name")).to_be_focused()
    expect(page.get_by_role("status")).to_have_text(re.compile("タグ1種類"))
    tab_to(page, ".cloud a")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("犬")

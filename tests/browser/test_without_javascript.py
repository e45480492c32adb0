"""Everything by links and forms alone: search, folds, filters, and the comment a link means."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.kinds import KINDS, STATES_OF_SCRIPTS, visit
from tests.browser.sample_site import FOLDS, LONG, POSTS
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
    for chips, tag in enumerate(("猫", "犬"), 1):
        page.locator(".item .tags a", has_text=tag).first.click()
        expect(page.locator(".chip")).to_have_count(chips)
    expect(page.locator(".count strong")).to_have_text(f"記事{POSTS // 6}件")
    page.locator(".chip", has_text="タグ「猫」").click()
    expect(page.locator(".count strong")).to_have_text(f"記事{POSTS // 3}件")


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


@pytest.fixture(scope="module")
def plain(chromium: Browser, site: Site) -> Iterator[Page]:
    """Give one page without scripts that goes everywhere."""
    context = chromium.new_context(base_url=site.base, locale="ja-JP", java_script_enabled=False)
    yield context.new_page()
    context.close()


# Scripts are switched off for the page, not for the test that looks at it.
DEAD = """() => {
  const shown = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest('.hidden');
  const works = (button) => button.type === 'submit' && button.form?.action;
  const dead = [
    ...[...document.querySelectorAll('button')].filter((one) => !works(one)),
    ...document.querySelectorAll('a:not([href]), a[href=""], a[href="#"], [role=button], [tabindex="0"]'),
    ...[...document.querySelectorAll('input, select, textarea')].filter((one) => one.type !== 'hidden' && !one.readOnly
      && !one.form?.querySelector('[type=submit]')),
    ...document.querySelectorAll('dialog, [popover], .htmx-indicator, kbd'),
    ...[...document.querySelectorAll('a[href^="#"]')].filter((one) => !document.getElementById(one.hash.slice(1))),
  ];
  return dead.filter((one) => shown(one) && getComputedStyle(one).opacity !== '0' && !one.closest('.key-map, .help'))
    .map((one) => one.outerHTML.slice(0, 120));
}"""


@pytest.mark.parametrize("name", sorted(set(KINDS) - STATES_OF_SCRIPTS))
@pytest.mark.parametrize("width", [360, 1440])
def test_nothing_that_is_shown_is_dead(plain: Page, site: Site, name: str, width: int) -> None:
    plain.set_viewport_size({"width": width, "height": 900})
    visit(plain, site, name, prepare=False)
    assert plain.evaluate(DEAD) == []


def test_what_is_dead_would_be_found(plain: Page, site: Site) -> None:
    visit(plain, site, "home")
    plain.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<button type=button>x</button>')")
    assert len(plain.evaluate(DEAD)) == 1


def test_every_link_of_a_post_and_of_the_home_page_leads_somewhere(plain: Page, site: Site) -> None:
    found = set()
    for name in ("home", "post", "fold", "menu of a comment", "months", "tags"):
        visit(plain, site, name, prepare=False)
        links = plain.locator("a[href^='/']").evaluate_all("all => all.map((one) => one.getAttribute('href'))")
        found |= {link.partition("#")[0] for link in links}
    assert len(found) > 60
    assert {link: plain.request.get(link).status for link in sorted(found)} == dict.fromkeys(sorted(found), 200)


def test_a_fold_is_closed_again_from_its_end_and_leaves_the_reader_at_it(open_plain: OpenPage) -> None:
    page = open_plain(f"/{LONG}/details/2")
    expect(page.locator("#fold-2[open]")).to_be_visible()
    page.locator("#fold-2 > .fold-body > .fold-end a").click()
    expect(page.locator("#fold-2:not([open]) > summary")).to_be_in_viewport()


def test_all_folds_open_by_a_link_and_close_by_it(open_plain: OpenPage) -> None:
    page = open_plain(f"/{LONG}/")
    page.get_by_role("link", name="すべて開く").click()
    expect(page.locator(".fold[open]")).to_have_count(FOLDS)
    expect(page.locator(".comment")).to_have_count(int(page.locator("[data-here]").get_attribute("data-here") or 0))
    page.get_by_role("link", name="すべて閉じる").click()
    expect(page.locator(".fold[open]")).to_have_count(0)


def test_highlights_and_one_person_are_shown_alone_and_together(open_plain: OpenPage) -> None:
    page = open_plain(f"/{LONG}/")
    page.locator(".views").get_by_role("link", name="注目だけ").click()
    expect(page.locator(".choice")).to_contain_text("注目のコメント2件")
    expect(page.locator(".comment")).to_have_count(2)
    page.locator(".people > summary").click()
    page.locator(".people a", has_text="usagi").click()
    expect(page.locator(".choice")).to_contain_text("usagiの注目のコメント1件")
    page.get_by_role("link", name="すべてのコメントに戻る").click()
    expect(page.locator(".choice")).to_have_count(0)
    expect(page.locator(".fold")).not_to_have_count(0)


def test_the_menu_of_a_comment_is_a_page_with_everything_that_works(open_plain: OpenPage, site: Site) -> None:
    page = open_plain(f"/{LONG}/")
    page.locator(".comment .dots").first.click()
    expect(page).to_have_url(re.compile("/menu$"))
    menu = page.get_by_role("navigation", name="このコメントのメニュー")
    expect(page.get_by_label("引用")).to_have_value(re.compile(r"岬への道、0番目の曲がり角[\s\S]*/c/"))
    expect(menu.get_by_role("button")).to_have_count(0)
    menu.get_by_role("link", name="この人のここでのコメント").click()
    expect(page.locator(".choice")).to_contain_text("tanukiのコメント")
    page.go_back()
    menu.get_by_role("link", name="似ているコメント").click()
    expect(page.locator(".similar")).to_be_visible()


def test_a_thread_is_searched_by_its_form(open_plain: OpenPage) -> None:
    page = open_plain(f"/{LONG}/")
    page.get_by_role("searchbox", name="このスレッド内を検索").fill("帰り道")
    page.locator("#thread-search").get_by_role("button", name="検索").click()
    expect(page).to_have_url(re.compile("view=thread"))
    found = page.locator(".match-list a")
    expect(found).not_to_have_count(0)
    expect(page.locator(".matches button:visible")).to_have_count(0)
    found.last.click()
    expect(page.locator(".comment:target")).to_be_in_viewport()


def test_pages_of_a_list_turn_where_more_cannot_be_loaded_in_place(open_plain: OpenPage) -> None:
    page = open_plain("/")
    expect(page.locator("#list-end .more")).to_be_hidden()
    first = page.locator(".item h2").first.inner_text()
    page.locator("#list-end").get_by_role("link", name="次へ").click()
    expect(page.locator(".item h2").first).not_to_have_text(first)
    page.get_by_role("link", name="前へ").click()
    expect(page.locator(".item h2").first).to_have_text(first)


def test_a_list_is_ordered_and_narrowed_by_tag_and_month_together(open_plain: OpenPage) -> None:
    page = open_plain("/", viewport={"width": 360, "height": 740})
    page.get_by_role("link", name="コメントの多い順").click()
    expect(page.locator(".item h2").first).to_have_text("灯台までの長い散歩を全部まとめて読む")
    page.locator("#filters > summary").click()
    page.locator("#filters a", has_text="猫").click()
    expect(page.locator(".chip")).to_have_count(1)
    page.locator("#filters > summary").click()
    page.locator("#filters a", has_text="2026年1月").click()
    expect(page.locator(".chip")).to_have_count(2)
    expect(page.locator(".count strong")).to_have_text(f"記事{POSTS // 4}件")


def test_the_archive_leads_to_a_month_and_from_there_to_its_neighbours(open_plain: OpenPage) -> None:
    page = open_plain("/months/")
    page.locator(".archive-months a", has_text="2026年2月").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2026年2月")
    page.get_by_role("navigation", name="前後の月").get_by_role("link", name="2026年1月").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2026年1月")


def test_tags_are_found_by_a_part_of_their_name(open_plain: OpenPage) -> None:
    page = open_plain("/tags/")
    page.get_by_label("タグの名前の一部").fill("犬")
    page.get_by_role("button", name="探す").click()
    expect(page.locator("#tags .cloud a")).to_have_count(1)
    page.locator("#tags .cloud a").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("犬")

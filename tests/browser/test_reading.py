"""Reading a post: which comments are shown, where the reader is and left off, the keys, and a comment's menu."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.sample_site import LONG
from tests.browser.waiting import click_where_it_is, expect_value, laid_out
from tests.browser.watching import Site, Watch

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]

POST = f"/{LONG}/"
TOTAL = 29
PHONE = {"viewport": {"width": 360, "height": 740}}
OVERLAP = """() => {
  const bar = document.querySelector('.place').getBoundingClientRect();
  return [...document.querySelectorAll('.post > :not(.place), footer.site')].filter((one) => {
    const box = one.getBoundingClientRect();
    return box.height && box.top < bar.bottom - 1 && box.bottom > bar.top + 1;
  }).length;
}"""


def here(page: Page) -> Locator:
    """Return the number of the comment the reader is at."""
    return page.locator("[data-here]")


def number(page: Page) -> str:
    """Return the number of the comment that has the focus."""
    return str(page.evaluate("document.activeElement.closest('.comment')?.querySelector('.permalink').textContent"))


def press(page: Page, keys: str, lands: str) -> None:
    """Press keys one after the other, and hold where they lead."""
    laid_out(page)
    for key in keys:
        page.keyboard.press(key)
    expect_value(page, "document.activeElement.closest('.comment')?.querySelector('.permalink').textContent", lands)
    expect(page.locator(".comment:focus")).to_be_in_viewport()


def test_coloured_comments_alone_come_in_place_and_back_leads_to_all(open_page: OpenPage) -> None:
    page = open_page(POST)
    page.locator(".views").get_by_role("link", name="注目だけ").click()
    expect(page.locator(".comment")).to_have_count(2)
    expect(page.locator(".group")).to_have_text(["もっとコメントを表示（1）", "もっとコメントを表示（2）"])
    expect(page.locator("#announce")).to_have_text("注目のコメント2件")
    expect(page.locator(".views a[aria-current]")).to_be_focused()
    expect(page).to_have_url(re.compile(r"\?color=any$"))
    page.reload()
    expect(page.locator(".comment")).to_have_count(2)
    page.go_back()
    expect(page.locator("details.fold")).to_have_count(3)
    expect(page).to_have_url(re.compile(f"{POST}$"))


def test_one_person_alone_comes_in_place_and_a_link_leads_back(open_page: OpenPage, watch: Watch) -> None:
    page = open_page(POST)
    page.locator(".people summary").click()
    link = page.locator(".people a", has_text="tanuki")
    count = int(str(link.locator(".n").text_content()))
    link.click()
    expect(page.locator(".comment")).to_have_count(count)
    expect(page.locator(".comment .user")).to_have_text(["tanuki"] * count)
    expect(page).to_have_url(re.compile(r"\?user=tanuki$"))
    page.get_by_role("link", name="すべてのコメントに戻る").click()
    expect(page.locator("details.fold")).to_have_count(3)
    assert len([url for url in watch.requests if url.endswith(POST)]) == 2, "the page, and the fragment that leads back"


def test_folds_that_were_open_are_open_again_after_a_choice(open_page: OpenPage) -> None:
    page = open_page(POST)
    page.locator("#fold-1 > summary").click()
    expect(page.locator("#fold-1 .comment")).to_have_count(7)
    page.locator(".views").get_by_role("link", name="注目だけ").click()
    expect(page.locator(".comment")).to_have_count(2)
    page.locator(".views").get_by_role("link", name="すべて").first.click()
    expect(page.locator("#fold-1 .comment")).to_have_count(7)


def test_choices_work_without_a_script(open_page: OpenPage) -> None:
    page = open_page(POST, java_script_enabled=False)
    page.locator(".views").get_by_role("link", name="注目だけ").click()
    expect(page.locator(".comment")).to_have_count(2)
    page.locator(".people summary").click()
    page.locator(".people a", has_text="usagi").click()
    expect(page.locator(".comment")).to_have_count(1)
    page.get_by_role("link", name="すべてのコメントに戻る").click()
    expect(page.locator("details.fold")).to_have_count(3)
    page.wait_for_load_state()
    expect(page.locator("main button:not([type=submit])")).not_to_have_count(0)
    for hidden in page.locator("main button:not([type=submit])").all():
        expect(hidden).to_be_hidden()
    expect(page.locator("[data-resume]")).to_be_hidden()


def test_j_and_k_walk_over_comments_and_step_over_closed_folds(open_page: OpenPage) -> None:
    page = open_page(POST)
    press(page, "j", "#1")
    press(page, "jjjjjjj", "#8")
    page.keyboard.press("j")
    page.wait_for_timeout(200)
    assert number(page) == "#8", "there is no comment after it that can be seen"
    expect(page.locator("details.fold[open]")).to_have_count(0)
    press(page, "kk", "#6")
    expect(here(page)).to_have_text("6")


def test_o_opens_and_closes_the_fold_at_hand(open_page: OpenPage) -> None:
    page = open_page(POST)
    press(page, "jjjjjjjj", "#8")
    page.keyboard.press("o")
    expect(page.locator("#fold-1 .comment")).to_have_count(7)
    expect(page.locator("#fold-1 > summary")).to_be_focused()
    press(page, "jj", "#10")
    page.keyboard.press("o")
    expect(page.locator("#fold-1")).not_to_have_attribute("open", "")
    expect(page.locator("#fold-1 > summary")).to_be_focused()
    expect(page.locator("#fold-1 > summary")).to_be_in_viewport()


def test_h_walks_over_highlights_into_closed_folds(open_page: OpenPage, watch: Watch) -> None:
    page = open_page(POST)
    press(page, "h", "#9")
    expect(page.locator("#fold-1 .comment.lit")).to_be_focused()
    press(page, "h", "#22")
    press(page, "H", "#9")
    assert len(watch.asked("/details/1")) == 1


def test_the_buttons_of_the_bar_do_the_same(open_page: OpenPage) -> None:
    page = open_page(POST, **PHONE)
    expect(page.locator(".place")).to_be_hidden()
    scroll_to(page, 2)
    click_where_it_is(page.locator(".place [data-key=h]"))
    expect(page.locator("#fold-1 .comment.lit.is-current")).to_be_in_viewport()
    click_where_it_is(page.locator(".place [data-key=h]"))
    expect(page.locator("#fold-2 .comment.lit.is-current")).to_be_in_viewport()
    expect(here(page)).to_have_text("22")
    click_where_it_is(page.locator(".place [data-key=H]"))
    expect(page.locator("#fold-1 .comment.lit.is-current")).to_be_in_viewport()
    page.locator(".place-top").click()
    expect_value(page, "scrollY < 100", True)


@pytest.mark.parametrize("where", ["#q", "#thread-q"])
def test_letters_typed_into_a_field_move_nothing(open_page: OpenPage, where: str) -> None:
    page = open_page(POST)
    page.locator(where).focus()
    page.keyboard.type("jkhon")
    expect(page.locator(where)).to_have_value("jkhon")
    expect(page.locator("details.fold[open]")).to_have_count(0)
    expect(page.locator(where)).to_be_focused()


@pytest.mark.parametrize("chord", ["Control+j", "Alt+j", "Meta+j"])
def test_keys_with_a_modifier_are_the_browsers(open_page: OpenPage, chord: str) -> None:
    page = open_page(POST)
    page.keyboard.press(chord)
    page.wait_for_timeout(150)
    assert page.evaluate("document.activeElement === document.body")


def test_keys_of_a_composition_and_in_the_menu_are_left_alone(open_page: OpenPage) -> None:
    page = open_page(POST)
    press(page, "j", "#1")
    composing = "new KeyboardEvent('keydown', { key: 'j', isComposing: true, bubbles: true })"
    page.evaluate(f"document.activeElement.dispatchEvent({composing})")
    page.locator(".comment .dots").first.click()
    expect(page.locator("#menu button").first).to_be_focused()
    page.keyboard.press("j")
    page.wait_for_timeout(150)
    expect(page.locator("#menu button").first).to_be_focused()


def scroll_to(page: Page, comment: int) -> None:
    """Scroll a comment into the middle of the window as a reader does."""
    laid_out(page)
    page.locator(".comment").nth(comment - 1).evaluate("one => one.scrollIntoView({ block: 'center' })")
    expect(here(page)).to_have_text(str(comment))


def test_the_bar_says_which_comment_is_read_and_covers_nothing_for_good(open_page: OpenPage) -> None:
    page = open_page(POST, **PHONE)
    expect(page.locator(".place-here")).to_have_text(f"0 / {TOTAL}")
    scroll_to(page, 5)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(page.locator("footer.site")).to_be_in_viewport()
    assert page.evaluate(OVERLAP) == 0
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    shifted = """() => new Promise((resolve) => { new PerformanceObserver((list) => resolve(list.getEntries().length))
      .observe({ type: 'layout-shift', buffered: true }); setTimeout(() => resolve(0), 300); })"""
    assert page.evaluate(shifted) == 0


def leave(page: Page, path: str = "/") -> None:
    """Go to another page, as the browser tells this one when it is hidden."""
    page.goto(path)


def test_the_next_visit_offers_to_go_on_where_the_reader_left_off(open_page: OpenPage) -> None:
    page = open_page(POST, **PHONE)
    scroll_to(page, 6)
    leave(page)
    page.goto(POST)
    link = page.get_by_role("link", name="続きから読む")
    expect(link).to_have_text(re.compile("#6"))
    link.click()
    expect(page.locator(".comment.is-current .permalink")).to_have_text("#6")
    expect(page.locator(".comment.is-current")).to_be_in_viewport()
    expect(link).to_be_hidden()


def test_going_on_opens_the_fold_that_it_needs(open_page: OpenPage, site: Site) -> None:
    page = open_page(POST)
    laid_out(page)
    for _ in range(2):
        page.keyboard.press("h")
    expect(page.locator("#fold-2 .comment.lit")).to_be_focused()
    leave(page)
    other = page.context.new_page()  # in another tab no fold is open
    other.goto(POST)
    other.get_by_role("link", name="続きから読む").click()
    expect(other.locator(f"#c-{site.folded_comment(2)}")).to_be_in_viewport()
    expect(other.locator("#fold-2")).to_have_attribute("open", "")


def test_nothing_is_offered_to_who_only_looked_in_or_read_to_the_end_or_elsewhere(open_page: OpenPage) -> None:
    page = open_page(POST)
    scroll_to(page, 2)
    leave(page)
    page.goto(POST)
    expect(page.get_by_role("link", name="続きから読む")).to_be_hidden()
    scroll_to(page, 6)
    page.goto("/posts/2026_01/walk_01/")
    expect(page.get_by_role("link", name="続きから読む")).to_be_hidden()


def test_fifty_posts_are_remembered_and_no_more(open_page: OpenPage) -> None:
    page = open_page("/")
    page.evaluate(
        "localStorage.read = JSON.stringify([...Array(80).keys()].map((n) => ['posts/' + n, 'c-aaaaaaaaaaaaaaaa', 9]))"
    )
    page.goto(POST)
    scroll_to(page, 6)
    leave(page)
    kept = page.evaluate("JSON.parse(localStorage.read)")
    assert (len(kept), kept[0][0], kept[0][2], kept[-1][0]) == (50, LONG, 6, "posts/48")


@pytest.mark.parametrize("broken", ["not JSON", "{}", "null", '"text"'])
def test_whatever_is_stored_the_post_can_be_read(open_page: OpenPage, broken: str) -> None:
    page = open_page("/")
    page.evaluate("([broken, post]) => { localStorage.read = broken; sessionStorage[post] = broken }", [broken, LONG])
    page.goto(POST)
    press(page, "jj", "#2")
    page.locator("#fold-1 > summary").click()
    expect(page.locator("#fold-1 .comment")).to_have_count(7)


def open_menu(page: Page, comment: int = 0) -> Locator:
    """Open a comment's menu."""
    page.locator(".comment .dots").nth(comment).click()
    menu = page.locator("#menu")
    expect(menu).to_be_visible()
    expect(menu.locator("button").first).to_be_focused()
    return menu


def test_link_and_quotation_of_a_comment_are_copied(open_page: OpenPage, site: Site) -> None:
    page = open_page(POST, permissions=["clipboard-read", "clipboard-write"])
    comment = page.locator(".comment").nth(2)
    id_ = str(comment.get_attribute("id"))[2:]
    menu = open_menu(page, 2)
    menu.get_by_role("button", name="リンクをコピー").click()
    expect(page.locator("#announce")).to_have_text("リンクをコピーしました")
    assert page.evaluate("navigator.clipboard.readText()") == f"{site.base}/c/{id_}"
    menu.get_by_role("button", name="引用としてコピー").click()
    expect(menu.get_by_role("button", name="引用をコピーしました")).to_be_visible()
    copied = str(page.evaluate("navigator.clipboard.readText()")).split("\n")
    assert copied[0] == f"＞ {comment.locator('.body').inner_text()}"
    assert copied[-2:] == ["灯台までの長い散歩を全部まとめて読む", f"{site.base}/c/{id_}"]


def test_that_nothing_could_be_copied_is_said(open_page: OpenPage) -> None:
    page = open_page("/")
    page.add_init_script("navigator.clipboard.writeText = () => Promise.reject(new Error('denied'))")
    page.goto(POST)
    open_menu(page).get_by_role("button", name="リンクをコピー").click()
    expect(page.locator("#announce")).to_have_text("コピーできませんでした")


def test_a_comment_is_shared_where_the_browser_can(open_page: OpenPage, site: Site) -> None:
    page = open_page("/")
    page.add_init_script("navigator.share = (what) => { window.shared = what; return Promise.resolve(); }")
    page.goto(POST)
    id_ = str(page.locator(".comment").first.get_attribute("id"))[2:]
    open_menu(page).get_by_role("button", name="共有").click()
    shared = {"title": "灯台までの長い散歩を全部まとめて読む", "url": f"{site.base}/c/{id_}"}
    expect_value(page, "window.shared", shared)


def test_sharing_is_not_offered_where_the_browser_cannot(open_page: OpenPage) -> None:
    page = open_page("/")
    page.add_init_script("delete Navigator.prototype.share")
    page.goto(POST)
    expect(open_menu(page).get_by_role("button", name="共有")).to_be_hidden()


def test_the_menu_leads_to_what_the_same_person_said_here(open_page: OpenPage) -> None:
    page = open_page(POST, **PHONE)
    scroll_to(page, 8)
    user = page.locator(".comment .user").nth(7).inner_text()
    open_menu(page, 7).get_by_role("link", name="この人のここでのコメント").click()
    expect(page.locator(".choice")).to_contain_text(f"{user}のコメント")
    expect(page.locator("#menu")).to_be_hidden()
    expect(page.locator("#views")).to_be_in_viewport()
    expect(page).to_have_url(re.compile(rf"\?user={quote(user)}$"))


def test_escape_and_a_click_elsewhere_close_the_menu(open_page: OpenPage) -> None:
    page = open_page(POST)
    menu = open_menu(page)
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(page.locator(".comment .dots").first).to_be_focused()
    open_menu(page)
    page.locator("h1").click()
    expect(menu).to_be_hidden()


def test_a_click_with_a_modifier_opens_the_menus_page_in_a_tab(open_page: OpenPage) -> None:
    page = open_page(POST)
    with page.context.expect_page() as opened:
        page.locator(".comment .dots").first.click(modifiers=["Control"])
    expect(opened.value.locator("textarea")).to_be_visible()


def test_without_a_script_the_menu_is_a_page(open_page: OpenPage) -> None:
    page = open_page(POST, java_script_enabled=False)
    page.locator(".comment .dots").first.click()
    expect(page.locator(".menu-list a").first).to_be_visible()
    expect(page.locator(".menu-list button:visible")).to_have_count(0)
    expect(page.locator("textarea")).to_have_value(re.compile("^＞ 岬への道"))
    page.get_by_role("link", name="この人のここでのコメント").click()
    expect(page.locator(".choice")).to_be_visible()


@pytest.mark.parametrize("width", [320, 360])
@pytest.mark.parametrize("query", ["?open=all", "?color=any", "?user=kappa"])
def test_no_view_of_a_post_is_wider_than_a_small_window(open_page: OpenPage, width: int, query: str) -> None:
    page = open_page(POST + query, viewport={"width": width, "height": 640})
    laid_out(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    open_menu(page)
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_bar_of_a_colour_is_told_from_its_background(open_page: OpenPage, scheme: str) -> None:
    page = open_page(f"{POST}?color=any", color_scheme=scheme)
    contrast = """() => {
      const linear = (c) => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
      const light = (color) => {
        const [r, g, b] = color.match(/[\\d.]+/g).map((n) => linear(n / 255));
        return .2126 * r + .7152 * g + .0722 * b;
      };
      const bar = document.querySelector('.accent');
      const card = getComputedStyle(bar.closest('.comment')).backgroundColor;
      const pair = [getComputedStyle(bar).borderTopColor, card].map(light);
      return (Math.max(...pair) + .05) / (Math.min(...pair) + .05);
    }"""
    assert page.evaluate(contrast) >= 3


def test_a_line_holds_about_38_characters_on_a_wide_screen(open_page: OpenPage) -> None:
    page = open_page(POST, viewport={"width": 1440, "height": 900})
    body = "(() => { const body = document.querySelector('.comment .body'), style = getComputedStyle(body);"
    line = page.evaluate(
        body + "return [body.clientWidth / parseFloat(style.fontSize), style.lineHeight, style.fontSize] })()"
    )
    assert 36 <= line[0] <= 40
    assert float(line[1][:-2]) / float(line[2][:-2]) == pytest.approx(1.8)

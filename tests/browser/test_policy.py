"""Every kind of page, and what readers do on it, keeps to the site's own policy; a page that would not is noticed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.kinds import KINDS, open_a_menu, open_all_folds, visit
from tests.browser.sample_site import LONG
from tests.browser.waiting import expect_value
from tests.browser.watching import Site, Watch

pytestmark = pytest.mark.browser

LISTEN = """(() => {
  window.violations = [];
  document.addEventListener('securitypolicyviolation', (event) =>
    window.violations.push(event.effectiveDirective + ' ' + event.blockedURI + ' ' + event.sample));
})()"""

BESIDE_PAGES = (
    *("/index.xml", "/index.atom", "/search.atom", "/tags/index.xml", "/sitemap.xml", "/robots.txt"),
    *("/api/posts", "/api/search", "/healthz", "/readyz", "/manifest.webmanifest", "/favicon.ico", "/static/icon.svg"),
    *("/assets/thumbnails/tea.webp", "/progress", "/help/keys"),
)
"""What a reader may open by its address, though it is no page."""

CANARIES = {
    "script": "<script>document.title = 'ran'</script>",
    "handler": "<img src='/favicon.ico' onload=\"document.title = 'ran'\">",
    "style": "<p style='color: red'>x</p>",
    "style element": "<style>p { color: red }</style>",
    "picture of another host": "<img src='http://elsewhere.test/a.png'>",
    "frame": "<iframe src='/'></iframe>",
    "form": "<form action='http://elsewhere.test/'><input name=a></form><script src='/static/none.js'></script>",
    "base": "<base href='http://elsewhere.test/'>",
}


@pytest.fixture(scope="module")
def listening(chromium: Browser, site: Site) -> Iterator[Page]:
    """Give a page that notes every violation, and watches what it asks for and complains of."""
    watch = Watch(site.base)
    watch.expect("40[04]|413")  # the browser notes in its console that these are errors
    context = chromium.new_context(base_url=site.base, locale="ja-JP")
    context.set_default_timeout(15_000)
    context.add_init_script(LISTEN)
    watch.attach(context)
    yield context.new_page()
    context.close()
    assert watch.problems() == []


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_of_page_keeps_to_the_policy(listening: Page, site: Site, name: str) -> None:
    visit(listening, site, name)
    assert listening.evaluate("window.violations") == []


@pytest.mark.parametrize("path", BESIDE_PAGES)
def test_what_is_opened_by_its_address_keeps_to_the_policy(
    open_page: Callable[..., Page], watch: Watch, path: str
) -> None:
    watch.expect("inline style")  # of the browser's own, with which it shows pictures and XML
    page = open_page("/help/keys")
    page.add_init_script(LISTEN)
    page.goto(path)
    found = page.evaluate("window.violations ?? []")
    assert [one for one in found if not one.startswith("style-src-")] == []


def test_what_readers_do_keeps_to_the_policy(listening: Page) -> None:
    listening.goto("/")
    listening.fill("#q", "散歩")
    expect(listening.locator(".hits")).to_be_visible()
    listening.locator(".facet a, .switch a").first.dispatch_event("click")
    listening.go_back()
    listening.goto(f"/{LONG}/")
    open_all_folds(listening)
    open_a_menu(listening)
    listening.keyboard.press("Escape")
    listening.locator(".to-settings").click()
    listening.get_by_label("暗い").check(force=True)
    listening.keyboard.press("Escape")
    listening.fill("#thread-q", "灯台")
    expect(listening.locator(".matches")).to_be_visible()
    assert listening.evaluate("window.violations") == []


@pytest.mark.parametrize("name", CANARIES)
def test_a_page_that_breaks_the_policy_is_noticed(
    open_page: Callable[..., Page], site: Site, watch: Watch, name: str
) -> None:
    def spoil(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("</main>", f"{CANARIES[name]}</main>"))

    watch.expect(".*")
    page = open_page("/help/keys")
    page.add_init_script(LISTEN)
    page.route("**/help/keys", spoil)
    page.goto("/help/keys")
    if name == "form":
        page.evaluate("document.querySelector('form[action*=elsewhere]').submit()")
    expect_value(page, "window.violations.length > 0", True)
    assert page.title() != "ran"

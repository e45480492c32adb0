"""Every kind of page that readers meet, and the states they bring pages into, for tests that look at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.browser.sample_site import LONG
from tests.browser.waiting import laid_out
from tests.browser.watching import Site

SHORT = "posts/2026_01/walk_02"


class Kind(NamedTuple):
    """A kind of page: its address, where `{comment}` stands for the id of a folded comment, and what is done there."""

    path: str
    prepare: Callable[[Page], None] | None = None
    status: int = 200


def open_all_folds(page: Page) -> None:
    """Open every fold, also those that lie in others, and wait until all comments are there."""
    page.locator(".open-all").click()
    expect(page.locator(".fold-link")).to_have_count(0)
    expect(page.locator(".fold:not([open])")).to_have_count(0)


def open_a_menu(page: Page) -> None:
    """Open what a comment offers."""
    page.locator(".comment .dots").nth(1).click()
    expect(page.locator("#menu ul")).to_be_visible()


def open_filters(page: Page) -> None:
    """Unfold everything that is folded beside a list."""
    page.evaluate("[...document.querySelectorAll('main details')].forEach(one => { one.open = true })")


def open_settings(page: Page) -> None:
    """Open the panel for theme and text size."""
    page.locator(".to-settings").click()
    expect(page.locator("#settings")).to_be_visible()


def open_map_of_keys(page: Page) -> None:
    """Show the keys over the page."""
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="キー操作")).to_be_visible()


def load_more(page: Page) -> None:
    """Add the next rows to a list."""
    rows = page.locator(".item").count()
    page.locator("#list-end .more").click()
    expect(page.locator(".item").nth(rows)).to_be_visible()


KINDS = {
    "home": Kind("/"),
    "home with its filters": Kind("/", open_filters),
    "home with more": Kind("/", load_more),
    "home with the panel": Kind("/", open_settings),
    "most discussed": Kind("/?order=discussed"),
    "second page": Kind("/?page=2"),
    "filtered list": Kind(f"/posts/?tag={quote('猫')}&month=2026/01"),
    "list of nothing": Kind(f"/posts/?tag={quote('猫')}&tag={quote('海')}"),
    "post": Kind(f"/{LONG}/"),
    "post with its folds open": Kind(f"/{LONG}/", open_all_folds),
    "post with a menu": Kind(f"/{LONG}/", open_a_menu),
    "post with the map of keys": Kind(f"/{LONG}/", open_map_of_keys),
    "post, highlights only": Kind(f"/{LONG}/?color=any"),
    "post, one person only": Kind(f"/{LONG}/?user=kappa", open_filters),
    "short post": Kind(f"/{SHORT}/"),
    "post with a search": Kind(f"/{LONG}/?q={quote('灯台')}"),
    "search of a thread": Kind(f"/{LONG}/?q={quote('帰り道')}&view=thread"),
    "search of a thread for nothing": Kind(f"/{LONG}/?q=zzz&view=thread"),
    "fold": Kind(f"/{LONG}/details/2"),
    "comment in its fold": Kind("/c/{comment}"),
    "menu of a comment": Kind("/c/{comment}/menu"),
    "similar comments": Kind("/c/{comment}/similar"),
    "search": Kind(f"/search?q={quote('散歩は')}"),
    "search with filters": Kind(f"/search?q={quote('散歩は')}&tag={quote('猫')}&color=any", open_filters),
    "search for nothing": Kind("/search?q=zzzqqq"),
    "search without words": Kind("/search"),
    "tags": Kind("/tags/"),
    "tags of a name": Kind(f"/tags/?name={quote('犬')}"),
    "tag": Kind(f"/tags/{quote('猫')}/"),
    "months": Kind("/months/"),
    "month": Kind("/months/2026/01/"),
    "users": Kind("/users/"),
    "users of no such name": Kind("/users/?prefix=zz"),
    "user": Kind("/users/kappa/"),
    "search of a user": Kind("/users/kappa/?q=lighthouse"),
    "hints": Kind("/help/search"),
    "keys": Kind("/help/keys"),
    "missing page": Kind("/nothing-here", status=404),
    "bad parameter": Kind("/search?page=abc", status=400),
    "too long a search": Kind("/search?q=" + "a" * 1001, status=413),
}
STATES_OF_SCRIPTS = {
    name for name, kind in KINDS.items() if kind.prepare in (open_settings, open_map_of_keys, load_more, open_a_menu)
}
"""Kinds that exist only where scripts run."""


def visit(page: Page, site: Site, name: str, *, prepare: bool = True) -> None:
    """Go to a kind of page and bring it into its state."""
    kind = KINDS[name]
    path = kind.path.replace("{comment}", site.folded_comment(2)) if "{comment}" in kind.path else kind.path
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == kind.status
    laid_out(page)
    if prepare and kind.prepare:
        kind.prepare(page)

"""Every kind of page that readers meet, and the states they bring pages into, for tests that look at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.browser.sample_site import LONG
from tests.browser.watching import Site

FIRST_SHORT = "posts/2026_01/walk_02"


class Kind(NamedTuple):
    """A kind of page: its address, where `{comment}` stands for the id of a folded comment, and what is done there."""

    path: str
    prepare: Callable[[Page], None] | None = None
    status: int = 200


def open_all_folds(page: Page) -> None:
    """Open every fold, also those that lie in others, and wait until all comments are there."""
    for _ in range(3):
        page.evaluate(
            "[...document.querySelectorAll('details.fold:not([open])')].forEach(fold => { fold.open = true })"
        )
        expect(page.locator("details.fold[open] > .fold-body > .fold-link")).to_have_count(0)


def open_a_menu(page: Page) -> None:
    """Open what a comment offers."""
    menu = page.locator(".comment .menu").nth(1)
    menu.locator("summary").click()
    expect(menu.locator("ul")).to_be_visible()


def open_filters(page: Page) -> None:
    """Unfold everything that is folded beside a list."""
    page.evaluate("[...document.querySelectorAll('main details')].forEach(one => { one.open = true })")


KINDS = {
    "home": Kind("/"),
    "home with its filters": Kind("/", open_filters),
    "second page": Kind("/?page=2"),
    "filtered list": Kind(f"/posts/?tag={quote('猫')}&month=2026/01"),
    "list of nothing": Kind(f"/posts/?tag={quote('猫')}&tag={quote('海')}"),
    "post": Kind(f"/{LONG}/"),
    "post with its folds open": Kind(f"/{LONG}/", open_all_folds),
    "post with a menu": Kind(f"/{LONG}/", open_a_menu),
    "short post": Kind(f"/{FIRST_SHORT}/"),
    "post with a search": Kind(f"/{LONG}/?q={quote('灯台')}"),
    "search of a thread": Kind(f"/{LONG}/?q={quote('帰り道')}&view=thread"),
    "search of a thread for nothing": Kind(f"/{LONG}/?q=zzz&view=thread"),
    "fold": Kind(f"/{LONG}/details/2"),
    "comment in its fold": Kind("/c/{comment}"),
    "similar comments": Kind("/c/{comment}/similar"),
    "search": Kind(f"/search?q={quote('散歩は')}"),
    "search with filters": Kind(f"/search?q={quote('散歩は')}&tag={quote('猫')}&color=any", open_filters),
    "search for nothing": Kind("/search?q=zzzqqq"),
    "search without words": Kind("/search"),
    "tags": Kind("/tags/"),
    "tag": Kind(f"/tags/{quote('猫')}/"),
    "months": Kind("/months/"),
    "month": Kind("/months/2026/01/"),
    "users": Kind("/users/"),
    "users of no such name": Kind("/users/?prefix=zz"),
    "user": Kind("/users/kappa/"),
    "search of a user": Kind("/users/kappa/?q=lighthouse"),
    "hints": Kind("/help/search"),
    "missing page": Kind("/nothing-here", status=404),
    "bad parameter": Kind("/search?page=abc", status=400),
    "too long a search": Kind("/search?q=" + "a" * 1001, status=413),
}


def visit(page: Page, site: Site, name: str) -> None:
    """Go to a kind of page and bring it into its state."""
    kind = KINDS[name]
    path = kind.path.replace("{comment}", site.folded_comment(2)) if "{comment}" in kind.path else kind.path
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == kind.status
    if kind.prepare:
        kind.prepare(page)

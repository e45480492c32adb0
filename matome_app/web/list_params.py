"""Read what a list of posts asks for besides its filters (order, pages shown at once), and write its addresses."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import quote_plus, urlencode

from matome_app.errors import N_, BadSearch, Message
from matome_app.search.params import SearchParams
from matome_app.web.urls import term_url, with_query

ORDERS: Final = ("newest", "discussed")
ARCHIVE: Final = "/months/"
MOST_PAGES: Final = 10
"""So many pages can be shown at once."""

_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class ListParams:
    """A list of posts: what its path stands for (`preset`) and what its address asks for besides (`own`).

    `discussed` is whether the posts with the most comments come first; the pages from `first` to `own.page` are shown.
    """

    path: str
    own: SearchParams
    preset: SearchParams
    discussed: bool
    first: int

    @classmethod
    def from_args(cls, path: str, own: SearchParams, preset: SearchParams, args: Mapping[str, str]) -> ListParams:
        """Read `order` and `from` of a query string; raises BadSearch."""
        return cls(path, own, preset, _order(args.get("order", "")) == "discussed", _first(args, own.page))

    @property
    def filters(self) -> SearchParams:
        """Return all that narrows the list, with its page."""
        return self.joined(self.own).replace(page=self.own.page)

    @property
    def narrowing(self) -> SearchParams:
        """Return what narrows the list besides what its path stands for."""
        own = self.own.replace(month="" if self.preset.month else self.own.month)
        for tag in self.preset.tags:
            own = own.without_tag(tag)
        return own

    def joined(self, own: SearchParams) -> SearchParams:
        """Return some filters and those that the path stands for."""
        joined = own.replace(month=self.preset.month or own.month)
        for tag in self.preset.tags:
            joined = joined.with_tag(tag)
        return joined

    def page_url(self, page: int, first: int = 0) -> str:
        """Return the address of one page of this list, or of all from `first` to it."""
        return self._url(self.path, self.own.replace(page=page), first if 0 < first < page else 0)

    def order_url(self, *, discussed: bool) -> str:
        """Return this list in an order, the newest or the most discussed first."""
        own = self.own.replace(sort="relevance")
        return _with(with_query(self.path, own), order="discussed" if discussed else "")

    def toggles(self) -> Callable[[str, str], str]:
        """Return what gives the list with a value of `tag`, `user` or a single parameter more, or less.

        A page has hundreds of such links, most of them to one tag more: what these share is written once.
        """
        filters = self.filters
        before = with_query("/posts/", SearchParams(tags=filters.tags))
        _, _, after = self._url("/posts/", filters.replace(tags=()), 0).partition("?")

        @cache
        def toggle_url(name: str, value: str) -> str:
            if name != "tag" or filters.has_tag(value):
                return self.url_of(filters.toggled(name, value))
            more = f"tag={quote_plus(value)}{'&' if after else ''}{after}"
            return f"{before}{'&' if '?' in before else '?'}{more}"

        return toggle_url

    def url_of(self, filters: SearchParams) -> str:
        """Return the list that other filters leave, in the same order."""
        return self._url("/posts/", filters, 0)

    def own_url(self, own: SearchParams) -> str:
        """Return this list with other filters besides those that its path stands for."""
        return self._url(self.path, own.replace(), 0)

    def month_url(self, slug: str) -> str:
        """Return the page of a month with the other filters of this list."""
        return self._url(term_url("months", slug), self.own.replace(month=""), 0)

    @property
    def archive_url(self) -> str:
        """Return the months of this list's posts."""
        return with_query(ARCHIVE, self.filters.replace(month="", sort="relevance"))

    @property
    def canonical(self) -> str:
        """Return the address under which search engines shall know the list: a term's page is one, narrowed or not."""
        own = self.own if self.path in ("/", "/posts/") else SearchParams()
        return self._url(self.path, own.replace(page=self.first), 0)

    def _url(self, path: str, params: SearchParams, first: int) -> str:
        order = "discussed" if self.discussed else ""
        return _with(with_query(path, params), order=order, **({"from": str(first)} if first else {}))


def _with(url: str, **more: str) -> str:
    query = urlencode({name: value for name, value in more.items() if value})
    return f"{url}{'&' if '?' in url else '?'}{query}" if query else url


def _order(value: str) -> str:
    order = value.strip() or "newest"
    if order not in ORDERS:
        raise BadSearch(Message("order=%(value)s: newest か discussed を指定してください。", value=value[:40]))
    return order


def _first(args: Mapping[str, str], page: int) -> int:
    value = args.get("from", "").strip()
    if not value:
        return page
    if not _NUMBER.fullmatch(value) or not 0 < int(value) <= page:
        raise BadSearch(Message("from=%(value)s: 1から page までの数で指定してください。", value=value[:40]))
    if page - int(value) >= MOST_PAGES:
        message = N_("from=%(value)s: 一度に表示できるのは%(most)sページまでです。")
        raise BadSearch(Message(message, value=value, most=MOST_PAGES))
    return int(value)

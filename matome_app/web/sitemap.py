"""What crawlers fetch: the sitemap with the time of every change, split when it is large, and robots.txt."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from flask import Response, abort, make_response, render_template

from matome_app.content.permalinks import url_path
from matome_app.search.params import NAMES
from matome_app.store import syndication
from matome_app.web.context import session
from matome_app.web.feeds import xml

MOST: Final = 10_000
"""Addresses a file. 50,000 are allowed; of 10,000 a file is about a megabyte, and few change with a new post."""

LEAST_POSTS: Final = 2
"""A tag of one post says nothing that the post does not."""

QUERIES: Final = (*(name for name in NAMES if name != "page"), "prefix", "name", "group", "open", "view", "people")
"""What narrows or rearranges pages that have addresses of their own; `page` leads to further posts."""

Listed = tuple[str, datetime | None]


def sitemap() -> Response:
    """List the pages of the site, or the files that list them where they are many."""
    pages = _pages()
    if len(pages) <= MOST:
        return _urlset(pages)
    files = [_newest(pages[first : first + MOST]) for first in range(0, len(pages), MOST)]
    return xml("feeds/sitemaps.xml", "application/xml", files=files)


def part(n: int) -> Response:
    """List the nth stretch of the pages."""
    pages = _pages()[(n - 1) * MOST : n * MOST] if n else []
    return _urlset(pages) if pages else abort(404)


def _urlset(pages: list[Listed]) -> Response:
    return xml("feeds/sitemap.xml", "application/xml", pages=pages)


def _pages() -> list[Listed]:
    """Return address and time of change of every page: what is new comes last, so that files before it stay.

    A list changed when the newest change of its posts was made.
    """
    posts = syndication.dated_posts(session())
    newest = _newest(posts)
    lists: list[Listed] = [("/", newest), ("/tags/", newest), ("/months/", newest)]
    for taxonomy, least in (("months", 1), ("tags", LEAST_POSTS)):
        terms = syndication.dated_terms(session(), taxonomy, least)
        lists += [(url_path(taxonomy, term.slug), changed) for term, _date, changed in terms]
    return lists + posts if posts else lists[:1]


def _newest(pages: list[Listed]) -> datetime | None:
    return max((changed for _url, changed in pages if changed), default=None)


def robots() -> Response:
    """Tell crawlers what to leave alone: searches, which are without end, and pieces of pages."""
    response = make_response(render_template("feeds/robots.txt", queries=QUERIES))
    response.mimetype = "text/plain"
    return response

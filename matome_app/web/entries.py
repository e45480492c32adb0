"""The entries of feeds: posts with their first part as HTML that stands by itself, and terms."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urljoin

from flask import render_template

from matome_app.content.permalinks import url_path
from matome_app.search.params import SearchParams
from matome_app.store import queries, syndication
from matome_app.store.models import Comment, Post, PostTerm
from matome_app.web.context import session
from matome_app.web.description import describe
from matome_app.web.files import KINDS
from matome_app.web.filters import number
from matome_app.web.i18n import local_month, ngettext
from matome_app.web.images import feature_file
from matome_app.web.urls import external, url_of_term

POSTS_IN_FEED: Final = 20
TERMS_IN_FEED: Final = 50
COMMENTS_OF_POST: Final = 100
"""A first part with more comments than this (a post without folds) is cut, so that a feed stays below a megabyte."""

NEVER: Final = datetime(1970, 1, 1)
"""When something without any date was updated, as Atom asks for; naive and in UTC as all times of the store."""

_TAG: Final = re.compile(r"""<[a-z](?:[^<>"']|"[^"]*"|'[^']*')*>""", re.IGNORECASE)
_ADDRESS: Final = re.compile(r'(?<=\s)(href|src)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that goes with an entry: full address, type and size in bytes."""

    url: str
    type: str
    length: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed; `url` is a path of the site, `content` HTML, `summary` plain text."""

    title: str
    url: str
    published: datetime | None
    updated: datetime
    summary: str
    content: str = ""
    post: Post | None = None
    tags: list[PostTerm] = field(default_factory=list)
    people: tuple[str, ...] = ()
    picture: Enclosure | None = None


def post_entries(params: SearchParams) -> list[Entry]:
    """Return the newest posts that some filters leave."""
    posts = queries.posts_page(session(), params, POSTS_IN_FEED, whole=True).rows
    comments = syndication.first_comments(session(), posts, COMMENTS_OF_POST)
    return [_of_post(post, comments[post.id]) for post in posts]


def _of_post(post: Post, comments: Mapping[int, Comment]) -> Entry:
    part = syndication.before_the_fold(post.segments, COMMENTS_OF_POST)
    shown = {int(n): comments[int(n)] for kind, n in part if kind == "comment" and int(n) in comments}
    content = render_template("feeds/_first_part.html", post=post, part=part, comments=shown)
    return Entry(
        post.title,
        post.url,
        post.date,
        post.changed or post.date or NEVER,
        describe(post, shown.values()),
        absolute(content, external(post.url)),
        post,
        post.tags,
        tuple(dict.fromkeys(comment.user for comment in shown.values() if comment.user)),
        _picture(post),
    )


def _picture(post: Post) -> Enclosure | None:
    """Return the feature picture of a post as it lies in its folder."""
    found = feature_file(post)
    if found is None:
        return None
    address, path = found
    try:
        length = path.stat().st_size
    except OSError:  # taken away in this moment
        return None
    return Enclosure(external(url_path(address).rstrip("/")), KINDS[path.suffix.lower()], length)


def term_entries(taxonomy: str) -> list[Entry]:
    """Return the terms of a taxonomy with the newest posts."""
    found = []
    for term, newest, changed in syndication.newest_terms(session(), taxonomy, TERMS_IN_FEED):
        count = ngettext("記事%(n)s件", "記事%(n)s件", term.posts, n=number(term.posts))
        title = term.name if taxonomy == "tags" else local_month(term.name)
        found.append(Entry(title, url_of_term(term), newest, changed or newest or NEVER, count))
    return found


def absolute(source: str, base: str) -> str:
    """Return HTML of our own making with whole addresses instead of relative ones: a feed is read elsewhere."""
    return _TAG.sub(lambda tag: _ADDRESS.sub(lambda found: _whole(found, base), tag[0]), source)


def _whole(found: re.Match[str], base: str) -> str:
    try:
        address = urljoin(base, html.unescape(found[2]))
    except ValueError:  # an address that nobody can read stays as it was written
        return found[0]
    return f'{found[1]}="{html.escape(address)}"'

"""What machines fetch besides pages: feeds, sitemap, robots.txt and the description of the search."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, render_template

from matome_app.search.chips import filter_chips
from matome_app.search.params import SearchParams
from matome_app.search.query import parse
from matome_app.search.snippets import snippet
from matome_app.store import queries
from matome_app.store.models import Comment, Post
from matome_app.web.context import engine, search_params, session, settings
from matome_app.web.search import WORD_KINDS
from matome_app.web.urls import atom_url, external, with_query

blueprint = Blueprint("feeds", __name__)

POSTS_IN_FEED = 20
COMMENTS_IN_FEED: Final = 50
NEVER: Final = datetime(1970, 1, 1)
"""When something without any date was updated, as Atom asks for; naive and in UTC as all times of the store."""


@blueprint.get("/index.xml")
def site() -> Response:
    """Answer with the feed of the newest posts."""
    return feed_of(SearchParams(), title="", path="/")


def feed_of(params: SearchParams, *, title: str, path: str) -> Response:
    """Answer with RSS 2.0 of the newest posts that some filters leave; `path` is the page it belongs to."""
    page = queries.posts_page(session(), params, POSTS_IN_FEED, whole=True)
    name = f"{title} - {settings().site_title}" if title else settings().site_title
    return _xml("feeds/rss.xml", "application/rss+xml", posts=page.rows, name=name, path=path, summary=summary)


def summary(post: Post) -> str:
    """Return the HTML before a post's first comment or fold."""
    parts = []
    for kind, value in post.segments:
        if kind != "html":
            break
        parts.append(str(value))
    return "".join(parts)


@blueprint.get("/posts/index.xml")
def posts() -> Response:
    """Answer with the feed under the section's own address."""
    return feed_of(SearchParams(), title="記事一覧", path="/posts/")


@blueprint.get("/search.atom")
def search() -> Response:
    """Answer with Atom 1.0 (RFC 4287, paged as in RFC 5005) of the newest comments that a search finds."""
    params = search_params()
    keys = engine().all_keys(params.replace(sort="newest"))
    pages = queries.page_count(len(keys), COMMENTS_IN_FEED, params.page)
    first = (params.page - 1) * COMMENTS_IN_FEED
    comments = queries.comments_by_key(session(), keys[first : first + COMMENTS_IN_FEED])
    highlights = engine().highlights(params.q)
    return _xml(
        "feeds/search.xml",
        "application/atom+xml",
        params=params,
        pages=pages,
        feed_id=_feed_id(params),
        reading=reading(params),
        updated=max((updated(comment) for comment in comments), default=_newest_post()),
        entries=[(comment, updated(comment), snippet(comment.text, highlights).striptags()) for comment in comments],
        page_url=lambda n: with_query("/search.atom", params.replace(page=n)),
    )


def reading(params: SearchParams) -> str:
    """Return how a search reads, such as 「茶」かつ「湯」、タグ「台所」."""
    parts = [(group.kind, group.label) for group in parse(params.q).groups]
    parts += [(chip.kind, chip.label) for chip in filter_chips(params)]
    text, before = "", ""
    for kind, label in parts:
        joint = "かつ" if kind in WORD_KINDS and before in WORD_KINDS else "、"
        text, before = f"{text}{joint}{label}" if text else label, kind
    return text


def updated(comment: Comment) -> datetime:
    """Return when a comment was made, as far as it is known."""
    return comment.created_at or comment.post.date or NEVER


def _feed_id(params: SearchParams) -> str:
    """Return a tag URI (RFC 4151) that names the feed by what is searched, whatever its order, page and scheme."""
    what = atom_url(params.replace(sort="relevance")).removeprefix("/")
    return f"tag:{urlsplit(external('/')).hostname},2026:{what}"


def _newest_post() -> datetime:
    posts = queries.posts_page(session(), SearchParams(), 1).rows
    return (posts[0].date if posts else None) or NEVER


@blueprint.get("/sitemap.xml")
def sitemap() -> Response:
    """List the pages of the site."""
    return _xml("feeds/sitemap.xml", "application/xml", pages=queries.all_pages(session()))


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Tell crawlers what to leave alone: searches, which are without end."""
    response = make_response(render_template("feeds/robots.txt"))
    response.mimetype = "text/plain"
    return response


@blueprint.get("/opensearch.xml")
def opensearch() -> Response:
    """Describe the search to browsers."""
    return _xml("feeds/opensearch.xml", "application/opensearchdescription+xml")


def _xml(template: str, mimetype: str, **context: object) -> Response:
    response = make_response(_printable(render_template(template, **context)))
    response.mimetype = mimetype
    return response


def _printable(xml: str) -> str:
    """Replace what XML 1.0 cannot hold, however it came into a text."""
    return "".join(
        c if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff" else "\ufffd"
        for c in xml
    )

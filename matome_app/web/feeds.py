"""What machines fetch besides pages: feeds, sitemap, robots.txt and the description of the search."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template

from matome_app.search.params import SearchParams
from matome_app.store import queries
from matome_app.store.models import Post
from matome_app.web.context import session, settings

blueprint = Blueprint("feeds", __name__)

POSTS_IN_FEED = 20


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

"""Feeds: RSS 2.0 where Hugo has it, and Atom (RFC 4287) beside it; of posts, of tags and months, and of a search."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from flask import Response, make_response, render_template
from flask_babel import gettext as _

from matome_app.search.params import SearchParams
from matome_app.search.snippets import snippet
from matome_app.store import queries
from matome_app.store.models import Comment
from matome_app.web.context import engine, search_params, session, settings
from matome_app.web.entries import NEVER, Entry, post_entries, term_entries
from matome_app.web.og_images import OG_SIZE, OG_TYPE, og_image_url
from matome_app.web.search import reading
from matome_app.web.terms import find_term, heading_of, preset_of
from matome_app.web.urls import atom_url, external, url_of_term, with_query

COMMENTS_IN_FEED: Final = 50
FORMATS: Final = {"xml": ("feeds/rss.xml", "application/rss+xml"), "atom": ("feeds/atom.xml", "application/atom+xml")}
"""Template and type of a feed by the end of its address."""

_UNPRINTABLE: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def site(form: str) -> Response:
    """Answer with the feed of the newest posts."""
    return _feed(form, "/", "", post_entries(SearchParams()))


def posts(form: str) -> Response:
    """Answer with the same under the section's own address."""
    return _feed(form, "/posts/", _("記事一覧"), post_entries(SearchParams()))


def terms(taxonomy: str, form: str) -> Response:
    """Answer with the feed of all tags or months: those of the newest posts."""
    title = _("タグ一覧") if taxonomy == "tags" else _("月別一覧")
    return _feed(form, f"/{taxonomy}/", title, term_entries(taxonomy))


def term(taxonomy: str, slug: str, form: str) -> Response:
    """Answer with the feed of the newest posts of a tag or month."""
    found = find_term(taxonomy, slug)
    return _feed(form, url_of_term(found), heading_of(found), post_entries(preset_of(found)))


def _feed(form: str, path: str, title: str, entries: list[Entry]) -> Response:
    """Answer with a feed; `path` is the page it belongs to, whose title it has."""
    site_title = settings().site_title
    template, mimetype = FORMATS[form]
    return xml(
        template,
        mimetype,
        name=f"{title} - {site_title}" if title else site_title,
        about=_("「%(title)s」の新しい記事", title=title or site_title),
        path=path,
        feed_id=_tag_uri(f"{path}index.atom".removeprefix("/")),
        updated=max((entry.updated for entry in entries), default=NEVER),
        entries=entries,
        og_image_url=og_image_url,
        OG_SIZE=OG_SIZE,
        OG_TYPE=OG_TYPE,
    )


def search() -> Response:
    """Answer with Atom 1.0 (RFC 4287, paged as in RFC 5005) of the newest comments that a search finds."""
    params = search_params()
    keys = engine().all_keys(params.replace(sort="newest"))
    pages = queries.page_count(len(keys), COMMENTS_IN_FEED, params.page)
    first = (params.page - 1) * COMMENTS_IN_FEED
    comments = queries.comments_by_key(session(), keys[first : first + COMMENTS_IN_FEED])
    highlights = engine().highlights(params.q)
    return xml(
        "feeds/search.xml",
        "application/atom+xml",
        params=params,
        pages=pages,
        feed_id=_tag_uri(atom_url(params.replace(sort="relevance")).removeprefix("/")),
        reading=reading(params),
        updated=max((updated(comment) for comment in comments), default=_newest_post()),
        entries=[(comment, updated(comment), snippet(comment.text, highlights).striptags()) for comment in comments],
        page_url=lambda n: with_query("/search.atom", params.replace(page=n)),
    )


def updated(comment: Comment) -> datetime:
    """Return when a comment was made, as far as it is known."""
    return comment.created_at or comment.post.date or NEVER


def _tag_uri(what: str) -> str:
    """Return a tag URI (RFC 4151) that names a feed by what is in it, whatever its page and scheme."""
    return f"tag:{urlsplit(external('/')).hostname},2026:{what}"


def _newest_post() -> datetime:
    posts = queries.posts_page(session(), SearchParams(), 1).rows
    return (posts[0].date if posts else None) or NEVER


def xml(template: str, mimetype: str, **context: object) -> Response:
    """Answer with an XML template."""
    response = make_response(printable(render_template(template, **context)))
    response.mimetype = mimetype
    return response


def printable(text: str) -> str:
    """Replace what XML 1.0 cannot hold, however it came into a text."""
    return _UNPRINTABLE.sub("\ufffd", text)

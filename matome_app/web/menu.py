"""What can be done with one comment: copied, shared, followed to its author and to its original."""

from __future__ import annotations

import re
from datetime import UTC
from typing import Final
from urllib.parse import quote, urlencode

from flask import abort
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from matome_app.search.params import SearchParams
from matome_app.store import queries
from matome_app.store.models import Comment, Post
from matome_app.web import htmx
from matome_app.web.context import session
from matome_app.web.i18n import local_time
from matome_app.web.thread import NONE
from matome_app.web.urls import external, with_query

_HACKER_NEWS: Final = re.compile(r"https?://news\.ycombinator\.com/item\?(?:.*&)?id=([0-9]+)")
_PLAIN_NAME: Final = re.compile(r"\w+", re.ASCII)
_FRAGMENT: Final = re.compile(r"#.*\Z", re.DOTALL)


def menu(id_: str) -> Response:
    """Answer with the menu of a comment: alone for htmx, otherwise on a page with the comment."""
    comment = queries.comment_by_id(session(), id_) or abort(404)
    post = comment.post
    return htmx.render(
        "posts/menu.html",
        "posts/_menu.html",
        comment=comment,
        post=post,
        matches=NONE,
        link=external(f"/c/{comment.id}"),
        quotation=quotation(comment, post),
        here=with_query(post.url, SearchParams(users=(comment.user,))) if comment.user else "",
        original=original_url(comment, post),
    )


def quotation(comment: Comment, post: Post) -> str:
    """Return a comment as a quotation to paste: its lines marked, who said it when, where, and its address."""
    mark = _("＞ ")
    lines = [f"{mark}{line}".rstrip() for line in comment.text.split("\n")]
    who = comment.user
    if comment.created_at:
        who = _("%(user)s（%(time)s）", user=who, time=local_time(comment.created_at))
    return "\n".join([*lines, "", *filter(None, (who, post.title)), external(f"/c/{comment.id}")])


def original_url(comment: Comment, post: Post) -> str:
    """Return where the comment is in the thread it was translated from; empty when the post names none.

    Of a thread on Hacker News its search finds the one comment of that second: by the author, or, as it reads names of
    letters and digits only, in the story. It reads both ends of the range as exclusive. On other sites the browser
    looks for the name on the thread's page (URL fragment text directives).
    """
    story = _HACKER_NEWS.match(post.source_url)
    if story and comment.created_at:
        plain = _PLAIN_NAME.fullmatch(comment.user)
        second = int(comment.created_at.replace(tzinfo=UTC).timestamp())
        asked = {
            "query": f"author:{comment.user}" if plain else f"story:{story[1]}",
            "type": "comment",
            "sort": "byDate",
            "dateRange": "custom",
            "dateStart": second - 1,
            "dateEnd": second + 1,
        }
        return f"https://hn.algolia.com/?{urlencode(asked)}"
    if not post.source_url or not comment.user:
        return post.source_url
    return f"{_FRAGMENT.sub('', post.source_url)}#:~:text={quote(comment.user, safe='').replace('-', '%2D')}"

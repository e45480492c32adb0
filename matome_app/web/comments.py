"""What the page of results fetches of one comment in place: its whole body, and what was said before and after it."""

from __future__ import annotations

from typing import Final

from flask import abort
from werkzeug.wrappers import Response

from matome_app.search.marking import mark_html
from matome_app.store import queries
from matome_app.store.models import Comment
from matome_app.web import htmx
from matome_app.web.context import engine, search_params, session
from matome_app.web.urls import comment_url

REACH: Final = 2
"""So many comments are shown before one, and so many after it."""


def body(id_: str) -> Response:
    """Answer with a comment's body, what the query finds marked; without htmx, lead to the comment on its page."""
    return _answer(id_, "search/_body.html", 0)


def around(id_: str) -> Response:
    """Answer with a comment between its neighbours in the post; without htmx, lead to the comment on its page."""
    return _answer(id_, "search/_around.html", REACH)


def _answer(id_: str, template: str, reach: int) -> Response:
    comment = queries.comment_by_id(session(), id_) or abort(404)
    q = search_params().q
    if not htmx.wants_fragment():
        return htmx.redirect_page(comment_url(comment, comment.post, q))
    shown: list[Comment] = list(queries.comments_around(session(), comment, reach)) if reach else [comment]
    highlights = engine().highlights(q)
    bodies = [(one, mark_html(one.html, highlights)) for one in shown]
    return htmx.render(template, template, comment=comment, bodies=bodies, q=q)

"""What is like what: posts related to a post, comments similar to a comment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import abort
from markupsafe import Markup
from werkzeug.wrappers import Response

from matome_app.errors import IndexUnavailable
from matome_app.search.snippets import snippet
from matome_app.store import queries
from matome_app.store.models import Comment, Post
from matome_app.web import htmx
from matome_app.web.conditional import forget_tags
from matome_app.web.context import engine, session
from matome_app.web.thread import NONE

POSTS: Final = 4
COMMENTS: Final = 5


@dataclass(frozen=True, slots=True)
class Similar:
    """A comment like another, and the beginning of it."""

    comment: Comment
    snippet: Markup


def related_posts(post: Post) -> list[Post]:
    """Return the posts most like one; none while there is no index."""
    try:
        return queries.posts_by_id(session(), engine().related_posts(post.id, POSTS))
    except IndexUnavailable:
        forget_tags()
        return []


def similar_comments(comment: Comment) -> list[Comment]:
    """Return the comments most like one; raises IndexUnavailable."""
    return queries.comments_by_key(session(), engine().similar_comments(comment.key, COMMENTS))


def similar(id_: str) -> Response:
    """Show the comments most like one: below it for htmx, otherwise as a page."""
    comment = queries.comment_by_id(session(), id_) or abort(404)
    found = [Similar(one, snippet(one.text, ())) for one in similar_comments(comment)]
    return htmx.render(
        "posts/similar.html",
        "posts/_similar.html",
        comment=comment,
        post=comment.post,
        matches=NONE,
        similar=found,
    )

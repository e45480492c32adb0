"""What feeds and sitemap ask of the store; each function runs a fixed number of statements, whatever it returns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matome_app.store.models import Comment, Post, PostTerm, Segments, Term

Listed = tuple[Term, datetime | None, datetime | None]
"""A term with the dates of its newest post: when it is from, and when one of its posts last changed."""


def before_the_fold(segments: Segments, most: int) -> Segments:
    """Return the first part of a post: its segments before the first fold, with at most so many comments."""
    part: Segments = []
    comments = 0
    for kind, value in segments:
        comments += kind == "comment"
        if kind == "details" or comments > most:
            break
        part.append([kind, value])
    return part


def first_comments(session: Session, posts: Sequence[Post], most: int) -> dict[int, dict[int, Comment]]:
    """Return the comments of several posts' first parts, by the id of the post and their ordinal.

    What comes before the first fold are the first comments of a post, so that their ordinals say which they are.
    """
    found: dict[int, dict[int, Comment]] = {post.id: {} for post in posts}
    query = select(Comment).where(Comment.post_id.in_(found), Comment.details == 0, Comment.ordinal <= most)
    for comment in session.scalars(query.order_by(Comment.post_id, Comment.ordinal)):
        found[comment.post_id][comment.ordinal] = comment
    return found


def newest_terms(session: Session, taxonomy: str, limit: int) -> list[Listed]:
    """Return the terms of a taxonomy with the newest posts first."""
    return _dated_terms(session, taxonomy, limit=limit)


def dated_terms(session: Session, taxonomy: str, least: int = 1) -> list[Listed]:
    """Return the terms that at least so many posts have, those with the oldest posts first."""
    return _dated_terms(session, taxonomy, least=least)[::-1]


def _dated_terms(session: Session, taxonomy: str, *, least: int = 1, limit: int | None = None) -> list[Listed]:
    newest, changed = func.max(Post.date), func.max(func.coalesce(Post.changed, Post.date))
    query = (
        select(Term, newest, changed)
        .join(PostTerm, PostTerm.term_id == Term.id)
        .join(Post, Post.id == PostTerm.post_id)
        .where(Term.taxonomy == taxonomy, Term.posts >= least)
        .group_by(Term.id)
        .order_by(newest.desc().nulls_last(), Term.slug)
        .limit(limit)
    )
    return [(term, date, moment) for term, date, moment in session.execute(query)]


def dated_posts(session: Session) -> list[tuple[str, datetime | None]]:
    """Return address and time of change of every post, the oldest first."""
    rows = session.execute(select(Post.url, Post.changed).order_by(Post.date.is_not(None), Post.date, Post.path.desc()))
    return [(url, changed) for url, changed in rows]

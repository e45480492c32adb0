"""What the page of a post asks of the store besides its parts: who spoke, and what a choice of comments leaves."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matome_app.store.models import Comment, Post


def comments_chosen(
    session: Session, post: Post, users: Sequence[str], color: str, keys: Collection[int] | None = None
) -> Sequence[Comment]:
    """Return the comments of a post by any of some users and in a colour (`any`: in one), in reading order.

    Without users or colour these do not count; with `keys`, comments with other keys are left out.
    """
    query = select(Comment).where(Comment.post_id == post.id).order_by(Comment.ordinal)
    if users:
        query = query.where(Comment.user.in_(users))
    if color:
        query = query.where(Comment.color != "" if color == "any" else func.lower(Comment.color) == color)
    if keys is not None:
        query = query.where(Comment.key.in_(keys))
    return session.scalars(query).all()


def people_of(session: Session, post: Post, limit: int | None) -> tuple[list[tuple[str, int]], int]:
    """Return who said something twice or more in a post with how often, the first of them first, and their number."""
    count = func.count().label("n")
    query = (
        select(Comment.user, count, func.count().over())
        .where(Comment.post_id == post.id, Comment.user != "")
        .group_by(Comment.user)
        .having(count > 1)
        .order_by(count.desc(), func.min(Comment.ordinal))
    )
    rows = session.execute(query.limit(limit)).all()
    return [(user, n) for user, n, _ in rows], rows[0][2] if rows else 0

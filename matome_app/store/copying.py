"""Read a stored post back into what content files are read into: for a rebuild whose file is broken by now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, cast

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from matome_app.content.models import Comment, Details, FrontMatter, Segment
from matome_app.content.models import Post as ContentPost
from matome_app.store import queries
from matome_app.store.models import Alias, Post, Segments
from matome_app.store.models import Comment as StoredComment


def stored_post(session: Session, source: str) -> ContentPost | None:
    """Return the post that was made of a content file, as it was when the file could last be read."""
    row = session.scalar(select(Post).where(Post.source == source).options(selectinload(Post.terms)))
    if row is None:
        return None
    folds = queries.folds_of(session, row).values()
    aliases = session.scalars(select(Alias.path).where(Alias.post_id == row.id).order_by(Alias.path))
    return ContentPost(
        path=row.path,
        url=row.url,
        source=row.source,
        front_matter=FrontMatter(
            title=row.title,
            date=datetime.fromisoformat(row.date_text) if row.date_text else None,
            tags=tuple(tag.label for tag in row.tags),
            months=tuple(month.label for month in row.months),
            featureimage=row.featureimage,
            aliases=tuple(f"/{path}" for path in aliases),
            lastmod=_aware(row.changed),
            description=row.description,
        ),
        source_url=row.source_url,
        segments=_segments(row.segments),
        details=tuple(Details(fold.n, fold.summary, fold.parent, _segments(fold.segments)) for fold in folds),
        comments=tuple(_comment(comment) for comment in queries.comments_of(session, row).values()),
    )


def _comment(row: StoredComment) -> Comment:
    return Comment(
        id=row.id,
        ordinal=row.ordinal,
        details=row.details,
        user=row.user,
        created_at=_aware(row.created_at),
        color=row.color,
        body="",  # not stored: text and html are what is made of it
        text=row.text,
        html=row.html,
        kind=cast(Literal["quote", "summary"], row.kind),
    )


def _segments(stored: Segments) -> tuple[Segment, ...]:
    return tuple(cast(Segment, (kind, value)) for kind, value in stored)


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None

"""The tables of the store: a cache of what the Markdown says, made for the pages that are asked for."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

SCHEMA_VERSION = "3"
"""Changes whenever a table or what is stored in it does; another version is rebuilt from the Markdown."""

Segments = list[list[str | int]]
"""`content.models.Segment` as JSON."""


class Base(DeclarativeBase):
    """Base of all tables of the store."""

    type_annotation_map = {Segments: JSON, str: Text}  # noqa: RUF012 - SQLAlchemy reads it from the class


class Meta(Base):
    """Facts about the store itself: versions and counters."""

    __tablename__ = "meta"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class Source(Base):
    """A content file as it was last read: how to tell that it changed, and what became of it.

    `state` is live, draft, future, expired, faulty or duplicate; `due_at` (UTC) is when time alone will change it;
    `links` are the names that its `ref`s ask for, one a line: posts that come and go change where these lead.
    """

    __tablename__ = "sources"
    path: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int]
    mtime_ns: Mapped[int]
    ctime_ns: Mapped[int]
    hash: Mapped[str]
    state: Mapped[str]
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    links: Mapped[str] = mapped_column(default="")
    __table_args__ = (
        Index("ix_sources_duplicate", "path", sqlite_where=text("state = 'duplicate'")),
        Index("ix_sources_links", "path", sqlite_where=text("links != ''")),
    )


class PostTerm(Base):
    """That a post has a tag or month, at which place in its list, and how the post spells it."""

    __tablename__ = "post_terms"
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    term_id: Mapped[int] = mapped_column(ForeignKey("terms.id"), primary_key=True)
    position: Mapped[int]
    label: Mapped[str]
    term: Mapped[Term] = relationship(lazy="joined", innerjoin=True)
    __table_args__ = (Index("ix_post_terms_term", "term_id", "post_id"),)


class Term(Base):
    """A term of a taxonomy (`tags` or `months`): its path below it, its most frequent spelling, its number of posts."""

    __tablename__ = "terms"
    id: Mapped[int] = mapped_column(primary_key=True)
    taxonomy: Mapped[str]
    slug: Mapped[str]
    name: Mapped[str]
    posts: Mapped[int] = mapped_column(default=0)
    __table_args__ = (UniqueConstraint("taxonomy", "slug"), Index("ix_terms_count", "taxonomy", "posts"))


class User(Base):
    """A commenter, with how much they said and in how many posts; `folded` is the name whatever its case and width."""

    __tablename__ = "users"
    name: Mapped[str] = mapped_column(primary_key=True)
    folded: Mapped[str]
    comments: Mapped[int]
    posts: Mapped[int]
    __table_args__ = (Index("ix_users_count", "comments", "name"), Index("ix_users_folded", "folded"))


class Alias(Base):
    """An old address of a post, a path without slashes at its ends."""

    __tablename__ = "aliases"
    path: Mapped[str] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), index=True)


class Post(Base):
    """A published post. `date` is UTC and sorts; `date_text` is ISO 8601 as the author wrote it, offset and all.

    `folder` is the bundle's folder below `content/`, empty for a post that is a single file. `characters` is how much
    there is to read, as `content.reading` counts; `highlights` counts the comments that have a colour.
    """

    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(unique=True)
    url: Mapped[str]
    source: Mapped[str] = mapped_column(unique=True)
    folder: Mapped[str]
    title: Mapped[str]
    date: Mapped[datetime | None]
    date_text: Mapped[str]
    changed: Mapped[datetime | None]
    featureimage: Mapped[str]
    description: Mapped[str]
    source_url: Mapped[str]
    segments: Mapped[Segments]
    comment_count: Mapped[int]
    user_count: Mapped[int]
    highlights: Mapped[int]
    characters: Mapped[int]
    terms: Mapped[list[PostTerm]] = relationship(order_by=PostTerm.position, passive_deletes=True)
    __table_args__ = (
        Index("ix_posts_date", text("date DESC"), "path"),
        Index("ix_posts_comments", "comment_count"),
        {"sqlite_autoincrement": True},
    )

    @property
    def day(self) -> str:
        """Return the author's calendar day, such as 2025-04-05; empty for a post without a date."""
        return self.date_text[:10]

    @property
    def tags(self) -> list[PostTerm]:
        """Return the post's tags in its order."""
        return [link for link in self.terms if link.term.taxonomy == "tags"]

    @property
    def months(self) -> list[PostTerm]:
        """Return the post's months in its order."""
        return [link for link in self.terms if link.term.taxonomy == "months"]


class Fold(Base):
    """A fold of a post; `comments` and `characters` count what is inside, nested folds included."""

    __tablename__ = "folds"
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    summary: Mapped[str]
    parent: Mapped[int]
    comments: Mapped[int]
    characters: Mapped[int]
    segments: Mapped[Segments]


class Comment(Base):
    """A comment. `key` is never used twice; `created_at` is UTC; `markup` is HTML where that is more than the text."""

    __tablename__ = "comments"
    key: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(unique=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    ordinal: Mapped[int]
    details: Mapped[int]
    user: Mapped[str]
    created_at: Mapped[datetime | None]
    color: Mapped[str]
    kind: Mapped[str]
    text: Mapped[str]
    markup: Mapped[str | None]
    post: Mapped[Post] = relationship()
    __table_args__ = (
        Index("ix_comments_post", "post_id", "ordinal"),
        Index("ix_comments_user", "user", "created_at"),
        {"sqlite_autoincrement": True},
    )

    @property
    def html(self) -> str:
        """Return the body as safe HTML."""
        return plain_html(self.text) if self.markup is None else self.markup


def plain_html(text: str) -> str:
    """Return plain text as HTML: what most comments are, so that it need not be stored."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace("\xa0", "&nbsp;").replace("\n", "<br>")


def folded(name: str) -> str:
    """Return a name such that it equals all that differ from it in case or width alone."""
    return unicodedata.normalize("NFKC", name).casefold()

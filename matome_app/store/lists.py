"""What lists of posts, of tags and of months ask of the store; each function runs a fixed number of statements."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matome_app.store.models import Post, PostTerm, Term, folded
from matome_app.store.queries import PostFilters, conditions_of, count_terms, in_order, page_count

_SHOWN: Final = (
    Post.id,
    Post.path,
    Post.url,
    Post.folder,
    Post.title,
    Post.date_text,
    Post.featureimage,
    Post.comment_count,
    Post.characters,
)
# Asked for tags alone, SQLite goes through every tag of the site.
_TERMS: Final = (
    select(PostTerm.post_id, PostTerm.label, Term.taxonomy, Term.slug)
    .join(Term, Term.id == PostTerm.term_id)
    .order_by(PostTerm.post_id, PostTerm.position)
)
_TO_HIRAGANA: Final = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}


class ListedTag(NamedTuple):
    """A tag as its post spells it."""

    label: str
    slug: str


@dataclass(frozen=True, slots=True)
class ListedPost:
    """What a list shows of a post (`models.Post`), as plain values: mapped objects take longer than all else there."""

    id: int
    path: str
    url: str
    folder: str
    title: str
    date_text: str
    featureimage: str
    comment_count: int
    characters: int
    tags: list[ListedTag] = field(default_factory=list)

    @property
    def day(self) -> str:
        """Return the author's calendar day, empty for a post without a date."""
        return self.date_text[:10]


@dataclass(frozen=True, slots=True)
class Listing:
    """The posts on some pages of a list, and what all posts of the list come to.

    `first` to `page` are the pages that the rows are of; `since` and `until` are the days (ISO 8601) of the oldest and
    of the newest post, empty where none has a date.
    """

    rows: Sequence[ListedPost]
    first: int
    page: int
    pages: int
    total: int
    comments: int
    since: str
    until: str


class TermCount(NamedTuple):
    """A term with how many posts have it and, where that was asked, how many comments these hold."""

    slug: str
    name: str
    posts: int
    comments: int = 0


def list_posts(session: Session, params: PostFilters, size: int, *, first: int, discussed: bool = False) -> Listing:
    """Return the posts on the pages from `first` to `params.page`, the newest first (the oldest with `sort`).

    With `discussed` those with the most comments come first. Raises BadSearch (404) for a page past the end.
    """
    conditions = conditions_of(params)
    day = func.nullif(Post.date_text, "")
    sums = select(func.count(), func.coalesce(func.sum(Post.comment_count), 0), func.min(day), func.max(day))
    total, comments, since, until = session.execute(sums.select_from(Post).where(*conditions)).one()
    pages = page_count(total, size, params.page)
    query = select(*_SHOWN).where(*conditions)
    if discussed:
        query = query.order_by(Post.comment_count.desc())
    query = in_order(query, params.sort).limit((params.page - first + 1) * size).offset((first - 1) * size)
    rows = {row.id: ListedPost(*row) for row in session.execute(query)}
    for post_id, label, taxonomy, slug in session.execute(_TERMS.where(PostTerm.post_id.in_(rows))):
        if taxonomy == "tags":
            rows[post_id].tags.append(ListedTag(label, slug))
    return Listing(
        list(rows.values()), first, params.page, pages, total, comments, (since or "")[:10], (until or "")[:10]
    )


def month_counts(session: Session, params: PostFilters) -> list[TermCount]:
    """Return the months of the posts that the filters leave, the newest first."""
    conditions = conditions_of(params)
    if conditions:
        counted = count_terms(select(Post.id).where(*conditions), "months")
        query = select(Term.slug, Term.name, counted.c.posts).join(counted, counted.c.term_id == Term.id)
    else:
        query = select(Term.slug, Term.name, Term.posts).where(Term.taxonomy == "months")
    return [TermCount(slug, name, posts) for slug, name, posts in session.execute(query.order_by(Term.slug.desc()))]


def month_sums(session: Session, params: PostFilters) -> list[TermCount]:
    """Return the same with the number of their comments."""
    of_months = select(Term.id).where(Term.taxonomy == "months")
    counted = (
        select(PostTerm.term_id, func.count().label("posts"), func.sum(Post.comment_count).label("comments"))
        .join(Post, Post.id == PostTerm.post_id)
        .where(PostTerm.term_id.in_(of_months), *conditions_of(params))
        .group_by(PostTerm.term_id)
        .subquery()
    )
    query = select(Term.slug, Term.name, counted.c.posts, counted.c.comments).join(
        counted, counted.c.term_id == Term.id
    )
    return [TermCount(*row) for row in session.execute(query.order_by(Term.slug.desc()))]


def count_lists(session: Session, several: Sequence[PostFilters]) -> list[int]:
    """Return how many posts each of several filters leaves: one statement, none when there are no filters."""
    if not several:
        return []
    counts = [
        select(func.count()).select_from(Post).where(*conditions_of(params)).scalar_subquery() for params in several
    ]
    return list(session.execute(select(*counts)).one())


def tags_used(session: Session, least: int) -> list[TermCount]:
    """Return the tags that at least so many posts have, the most used first."""
    query = select(Term.slug, Term.name, Term.posts).where(Term.taxonomy == "tags", Term.posts >= least)
    # Rows of the connection, not of the session: there are thousands.
    rows = session.connection().execute(query.order_by(Term.posts.desc(), Term.slug)).all()
    return [TermCount(slug, name, posts) for slug, name, posts in rows]


def tags_like(session: Session, text: str) -> list[TermCount]:
    """Return the tags in whose name a text stands, whatever its case, its width and its kana.

    The tag of just that name comes first, then those that begin with it; among equals the most used.
    """
    wanted = sounding(text)
    found = [(tag, sound) for tag in tags_used(session, 1) if wanted in (sound := sounding(tag.name))]
    found.sort(key=lambda one: (one[1] != wanted, not one[1].startswith(wanted)))
    return [tag for tag, _ in found]


def count_tags(session: Session, most: int) -> tuple[int, int]:
    """Return the number of all tags, and of those that at most so many posts have."""
    seldom = func.count().filter(Term.posts <= most)
    row = session.execute(select(func.count(), seldom).select_from(Term).where(Term.taxonomy == "tags")).one()
    return row[0], row[1]


@lru_cache(maxsize=16384)
def sounding(name: str) -> str:
    """Return a name such that it equals all that differ from it in case, width or the kind of kana alone."""
    return unicodedata.normalize("NFC", folded(name)).translate(_TO_HIRAGANA)
